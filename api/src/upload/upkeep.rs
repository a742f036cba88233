//! Clearing away: uploads past their time, and files that belong to none.

use super::store::Store;
use crate::kernel::{
    db::Db,
    door::{any_of, unscoped},
    error::Result,
    keep::Keep,
    record,
};
use entity::{id::UploadId, kind::ChangeKind, scalar::DateTime, upload};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::HashSet;

/// Uploads that are looked at in one statement.
const CHUNK: usize = 500;
/// Whose doing it is, in the change log.
const BY: &str = "upkeep";

/// What was cleared away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cleared {
    /// Uploads past their time.
    pub expired: usize,
    /// Files that belonged to none.
    pub lost: usize,
}

/// Clears away what is past its time, rows first: a file that is left behind by a crash goes the next time.
pub async fn clear(db: &Db, keep: &Keep, now: DateTime) -> Result<Cleared> {
    let store = Store::new(keep);
    let mut cleared = Cleared::default();
    loop {
        let gone = expire(db, now).await?;
        for &id in &gone {
            store.remove(id).await?;
        }
        cleared.expired += gone.len();
        if gone.len() < CHUNK {
            break;
        }
    }
    // Files first, then rows: a row is there before its file.
    for files in store.all().await?.chunks(CHUNK) {
        let rows: Vec<UploadId> = unscoped::<upload::Entity>()
            .select_only()
            .column(upload::Column::Id)
            .filter(any_of(upload::Column::Id, files.iter().copied(), db.backend()))
            .into_tuple()
            .all(db.read())
            .await?;
        let rows: HashSet<_> = rows.into_iter().collect();
        for &id in files.iter().filter(|id| !rows.contains(id)) {
            cleared.lost += usize::from(store.remove(id).await?);
        }
    }
    Ok(cleared)
}

/// Some uploads past their time, which are no more.
async fn expire(db: &Db, now: DateTime) -> Result<Vec<UploadId>> {
    let past = unscoped::<upload::Entity>()
        .select_only()
        .columns([upload::Column::Id, upload::Column::Version])
        .filter(upload::Column::ExpiresAt.lte(now))
        .order_by_asc(upload::Column::ExpiresAt)
        .limit(CHUNK as u64);
    let tx = db.begin().await?;
    let past: Vec<(UploadId, i32)> = past.into_tuple().all(&tx).await?;
    let ids: Vec<_> = past.iter().map(|&(id, _)| id).collect();
    let lines = past.into_iter().map(|(id, version)| {
        let change = (id.0, version + 1, ChangeKind::Ended);
        record::log_line::<upload::Entity>(now, change, &[], serde_json::json!({}), BY)
    });
    record::append(&tx, lines.collect()).await?;
    upload::Entity::delete_many()
        .filter(any_of(upload::Column::Id, ids.iter().copied(), db.backend()))
        .exec(&tx)
        .await?;
    tx.commit().await?;
    Ok(ids)
}
