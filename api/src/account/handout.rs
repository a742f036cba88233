//! Sheets that are handed out once (一次性表格), such as first passwords: sealed in the database until they are fetched by
//! whoever asked for them, and for an hour at the most.

use crate::kernel::{
    clock::later,
    db::Db,
    door::unscoped,
    error::{Error, Result},
    request::Ctx,
    work::Work,
};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use chrono::Duration;
use entity::{handout, id::HandoutId, scalar::DateTime};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, Value, sea_query::Expr};
use uuid::Uuid;

/// How long a sheet waits to be fetched.
const LIFE: Duration = Duration::hours(1);
/// How long it is remembered that there was one: as long as the idempotency key that made it.
const REMEMBERED: Duration = Duration::days(180);

/// The address under which a sheet is fetched.
#[must_use]
pub fn url(id: HandoutId) -> String {
    format!("/sheets/{id}")
}

/// What is told of a sheet beside itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counts {
    pub(super) rows: i32,
    pub(super) left_over: i32,
    pub(super) beyond: i32,
}

/// Keeps a sheet for whoever asked for it; none where there is nothing to hand out.
pub(super) async fn keep(
    work: &Work,
    file_name: &str,
    sheet: Option<&[u8]>,
    counts: Counts,
) -> Result<HandoutId> {
    let sealed = sheet.map(|sheet| work.ctx.vault().seal(&BASE64.encode(sheet))).transpose()?;
    let Counts { rows, left_over, beyond } = counts;
    let row = handout::Model {
        id: HandoutId(Uuid::now_v7()),
        account_id: work.ctx.signed_in()?.account,
        file_name: file_name.to_owned(),
        sealed,
        rows,
        left_over,
        beyond,
        expires_at: later(work.now(), LIFE),
    };
    let id = row.id;
    crate::kernel::bulk::insert::<handout::Entity>(&work.tx, vec![row]).await?;
    Ok(id)
}

/// What is known of a sheet of one's own.
pub(super) async fn find(ctx: &Ctx, id: HandoutId) -> Result<Option<handout::Model>> {
    let own = handout::Column::AccountId.eq(ctx.in_person()?.account);
    let row = unscoped::<handout::Entity>().filter(own).filter(handout::Column::Id.eq(id));
    Ok(row.one(ctx.db().read()).await?)
}

/// A sheet by its name.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// What it is called.
    pub file_name: String,
    /// The workbook.
    pub content: Vec<u8>,
}

/// Hands a sheet out, and forgets it. None when there is none, when it is another's, fetched already, or its time is over.
pub async fn fetch(ctx: &Ctx, id: HandoutId) -> Result<Option<Sheet>> {
    use handout::Column::{AccountId, ExpiresAt, Id, Sealed};
    let own = AccountId.eq(ctx.in_person()?.account);
    let tx = ctx.db().begin().await?;
    let row = unscoped::<handout::Entity>()
        .filter(Id.eq(id))
        .filter(own)
        .filter(ExpiresAt.gt(ctx.now()))
        .lock_exclusive()
        .one(&tx)
        .await?;
    let Some((file_name, sealed)) = row.and_then(|row| Some((row.file_name, row.sealed?))) else {
        return Ok(None);
    };
    let content = BASE64.decode(ctx.vault().open(&sealed)?).map_err(Error::internal)?;
    handout::Entity::update_many().col_expr(Sealed, nothing()).filter(Id.eq(id)).exec(&tx).await?;
    tx.commit().await?;
    Ok(Some(Sheet { file_name, content }))
}

fn nothing() -> Expr {
    Expr::value(Value::Bytes(None))
}

/// Forgets sheets whose time is over; tells how many were never fetched.
pub async fn clear(db: &Db, now: DateTime) -> Result<u64> {
    use handout::Column::{ExpiresAt, Sealed};
    let gone = handout::Entity::update_many()
        .col_expr(Sealed, nothing())
        .filter(ExpiresAt.lte(now))
        .filter(Sealed.is_not_null())
        .exec(db.write())
        .await?;
    let old = ExpiresAt.lt(later(now, -REMEMBERED));
    handout::Entity::delete_many().filter(old).exec(db.write()).await?;
    Ok(gone.rows_affected)
}
