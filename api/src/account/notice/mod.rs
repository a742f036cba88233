//! Notices (通知): short messages of the system to an account, of what its owner should know of it.
//!
//! Whoever causes one tells it in the same transaction. Only its account sees it; it stays when it was read.

pub mod object;

use crate::kernel::{
    door::any_of,
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
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, Set, sea_query::Expr};
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
            read_at: Set(None),
        })
        .collect();
    if !rows.is_empty() {
        notice::Entity::insert_many(rows).exec_without_returning(db).await?;
    }
    Ok(())
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
