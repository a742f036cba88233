//! Clearing away: files of records whose text was erased, and bytes in the store that belong to no file.

use super::ready::FOLDER;
use crate::kernel::{
    clock::later,
    db::Db,
    door::{any_of, unscoped},
    error::Result,
    keep::Keep,
    record::{By, append, log_line},
};
use chrono::Duration;
use entity::{
    attachment,
    id::{self, AttachmentId},
    kind::{ChangeKind, RecordKind},
    scalar::DateTime,
};
use futures_util::TryStreamExt;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait,
    sea_query::SelectStatement,
};
use std::collections::HashSet;
use uuid::Uuid;

/// Files that are looked at in one statement.
const CHUNK: usize = 500;
/// What lies in the store for so long belongs to a row, or to none.
const SETTLED: Duration = Duration::days(1);

/// Records of a kind that have files, removed ones included.
#[must_use]
pub fn records(kind: RecordKind) -> SelectStatement {
    unscoped::<attachment::Entity>()
        .select_only()
        .column(attachment::Column::RecordId)
        .filter(attachment::Column::RecordKind.eq(kind))
        .into_query()
}

/// Erases the files of records, in the transaction that erases their text. The bytes go by `clear`.
pub async fn erase(
    db: &impl ConnectionTrait,
    kind: RecordKind,
    records: impl IntoIterator<Item = Uuid>,
    by: By<'_>,
) -> Result<()> {
    use attachment::Column::{Id, RecordId, RecordKind as Kind, Version};
    let rows: Vec<(AttachmentId, i32)> = unscoped::<attachment::Entity>()
        .select_only()
        .columns([Id, Version])
        .filter(Kind.eq(kind))
        .filter(any_of(RecordId, records, db.get_database_backend()))
        .into_tuple()
        .all(db)
        .await?;
    if rows.is_empty() {
        return Ok(());
    }
    let lines = rows.iter().map(|&(id, version)| {
        let change = (id.0, version + 1, ChangeKind::Ended);
        log_line::<attachment::Entity>(by.now, change, &[], serde_json::json!({}), by.request_id)
    });
    append(db, lines.collect()).await?;
    let those = any_of(Id, rows.iter().map(|&(id, _)| id), db.get_database_backend());
    attachment::Entity::delete_many().filter(those).exec(db).await?;
    Ok(())
}

/// The file that a key of the store is named after.
fn named(key: &str) -> Option<AttachmentId> {
    let name = key.rsplit('/').next()?;
    let name = name.strip_suffix(".small").unwrap_or(name);
    let (prefix, id) = id::read(name)?;
    (prefix == AttachmentId::PREFIX).then_some(AttachmentId(id))
}

/// Takes bytes away that have lain in the store for a day and belong to no file that stands; tells how many. What is
/// named otherwise is not ours.
pub async fn clear(db: &Db, keep: &Keep, now: DateTime) -> Result<usize> {
    use attachment::Column::{Id, RemovedAt};
    let before = later(now, -SETTLED);
    let mut cleared = keep.files.clear_torn(FOLDER, before).await?;
    let mut chunks = keep.files.all(FOLDER, CHUNK)?;
    while let Some(kept) = chunks.try_next().await? {
        let old = kept.into_iter().filter(|one| one.put_at < before);
        let old: Vec<_> = old.filter_map(|one| Some((named(&one.key)?, one.key))).collect();
        let standing: Vec<AttachmentId> = unscoped::<attachment::Entity>()
            .select_only()
            .column(Id)
            .filter(any_of(Id, old.iter().map(|&(id, _)| id), db.backend()))
            .filter(RemovedAt.is_null())
            .into_tuple()
            .all(db.read())
            .await?;
        let standing: HashSet<_> = standing.into_iter().collect();
        for (_, key) in old.iter().filter(|(id, _)| !standing.contains(id)) {
            cleared += usize::from(keep.files.remove(key).await?);
        }
    }
    Ok(cleared)
}
