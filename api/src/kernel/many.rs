//! Many rows of one table in as few statements as the database takes.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, EntityTrait, IntoActiveModel, Iterable};
use std::str::FromStr;

/// Bind variables in one statement: `SQLite` takes 32 766, `PostgreSQL` 65 535.
const SQLITE: usize = 30_000;
const POSTGRES: usize = 60_000;

/// A column by its name.
pub(super) fn column<E: EntityTrait>(name: &str) -> Result<E::Column, DbErr> {
    E::Column::from_str(name).map_err(|_| DbErr::Custom(format!("no column {name}")))
}

/// Inserts rows, and nothing besides.
pub(super) async fn insert<E>(db: &impl ConnectionTrait, rows: Vec<E::Model>) -> Result<(), DbErr>
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel>,
    E::ActiveModel: Send,
{
    let pieces = pieces(rows.len(), chunk::<E>(db));
    let mut rows = rows.into_iter();
    for piece in pieces {
        let some: Vec<_> = rows.by_ref().take(piece).map(IntoActiveModel::into_active_model).collect();
        E::insert_many(some).exec_without_returning(db).await?;
    }
    Ok(())
}

/// Rows in one statement.
pub(super) fn chunk<E: EntityTrait>(db: &impl ConnectionTrait) -> usize {
    let most = if db.get_database_backend() == DbBackend::Postgres { POSTGRES } else { SQLITE };
    most / E::Column::iter().count().max(1)
}

/// In how many at a time so many rows are written: as many as one statement takes, and the rest in a few sizes that come
/// again and again, so that the statements that a connection keeps prepared stay few and small.
pub(super) fn pieces(mut rows: usize, most: usize) -> impl Iterator<Item = usize> {
    const SIZES: [usize; 3] = [1024, 256, 64];
    std::iter::from_fn(move || {
        let sizes = std::iter::once(most.max(1)).chain(SIZES.into_iter().filter(move |size| *size < most));
        let piece = sizes.into_iter().find(|size| *size <= rows).unwrap_or(rows);
        rows -= piece;
        (piece > 0).then_some(piece)
    })
}
