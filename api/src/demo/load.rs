//! Rows into tables, many in one statement.

use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, EntityTrait, IntoActiveModel, Iterable,
};

/// Bind variables in one statement: `SQLite` takes 32 766, `PostgreSQL` 65 535.
const SQLITE: usize = 30_000;
const POSTGRES: usize = 60_000;

/// Inserts rows, in as few statements as the database allows.
pub(super) async fn load<E>(txn: &DatabaseTransaction, rows: Vec<E::Model>) -> Result<(), DbErr>
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel>,
    E::ActiveModel: Send,
{
    let most = if txn.get_database_backend() == DbBackend::Postgres { POSTGRES } else { SQLITE };
    let chunk = most / E::Column::iter().count().max(1);
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let some: Vec<_> = rows.by_ref().take(chunk).map(IntoActiveModel::into_active_model).collect();
        E::insert_many(some).exec_without_returning(txn).await?;
    }
    Ok(())
}
