//! A task (任务): the numbered piece of work that answers one or more demands.

#![expect(clippy::struct_excessive_bools, reason = "each is a column")]

use crate::{
    id::{
        AccountId, CadreId, CategoryId, DepartmentId, EnterpriseId, HouseholdId, RegionId, TaskId, TaskListId,
    },
    kind::{AllotmentUnit, DemandField, TaskState, Urgency},
    scalar::{Date, DateTime},
};
use sea_orm::entity::prelude::*;

/// A task (任务): the numbered piece of work that answers one or more demands.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "task")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TaskId,
    /// Code of the township, year, six digits.
    pub number: String,
    pub state: TaskState,
    /// Not struck off and not cancelled.
    pub open: bool,
    pub field: DemandField,
    pub category_id: Option<CategoryId>,
    pub urgency: Urgency,
    pub petition: bool,
    pub title: String,
    /// What is to be done.
    pub content: Option<String>,
    /// A list of texts.
    pub measures: Json,
    /// What came of it.
    pub result: Option<String>,
    /// Whom it concerns first.
    pub household_id: Option<HouseholdId>,
    pub enterprise_id: Option<EnterpriseId>,
    /// Place columns: where that is now.
    pub county_id: RegionId,
    pub township_id: Option<RegionId>,
    pub village_id: Option<RegionId>,
    pub group_id: Option<RegionId>,
    pub grid_id: Option<RegionId>,
    /// Where it arose; never rewritten.
    pub raised_village_id: Option<RegionId>,
    pub raised_group_id: Option<RegionId>,
    /// The region whose desk has it: its township's, or one above.
    pub desk_id: RegionId,
    pub list_id: Option<TaskListId>,
    /// The responsible leader.
    pub leader_id: Option<CadreId>,
    /// The lead: one of these, once there is one.
    pub lead_department_id: Option<DepartmentId>,
    pub lead_cadre_id: Option<CadreId>,
    /// When the clocks began: the earliest registration, or the day it was opened again.
    pub clock_from: DateTime,
    pub respond_due_at: DateTime,
    pub responded_at: Option<DateTime>,
    /// What the resolution is allotted.
    pub allotted: i32,
    pub allotted_unit: AllotmentUnit,
    pub half_at: DateTime,
    pub amber_at: DateTime,
    pub due_at: DateTime,
    /// Urged by the system at half of the time, and at the deadline.
    pub urged_half: bool,
    pub urged_due: bool,
    pub review_on: Option<Date>,
    pub returns: i32,
    pub extensions: i32,
    /// How often it was opened again.
    pub round: i32,
    pub created_by: AccountId,
    pub created_at: DateTime,
    pub resolved_at: Option<DateTime>,
    /// When they were asked who had raised it, of this round.
    pub asked_at: Option<DateTime>,
    /// Calls that nobody answered, of this round.
    pub calls: i32,
    /// A supervisor found the result good, of this round.
    pub checked_by: Option<AccountId>,
    pub closed_at: Option<DateTime>,
    pub closed_by: Option<AccountId>,
    /// By the system, after silence.
    pub closed_silently: bool,
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
