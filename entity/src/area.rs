//! A township's grouping of villages (片区), not a level of the official code.

use crate::id::{AreaId, RegionId};
use sea_orm::entity::prelude::*;

/// A township's grouping of villages (片区), not a level of the official code.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "area")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AreaId,
    pub name: String,
    pub county_id: RegionId,
    pub township_id: RegionId,
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
