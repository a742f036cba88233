//! How far each webhook was told, and what waits to be posted: the tables as the worker writes them.
//!
//! Any number of processes work on them. Where several find the same lines, one moves the webhook on and puts down its
//! deliveries, in one transaction. What is due is posted by whoever holds the lease of the webhook, which ends by itself.

use super::retry;
use crate::{
    account::notice,
    kernel::{
        clock::{id_at, later},
        db::Db,
        door::unscoped,
        error::{Error, Result},
        log::Position,
        request::Ctx,
        work::Work,
    },
};
use chrono::Duration;
use entity::{
    api_key,
    id::{AccountId, WebhookDeliveryId, WebhookId},
    kind::{
        ChangeKind, NoticeKind, WebhookDeliveryKind, WebhookDeliveryState, WebhookEnd, WebhookError,
        WebhookState,
    },
    scalar::DateTime,
    webhook, webhook_delivery,
};
use sea_orm::{
    ActiveEnum, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set,
    sea_query::{Expr, ExprTrait},
};
use std::collections::BTreeSet;
use uuid::Uuid;

/// How long a lease holds that is not renewed: what a killed process leaves is taken up after it.
pub const LEASE: Duration = Duration::seconds(45);

/// A new delivery, to be posted at once.
pub(super) fn row(
    webhook: WebhookId,
    kind: WebhookDeliveryKind,
    line: Position,
    now: DateTime,
) -> webhook_delivery::ActiveModel {
    webhook_delivery::ActiveModel {
        id: Set(WebhookDeliveryId(id_at(now))),
        webhook_id: Set(webhook),
        kind: Set(kind),
        line_transaction: Set(line.transaction),
        line_sequence: Set(line.sequence),
        state: Set(WebhookDeliveryState::Pending),
        attempts: Set(0),
        next_attempt_at: Set(Some(now)),
        status_code: Set(None),
        error: Set(None),
        milliseconds: Set(None),
        made_at: Set(now),
        delivered_at: Set(None),
    }
}

/// The last line that a webhook has looked at.
#[must_use]
pub fn seen(hook: &webhook::Model) -> Position {
    Position { transaction: hook.seen_transaction, sequence: hook.seen_sequence }
}

/// The line that a delivery tells of.
#[must_use]
pub fn line(delivery: &webhook_delivery::Model) -> Position {
    Position { transaction: delivery.line_transaction, sequence: delivery.line_sequence }
}

/// Webhooks that are told what happens.
pub async fn active(db: &Db) -> Result<Vec<webhook::Model>> {
    let active = webhook::Column::State.eq(WebhookState::Active);
    Ok(unscoped::<webhook::Entity>().filter(active).all(db.read()).await?)
}

/// Webhooks for which something is due, and whether it is a test.
pub async fn due(db: &Db, now: DateTime) -> Result<Vec<(WebhookId, bool)>> {
    use webhook_delivery::Column::{Kind, NextAttemptAt, WebhookId};
    let due: Vec<(_, WebhookDeliveryKind)> = unscoped::<webhook_delivery::Entity>()
        .select_only()
        .columns([WebhookId, Kind])
        .distinct()
        .filter(NextAttemptAt.lte(now))
        .into_tuple()
        .all(db.read())
        .await?;
    Ok(due.into_iter().map(|(id, kind)| (id, kind == WebhookDeliveryKind::Test)).collect())
}

/// A webhook as it stands.
pub async fn find(db: &Db, id: WebhookId) -> Result<Option<webhook::Model>> {
    Ok(unscoped::<webhook::Entity>().filter(webhook::Column::Id.eq(id)).one(db.read()).await?)
}

/// The webhook as it stood: nobody has moved it on since.
fn still(hook: &webhook::Model) -> Condition {
    use webhook::Column::{Id, SeenSequence, SeenTransaction, State};
    Condition::all()
        .add(Id.eq(hook.id))
        .add(State.eq(WebhookState::Active))
        .add(SeenTransaction.eq(hook.seen_transaction))
        .add(SeenSequence.eq(hook.seen_sequence))
}

/// Moves a webhook on, with deliveries of what it is told, in one statement whatever their number. False where another
/// process was first, and nothing was done.
pub async fn put(
    db: &Db,
    hook: &webhook::Model,
    to: Position,
    told: Vec<(WebhookDeliveryKind, Position)>,
    now: DateTime,
) -> Result<bool> {
    use webhook::Column::{SeenSequence, SeenTransaction};
    let tx = db.begin().await?;
    let moved = webhook::Entity::update_many()
        .col_expr(SeenTransaction, Expr::value(to.transaction))
        .col_expr(SeenSequence, Expr::value(to.sequence))
        .filter(still(hook))
        .exec(&tx)
        .await?;
    if moved.rows_affected == 0 {
        tx.rollback().await?;
        return Ok(false);
    }
    if !told.is_empty() {
        let rows = told.into_iter().map(|(kind, line)| row(hook.id, kind, line, now));
        webhook_delivery::Entity::insert_many(rows).exec_without_returning(&tx).await?;
    }
    tx.commit().await?;
    Ok(true)
}

/// Takes or keeps the lease of a webhook. False where another process has it.
pub async fn lease(db: &Db, id: WebhookId, me: Uuid, now: DateTime) -> Result<bool> {
    use webhook::Column::{Id, LeasedBy, LeasedUntil};
    let free = LeasedUntil.is_null().or(LeasedUntil.lte(now)).or(LeasedBy.eq(me));
    let taken = webhook::Entity::update_many()
        .col_expr(LeasedBy, Expr::value(me))
        .col_expr(LeasedUntil, Expr::value(later(now, LEASE)))
        .filter(Id.eq(id).and(free))
        .exec(db.write())
        .await?;
    Ok(taken.rows_affected == 1)
}

/// Gives the lease back.
pub async fn release(db: &Db, id: WebhookId, me: Uuid) -> Result<()> {
    use webhook::Column::{Id, LeasedBy, LeasedUntil};
    webhook::Entity::update_many()
        .col_expr(LeasedBy, Expr::value(None::<Uuid>))
        .col_expr(LeasedUntil, Expr::value(None::<DateTime>))
        .filter(Id.eq(id).and(LeasedBy.eq(me)))
        .exec(db.write())
        .await?;
    Ok(())
}

/// What is due next, first attempts in the order of the log among what came due before and after. Of a webhook that is not
/// active, tests alone.
pub async fn next(
    db: &Db,
    id: WebhookId,
    now: DateTime,
    all: bool,
) -> Result<Option<webhook_delivery::Model>> {
    use webhook_delivery::Column::{Id, Kind, NextAttemptAt, WebhookId};
    let test = (!all).then(|| Kind.eq(WebhookDeliveryKind::Test));
    let due = Condition::all().add(WebhookId.eq(id)).add(NextAttemptAt.lte(now)).add_option(test);
    let next = unscoped::<webhook_delivery::Entity>().filter(due);
    Ok(next.order_by_asc(NextAttemptAt).order_by_asc(Id).limit(1).one(db.read()).await?)
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was taken, with this status.
    Taken(u16),
    /// It was not, and why; with the status, if there was an answer.
    Failed(WebhookError, Option<u16>),
    /// It will never be taken, and why.
    Hopeless(WebhookError, Option<u16>),
    /// There is nothing that may be told.
    Withheld,
}

/// Writes down what became of an attempt, and how long it took.
pub async fn settle(
    db: &Db,
    delivery: &webhook_delivery::Model,
    outcome: Outcome,
    milliseconds: Option<i32>,
    now: DateTime,
) -> Result<()> {
    use webhook_delivery::Column::{
        Attempts, DeliveredAt, Error, Id, Milliseconds, NextAttemptAt, State, StatusCode,
    };
    let attempts = delivery.attempts.saturating_add(i32::from(outcome != Outcome::Withheld));
    let (state, error, status) = match outcome {
        Outcome::Taken(status) => (WebhookDeliveryState::Delivered, None, Some(status)),
        Outcome::Failed(error, status) => (WebhookDeliveryState::Failed, Some(error), status),
        Outcome::Hopeless(error, status) => (WebhookDeliveryState::GivenUp, Some(error), status),
        Outcome::Withheld => (WebhookDeliveryState::Withheld, None, None),
    };
    let again = match state {
        // A test is asked for by somebody who waits for its outcome.
        WebhookDeliveryState::Failed if delivery.kind != WebhookDeliveryKind::Test => {
            retry::next(attempts, now)
        }
        _ => None,
    };
    let state = match state {
        WebhookDeliveryState::Failed if again.is_none() => WebhookDeliveryState::GivenUp,
        state => state,
    };
    let delivered = (state == WebhookDeliveryState::Delivered).then_some(now);
    webhook_delivery::Entity::update_many()
        .col_expr(State, Expr::value(state))
        .col_expr(Attempts, Expr::value(attempts))
        .col_expr(NextAttemptAt, Expr::value(again))
        .col_expr(StatusCode, Expr::value(status.map(i32::from)))
        .col_expr(Error, Expr::value(error))
        .col_expr(Milliseconds, Expr::value(milliseconds))
        .col_expr(DeliveredAt, Expr::value(delivered))
        .filter(Id.eq(delivery.id))
        .exec(db.write())
        .await?;
    Ok(())
}

/// Notes since when a webhook fails, or that it does no more.
pub async fn note_failing(db: &Db, hook: &webhook::Model, since: Option<DateTime>) -> Result<()> {
    webhook::Entity::update_many()
        .col_expr(webhook::Column::FailingSince, Expr::value(since))
        .filter(webhook::Column::Id.eq(hook.id))
        .exec(db.write())
        .await?;
    Ok(())
}

/// Ends a webhook as it stood, once among all processes, and tells its owner and its makers. What waits while nothing may be
/// seen any more is withheld.
pub async fn end(ctx: &Ctx, hook: &webhook::Model, because: WebhookEnd) -> Result<()> {
    let ended = ctx.operate(async |work: &Work| {
        let row = webhook::ActiveModel {
            id: Set(hook.id),
            state: Set(WebhookState::Disabled),
            disabled_because: Set(Some(because)),
            ..Default::default()
        };
        work.update(row, hook.version, ChangeKind::Updated).await?;
        if because == WebhookEnd::RightsEnded {
            withhold(work, hook.id).await?;
        }
        let maker: Option<Option<AccountId>> = unscoped::<api_key::Entity>()
            .select_only()
            .column(api_key::Column::CreatedBy)
            .filter(api_key::Column::Id.eq(hook.api_key_id))
            .into_tuple()
            .one(&work.tx)
            .await?;
        let told: BTreeSet<_> =
            [Some(hook.account_id), hook.created_by, maker.flatten()].into_iter().flatten().collect();
        let words = serde_json::json!({"name": hook.name, "how": because.to_value()});
        let subject = Some(hook.id.to_string());
        notice::tell(&work.tx, work.now(), told, NoticeKind::WebhookDisabled, subject, words).await
    });
    match ended.await {
        // Somebody changed it meanwhile, or another process was first.
        Err(Error::Refused(_)) => Ok(()),
        done => done,
    }
}

async fn withhold(work: &Work, id: WebhookId) -> Result<()> {
    use webhook_delivery::Column::{NextAttemptAt, State, WebhookId};
    webhook_delivery::Entity::update_many()
        .col_expr(State, Expr::value(WebhookDeliveryState::Withheld))
        .col_expr(NextAttemptAt, Expr::value(None::<DateTime>))
        .filter(WebhookId.eq(id).and(NextAttemptAt.is_not_null()))
        .exec(&work.tx)
        .await?;
    Ok(())
}
