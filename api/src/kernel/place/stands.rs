//! Where records stand: by their own place columns, or by those of what they belong to.

use super::Place;
use crate::kernel::door::{any_of, unscoped};
use entity::id::RegionId;
use sea_orm::{
    ConnectionTrait, DbErr, EntityTrait, FromQueryResult, JoinType, QueryFilter, QuerySelect, Select,
};
use std::{collections::HashMap, str::FromStr};
use uuid::Uuid;

/// County, township and village: what is read by place is read by these.
const COLUMNS: [&str; 3] = ["county_id", "township_id", "village_id"];

#[derive(FromQueryResult)]
struct Stands {
    id: Uuid,
    county_id: Option<RegionId>,
    township_id: Option<RegionId>,
    village_id: Option<RegionId>,
}

fn column<E: EntityTrait>(name: &str) -> Result<E::Column, DbErr> {
    E::Column::from_str(name).map_err(|_| DbErr::Custom(format!("no column {name}")))
}

/// Where rows stand, by the place columns of `P`.
async fn read<E: EntityTrait, P: EntityTrait>(
    db: &impl ConnectionTrait,
    select: Select<E>,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Place>, DbErr> {
    let id = column::<E>("id")?;
    let mut select = select.select_only().column(id);
    for name in COLUMNS {
        // An area lies in no village.
        select = match P::Column::from_str(name) {
            Ok(column) => select.column(column),
            Err(_) => select.expr_as(sea_orm::sea_query::Expr::val(Option::<Uuid>::None), name),
        };
    }
    let rows = select.filter(any_of(id, ids.iter().copied(), db.get_database_backend()));
    let rows = rows.into_model::<Stands>().all(db).await?;
    let place = |row: &Stands| Place {
        county_id: row.county_id,
        township_id: row.township_id,
        village_id: row.village_id,
        ..Place::default()
    };
    Ok(rows.iter().map(|row| (row.id, place(row))).collect())
}

/// Where the records of one table stand.
pub(in crate::kernel) async fn of<E: EntityTrait>(
    db: &impl ConnectionTrait,
    ids: Vec<Uuid>,
) -> Result<HashMap<Uuid, Place>, DbErr> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    read::<E, E>(db, unscoped::<E>(), &ids).await
}

/// Where what the records of one table belong to stands.
pub(in crate::kernel) async fn through<E: EntityTrait, P: EntityTrait>(
    db: &impl ConnectionTrait,
    belongs_to: E::Column,
    ids: Vec<Uuid>,
) -> Result<HashMap<Uuid, Place>, DbErr> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let parent = E::belongs_to(P::default()).from(belongs_to).to(column::<P>("id")?);
    read::<E, P>(db, unscoped::<E>().join(JoinType::InnerJoin, parent.into()), &ids).await
}
