//! Clearing away: roster imports that ended long ago. Their reports quote what stood in the cells of a sheet.

use crate::kernel::{
    db::Db,
    door::{any_of, unscoped},
    error::Result,
    record::{By, append, log_line},
};
use entity::{id::ImportId, kind::ChangeKind, roster_import, scalar::DateTime};
use indicatif::ProgressBar;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};

/// Imports in one transaction.
const CHUNK: u64 = 200;

/// Imports that would go.
pub async fn count_imports(db: &Db, before: DateTime) -> Result<u64> {
    let over = roster_import::Column::FinishedAt.lte(before);
    Ok(unscoped::<roster_import::Entity>().filter(over).count(db.read()).await?)
}

/// Lets imports go that ended by a moment; tells how many.
pub async fn imports(db: &Db, before: DateTime, by: By<'_>, progress: &ProgressBar) -> Result<u64> {
    use roster_import::Column::{FinishedAt, Id, Version};
    let mut done = 0;
    loop {
        let tx = db.begin().await?;
        let rows: Vec<(ImportId, i32)> = unscoped::<roster_import::Entity>()
            .select_only()
            .columns([Id, Version])
            .filter(FinishedAt.lte(before))
            .order_by_asc(Id)
            .limit(CHUNK)
            .into_tuple()
            .all(&tx)
            .await?;
        let count = rows.len() as u64;
        let lines = rows.iter().map(|&(id, version)| {
            let change = (id.0, version + 1, ChangeKind::Ended);
            log_line::<roster_import::Entity>(by.now, change, &[], serde_json::json!({}), by.request_id)
        });
        append(&tx, lines.collect()).await?;
        let those = any_of(Id, rows.iter().map(|(id, _)| *id), db.backend());
        roster_import::Entity::delete_many().filter(those).exec(&tx).await?;
        tx.commit().await?;
        done += count;
        progress.inc(count);
        if count < CHUNK {
            return Ok(done);
        }
    }
}
