//! Sessions (会话): signing in, keeping on, signing out, and who asks at each request.
//!
//! A session is one signed-in device. It ends when its owner or whoever administers the account ends it, when a used
//! token is shown again, and by itself; from the next request on all its tokens are worth nothing.

pub mod close;
pub mod enter;
pub mod mutation;
pub mod object;
pub mod refresh;
pub mod start;

use super::{Identity, object::Account};
use crate::kernel::{
    clock::later,
    door::unscoped,
    error::{Error, Refusal, RefusalCode, Result},
    request::Ctx,
    vault,
};
use chrono::Duration;
use entity::{account, id::AccountId, refresh_token, scalar::DateTime, session};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect, Set};

/// What a signed-in device is given. The tokens are shown once.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The session.
    pub session: session::Model,
    /// For `Authorization: Bearer`.
    pub access_token: String,
    /// When it ends.
    pub access_token_expires_at: DateTime,
    /// For the next refresh, once.
    pub refresh_token: String,
    /// When it ends if unused.
    pub refresh_token_expires_at: DateTime,
}

/// How long sessions last.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    /// A session in all.
    pub whole: Duration,
    /// A refresh token unused.
    pub idle: Duration,
}

/// Name and password do not belong together; which of them is wrong, nobody is told.
pub(super) fn bad_credentials() -> Error {
    Refusal::new(
        RefusalCode::BadCredentials,
        "",
        "用户名或密码不正确。",
        "Name and password do not belong together.",
    )
    .into()
}

fn token_invalid() -> Error {
    Refusal::new(
        RefusalCode::TokenInvalid,
        "refreshToken",
        "刷新令牌已失效，请重新登录。",
        "The refresh token cannot be used any more; sign in again.",
    )
    .into()
}

/// New tokens of a session, which is used by that.
async fn issue(tx: &DatabaseTransaction, identity: &Identity, session: session::Model) -> Result<Issued> {
    let refresh_token = vault::token()?;
    let row = refresh_token::ActiveModel {
        hash: Set(vault::digest(&refresh_token)),
        session_id: Set(session.id),
        issued_at: Set(session.last_used_at),
        expires_at: Set(session.ends_at),
        used_at: Set(None),
        replaced_by: Set(None),
    };
    refresh_token::Entity::insert(row).exec_without_returning(tx).await?;
    let (access_token, access_token_expires_at) =
        identity.tokens.issue(session.account_id, session.id, session.last_used_at)?;
    Ok(Issued {
        access_token,
        access_token_expires_at,
        refresh_token,
        refresh_token_expires_at: session.ends_at,
        session,
    })
}

/// When a session that is used now ends by itself.
fn end_of(identity: &Identity, expires_at: DateTime, now: DateTime) -> DateTime {
    later(now, identity.lifetimes.idle).min(expires_at)
}

/// The account that has just signed in, to itself; its scope begins with the next request.
async fn own_account(ctx: &Ctx, id: AccountId) -> Result<Option<Account>> {
    use sea_orm::PartialModelTrait;
    let own = unscoped::<account::Entity>().select_only();
    Ok(Account::select_cols(own)
        .filter(account::Column::Id.eq(id))
        .into_model::<Account>()
        .one(ctx.db().read())
        .await?)
}
