//! Sessions: signing in, keeping on, signing out, and who asks at each request.

use super::{
    Identity,
    object::{Account, tidy},
    password::Passwords,
};
use crate::kernel::{
    clock::{Clock, civil, later},
    db::Db,
    door::unscoped,
    error::{Error, Fault, Locale, Refusal, RefusalCode, Result},
    node::ById,
    request::{Ctx, Via, Viewer},
    scope::Scope,
    vault::{self, Vault},
    viewer,
};
use chrono::Duration;
use entity::{
    account,
    id::{AccountId, CadreId, RegionId, SessionId},
    kind::AccountStatus,
    refresh_token,
    scalar::DateTime,
    session,
};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, FromQueryResult, IntoActiveModel,
    QueryFilter, QuerySelect, Select, Set, Statement,
};
use std::sync::Arc;
use uuid::Uuid;

/// What a signed-in device is given. The tokens are shown once.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The account.
    pub account: AccountId,
    /// The session.
    pub session: SessionId,
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

fn bad_credentials() -> Error {
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

/// An attempt to sign in.
pub struct Attempt {
    /// Login name as it was typed.
    pub name: String,
    /// Password as it was typed.
    pub password: String,
    /// What the owner will know the device by.
    pub device: String,
    /// From where, as far as it is known.
    pub address: Option<std::net::IpAddr>,
}

/// Signs in by name and password. Failures are counted by name and address, and cost time.
pub async fn start(ctx: &Ctx, identity: &Identity, attempt: Attempt) -> Result<Issued> {
    let Attempt { name, password, device, address } = attempt;
    let name = tidy(&name);
    identity.failures.allow(&name, address, ctx.now())?;
    let found =
        unscoped::<account::Entity>().filter(account::Column::Name.eq(&name)).one(ctx.db().read()).await?;
    let found = found.filter(|account| account.status == AccountStatus::Active);
    let hash = found.as_ref().map(|account| account.password_hash.clone());
    let known = Passwords::verify(&identity.passwords, password, hash).await?;
    let Some(account) = found.filter(|_| known) else {
        identity.failures.note(&name, address, ctx.now());
        return Err(bad_credentials());
    };
    identity.failures.forget(&name);
    // Disabled or given another password while this one was being checked: its sessions ended before this one began.
    let stands = unscoped::<account::Entity>()
        .filter(account::Column::Id.eq(account.id))
        .filter(account::Column::PasswordHash.eq(account.password_hash))
        .filter(account::Column::Status.eq(AccountStatus::Active));
    vouched(ctx, identity, account.id, stands, device).await?.ok_or_else(bad_credentials)
}

/// Begins a session of an account that somebody has proved to be theirs, if it still stands as it did then.
pub(super) async fn vouched(
    ctx: &Ctx,
    identity: &Identity,
    account_id: AccountId,
    stands: Select<account::Entity>,
    device: String,
) -> Result<Option<Issued>> {
    let now = ctx.now();
    let session = session::Model {
        id: SessionId(Uuid::now_v7()),
        account_id,
        device: device.chars().take(200).collect(),
        created_at: now,
        expires_at: later(now, identity.lifetimes.whole),
        ended_at: None,
    };
    let tx = ctx.db().begin().await?;
    if stands.lock_shared().one(&tx).await?.is_none() {
        return Ok(None);
    }
    session::Entity::insert(session.clone().into_active_model()).exec_without_returning(&tx).await?;
    let issued = issue(&tx, identity, &session, now).await?;
    tx.commit().await?;
    Ok(Some(issued))
}

async fn issue(
    tx: &DatabaseTransaction,
    identity: &Identity,
    session: &session::Model,
    now: DateTime,
) -> Result<Issued> {
    let refresh_token = vault::token()?;
    let expires_at = later(now, identity.lifetimes.idle).min(session.expires_at);
    let row = refresh_token::ActiveModel {
        hash: Set(vault::digest(&refresh_token)),
        session_id: Set(session.id),
        issued_at: Set(now),
        expires_at: Set(expires_at),
        used_at: Set(None),
        replaced_by: Set(None),
    };
    refresh_token::Entity::insert(row).exec_without_returning(tx).await?;
    let (access_token, access_token_expires_at) =
        identity.tokens.issue(session.account_id, session.id, now)?;
    Ok(Issued {
        account: session.account_id,
        session: session.id,
        access_token,
        access_token_expires_at,
        refresh_token,
        refresh_token_expires_at: expires_at,
    })
}

/// Keeps on: a new pair of tokens for a refresh token, which is used up by it.
///
/// A used one shown again is accepted only while the pair that replaced it has never been used (the answer was lost on
/// a bad network); otherwise somebody has a copy, and the session is ended.
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
                end(&tx, session, now).await?;
                tx.commit().await?;
                return Err(token_invalid());
            }
        }
    }
    let issued = issue(&tx, identity, &session, now).await?;
    let mut used = old.into_active_model();
    used.used_at = Set(Some(now));
    used.replaced_by = Set(Some(vault::digest(&issued.refresh_token)));
    used.update(&tx).await?;
    tx.commit().await?;
    Ok(issued)
}

async fn end(tx: &DatabaseTransaction, session: session::Model, now: DateTime) -> Result<()> {
    let mut session = session.into_active_model();
    session.ended_at = Set(Some(now));
    session.update(tx).await?;
    Ok(())
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

const WHO: &str = "
SELECT s.ended_at, s.expires_at, a.id, a.name, a.cadre_id, a.region_id, a.status, a.rights_version, a.created_at, a.version,
  a.county_id, a.township_id, a.village_id
FROM session s JOIN account a ON a.id = s.account_id
WHERE s.id = $1 AND a.id = $2";

#[derive(FromQueryResult)]
struct Who {
    ended_at: Option<DateTime>,
    expires_at: DateTime,
    rights_version: i32,
    cadre_id: Option<CadreId>,
    #[expect(dead_code, reason = "read with the account; kept for the shape of the row")]
    region_id: Option<RegionId>,
    #[sea_orm(nested)]
    account: Account,
}

/// Who asks: verifies the token, reads session and account, and makes the scope for this moment. A request without a
/// token is nobody's and sees what is public.
pub async fn enter(
    db: &Db,
    vault: &Arc<Vault>,
    clock: &Clock,
    identity: &Identity,
    bearer: Option<&str>,
    locale: Locale,
    request_id: &str,
) -> Result<Ctx, Error> {
    let now = clock.now();
    let today = civil(now);
    let open =
        |viewer, scope| Ctx::new(db.clone(), Arc::clone(vault), clock, locale, request_id, viewer, scope);
    let Some(bearer) = bearer else {
        return Ok(open(None, Arc::new(Scope::nobody(Arc::clone(&identity.policy), today))));
    };
    let (account, session) = identity.tokens.read(bearer, now)?;
    let who = Statement::from_sql_and_values(db.backend(), WHO, [session.0.into(), account.0.into()]);
    let who = Who::find_by_statement(who).one(db.read()).await?;
    let who = who
        .filter(|who| who.ended_at.is_none() && who.expires_at > now)
        .filter(|who| who.account.status == AccountStatus::Active)
        .ok_or_else(|| {
            Error::from(Fault::new(
                crate::kernel::error::Code::Unauthenticated,
                "会话已结束，请重新登录。",
                "The session has ended; sign in again.",
            ))
        })?;
    let key = (account, who.rights_version, today);
    let known = identity.scopes.get(&key).filter(|scope| scope.until.is_none_or(|until| until > now));
    let scope = match known {
        Some(scope) => scope,
        None => {
            let scope = Arc::new(viewer::scope(db, &identity.policy, account, who.cadre_id, now).await?);
            identity.scopes.insert(key, Arc::clone(&scope));
            scope
        }
    };
    let ctx = open(Some(Viewer { account, via: Via::Session(session), budget: None, step: 1 }), scope);
    ctx.remember([(ById::<Account>::new(account), who.account)]);
    Ok(ctx)
}

/// The account that has just signed in, to itself; its scope begins with the next request.
pub(super) async fn own_account(ctx: &Ctx, id: AccountId) -> Result<Option<Account>> {
    use sea_orm::PartialModelTrait;
    let own = unscoped::<account::Entity>().select_only();
    Ok(Account::select_cols(own)
        .filter(account::Column::Id.eq(id))
        .into_model::<Account>()
        .one(ctx.db().read())
        .await?)
}
