//! Codes that are sent to a phone (一次性验证码): six digits, good for ten minutes, for five tries, and once.
//!
//! Only a keyed hash is kept. A new one voids the one before; nobody is sent more than ten in a day.

use super::Identity;
use crate::kernel::{
    clock::later,
    courier::Letter,
    door::unscoped,
    error::{Error, Locale, Refusal, RefusalCode, Result},
    request::Ctx,
    vault::Vault,
};
use aws_lc_rs::{constant_time, rand};
use chrono::Duration;
use entity::{id::CodeId, kind::CodePurpose, one_time_code, scalar::DateTime};
use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, Set,
    sea_query::{Expr, ExprTrait},
};
use uuid::Uuid;

const LIFE: Duration = Duration::minutes(10);
const TRIES: i32 = 5;
const A_DAY: u64 = 10;

/// What the phone shows: before the code, and after it.
fn text(purpose: CodePurpose, code: &str, locale: Locale) -> String {
    match (purpose, locale) {
        (CodePurpose::PasswordReset, Locale::Zh) => {
            format!("【联户】验证码 {code}，10 分钟内有效，用于重设登录密码。如非本人操作，请忽略。")
        }
        (CodePurpose::CardSignIn, Locale::Zh) => {
            format!("【联户】验证码 {code}，10 分钟内有效，用于扫码登录。如非本人操作，请忽略，勿告诉他人。")
        }
        (CodePurpose::CardSignIn, Locale::En) => {
            format!(
                "Lianhu: {code} is your code to sign in by your card, for 10 minutes. If you did not ask for it, ignore it, and tell nobody."
            )
        }
        (CodePurpose::PasswordReset, Locale::En) => {
            format!(
                "Lianhu: {code} is your code to set a new password, for 10 minutes. If you did not ask for it, ignore it."
            )
        }
    }
}

fn of(purpose: CodePurpose, subject: Uuid) -> Condition {
    Condition::all()
        .add(one_time_code::Column::SubjectId.eq(subject))
        .add(one_time_code::Column::Purpose.eq(purpose))
}

fn hash(vault: &Vault, id: CodeId, code: &str) -> Vec<u8> {
    vault.fingerprint(&format!("{id} {code}"))
}

fn digits() -> Result<String> {
    let mut bytes = [0; 8];
    rand::fill(&mut bytes).map_err(|_| Error::internal("no randomness"))?;
    Ok(format!("{:06}", u64::from_be_bytes(bytes) % 1_000_000))
}

/// Sends a code to a number; whose it is, the purpose says. Nothing is sent beyond the day's measure.
pub async fn send(
    ctx: &Ctx,
    identity: &Identity,
    purpose: CodePurpose,
    subject: impl Into<Uuid>,
    to: String,
) -> Result<()> {
    let (subject, now, code) = (subject.into(), ctx.now(), digits()?);
    let id = CodeId(Uuid::now_v7());
    let tx = ctx.db().begin().await?;
    // Who sends at the same moment waits, and counts what was sent meanwhile.
    let sent = unscoped::<one_time_code::Entity>().select_only().column(one_time_code::Column::Id);
    let sent = sent.filter(of(purpose, subject)).order_by_asc(one_time_code::Column::Id).lock_exclusive();
    sent.into_tuple::<CodeId>().all(&tx).await?;
    one_time_code::Entity::delete_many()
        .filter(of(purpose, subject))
        .filter(one_time_code::Column::CreatedAt.lt(later(now, -Duration::days(1))))
        .exec(&tx)
        .await?;
    if unscoped::<one_time_code::Entity>().filter(of(purpose, subject)).count(&tx).await? >= A_DAY {
        return Ok(());
    }
    let row = one_time_code::ActiveModel {
        id: Set(id),
        purpose: Set(purpose),
        subject_id: Set(subject),
        hash: Set(hash(ctx.vault(), id, &code)),
        created_at: Set(now),
        expires_at: Set(later(now, LIFE)),
        tries_left: Set(TRIES),
        used_at: Set(None),
    };
    one_time_code::Entity::insert(row).exec_without_returning(&tx).await?;
    tx.commit().await?;
    let text = text(purpose, &code, ctx.locale());
    identity.courier.send(now, Letter { to, text }).await
}

/// Takes a code: the last one that was sent, within its time and tries. A wrong one costs a try, so the caller commits
/// whatever comes of it.
pub async fn redeem(
    tx: &DatabaseTransaction,
    vault: &Vault,
    purpose: CodePurpose,
    subject: impl Into<Uuid>,
    code: &str,
    now: DateTime,
) -> Result<bool> {
    let last = unscoped::<one_time_code::Entity>()
        .filter(of(purpose, subject.into()))
        .order_by_desc(one_time_code::Column::Id)
        .limit(1)
        .lock_exclusive()
        .one(tx)
        .await?;
    let good =
        |row: &one_time_code::Model| row.used_at.is_none() && row.tries_left > 0 && row.expires_at > now;
    let Some(row) = last.filter(good) else { return Ok(false) };
    let right = constant_time::verify_slices_are_equal(&hash(vault, row.id, code.trim()), &row.hash).is_ok();
    let left = one_time_code::Column::TriesLeft;
    let mut update = one_time_code::Entity::update_many().col_expr(left, Expr::col(left).sub(1));
    if right {
        update = update.col_expr(one_time_code::Column::UsedAt, Expr::value(now));
    }
    update.filter(one_time_code::Column::Id.eq(row.id)).exec(tx).await?;
    Ok(right)
}

/// A code that is wrong, used, or past its time.
pub(crate) fn code_invalid(field: &str) -> Error {
    Refusal::new(
        RefusalCode::CodeInvalid,
        field,
        "验证码不正确、已使用或已过期。",
        "The code is wrong, was used already, or is past its time.",
    )
    .into()
}
