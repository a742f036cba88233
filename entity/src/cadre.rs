//! A person who can be answerable (党员干部、网格员).

use crate::{
    id::{CadreId, DepartmentId, RegionId},
    kind::{CadreLevel, Sex},
    scalar::Date,
};
use sea_orm::entity::prelude::*;

/// A person who can be answerable (党员干部、网格员).
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "cadre")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CadreId,
    pub name: String,
    pub sex: Sex,
    pub level: CadreLevel,
    /// The office the person belongs to: a county, township or village.
    pub region_id: RegionId,
    pub county_id: Option<RegionId>,
    pub township_id: Option<RegionId>,
    pub village_id: Option<RegionId>,
    pub department_id: Option<DepartmentId>,
    /// Number to be called at on duty; none for a party member without a post.
    pub work_phone: Option<String>,
    pub starts_on: Date,
    /// First day out of office.
    pub ends_on: Option<Date>,
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
