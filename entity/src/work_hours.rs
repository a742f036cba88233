//! Working hours of a county from a day on (作息时间).

use crate::{
    id::{RegionId, WorkHoursId},
    scalar::Date,
};
use sea_orm::entity::prelude::*;

/// Working hours of a county from a day on (作息时间).
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "work_hours")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WorkHoursId,
    pub county_id: RegionId,
    pub starts_on: Date,
    /// `08:30-12:00 14:30-18:00`.
    pub spans: String,
    /// Not once it was taken back: the hours before hold on.
    pub live: bool,
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
