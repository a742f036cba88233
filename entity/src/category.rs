//! A category of demands that a county keeps beneath a field (诉求类别).

use crate::{
    id::{CategoryId, RegionId},
    kind::DemandField,
    scalar::Date,
};
use sea_orm::entity::prelude::*;

/// A category of demands that a county keeps beneath a field (诉求类别).
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "category")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CategoryId,
    pub county_id: RegionId,
    pub field: DemandField,
    /// The one above; none at the top.
    pub parent_id: Option<CategoryId>,
    pub name: String,
    /// Its place among those beside it.
    pub sort: i32,
    /// First day on which it is offered no more.
    pub retired_on: Option<Date>,
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
