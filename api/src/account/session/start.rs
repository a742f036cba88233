//! Signing in by name and password, and showing them again.

use super::{Issued, bad_credentials, end_of, issue};
use crate::{
    account::{
        Identity, code::code_invalid, factor, notice, object::tidy, password::Checked, throttle::Attempt,
    },
    kernel::{
        clock::later,
        door::unscoped,
        error::{Error, Refusal, RefusalCode, Result},
        request::Ctx,
        vault::Vault,
    },
};
use entity::{
    account,
    id::SessionId,
    kind::{AccountStatus, NoticeKind},
    scalar::DateTime,
    session,
};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    Select, sea_query::Expr,
};
use serde_json::json;
use std::net::IpAddr;
use uuid::Uuid;

/// Devices of an account that are remembered as known.
const KNOWN_DEVICES: u64 = 100;
/// How often a password is checked anew that is replaced while it is being checked.
const TRIES: usize = 3;

/// What somebody shows to sign in.
pub struct Shown {
    /// Login name as it was typed.
    pub name: String,
    /// Password as it was typed.
    pub password: String,
    /// Code of the second factor.
    pub code: Option<String>,
    /// What the owner will know the device by.
    pub device: String,
    /// From where, as far as it is known.
    pub address: Option<IpAddr>,
}

/// Signs in by name and password. Failures are counted by name and address, and cost time.
pub async fn start(ctx: &Ctx, identity: &Identity, shown: Shown) -> Result<Issued> {
    let name = tidy(&shown.name);
    let attempt = identity.failures.begin(&name, shown.address, ctx.now())?;
    for _ in 0..TRIES {
        // The place comes first: whoever finds none costs us nothing more.
        let place = identity.passwords.place()?;
        let found = unscoped::<account::Entity>().filter(account::Column::Name.eq(&name));
        let found = found.one(ctx.db().read()).await?;
        let found = found.filter(|account| account.status == AccountStatus::Active);
        // Who signs in by card has no password.
        let hash = found.as_ref().map(|account| account.password_hash.clone());
        let hash = hash.filter(|hash| !hash.is_empty());
        let checked = place.verify(shown.password.clone(), hash).await?;
        drop(place);
        let Some(account) = found.filter(|_| checked.known) else {
            attempt.failed();
            return Err(bad_credentials());
        };
        let tx = ctx.db().begin().await?;
        if !stands(&tx, &account).await? {
            tx.rollback().await?;
            continue;
        }
        let code = shown.code.as_deref();
        let Some(second_factor) = second_factor(&tx, ctx.vault(), &account, code, ctx.now()).await? else {
            attempt.failed();
            return Err(code_invalid("code"));
        };
        let issued = open(&tx, ctx, identity, &account, shown.device, second_factor).await?;
        tx.commit().await?;
        attempt.succeeded();
        renew(ctx, &account, checked).await?;
        return Ok(issued);
    }
    Err(bad_credentials())
}

/// Begins a session of an account that an outer service vouches for, if it still stands as it did then. The roles of
/// administrators stay closed to it where a second factor is asked for.
pub(in crate::account) async fn vouched(
    ctx: &Ctx,
    identity: &Identity,
    stands: Select<account::Entity>,
    device: String,
) -> Result<Option<Issued>> {
    let tx = ctx.db().begin().await?;
    let Some(account) = stands.lock_shared().one(&tx).await? else { return Ok(None) };
    let issued = open(&tx, ctx, identity, &account, device, false).await?;
    tx.commit().await?;
    Ok(Some(issued))
}

/// Whether an account is as it was found. Disabled or given another password while this one was being checked: its
/// sessions ended before this one began.
async fn stands(tx: &DatabaseTransaction, account: &account::Model) -> Result<bool> {
    let same = unscoped::<account::Entity>()
        .filter(account::Column::Id.eq(account.id))
        .filter(account::Column::PasswordHash.eq(&account.password_hash))
        .filter(account::Column::Status.eq(AccountStatus::Active))
        .lock_shared();
    Ok(same.one(tx).await?.is_some())
}

/// Whether a second factor was shown; none when the code is wrong. An account that has none is asked for none.
async fn second_factor(
    tx: &DatabaseTransaction,
    vault: &Vault,
    account: &account::Model,
    code: Option<&str>,
    now: DateTime,
) -> Result<Option<bool>> {
    let Some(factor) = factor::in_force(tx, account.id).await? else { return Ok(Some(false)) };
    let code = code.map(str::trim).filter(|code| !code.is_empty()).ok_or_else(second_factor_required)?;
    Ok(factor::accept(tx, vault, &factor, code, now).await?.then_some(true))
}

/// Begins a session of an account.
pub(in crate::account) async fn open(
    tx: &DatabaseTransaction,
    ctx: &Ctx,
    identity: &Identity,
    account: &account::Model,
    device: String,
    second_factor: bool,
) -> Result<Issued> {
    let now = ctx.now();
    let expires_at = later(now, identity.lifetimes.whole);
    let session = session::Model {
        id: SessionId(Uuid::now_v7()),
        account_id: account.id,
        device: device.chars().take(200).collect(),
        created_at: now,
        expires_at,
        ends_at: end_of(identity, expires_at, now),
        last_used_at: now,
        confirmed_at: now,
        second_factor,
        ended_at: None,
    };
    let known: Vec<String> = unscoped::<session::Entity>()
        .select_only()
        .column(session::Column::Device)
        .filter(session::Column::AccountId.eq(account.id))
        .order_by_desc(session::Column::Id)
        .limit(KNOWN_DEVICES)
        .into_tuple()
        .all(tx)
        .await?;
    session::Entity::insert(session.clone().into_active_model()).exec_without_returning(tx).await?;
    if !known.is_empty() && !known.contains(&session.device) {
        let words = json!({"device": session.device});
        let about = Some(session.id.to_string());
        notice::tell(tx, now, [account.id], NoticeKind::NewDevice, about, words).await?;
    }
    issue(tx, identity, session).await
}

/// Keeps a hash that was made with more than the one before. No change of the account: it is the same password.
async fn renew(ctx: &Ctx, account: &account::Model, checked: Checked) -> Result<()> {
    let Some(renewed) = checked.renewed else { return Ok(()) };
    account::Entity::update_many()
        .col_expr(account::Column::PasswordHash, Expr::value(renewed))
        .filter(account::Column::Id.eq(account.id))
        .filter(account::Column::PasswordHash.eq(&account.password_hash))
        .exec(ctx.db().write())
        .await?;
    Ok(())
}

/// What the owner shows who is signed in, to do what needs it.
pub struct Confirmation {
    /// Password as it was typed.
    pub password: String,
    /// Code of the second factor.
    pub code: Option<String>,
    /// From where, as far as it is known.
    pub address: Option<IpAddr>,
}

/// Notes that the owner of the session knows the password at this moment; gives the session.
pub async fn confirm(ctx: &Ctx, identity: &Identity, shown: Confirmation) -> Result<session::Model> {
    let viewer = ctx.in_person()?;
    let (account, attempt) = prove(ctx, identity, shown.password, shown.address, "password").await?;
    let now = ctx.now();
    let tx = ctx.db().begin().await?;
    if !stands(&tx, &account).await? {
        return Err(wrong_password("password"));
    }
    let code = shown.code.as_deref();
    let Some(second_factor) = second_factor(&tx, ctx.vault(), &account, code, now).await? else {
        attempt.failed();
        return Err(code_invalid("code"));
    };
    let own = session::Column::Id.eq(viewer.via.session());
    let mut update = session::Entity::update_many().col_expr(session::Column::ConfirmedAt, Expr::value(now));
    if second_factor {
        update = update.col_expr(session::Column::SecondFactor, Expr::value(true));
    }
    update.filter(own.clone()).exec(&tx).await?;
    let session = unscoped::<session::Entity>().filter(own).one(&tx).await?;
    tx.commit().await?;
    attempt.succeeded();
    session.ok_or_else(|| Error::internal("a session that is gone"))
}

/// The account of whoever asks, if this is its password. A wrong one is counted like one at the sign-in, a right one only
/// when the caller says so.
pub(in crate::account) async fn prove<'a>(
    ctx: &Ctx,
    identity: &'a Identity,
    password: String,
    address: Option<IpAddr>,
    field: &str,
) -> Result<(account::Model, Attempt<'a>)> {
    let own = ctx.of_person()?.account;
    let account = unscoped::<account::Entity>().filter(account::Column::Id.eq(own));
    let account = account.one(ctx.db().read()).await?.ok_or_else(|| wrong_password(field))?;
    let attempt = identity.failures.begin(&account.name, address, ctx.now())?;
    let checked = identity.passwords.verify(password, Some(account.password_hash.clone())).await?;
    if checked.known {
        return Ok((account, attempt));
    }
    attempt.failed();
    Err(wrong_password(field))
}

pub(in crate::account) fn wrong_password(field: &str) -> Error {
    Refusal::new(RefusalCode::BadCredentials, field, "密码不正确。", "This is not the password.").into()
}

fn second_factor_required() -> Error {
    Refusal::new(
        RefusalCode::SecondFactorRequired,
        "code",
        "请输入验证器应用中的 6 位验证码，或一个恢复码。",
        "Enter the code of 6 digits that your authenticator shows, or a recovery code.",
    )
    .into()
}
