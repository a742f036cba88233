//! Signing out: one session by its token, many by their owner or by whoever administers the account.

use crate::{
    account::over,
    kernel::{
        door::{any_of, unscoped},
        error::{Refusal, Result},
        request::Ctx,
        vault,
        work::Work,
    },
};
use async_graphql::{ID, InputObject, OneofObject};
use entity::{
    id::{AccountId, SessionId},
    refresh_token,
    scalar::DateTime,
    session,
};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait,
    IntoActiveModel, QueryFilter, QuerySelect, Set, sea_query::Expr,
};
use std::collections::HashSet;
use uuid::Uuid;

/// Sessions that are ended one by one.
const MOST: usize = 100;

/// Which sessions: exactly one of these.
#[derive(Clone, Debug, OneofObject)]
pub enum SessionsEndWhich {
    /// These, at most 100, all of one account.
    Ids(Vec<SessionId>),
    /// Every session of this account.
    AllOf(AccountId),
    /// Every session of the viewer's own account but the one that asks; say true.
    Others(bool),
}

/// Sessions to end.
#[derive(Clone, Debug, InputObject)]
pub struct SessionsEndInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Which of them.
    pub which: SessionsEndWhich,
}

/// Signs out: the session of the token ends, and with it every token of it. A token that is not known ends nothing.
pub async fn finish(ctx: &Ctx, token: &str) -> Result<()> {
    let tx = ctx.db().begin().await?;
    let token = unscoped::<refresh_token::Entity>()
        .filter(refresh_token::Column::Hash.eq(vault::digest(token)))
        .one(&tx)
        .await?;
    if let Some(token) = token {
        let session = unscoped::<session::Entity>()
            .filter(session::Column::Id.eq(token.session_id))
            .filter(session::Column::EndedAt.is_null())
            .one(&tx)
            .await?;
        if let Some(session) = session {
            end(&tx, session, ctx.now()).await?;
        }
    }
    tx.commit().await?;
    Ok(())
}

pub(super) async fn end(tx: &DatabaseTransaction, session: session::Model, now: DateTime) -> Result<()> {
    let mut session = session.into_active_model();
    session.ended_at = Set(Some(now));
    session.update(tx).await?;
    Ok(())
}

/// Ends the sessions of an account that go on, at their next request: all, or all but one.
pub(in crate::account) async fn end_all(
    db: &impl ConnectionTrait,
    of: AccountId,
    but: Option<SessionId>,
    now: DateTime,
) -> Result<()> {
    let but = but.map(|but| session::Column::Id.ne(but));
    end_where(db, Condition::all().add(session::Column::AccountId.eq(of)).add_option(but), now).await
}

async fn end_where(db: &impl ConnectionTrait, which: Condition, now: DateTime) -> Result<()> {
    session::Entity::update_many()
        .col_expr(session::Column::EndedAt, Expr::value(now))
        .filter(which)
        .filter(session::Column::EndedAt.is_null())
        .exec(db)
        .await?;
    Ok(())
}

/// Ends sessions of one account; gives the account.
pub(super) async fn end_several(work: &Work, input: SessionsEndInput) -> Result<Uuid> {
    let SessionsEndInput { idempotency_key: _, which } = input;
    let viewer = work.ctx.signed_in()?;
    let own = viewer.account;
    let (account, but) = match which {
        SessionsEndWhich::Ids(ids) => return end_named(work, ids).await,
        SessionsEndWhich::AllOf(account) => (account, None),
        SessionsEndWhich::Others(true) => (own, viewer.via.session()),
        SessionsEndWhich::Others(false) => {
            return Err(Refusal::rule(
                "true",
                "which.others",
                "只能为 true；不结束任何会话则不必调用。",
                "Say true; to end none, call nothing.",
            )
            .into());
        }
    };
    may_end(work, account, "which.allOf").await?;
    end_all(&work.tx, account, but, work.now()).await?;
    Ok(account.0)
}

async fn end_named(work: &Work, ids: Vec<SessionId>) -> Result<Uuid> {
    const FIELD: &str = "which.ids";
    if ids.is_empty() || ids.len() > MOST {
        return Err(Refusal::rule(
            "count",
            FIELD,
            format!("请给出 1 至 {MOST} 个会话。"),
            format!("1 to {MOST} sessions."),
        )
        .into());
    }
    let wanted: HashSet<SessionId> = ids.into_iter().collect();
    let which = any_of(session::Column::Id, wanted.iter().copied(), work.ctx.backend());
    let found: Vec<AccountId> = work
        .ctx
        .within::<session::Entity>()
        .select_only()
        .column(session::Column::AccountId)
        .filter(which.clone())
        .into_tuple()
        .all(&work.tx)
        .await?;
    let account = found.first().copied().filter(|_| found.len() == wanted.len());
    let account = account.ok_or_else(|| Refusal::not_found(FIELD))?;
    if found.iter().any(|&other| other != account) {
        return Err(Refusal::rule(
            "one-account",
            FIELD,
            "一次只能结束同一账号的会话。",
            "The sessions are of one account at a time.",
        )
        .into());
    }
    may_end(work, account, FIELD).await?;
    end_where(&work.tx, Condition::all().add(which), work.now()).await?;
    Ok(account.0)
}

/// One's own, or those of an account that one may change.
async fn may_end(work: &Work, account: AccountId, field: &str) -> Result<()> {
    if over::is_own(&work.ctx, account) {
        return Ok(());
    }
    let found = over::find(work, account, field).await?;
    over::may_take_over(work, &found).await
}
