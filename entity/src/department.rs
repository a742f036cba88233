//! A department or station (部门、站所): who can be made responsible for a task.

use crate::id::{DepartmentId, RegionId};
use sea_orm::entity::prelude::*;

/// A department or station (部门、站所): who can be made responsible for a task.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "department")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DepartmentId,
    pub name: String,
    /// The region whose department it is.
    pub region_id: RegionId,
    pub county_id: Option<RegionId>,
    pub township_id: Option<RegionId>,
    pub village_id: Option<RegionId>,
    /// Telephone of the office, for everyone.
    pub office_phone: Option<String>,
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
