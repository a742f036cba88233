//! Clearing away: sessions that ended long ago, with their refresh tokens.

use crate::kernel::{
    db::Db,
    door::{any_of, unscoped},
    error::Result,
};
use entity::{id::SessionId, refresh_token, scalar::DateTime, session};
use indicatif::ProgressBar;
use sea_orm::{ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};

/// Sessions in one transaction.
const CHUNK: u64 = 500;

/// Sessions that were over by a moment: signed out, or past their end.
fn over(before: DateTime) -> Condition {
    Condition::any().add(session::Column::EndedAt.lte(before)).add(session::Column::ExpiresAt.lte(before))
}

/// Sessions that would go.
pub async fn count_sessions(db: &Db, before: DateTime) -> Result<u64> {
    Ok(unscoped::<session::Entity>().filter(over(before)).count(db.read()).await?)
}

/// Lets sessions go that were over by a moment; tells how many.
pub async fn sessions(db: &Db, before: DateTime, progress: &ProgressBar) -> Result<u64> {
    let mut done = 0;
    loop {
        let tx = db.begin().await?;
        let ids: Vec<SessionId> = unscoped::<session::Entity>()
            .select_only()
            .column(session::Column::Id)
            .filter(over(before))
            .order_by_asc(session::Column::Id)
            .limit(CHUNK)
            .into_tuple()
            .all(&tx)
            .await?;
        let those = |column: refresh_token::Column| any_of(column, ids.iter().copied(), db.backend());
        refresh_token::Entity::delete_many()
            .filter(those(refresh_token::Column::SessionId))
            .exec(&tx)
            .await?;
        session::Entity::delete_many()
            .filter(any_of(session::Column::Id, ids.iter().copied(), db.backend()))
            .exec(&tx)
            .await?;
        tx.commit().await?;
        let count = ids.len() as u64;
        done += count;
        progress.inc(count);
        if count < CHUNK {
            return Ok(done);
        }
    }
}
