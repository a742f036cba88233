//! Files that are sent in (上传): announced by `uploadCreate`, then sent piece by piece over HTTP as tus 1.0.0 has it, and
//! taken up by the room that they are meant for.
//!
//! What counts as received is safe on the disk before the table says so; what the disk holds beyond that, after a crash
//! in between, is forgotten when the next piece comes. An upload is its own account's alone, and gone a day later.

pub mod intake;
pub mod object;
pub mod store;
pub mod upkeep;

use self::{
    object::{UploadCreateInput, UploadDeleteInput},
    store::Store,
};
use crate::kernel::{
    clock::later,
    door::{self, any_of},
    error::{Error, Refusal, RefusalCode, Result},
    policy::May,
    record::Record,
    refusal::{Checks, Detail},
    request::Ctx,
    work::{Line, Work, Written},
};
use entity::{
    id::UploadId,
    kind::{ChangeKind, UploadPurpose},
    upload,
};
use sea_orm::{
    ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect, Set,
    sea_query::{Expr, ExprTrait, LockType},
};
use std::path::PathBuf;
use uuid::Uuid;

/// Uploads of one account that are not complete.
pub const OPEN: i32 = 20;
/// Bytes that one account may keep, in files of the greatest length.
const FILES: i64 = 4;
/// The longest name of a file.
const NAME: usize = 200;
/// The longest media type.
const MEDIA_TYPE: usize = 100;

impl Record for upload::Entity {
    const NAME: &'static str = UploadId::PREFIX;
    const INTERNAL: &'static [&'static str] = &["account_id", "purpose", "length", "received", "expires_at"];
}

/// Where the bytes of an upload go.
#[must_use]
pub fn url(id: UploadId) -> String {
    format!("/uploads/{id}")
}

/// An upload of the viewer's that is not past its time.
pub async fn find(ctx: &Ctx, id: UploadId, field: &str) -> Result<upload::Model> {
    ctx.signed_in()?;
    ctx.within::<upload::Entity>()
        .filter(upload::Column::Id.eq(id))
        .filter(upload::Column::ExpiresAt.gt(ctx.now()))
        .one(ctx.db().read())
        .await?
        .ok_or_else(|| Refusal::not_found(field).into())
}

/// A whole file of the viewer's that was sent in for this, and where it is. For rooms that take files up; they check the
/// right to do so themselves.
pub async fn complete(ctx: &Ctx, id: UploadId, purpose: UploadPurpose) -> Result<(upload::Model, PathBuf)> {
    let upload = find(ctx, id, "uploadId").await?;
    if upload.purpose != purpose {
        return Err(Refusal::not_found("uploadId").into());
    }
    if upload.received < upload.length {
        return Err(Refusal::new(
            RefusalCode::State,
            "uploadId",
            format!("文件尚未传完：已收 {}，共 {} 字节。", upload.received, upload.length),
            format!("The file is not complete: {} of {} bytes are here.", upload.received, upload.length),
        )
        .into());
    }
    let store = Store::new(ctx.keep()?);
    let kept = store.length(id).await?;
    if kept.and_then(|kept| i64::try_from(kept).ok()) != Some(upload.length) {
        tracing::error!(%id, ?kept, length = upload.length, "a file of the store is not what it was");
        return Err(Refusal::not_found("uploadId").into());
    }
    Ok((upload, store.path(id)))
}

/// What opens an upload: any of these, somewhere.
pub(crate) const fn opened_by(purpose: UploadPurpose) -> &'static [May] {
    match purpose {
        UploadPurpose::Roster => &[May::ImportRoster],
        UploadPurpose::Attachment => {
            &[May::RecordVisit, May::KeepDiary, May::RegisterDemand, May::HandleTask, May::CheckTask]
        }
    }
}

/// Lets whole files of the viewer's go in the transaction that takes them up; `let_go` takes their bytes away when it is
/// done.
pub async fn take_up(work: &Work, ids: &[UploadId]) -> Result<()> {
    let those = || any_of(upload::Column::Id, ids.iter().copied(), work.ctx.backend());
    let rows = door::within::<upload::Entity>(work.ctx.scope(), work.ctx.backend())
        .filter(those())
        .lock(LockType::Update)
        .all(&work.tx)
        .await?;
    let mut checks = Checks::default();
    for (at, id) in ids.iter().enumerate() {
        checks
            .require(rows.iter().any(|row| row.id == *id), || Refusal::not_found(&format!("uploadIds.{at}")));
    }
    checks.done()?;
    let lines = rows.into_iter().map(|row| Line {
        id: row.id.0,
        version: row.version + 1,
        kind: ChangeKind::Ended,
        columns: Vec::new(),
        content: serde_json::json!({}),
        place: None,
    });
    work.log_all::<upload::Entity>(lines.collect()).await?;
    upload::Entity::delete_many().filter(those()).exec(&work.tx).await?;
    Ok(())
}

/// Takes the bytes of uploads away that were taken up. What stays for a crash in between is cleared away by `upkeep`.
pub async fn let_go(ctx: &Ctx, ids: &[UploadId]) -> Result<()> {
    let store = Store::new(ctx.keep()?);
    for &id in ids {
        store.remove(id).await?;
    }
    Ok(())
}

/// Announces an upload, for the mutation and for the tus endpoint alike.
pub async fn announce(ctx: &Ctx, input: &UploadCreateInput) -> Result<Written> {
    ctx.write("uploadCreate", &input.idempotency_key, input, create).await
}

async fn create(work: &Work, input: UploadCreateInput) -> Result<Uuid> {
    let UploadCreateInput { idempotency_key: _, id, purpose, file_name, media_type, length } = input;
    let opened_by = opened_by(purpose);
    if !opened_by.iter().any(|&may| work.ctx.scope().allowed_somewhere(may)) {
        return Err(work.ctx.forbidden(opened_by[0]));
    }
    let keep = work.ctx.keep()?;
    let longest = match purpose {
        UploadPurpose::Roster => keep.max_upload_bytes,
        UploadPurpose::Attachment => std::cmp::min(keep.max_upload_bytes, keep.attachment.max_bytes),
    };
    let mut checks = Checks::default();
    let file_name = checks.text("fileName", &file_name, NAME);
    checks.require(is_plain(&file_name), || {
        Refusal::rule(
            "file-name",
            "fileName",
            "文件名不得含 / \\ 或控制字符。",
            "A file name has no / or \\ and no control characters.",
        )
    });
    let media_type = checks.optional_text("mediaType", media_type.as_deref(), MEDIA_TYPE);
    checks.require(media_type.as_deref().is_none_or(is_media_type), || {
        Refusal::rule("media-type", "mediaType", "应形如 text/csv。", "Of the form text/csv.")
    });
    checks.require((1..=longest).contains(&length), || {
        Refusal::rule(
            "length",
            "length",
            format!("文件长度应为 1 到 {longest} 字节。"),
            format!("A file has 1 to {longest} bytes."),
        )
    });
    checks.done()?;
    room_for(work, length, keep.max_upload_bytes).await?;
    let id = id.unwrap_or_else(|| UploadId(Uuid::now_v7()));
    let row = upload::ActiveModel {
        id: Set(id),
        account_id: Set(work.ctx.signed_in()?.account),
        file_name: Set(file_name),
        media_type: Set(media_type),
        purpose: Set(purpose),
        length: Set(length),
        received: Set(0),
        created_at: Set(work.now()),
        expires_at: Set(later(work.now(), keep.upload_life)),
        version: Set(1),
    };
    work.insert(row).await
}

fn is_plain(name: &str) -> bool {
    !matches!(name, "." | "..") && !name.chars().any(|one| one.is_control() || matches!(one, '/' | '\\'))
}

fn is_media_type(text: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|b| b.is_ascii_graphic() && !b"/\"(),:<>".contains(&b))
    };
    let plain = text.split(';').next().unwrap_or_default().trim_end();
    plain.split_once('/').is_some_and(|(kind, subtype)| is_word(kind) && is_word(subtype))
        && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// Refuses what would be too much for one account.
async fn room_for(work: &Work, length: i64, longest: i64) -> Result<()> {
    let own = || {
        door::throughout::<upload::Entity>(work.ctx.scope(), work.ctx.backend())
            .filter(upload::Column::ExpiresAt.gt(work.now()))
    };
    let unfinished = Expr::col(upload::Column::Received).lt(Expr::col(upload::Column::Length));
    let open = own().filter(unfinished).count(&work.tx).await?;
    if open >= u64::from(OPEN.unsigned_abs()) {
        return Err(Refusal::new(
            RefusalCode::Limit,
            "",
            format!("未传完的文件最多 {OPEN} 个；请先传完或删除一些。"),
            format!("{OPEN} files at the most may be under way; finish or delete some first."),
        )
        .with(Detail::Limit(OPEN))
        .into());
    }
    let kept: Option<Option<i64>> = own()
        .select_only()
        .expr(upload::Column::Length.sum().cast_as("bigint"))
        .into_tuple()
        .one(&work.tx)
        .await?;
    let most = longest.saturating_mul(FILES);
    if kept.flatten().unwrap_or_default().saturating_add(length) > most {
        return Err(Refusal::new(
            RefusalCode::Limit,
            "length",
            format!("您的文件合计最多 {most} 字节；请先删除一些，或等其过期。"),
            format!("Your files may have {most} bytes in all; delete some first, or wait until they expire."),
        )
        .with(Detail::Limit(i32::try_from(most).unwrap_or(i32::MAX)))
        .into());
    }
    Ok(())
}

async fn delete(work: &Work, input: UploadDeleteInput) -> Result<Uuid> {
    let UploadDeleteInput { idempotency_key: _, id, expected_version } = input;
    door::within::<upload::Entity>(work.ctx.scope(), work.ctx.backend())
        .filter(upload::Column::Id.eq(id))
        .one(&work.tx)
        .await?
        .ok_or_else(|| Refusal::not_found("id"))?;
    let row = upload::ActiveModel { id: Set(id), ..Default::default() };
    // Nothing is set: only the version is held against the one that stands.
    let version = work.update(row, expected_version, ChangeKind::Ended).await?;
    let nothing = serde_json::json!({});
    work.log(<upload::Entity as Record>::NAME, id.0, version + 1, ChangeKind::Ended, Vec::new(), nothing)
        .await?;
    let gone = upload::Entity::delete_many()
        .filter(upload::Column::Id.eq(id))
        .filter(upload::Column::Version.eq(version))
        .exec(&work.tx)
        .await?;
    if gone.rows_affected == 0 {
        return Err(Error::internal("could not serialize access to an upload"));
    }
    Ok(id.0)
}
