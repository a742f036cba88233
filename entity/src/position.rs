//! A post that a cadre holds (职务), dated.

use crate::{
    id::{BranchId, CadreId, DepartmentId, PositionId, RegionId},
    scalar::Date,
};
use sea_orm::entity::prelude::*;

/// A post that a cadre holds (职务), dated.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "position")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PositionId,
    pub cadre_id: CadreId,
    pub title: String,
    /// Where the post is, one of the three.
    pub region_id: Option<RegionId>,
    pub branch_id: Option<BranchId>,
    pub department_id: Option<DepartmentId>,
    pub starts_on: Date,
    pub ends_on: Option<Date>,
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
