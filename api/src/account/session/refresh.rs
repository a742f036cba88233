//! Keeping on: new tokens for a refresh token.

use super::{Issued, end_of, issue, token_invalid};
use crate::{
    account::{Identity, notice},
    kernel::{door::unscoped, error::Result, request::Ctx, vault},
};
use entity::{
    account,
    kind::{AccountStatus, NoticeKind},
    refresh_token,
    scalar::DateTime,
    session,
};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter,
    QuerySelect, Set,
};
use serde_json::json;

/// Keeps on: a new pair of tokens for a refresh token, which is used up by it.
///
/// A used one shown again is accepted only while the pair that replaced it has never been used (the answer was lost on
/// a bad network); otherwise somebody has a copy: the session is ended, and its owner told.
pub async fn refresh(ctx: &Ctx, identity: &Identity, token: &str) -> Result<Issued> {
    let now = ctx.now();
    let hash = vault::digest(token);
    let tx = ctx.db().begin().await?;
    let by_hash =
        |hash: Vec<u8>| unscoped::<refresh_token::Entity>().filter(refresh_token::Column::Hash.eq(hash));
    let first = by_hash(hash.clone()).one(&tx).await?.ok_or_else(token_invalid)?;
    // The session's row is the lock under which its tokens change.
    let session = unscoped::<session::Entity>()
        .filter(session::Column::Id.eq(first.session_id))
        .lock_exclusive()
        .one(&tx)
        .await?
        .ok_or_else(token_invalid)?;
    let old = by_hash(hash).one(&tx).await?.ok_or_else(token_invalid)?;
    let active = unscoped::<account::Entity>()
        .filter(account::Column::Id.eq(session.account_id))
        .filter(account::Column::Status.eq(AccountStatus::Active))
        .one(&tx)
        .await?;
    if session.ended_at.is_some() || session.expires_at <= now || old.expires_at <= now || active.is_none() {
        return Err(token_invalid());
    }
    if let Some(next) = old.replaced_by.clone() {
        let next = by_hash(next).one(&tx).await?;
        match next.filter(|next| next.used_at.is_none()) {
            Some(unused) => _ = refresh_token::Entity::delete_by_id(unused.hash).exec(&tx).await?,
            None => {
                end_stolen(&tx, session, now).await?;
                tx.commit().await?;
                return Err(token_invalid());
            }
        }
    }
    let mut on = session.clone().into_active_model();
    on.last_used_at = Set(now);
    on.ends_at = Set(end_of(identity, session.expires_at, now));
    let session = on.update(&tx).await?;
    let issued = issue(&tx, identity, session).await?;
    let mut used = old.into_active_model();
    used.used_at = Set(Some(now));
    used.replaced_by = Set(Some(vault::digest(&issued.refresh_token)));
    used.update(&tx).await?;
    tx.commit().await?;
    Ok(issued)
}

async fn end_stolen(tx: &DatabaseTransaction, session: session::Model, now: DateTime) -> Result<()> {
    let (to, about) = ([session.account_id], Some(session.id.to_string()));
    let words = json!({"device": session.device});
    super::close::end(tx, session, now).await?;
    notice::tell(tx, now, to, NoticeKind::SessionStolen, about, words).await
}
