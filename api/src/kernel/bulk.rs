//! Rows into a table, many in one statement: for sheets, made-up places and whatever else comes by the thousand.

use super::search;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, EntityTrait, IntoActiveModel, Iterable};

/// Bind variables in one statement: `SQLite` takes 32 766, `PostgreSQL` 65 535.
const SQLITE: usize = 30_000;
const POSTGRES: usize = 60_000;

/// Inserts rows, in as few statements as the database allows, with what searches find them by. The caller owns the table
/// and tells the change log.
pub async fn insert<E>(db: &impl ConnectionTrait, rows: Vec<E::Model>) -> Result<(), DbErr>
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel>,
    E::ActiveModel: Send,
{
    if search::worded::<E>().is_none() {
        return plain::<E>(db, rows).await;
    }
    let most = chunk::<E>(db);
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let some: Vec<_> = rows.by_ref().take(most).collect();
        plain::<E>(db, some.clone()).await?;
        search::learn::<E>(db, &some).await?;
    }
    Ok(())
}

/// Inserts rows that no search finds.
pub(super) async fn plain<E>(db: &impl ConnectionTrait, rows: Vec<E::Model>) -> Result<(), DbErr>
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel>,
    E::ActiveModel: Send,
{
    let most = chunk::<E>(db);
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let some: Vec<_> = rows.by_ref().take(most).map(IntoActiveModel::into_active_model).collect();
        E::insert_many(some).exec_without_returning(db).await?;
    }
    Ok(())
}

/// Rows in one statement.
fn chunk<E: EntityTrait>(db: &impl ConnectionTrait) -> usize {
    let most = if db.get_database_backend() == DbBackend::Postgres { POSTGRES } else { SQLITE };
    most / E::Column::iter().count().max(1)
}
