//! A day that a county sets itself, over the national calendar (县级工作日安排).

use crate::{
    id::{RegionId, WorkDayId},
    scalar::Date,
};
use sea_orm::entity::prelude::*;

/// A day that a county sets itself, over the national calendar (县级工作日安排).
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "work_day")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WorkDayId,
    pub county_id: RegionId,
    pub day: Date,
    /// People work on it; otherwise it is a holiday.
    pub working: bool,
    /// Why: 县庆 and the like.
    pub name: String,
    /// Not once it was taken back: the national calendar holds again.
    pub live: bool,
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
