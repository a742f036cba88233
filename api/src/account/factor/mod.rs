//! The second factor (双重验证): codes of an authenticator app, asked for at the sign-in beside the password.
//!
//! Its secret is sealed; each code is taken once. Ten recovery codes stand in for a lost app, each once, kept as hashes.
//! The owner begins and ends it after a recent sign-in; whoever administers the account may end a lost one.

pub mod object;
mod totp;

use crate::{
    account::{Identity, code::code_invalid, notice, notice::object::how, object::Account, over},
    kernel::{
        door::{any_of, unscoped},
        error::{Error, Refusal, RefusalCode, Result},
        request::Ctx,
        rows::Key,
        vault::{Vault, digest},
        work::Work,
    },
};
use async_graphql::{ID, InputObject};
use aws_lc_rs::rand;
use chrono::Duration;
use entity::{id::AccountId, kind::NoticeKind, recovery_code, scalar::DateTime, second_factor, session};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect, Set,
    sea_query::{Expr, OnConflict},
};
use serde_json::json;
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// How recent a sign-in must be to begin or end a second factor.
const RECENT: Duration = Duration::minutes(10);
/// The longest label, in characters.
const LABEL: usize = 60;
/// Codes for the loss of the app.
const RECOVERY_CODES: usize = 10;

/// The second factor of an account, if it has been confirmed; held until the transaction ends.
pub(in crate::account) async fn in_force(
    tx: &DatabaseTransaction,
    account: AccountId,
) -> Result<Option<second_factor::Model>> {
    let factor = find(tx, account).await?;
    Ok(factor.filter(|factor| factor.confirmed_at.is_some()))
}

async fn find(tx: &DatabaseTransaction, account: AccountId) -> Result<Option<second_factor::Model>> {
    let factor = unscoped::<second_factor::Entity>();
    let factor = factor.filter(second_factor::Column::AccountId.eq(account)).lock_exclusive();
    Ok(factor.one(tx).await?)
}

/// Takes a code of the app or a recovery code, which is used up by that; false when it is neither.
pub(in crate::account) async fn accept(
    tx: &DatabaseTransaction,
    vault: &Vault,
    factor: &second_factor::Model,
    code: &str,
    now: DateTime,
) -> Result<bool> {
    if let Some(step) = totp::step_of(&vault.open(&factor.secret)?, code, now, factor.last_step) {
        second_factor::Entity::update_many()
            .col_expr(second_factor::Column::LastStep, Expr::value(step))
            .filter(second_factor::Column::AccountId.eq(factor.account_id))
            .exec(tx)
            .await?;
        return Ok(true);
    }
    let gone = recovery_code::Entity::delete_many()
        .filter(recovery_code::Column::AccountId.eq(factor.account_id))
        .filter(recovery_code::Column::Hash.eq(hash_of(factor.account_id, code)))
        .exec(tx)
        .await?;
    Ok(gone.rows_affected > 0)
}

/// A recovery code as it is kept: 80 bits that nobody guesses, with or without the hyphens.
fn hash_of(account: AccountId, code: &str) -> Vec<u8> {
    let letters = code.chars().filter(char::is_ascii_alphanumeric);
    digest(&format!("{account} {}", letters.collect::<String>().to_ascii_uppercase()))
}

fn recovery_code() -> Result<String> {
    let mut bytes = [0; 10];
    rand::fill(&mut bytes).map_err(|_| Error::internal("no randomness"))?;
    let text = totp::base_32(&bytes);
    Ok(format!("{}-{}-{}-{}", &text[..4], &text[4..8], &text[8..12], &text[12..]))
}

/// A second factor that is being set up.
struct Started {
    secret: String,
    uri: String,
}

/// Makes a new secret; it counts for nothing until a first code of it is shown.
async fn start(ctx: &Ctx, identity: &Identity, label: Option<&str>) -> Result<Started> {
    let account = ctx.confirmed_within(RECENT)?.account;
    let own = ctx.node::<Account>(account).await?.ok_or_else(|| Error::internal("no own account"))?;
    if label.is_some_and(|label| label.chars().count() > LABEL) {
        let (zh, en) = (format!("最多 {LABEL} 个字。"), format!("At most {LABEL} characters."));
        return Err(Refusal::rule("length", "label", zh, en).into());
    }
    let secret = totp::secret()?;
    let row = second_factor::ActiveModel {
        account_id: Set(account),
        secret: Set(ctx.vault().seal(&secret)?),
        started_at: Set(ctx.now()),
        confirmed_at: Set(None),
        last_step: Set(0),
    };
    let tx = ctx.db().begin().await?;
    if in_force(&tx, account).await?.is_some() {
        return Err(Refusal::new(
            RefusalCode::State,
            "",
            "双重验证已开启；如需更换，请先关闭。",
            "There is a second factor already; end it first to set up another.",
        )
        .into());
    }
    let anew = OnConflict::column(second_factor::Column::AccountId)
        .update_columns([second_factor::Column::Secret, second_factor::Column::StartedAt])
        .to_owned();
    second_factor::Entity::insert(row).on_conflict(anew).exec_without_returning(&tx).await?;
    tx.commit().await?;
    let label = label.map(str::trim).filter(|label| !label.is_empty()).unwrap_or(&own.name);
    let uri = totp::uri(&identity.rules.name, label, &secret);
    Ok(Started { secret, uri })
}

/// Puts it in force by its first code; gives the recovery codes, this once.
async fn confirm(
    ctx: &Ctx,
    identity: &Identity,
    code: &str,
    address: Option<std::net::IpAddr>,
) -> Result<Vec<String>> {
    let (viewer, now) = (ctx.confirmed_within(RECENT)?, ctx.now());
    let account = viewer.account;
    let own = ctx.node::<Account>(account).await?.ok_or_else(|| Error::internal("no own account"))?;
    let attempt = identity.failures.begin(&own.name, address, now)?;
    let tx = ctx.db().begin().await?;
    let factor = find(&tx, account).await?.filter(|factor| factor.confirmed_at.is_none());
    let Some(factor) = factor else {
        return Err(Refusal::new(
            RefusalCode::State,
            "",
            "没有待确认的双重验证，请先调用 secondFactorStart。",
            "There is no second factor to confirm; begin with secondFactorStart.",
        )
        .into());
    };
    let Some(step) = totp::step_of(&ctx.vault().open(&factor.secret)?, code.trim(), now, 0) else {
        attempt.failed();
        return Err(code_invalid("code"));
    };
    second_factor::Entity::update_many()
        .col_expr(second_factor::Column::ConfirmedAt, Expr::value(now))
        .col_expr(second_factor::Column::LastStep, Expr::value(step))
        .filter(second_factor::Column::AccountId.eq(account))
        .exec(&tx)
        .await?;
    let codes = (0..RECOVERY_CODES).map(|_| recovery_code()).collect::<Result<Vec<_>>>()?;
    let rows = codes.iter().map(|code| recovery_code::ActiveModel {
        hash: Set(hash_of(account, code)),
        account_id: Set(account),
    });
    recovery_code::Entity::insert_many(rows).exec_without_returning(&tx).await?;
    session::Entity::update_many()
        .col_expr(session::Column::SecondFactor, Expr::value(true))
        .filter(session::Column::Id.eq(viewer.via.session()))
        .exec(&tx)
        .await?;
    let words = json!({"how": how::OWNER});
    notice::tell(&tx, now, [account], NoticeKind::SecondFactorChanged, None, words).await?;
    tx.commit().await?;
    attempt.succeeded();
    Ok(codes)
}

/// A second factor to end.
#[derive(Clone, Debug, InputObject)]
pub struct SecondFactorEndInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Whose; the viewer's own when nothing is said.
    #[graphql(default)]
    pub account_id: Option<AccountId>,
}

/// Ends it; gives the account.
async fn end(work: &Work, input: SecondFactorEndInput) -> Result<Uuid> {
    let SecondFactorEndInput { idempotency_key: _, account_id } = input;
    let own = work.ctx.confirmed_within(RECENT)?.account;
    let account = account_id.unwrap_or(own);
    if account != own {
        let found = over::find(work, account, "accountId").await?;
        over::may_take_over(work, &found).await?;
    }
    let factor = second_factor::Column::AccountId.eq(account);
    let gone = second_factor::Entity::delete_many().filter(factor).exec(&work.tx).await?;
    if gone.rows_affected == 0 {
        return Err(Refusal::new(
            RefusalCode::State,
            "",
            "该账号没有开启双重验证。",
            "The account has no second factor.",
        )
        .into());
    }
    let codes = recovery_code::Column::AccountId.eq(account);
    recovery_code::Entity::delete_many().filter(codes).exec(&work.tx).await?;
    // What was opened by it is open no longer.
    session::Entity::update_many()
        .col_expr(session::Column::SecondFactor, Expr::value(false))
        .filter(session::Column::AccountId.eq(account))
        .filter(session::Column::EndedAt.is_null())
        .exec(&work.tx)
        .await?;
    let words = json!({"how": if account == own { how::ENDED } else { how::ADMINISTRATOR }});
    notice::tell(&work.tx, work.now(), [account], NoticeKind::SecondFactorChanged, None, words).await?;
    Ok(account.0)
}

/// Whether an account that the viewer sees has a second factor in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HasSecondFactor(pub AccountId);

impl Key for HasSecondFactor {
    type Value = bool;

    async fn load(ctx: Ctx, keys: Vec<Self>) -> Result<HashMap<Self, bool>> {
        let of = any_of(second_factor::Column::AccountId, keys.iter().map(|key| key.0), ctx.backend());
        let found: Vec<AccountId> = unscoped::<second_factor::Entity>()
            .select_only()
            .column(second_factor::Column::AccountId)
            .filter(of)
            .filter(second_factor::Column::ConfirmedAt.is_not_null())
            .into_tuple()
            .all(ctx.db().read())
            .await?;
        let found: HashSet<_> = found.into_iter().collect();
        Ok(keys.into_iter().map(|key| (key, found.contains(&key.0))).collect())
    }
}
