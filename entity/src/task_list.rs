//! A list of tasks (任务清单) of a region, a party organisation or a department.

use crate::{
    id::{AccountId, BranchId, DepartmentId, RegionId, TaskListId},
    scalar::{Date, DateTime},
};
use sea_orm::entity::prelude::*;

/// A list of tasks (任务清单) of a region, a party organisation or a department.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "task_list")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TaskListId,
    pub name: String,
    pub region_id: RegionId,
    pub branch_id: Option<BranchId>,
    pub department_id: Option<DepartmentId>,
    /// Place columns: where it is kept.
    pub county_id: RegionId,
    pub township_id: Option<RegionId>,
    pub village_id: Option<RegionId>,
    pub created_by: AccountId,
    pub created_at: DateTime,
    pub closed_on: Option<Date>,
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
