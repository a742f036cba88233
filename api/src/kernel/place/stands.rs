//! Where records stand: by their own place columns, or by those of what they belong to.

use super::{Level, Place};
use crate::kernel::{
    door::{any_of, unscoped},
    many::column,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, JoinType, QueryFilter, QuerySelect,
    Select, sea_query::Expr,
};
use std::collections::HashMap;
use uuid::Uuid;

#[derive(FromQueryResult)]
struct Stands {
    id: Uuid,
    #[sea_orm(nested)]
    place: Place,
}

/// The place column that a table doesn't have.
pub(in crate::kernel) fn nowhere() -> Expr {
    Expr::val(Option::<Uuid>::None)
}

/// The place columns of `P` besides what is selected; what it has none of is null.
pub(in crate::kernel) fn select<E: EntityTrait, P: EntityTrait>(select: Select<E>) -> Select<E> {
    Level::ALL.into_iter().fold(select, |select, level| match level.column::<P>() {
        Some(column) => select.column_as(Expr::col(column.as_column_ref()), level.column_name()),
        None => select.expr_as(nowhere(), level.column_name()),
    })
}

/// The places of these rows, of a selection of ids with places.
pub(in crate::kernel) async fn all<E: EntityTrait>(
    db: &impl ConnectionTrait,
    select: Select<E>,
    id: E::Column,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Place>, DbErr> {
    let rows = select.filter(any_of(id, ids.iter().copied(), db.get_database_backend()));
    let rows: Vec<Stands> = rows.into_model().all(db).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.place)).collect())
}

/// Where the records of one table stand.
pub(in crate::kernel) async fn of<E: EntityTrait>(
    db: &impl ConnectionTrait,
    ids: Vec<Uuid>,
) -> Result<HashMap<Uuid, Place>, DbErr> {
    let id = column::<E>("id")?;
    all(db, select::<E, E>(unscoped::<E>().select_only().column(id)), id, &ids).await
}

/// Where what the records of one table belong to stands.
pub(in crate::kernel) async fn through<E: EntityTrait, P: EntityTrait>(
    db: &impl ConnectionTrait,
    belongs_to: E::Column,
    ids: Vec<Uuid>,
) -> Result<HashMap<Uuid, Place>, DbErr> {
    let id = column::<E>("id")?;
    let parent = E::belongs_to(P::default()).from(belongs_to).to(column::<P>("id")?);
    let rows = unscoped::<E>().join(JoinType::InnerJoin, parent.into()).select_only().column(id);
    all(db, select::<E, P>(rows), id, &ids).await
}
