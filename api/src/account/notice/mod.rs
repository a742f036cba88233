//! Notices (通知): short messages of the system to an account, of what its owner should know of it.
//!
//! Whoever causes one tells it in the same transaction. Only its account sees it; it stays when it was read. What comes in
//! floods is gathered: one notice counts on until it is read.

pub mod holders;
pub mod object;

use crate::kernel::{
    door::{any_of, unscoped},
    error::{Refusal, Result},
    work::Work,
};
use async_graphql::{ID, InputObject};
use entity::{
    id::{AccountId, NoticeId},
    kind::NoticeKind,
    notice,
    scalar::DateTime,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, Set,
    sea_query::{Expr, ExprTrait},
};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Notices that are marked one by one.
const MOST: usize = 100;

/// Tells some accounts: what kind of thing happened, to which record (a `TypeID`), and the words that the text names
/// (`device`, `how`). Within the transaction of whatever happened.
pub async fn tell(
    db: &impl ConnectionTrait,
    now: DateTime,
    to: impl IntoIterator<Item = AccountId>,
    kind: NoticeKind,
    subject: Option<String>,
    words: serde_json::Value,
) -> Result<()> {
    let rows: Vec<_> = to
        .into_iter()
        .map(|account| notice::ActiveModel {
            id: Set(NoticeId(Uuid::now_v7())),
            account_id: Set(account),
            kind: Set(kind),
            at: Set(now),
            subject: Set(subject.clone()),
            words: Set(words.clone()),
            count: Set(1),
            read_at: Set(None),
        })
        .collect();
    if !rows.is_empty() {
        notice::Entity::insert_many(rows).exec_without_returning(db).await?;
    }
    Ok(())
}

/// The same of what comes in floods: whoever has not read the last notice of the kind is told in that one that there is
/// one more, and of no single record any longer.
pub async fn gather(
    db: &impl ConnectionTrait,
    now: DateTime,
    to: impl IntoIterator<Item = AccountId>,
    kind: NoticeKind,
    subject: Option<String>,
    words: serde_json::Value,
) -> Result<()> {
    use notice::Column::{AccountId as Account, At, Count, Id, Kind, ReadAt, Subject};
    let mut to: BTreeSet<AccountId> = to.into_iter().collect();
    if to.is_empty() {
        return Ok(());
    }
    let unread: Vec<(NoticeId, AccountId)> = unscoped::<notice::Entity>()
        .select_only()
        .columns([Id, Account])
        .filter(any_of(Account, to.iter().copied(), db.get_database_backend()))
        .filter(Kind.eq(kind).and(ReadAt.is_null()))
        .into_tuple()
        .all(db)
        .await?;
    if !unread.is_empty() {
        notice::Entity::update_many()
            .col_expr(Count, Expr::col(Count).add(1))
            .col_expr(At, Expr::value(now))
            .col_expr(Subject, Expr::value(None::<String>))
            .filter(any_of(Id, unread.iter().map(|&(id, _)| id), db.get_database_backend()))
            .exec(db)
            .await?;
    }
    for (_, account) in &unread {
        to.remove(account);
    }
    tell(db, now, to, kind, subject, words).await
}

/// Notices that were read.
#[derive(Clone, Debug, InputObject)]
pub struct NoticesReadInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Which ones, at most 100; all of them when nothing is said.
    #[graphql(default)]
    pub ids: Option<Vec<NoticeId>>,
}

/// Marks notices of one's own as read; gives the account.
async fn read(work: &Work, input: NoticesReadInput) -> Result<Uuid> {
    let NoticesReadInput { idempotency_key: _, ids } = input;
    let own = work.ctx.signed_in()?.account;
    if ids.as_ref().is_some_and(|ids| ids.len() > MOST) {
        let (zh, en) = (format!("最多 {MOST} 条通知。"), format!("At most {MOST} notices."));
        return Err(Refusal::rule("count", "ids", zh, en).into());
    }
    let which = ids.map(|ids| any_of(notice::Column::Id, ids, work.ctx.backend()));
    notice::Entity::update_many()
        .col_expr(notice::Column::ReadAt, Expr::value(work.now()))
        .filter(Condition::all().add(notice::Column::AccountId.eq(own)).add_option(which))
        .filter(notice::Column::ReadAt.is_null())
        .exec(&work.tx)
        .await?;
    Ok(own.0)
}
