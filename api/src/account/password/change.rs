//! Changing one's own password, and what every change of a password brings with it.

use super::rule;
use crate::{
    account::{
        Identity, notice,
        session::{
            close,
            start::{prove, wrong_password},
        },
    },
    kernel::{
        door::unscoped,
        error::{Refusal, Result},
        record::{By, append},
        refusal::Checks,
        request::Ctx,
    },
};
use entity::{
    account,
    id::{AccountId, SessionId},
    kind::NoticeKind,
    scalar::DateTime,
    session,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect, sea_query::Expr,
};
use serde_json::json;
use std::net::IpAddr;

/// What the owner shows and wants.
pub struct Change {
    /// The password that holds, as it was typed.
    pub current: String,
    /// The one that is to hold.
    pub new: String,
    /// From where, as far as it is known.
    pub address: Option<IpAddr>,
}

/// Gives the viewer's account another password. All other sessions end; the one that asks has shown the password.
pub async fn change(ctx: &Ctx, identity: &Identity, change: Change) -> Result<()> {
    let Change { current, new, address } = change;
    let viewer = ctx.of_person()?;
    let mut checks = Checks::default();
    checks.require(current != new, || {
        Refusal::rule(
            "password-same",
            "new",
            "新密码不能与原密码相同。",
            "The new password is the one that holds already.",
        )
    });
    let (found, attempt) = prove(ctx, identity, current, address, "current").await?;
    rule::check(&mut checks, "new", &new, &found.name);
    checks.done()?;
    let hash = identity.passwords.hash(new).await?;
    let tx = ctx.db().begin().await?;
    let held = unscoped::<account::Entity>().filter(account::Column::Id.eq(found.id)).lock_exclusive();
    let held = held.one(&tx).await?.filter(|held| held.password_hash == found.password_hash);
    let held = held.ok_or_else(|| wrong_password("current"))?;
    store(&tx, ctx, held, hash).await?;
    aftermath(&tx, ctx.now(), found.id, viewer.via.session(), notice::object::how::OWNER).await?;
    session::Entity::update_many()
        .col_expr(session::Column::ConfirmedAt, Expr::value(ctx.now()))
        .filter(session::Column::Id.eq(viewer.via.session()))
        .exec(&tx)
        .await?;
    tx.commit().await?;
    attempt.succeeded();
    Ok(())
}

/// A password that its owner has chosen, with its line in the log.
pub(super) async fn store(
    tx: &DatabaseTransaction,
    ctx: &Ctx,
    before: account::Model,
    hash: String,
) -> Result<()> {
    let after = account::Model {
        password_hash: hash,
        password_due: false,
        version: before.version + 1,
        ..before.clone()
    };
    let by = By { now: ctx.now(), actor: Some(before.id), request_id: ctx.request_id() };
    let line = by.line::<account::Entity>(Some(&before), &after, &[]);
    account::Entity::update_many()
        .col_expr(account::Column::PasswordHash, Expr::value(after.password_hash))
        .col_expr(account::Column::PasswordDue, Expr::value(false))
        .col_expr(account::Column::Version, Expr::value(after.version))
        .filter(account::Column::Id.eq(before.id))
        .exec(tx)
        .await?;
    append(tx, line.into_iter().collect()).await?;
    Ok(())
}

/// What every change of a password brings: the sessions end, but for one, and the owner is told.
pub(in crate::account) async fn aftermath(
    db: &impl ConnectionTrait,
    now: DateTime,
    account: AccountId,
    but: Option<SessionId>,
    how: &str,
) -> Result<()> {
    close::end_all(db, account, but, now).await?;
    let words = json!({"how": how});
    notice::tell(db, now, [account], NoticeKind::PasswordChanged, None, words).await
}
