//! One reader of the change log for each process, while anybody listens; the last lines stay in memory for all of them.
//!
//! The reader looks when something was written here, when PostgreSQL passes on that another process wrote, and twice a
//! second in any case. What it keeps is a copy of the log's end and nothing else: whoever stands before it asks the log.

use crate::kernel::{
    db::{Db, Ear},
    error::Result,
    log::{self, Line, Position},
};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};

/// How often the log is looked at without a hint.
const LOOK: Duration = Duration::from_millis(500);
/// How long after a hint a line may still wait for an older transaction: the reader looks again soon, for a while.
const SOON: [Duration; 4] = [
    Duration::from_millis(15),
    Duration::from_millis(35),
    Duration::from_millis(75),
    Duration::from_millis(150),
];
/// How often it is tried to hear of other processes, where that did not work.
const EAR: Duration = Duration::from_secs(30);
/// How long a try may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// Lines that are read at once.
const PAGE: u32 = 500;
/// Lines that are kept: who falls further behind has everything read anew.
pub const KEPT: usize = 10_000;

/// The end of the log, for all who listen in this process.
pub struct Feed {
    db: Db,
    end: Mutex<End>,
    /// Counts how often the reader has found something.
    found: watch::Sender<u64>,
}

/// What the reader keeps.
#[derive(Default)]
struct End {
    listeners: usize,
    reads: bool,
    /// Everything after this, up to where the reader stands, is in `lines`.
    floor: Option<Position>,
    lines: VecDeque<Arc<Line>>,
}

/// Somebody listens, for as long as this is held.
pub struct Listening {
    feed: Arc<Feed>,
    found: watch::Receiver<u64>,
}

/// What there is after a place.
pub enum After {
    /// These lines, from memory or from the log.
    Lines(Vec<Arc<Line>>),
    /// More than can be told: the memory does not reach back so far, though it did before.
    Lost,
}

impl Feed {
    /// A feed that nobody listens to yet.
    #[must_use]
    pub fn new(db: Db) -> Arc<Self> {
        Arc::new(Self { db, end: Mutex::default(), found: watch::Sender::new(0) })
    }

    fn end(&self) -> MutexGuard<'_, End> {
        self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Listens from now on.
    #[must_use]
    pub fn listen(self: &Arc<Self>) -> Listening {
        let mut end = self.end();
        end.listeners += 1;
        if !end.reads {
            end.reads = true;
            tokio::spawn(Arc::clone(self).follow());
        }
        drop(end);
        Listening { feed: Arc::clone(self), found: self.found.subscribe() }
    }

    /// Reads until nobody listens any more.
    async fn follow(self: Arc<Self>) {
        let mut ear = None;
        let mut writing = self.db.writing();
        let mut soon = SOON.iter();
        let mut failing = false;
        let mut try_ear = Instant::now();
        loop {
            match self.look().await {
                Ok(found) => {
                    failing = false;
                    if found {
                        soon = [].iter();
                    }
                }
                Err(error) if !failing => {
                    failing = true;
                    tracing::warn!(?error, "the change log could not be read; it is tried again");
                }
                Err(_) => {}
            }
            {
                let mut end = self.end();
                if end.listeners == 0 {
                    *end = End::default();
                    return;
                }
            }
            if ear.is_none() && !failing && Instant::now() >= try_ear {
                try_ear = Instant::now() + EAR;
                // Without it the log is looked at twice a second all the same.
                ear = timeout(PATIENCE, self.db.listen()).await.ok().and_then(Result::ok).flatten();
            }
            let hinted = tokio::select! {
                () = writing.heard() => true,
                heard = heard(&mut ear) => {
                    if !heard {
                        ear = None;
                    }
                    heard
                }
                () = tokio::time::sleep(soon.next().copied().unwrap_or(LOOK)) => false,
            };
            if hinted {
                soon = SOON.iter();
            }
        }
    }

    /// Takes up what is new; tells whether there was anything.
    async fn look(&self) -> Result<bool> {
        let from = {
            let end = self.end();
            end.lines.back().map(|line| line.position()).or(end.floor)
        };
        let Some(mut from) = from else {
            let head = log::head(&self.db).await?;
            self.end().floor = Some(head);
            return Ok(false);
        };
        let mut any = false;
        loop {
            let page = log::read(&self.db, from, PAGE).await?;
            let Some(last) = page.last() else { break };
            from = last.position();
            let full = page.len() >= PAGE as usize;
            any = true;
            {
                let mut end = self.end();
                end.lines.extend(page.into_iter().map(Arc::new));
                while end.lines.len() > KEPT {
                    end.floor = end.lines.pop_front().map(|line| line.position());
                }
            }
            self.found.send_modify(|times| *times = times.wrapping_add(1));
            if !full {
                break;
            }
        }
        Ok(any)
    }
}

/// Whether something was heard; without an ear nothing ever is.
async fn heard(ear: &mut Option<Ear>) -> bool {
    match ear {
        Some(ear) => ear.heard().await.is_ok(),
        None => std::future::pending().await,
    }
}

impl Listening {
    /// The next lines after a place. `near` says that whoever asks has stood at the end of the log before.
    pub async fn after(&self, from: Position, most: u32, near: bool) -> Result<After> {
        {
            let end = self.feed.end();
            if end.floor.is_some_and(|floor| floor <= from) {
                let begin = end.lines.partition_point(|line| line.position() <= from);
                let lines: Vec<_> = end.lines.range(begin..).take(most as usize).map(Arc::clone).collect();
                // Whoever catches up asks the log itself whether that was all.
                if near || !lines.is_empty() {
                    return Ok(After::Lines(lines));
                }
            }
            if near && end.lines.len() >= KEPT {
                return Ok(After::Lost);
            }
        }
        let lines = log::read(&self.feed.db, from, most).await?;
        Ok(After::Lines(lines.into_iter().map(Arc::new).collect()))
    }

    /// What is found from here on ends the next `found`.
    pub fn attend(&mut self) {
        self.found.mark_unchanged();
    }

    /// Ends when the reader has found something since.
    pub async fn found(&mut self) {
        if self.found.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.feed.end().listeners -= 1;
    }
}
