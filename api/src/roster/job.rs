//! Taking a roster in behind the scenes: begun by a mutation, worked off one after the other, its end stored in the same
//! transaction as what it brought. A process that dies in between leaves nothing but a job that nobody works on.

use super::{Kind, Options, Progress, Report, Source, import};
use crate::{
    kernel::{
        clock::Clock,
        door::unscoped,
        error::{Error, Refusal, RefusalCode, Result},
        policy::May,
        record::{Record, append, log_line},
        refusal::Detail,
        request::Ctx,
        sheet::Hand,
        work::Work,
    },
    upload,
};
use async_graphql::{ID, InputObject};
use chrono::Duration;
use entity::{
    id::{ImportId, UploadId},
    kind::{ChangeKind, ImportState, RosterKind, UploadPurpose},
    roster_import,
    scalar::DateTime,
};
use futures_util::FutureExt;
use sea_orm::{
    ActiveEnum, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, Set,
    sea_query::{Expr, ExprTrait},
};
use serde_json::json;
use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{LazyLock, Mutex, PoisonError},
};
use tokio::sync::Semaphore;
use uuid::Uuid;

impl Record for roster_import::Entity {
    const NAME: &'static str = ImportId::PREFIX;
    const INTERNAL: &'static [&'static str] = &["state", "dry_run", "skip_bad"];
}

/// How far a job has come that this process works on.
#[derive(Clone, Debug, Default)]
pub struct Far {
    /// The sheet.
    pub sheet: String,
    /// Rows that have been looked at.
    pub rows: u64,
    /// Rows that there are, as far as the file tells.
    pub total: Option<u64>,
}

/// The jobs that this process works on.
static AT_WORK: LazyLock<Mutex<HashMap<ImportId, Far>>> = LazyLock::new(Mutex::default);
/// One at a time: each holds a transaction, and in SQLite the only one that writes.
static TURN: Semaphore = Semaphore::const_new(1);
/// A job whose process has not been heard of for so long is dead.
const SILENCE: Duration = Duration::seconds(60);
/// How often a process tells that it lives.
const BEAT: std::time::Duration = std::time::Duration::from_secs(15);

fn at_work() -> std::sync::MutexGuard<'static, HashMap<ImportId, Far>> {
    AT_WORK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How far a job has come, if this process works on it.
#[must_use]
pub fn far(id: ImportId) -> Option<Far> {
    at_work().get(&id).cloned()
}

/// What a job's state is to be called: one that nobody works on any more was broken off.
#[must_use]
pub fn state(ctx: &Ctx, id: ImportId, stored: ImportState, beat_at: DateTime) -> ImportState {
    let silent = ctx.backend() != DbBackend::Postgres || ctx.now().0 - beat_at.0 > SILENCE;
    if stored == ImportState::Running && far(id).is_none() && silent {
        return ImportState::Interrupted;
    }
    stored
}

/// A roster to take in.
#[derive(Clone, Debug, InputObject)]
pub struct RosterImportInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Id minted by the client; made by the server otherwise.
    #[graphql(default)]
    pub id: Option<ImportId>,
    /// The file, complete: `uploadCreate` with purpose `ROSTER`.
    pub upload_id: UploadId,
    /// What it is; found out by the names and headings of its sheets when absent.
    #[graphql(default)]
    pub kind: Option<RosterKind>,
    /// True: only tell what would become of it; nothing is stored.
    #[graphql(default)]
    pub dry_run: bool,
    /// True: take the good records where there are bad ones. False: all of them or none.
    #[graphql(default)]
    pub skip_bad: bool,
}

/// What to take in, and how.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its id.
    pub id: ImportId,
    path: PathBuf,
    file_name: String,
    options: Options,
}

/// Notes the job down; it is to be run when that is committed.
pub async fn note(work: &Work, input: RosterImportInput) -> Result<Uuid> {
    let RosterImportInput { idempotency_key: _, id, upload_id, kind, dry_run, skip_bad } = input;
    let ctx = &work.ctx;
    let account = ctx.signed_in()?.account;
    if !ctx.scope().allowed_somewhere(May::ImportRoster) {
        return Err(ctx.forbidden(May::ImportRoster));
    }
    let (upload, _) = upload::complete(ctx, upload_id, UploadPurpose::Roster).await?;
    let mine = unscoped::<roster_import::Entity>()
        .filter(roster_import::Column::AccountId.eq(account))
        .filter(roster_import::Column::State.eq(ImportState::Running))
        .all(&work.tx)
        .await?;
    if mine.iter().any(|row| state(ctx, row.id, row.state, row.beat_at) == ImportState::Running) {
        return Err(Refusal::new(
            RefusalCode::Limit,
            "uploadId",
            "您已有一个名册正在导入，请等它结束。",
            "You have a roster on its way in; wait for its end.",
        )
        .with(Detail::Limit(1))
        .into());
    }
    let row = roster_import::ActiveModel {
        id: Set(id.unwrap_or_else(|| ImportId(Uuid::now_v7()))),
        account_id: Set(account),
        upload_id: Set(upload_id),
        file_name: Set(upload.file_name),
        kind: Set(kind),
        dry_run: Set(dry_run),
        skip_bad: Set(skip_bad),
        state: Set(ImportState::Running),
        report: Set(None),
        started_at: Set(work.now()),
        finished_at: Set(None),
        beat_at: Set(work.now()),
        version: Set(1),
    };
    work.insert(row).await
}

/// The job that was noted down.
pub async fn noted(ctx: &Ctx, id: ImportId) -> Result<Job> {
    let row = ctx
        .within::<roster_import::Entity>()
        .filter(roster_import::Column::Id.eq(id))
        .one(ctx.db().read())
        .await?
        .ok_or_else(|| Error::internal("a job that was noted down is not there"))?;
    let (_, path) = upload::complete(ctx, row.upload_id, UploadPurpose::Roster).await?;
    let kind = row.kind.and_then(|kind| Kind::ALL.iter().copied().find(|one| same(*one, kind)));
    let options = Options { kind, dry_run: row.dry_run, skip_bad: row.skip_bad, ..Options::default() };
    Ok(Job { id, path, file_name: row.file_name, options })
}

fn same(kind: Kind, spoken: RosterKind) -> bool {
    kind.name() == spoken.to_value().to_lowercase()
}

/// Works a job off, with the rights of whoever began it.
pub fn begin(ctx: Ctx, job: Job) {
    at_work().insert(job.id, Far::default());
    tokio::spawn(async move {
        let id = job.id;
        let beating = tokio::spawn(beat(ctx.clone(), id));
        let outcome = match TURN.acquire().await {
            Ok(_turn) => run(&ctx, &job).await,
            Err(_) => Err(Error::internal("no turn")),
        };
        beating.abort();
        if let Err(error) = outcome {
            fail(&ctx, id, error).await;
        }
        at_work().remove(&id);
    });
}

/// In SQLite there is one process, and its only writer is busy.
async fn beat(ctx: Ctx, id: ImportId) {
    while ctx.backend() == DbBackend::Postgres {
        tokio::time::sleep(BEAT).await;
        let now = Clock::default().now();
        let told = roster_import::Entity::update_many()
            .col_expr(roster_import::Column::BeatAt, Expr::value(now))
            .filter(roster_import::Column::Id.eq(id))
            .exec(ctx.db().write())
            .await;
        if let Err(error) = told {
            tracing::warn!(%error, "a roster on its way in cannot tell that it lives");
        }
    }
}

async fn run(ctx: &Ctx, job: &Job) -> Result<()> {
    let id = job.id;
    let watch = move |progress: Progress<'_>| {
        let Progress { sheet, rows, total } = progress;
        at_work().insert(id, Far { sheet: sheet.to_owned(), rows, total });
    };
    let now = ctx.now();
    let store: super::Before<'_> = Box::new(move |tx, report| {
        async move { end(tx, id, ImportState::Stored, now, &json!(report)).await }.boxed()
    });
    let hand = Hand::Viewer(ctx.clone());
    let source = Source { path: &job.path, name: &job.file_name };
    let clock = Clock::default();
    let report: Report =
        import(&hand, (ctx.db(), ctx.vault(), &clock), source, job.options, &watch, Some(store)).await?;
    if !report.stored {
        let state = if report.total_faults == 0 { ImportState::Checked } else { ImportState::Refused };
        let tx = ctx.db().begin().await?;
        end(&tx, id, state, ctx.now(), &json!(report)).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// The end of a job, on record.
async fn end(
    db: &impl ConnectionTrait,
    id: ImportId,
    state: ImportState,
    now: DateTime,
    report: &serde_json::Value,
) -> Result<()> {
    use roster_import::Column::{FinishedAt, Report, State, Version};
    roster_import::Entity::update_many()
        .col_expr(State, Expr::value(state.to_value()))
        .col_expr(Report, Expr::value(report.clone()))
        .col_expr(FinishedAt, Expr::value(now))
        .col_expr(Version, Expr::col(Version).add(1))
        .filter(roster_import::Column::Id.eq(id))
        .exec(db)
        .await?;
    let content = json!({"state": state.to_value()});
    let change = (id.0, 2, ChangeKind::Ended);
    let line = log_line::<roster_import::Entity>(
        now,
        change,
        &["state", "report", "finished_at"],
        content,
        "import",
    );
    Ok(append(db, vec![line]).await?)
}

/// A file that cannot be read at all, or a fault of ours: nothing was stored.
async fn fail(ctx: &Ctx, id: ImportId, error: Error) {
    let told = match error {
        Error::Fault(fault) => json!({"zh": fault.zh, "en": fault.en}),
        Error::Refused(refusals) => {
            let first = refusals.into_iter().next();
            first.map_or_else(|| json!({}), |refusal| json!({"zh": refusal.zh, "en": refusal.en}))
        }
        Error::Internal(cause) => {
            tracing::error!(%id, cause = %cause.0, "a roster did not come in");
            json!({"zh": "导入未完成，什么也没有保存，请重试。", "en": "The import did not end; nothing was stored. Please try again."})
        }
    };
    let ended = async {
        let tx = ctx.db().begin().await?;
        end(&tx, id, ImportState::Failed, ctx.now(), &json!({"failed": told})).await?;
        Ok::<_, Error>(tx.commit().await?)
    };
    if let Err(error) = ended.await {
        tracing::error!(%id, ?error, "the end of a roster's import is not on record");
    }
}
