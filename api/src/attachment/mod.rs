//! Files that are attached to records (附件): photos of a visit, documents. They come as uploads, are what their content
//! says, and of pictures nothing but the picture is kept.
//!
//! A file stands with its record: whoever is shown what is personal of that sees it, whoever may change the record
//! attaches and removes. This room knows no kind of record; `attaching` has the table of them. The bytes lie in the
//! store before the row does, and go after it: what a crash leaves in between belongs to none and is cleared away.

mod format;
pub mod object;
mod picture;
mod ready;
pub mod upkeep;

pub use ready::{Files, Ready, write};

use crate::{
    kernel::{
        bulk,
        clock::later,
        door::{self, unscoped},
        error::{Refusal, RefusalCode, Result},
        record::{By, Record},
        refusal::Detail,
        request::Ctx,
        work::Work,
    },
    upload,
};
use chrono::Duration;
use entity::{
    attachment,
    id::AttachmentId,
    kind::{ChangeKind, RecordKind},
};
use sea_orm::{
    ColumnTrait, QueryFilter, QuerySelect, Set,
    sea_query::{Condition, ExprTrait, LockType},
};
use uuid::Uuid;

/// Files of one record.
pub const MOST: i32 = 20;
/// Files that are attached at once.
pub const AT_ONCE: usize = 9;

impl Record for attachment::Entity {
    const NAME: &'static str = AttachmentId::PREFIX;
    const INTERNAL: &'static [&'static str] = &[
        "record_kind",
        "record_id",
        "media_type",
        "bytes",
        "width",
        "height",
        "created_at",
        "created_by",
        "removed_at",
    ];
}

/// Where a file is fetched.
#[must_use]
pub fn url(id: AttachmentId) -> String {
    format!("/attachments/{id}")
}

/// Files that are not removed, of one record.
fn of(kind: RecordKind, record: Uuid) -> Condition {
    use attachment::Column::{RecordId, RecordKind as Kind, RemovedAt};
    Condition::all().add(Kind.eq(kind)).add(RecordId.eq(record)).add(RemovedAt.is_null())
}

/// How many files there are, and bytes.
async fn sum(work: &Work, those: Condition) -> Result<(i64, i64)> {
    use attachment::Column::{Bytes, Id};
    let row: Option<(i64, Option<i64>)> = unscoped::<attachment::Entity>()
        .select_only()
        .expr(Id.count())
        .expr(Bytes.sum().cast_as("bigint"))
        .filter(those)
        .into_tuple()
        .one(&work.tx)
        .await?;
    let (count, bytes) = row.unwrap_or_default();
    Ok((count, bytes.unwrap_or_default()))
}

fn full(limit: i64, zh: String, en: String) -> Refusal {
    let limit = i32::try_from(limit).unwrap_or(i32::MAX);
    Refusal::new(RefusalCode::Limit, "uploadIds", zh, en).with(Detail::Limit(limit))
}

/// Attaches files that are ready to a record. The caller holds the record until the end of the transaction, and has seen
/// that the viewer may change it.
pub async fn attach(work: &Work, kind: RecordKind, record: Uuid, files: &[Ready]) -> Result<()> {
    use attachment::Column::{CreatedAt, CreatedBy};
    let account = work.ctx.signed_in()?.account;
    let most = &work.ctx.keep()?.attachment;
    let new: i64 = files.iter().map(|file| file.bytes).sum();
    let (count, bytes) = sum(work, of(kind, record)).await?;
    let number = count.saturating_add(i64::try_from(files.len()).unwrap_or(i64::MAX));
    if number > MOST.into() {
        let left = i64::from(MOST) - count;
        let (zh, en) = (
            format!("一条记录最多 {MOST} 个附件，还可添加 {left} 个。"),
            format!("A record has {MOST} attachments at the most; {left} more can be added."),
        );
        return Err(full(MOST.into(), zh, en).into());
    }
    if bytes.saturating_add(new) > most.max_record_bytes {
        let limit = most.max_record_bytes;
        let (zh, en) = (
            format!("一条记录的附件合计最多 {limit} 字节。"),
            format!("The attachments of a record have {limit} bytes at the most."),
        );
        return Err(full(limit, zh, en).into());
    }
    let day =
        Condition::all().add(CreatedBy.eq(account)).add(CreatedAt.gt(later(work.now(), -Duration::days(1))));
    let (_, today) = sum(work, day).await?;
    if today.saturating_add(new) > most.max_day_bytes {
        let limit = most.max_day_bytes;
        let (zh, en) = (
            format!("24 小时内最多添加 {limit} 字节的附件，请稍后再添加。"),
            format!("At most {limit} bytes can be attached within 24 hours; add them later."),
        );
        return Err(full(limit, zh, en).into());
    }
    let rows = files.iter().map(|file| attachment::Model {
        id: file.id,
        record_kind: kind,
        record_id: record,
        file_name: file.file_name.clone(),
        media_type: file.media_type.to_owned(),
        bytes: file.bytes,
        sha256: file.sha256.clone(),
        width: file.size.map(|(width, _)| width),
        height: file.size.map(|(_, height)| height),
        store_key: file.store_key.clone(),
        thumbnail_key: file.thumbnail_key.clone(),
        created_at: work.now(),
        created_by: account,
        removed_at: None,
        version: 1,
    });
    let by = By { now: work.now(), actor: Some(account), request_id: work.ctx.request_id() };
    bulk::create::<attachment::Entity>(&work.tx, rows.collect(), by).await?;
    let uploads: Vec<_> = files.iter().map(|file| file.upload).collect();
    upload::take_up(work, &uploads).await
}

/// A file that the viewer sees, held until the command is done.
pub async fn find(work: &Work, id: AttachmentId) -> Result<attachment::Model> {
    door::within::<attachment::Entity>(work.ctx.scope(), work.ctx.backend())
        .filter(attachment::Column::Id.eq(id))
        .lock(LockType::NoKeyUpdate)
        .one(&work.tx)
        .await?
        .ok_or_else(|| Refusal::not_found("id").into())
}

/// Removes a file, and forgets its name. The caller has seen that the viewer may change its record.
pub async fn remove(work: &Work, id: AttachmentId, expected_version: i32) -> Result<Uuid> {
    let row = attachment::ActiveModel {
        id: Set(id),
        file_name: Set(String::new()),
        removed_at: Set(Some(work.now())),
        ..Default::default()
    };
    work.update(row, expected_version, ChangeKind::Ended).await?;
    Ok(id.0)
}

/// Takes the bytes of a file away that was removed. What stays for a crash in between is cleared away by `upkeep`.
pub async fn let_go(ctx: &Ctx, id: AttachmentId) -> Result<()> {
    use attachment::Column::{Id, RemovedAt, StoreKey, ThumbnailKey};
    let keys: Option<(String, Option<String>)> = unscoped::<attachment::Entity>()
        .select_only()
        .columns([StoreKey, ThumbnailKey])
        .filter(Id.eq(id))
        .filter(RemovedAt.is_not_null())
        .into_tuple()
        .one(ctx.db().read())
        .await?;
    let files = &ctx.keep()?.files;
    let Some((key, small)) = keys else { return Ok(()) };
    for key in [Some(key), small].into_iter().flatten() {
        files.remove(&key).await?;
    }
    Ok(())
}
