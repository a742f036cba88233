//! A cadre's, or a department's, answerability for one target, with dates (包联).

use crate::{
    id::{
        AccountId, AreaId, AssignmentId, BatchId, CadreId, DepartmentId, EnterpriseId, HouseholdId, RegionId,
    },
    kind::AssignmentKind,
    scalar::Date,
};
use sea_orm::entity::prelude::*;

/// A cadre's, or a department's, answerability for one target, with dates (包联).
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "contact_assignment")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AssignmentId,
    pub kind: AssignmentKind,
    /// The holder: a cadre, or for paired help a department.
    pub cadre_id: Option<CadreId>,
    pub department_id: Option<DepartmentId>,
    /// The target, by kind: a township, village, group or grid.
    pub region_id: Option<RegionId>,
    pub area_id: Option<AreaId>,
    pub household_id: Option<HouseholdId>,
    pub enterprise_id: Option<EnterpriseId>,
    /// Place columns: where the target is now.
    pub county_id: RegionId,
    pub township_id: RegionId,
    pub village_id: Option<RegionId>,
    pub group_id: Option<RegionId>,
    pub grid_id: Option<RegionId>,
    pub is_primary: bool,
    pub starts_on: Date,
    /// First day without the right.
    pub ends_on: Option<Date>,
    pub assigned_by: Option<AccountId>,
    pub ended_reason: Option<String>,
    /// The step of many that began it, and the one that ended it.
    pub started_batch_id: Option<BatchId>,
    pub ended_batch_id: Option<BatchId>,
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
