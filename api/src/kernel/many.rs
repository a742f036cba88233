//! Many rows of one table in as few statements as the database takes.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, EntityTrait, IntoActiveModel, Iterable};

/// Bind variables in one statement: `SQLite` takes 32 766, `PostgreSQL` 65 535.
const SQLITE: usize = 30_000;
const POSTGRES: usize = 60_000;

/// Inserts rows, and nothing besides.
pub(super) async fn insert<E>(db: &impl ConnectionTrait, rows: Vec<E::Model>) -> Result<(), DbErr>
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
pub(super) fn chunk<E: EntityTrait>(db: &impl ConnectionTrait) -> usize {
    let most = if db.get_database_backend() == DbBackend::Postgres { POSTGRES } else { SQLITE };
    most / E::Column::iter().count().max(1)
}
