//! Lines that wait to be written: together, within a second. Should the database not take them, nothing personal is
//! shown any more until it does.

use super::{Line, write};
use crate::kernel::{
    db::Db,
    error::{Code, Fault, Result},
};
use entity::kind::AccessAction;
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::Notify;

/// Subjects that wait at the most before a request waits for them to be written.
const MOST: usize = 5_000;
/// How long a line waits at the most.
const SOON: Duration = Duration::from_millis(500);

#[derive(Default)]
struct Waiting {
    lines: Vec<Line>,
    subjects: usize,
}

/// The lines that wait.
#[derive(Default)]
pub struct Book {
    waiting: Mutex<Waiting>,
    /// One writes at a time, so that lines are stored in their order.
    writing: tokio::sync::Mutex<()>,
    more: Notify,
}

impl Book {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes lines to be written soon. When too many wait, the caller waits with them; an answer that cannot be written
    /// down is not given. What leaves in a file is written before anybody has it.
    pub async fn note(&self, db: &Db, lines: Vec<Line>) -> Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        let exported = lines.iter().any(|line| line.action == AccessAction::Export);
        let full = {
            let mut waiting = self.waiting();
            waiting.subjects += lines.iter().map(|line| line.subjects.len()).sum::<usize>();
            waiting.lines.extend(lines);
            waiting.subjects > MOST || exported
        };
        self.more.notify_one();
        if full { self.flush(db).await } else { Ok(()) }
    }

    /// Writes all that wait.
    pub async fn flush(&self, db: &Db) -> Result<()> {
        let _writing = self.writing.lock().await;
        let batch = std::mem::take(&mut *self.waiting());
        if batch.lines.is_empty() {
            return Ok(());
        }
        let written = async {
            let tx = db.begin().await?;
            write(&tx, &batch.lines).await?;
            Ok(tx.commit().await?)
        };
        let written: Result<()> = written.await;
        if let Err(error) = written {
            tracing::error!(?error, lines = batch.lines.len(), "the access log could not be written");
            let mut waiting = self.waiting();
            waiting.subjects += batch.subjects;
            waiting.lines.splice(0..0, batch.lines);
            return Err(Fault::new(
                Code::Overloaded,
                "查看记录暂时无法写入，个人信息暂不提供，请稍后再试。",
                "The access log cannot be written at present; nothing personal is shown until it can. Try again shortly.",
            )
            .retry_after(2_000)
            .into());
        }
        Ok(())
    }

    /// Writes what comes, again and again, within a second each.
    pub async fn keep(&self, db: &Db) {
        loop {
            self.more.notified().await;
            tokio::time::sleep(SOON).await;
            if self.flush(db).await.is_err() {
                tokio::time::sleep(SOON).await;
                self.more.notify_one();
            }
        }
    }
}
