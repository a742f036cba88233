//! Rows into a table, many in one statement: for sheets, made-up places and whatever else comes by the thousand.

use super::{many, search};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, IntoActiveModel};

/// Inserts rows, in as few statements as the database allows, with what searches find them by. The caller owns the table
/// and tells the change log.
pub async fn insert<E>(db: &impl ConnectionTrait, rows: Vec<E::Model>) -> Result<(), DbErr>
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel>,
    E::ActiveModel: Send,
{
    if search::worded::<E>().is_none() {
        return many::insert::<E>(db, rows).await;
    }
    let most = many::chunk::<E>(db);
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let some: Vec<_> = rows.by_ref().take(most).collect();
        many::insert::<E>(db, some.clone()).await?;
        search::learn::<E>(db, &some).await?;
    }
    Ok(())
}
