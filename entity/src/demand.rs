//! A demand (诉求): what somebody asked for or told, by which way, and what was decided.

use crate::{
    id::{
        AccountId, BoxOpeningId, CadreId, CategoryId, DemandId, DepartmentId, DiaryId, EnterpriseId,
        HouseholdId, IntakePointId, RegionId, TaskId, VisitId,
    },
    kind::{Adoption, DemandChannel, DemandField, DemandKind, DemandState, Urgency},
    scalar::DateTime,
};
use sea_orm::entity::prelude::*;

/// A demand (诉求): what somebody asked for or told, by which way, and what was decided.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "demand")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DemandId,
    pub kind: DemandKind,
    pub channel: DemandChannel,
    pub field: DemandField,
    pub category_id: Option<CategoryId>,
    pub urgency: Urgency,
    pub state: DemandState,
    /// Whose it is, or where: one of these three.
    pub household_id: Option<HouseholdId>,
    pub enterprise_id: Option<EnterpriseId>,
    pub region_id: Option<RegionId>,
    /// Place columns: where that is now.
    pub county_id: RegionId,
    pub township_id: Option<RegionId>,
    pub village_id: Option<RegionId>,
    pub group_id: Option<RegionId>,
    pub grid_id: Option<RegionId>,
    /// Where it was raised; never rewritten.
    pub raised_village_id: Option<RegionId>,
    pub raised_group_id: Option<RegionId>,
    /// What was said.
    pub content: Option<String>,
    /// Where it is about, in words.
    pub spot: Option<String>,
    pub anonymous: bool,
    /// Entered by staff for somebody.
    pub spoken_for: bool,
    /// Who raised it, where that is not the household as such.
    pub raiser_name: Option<String>,
    /// Sealed.
    pub raiser_phone: Option<Vec<u8>>,
    pub raiser_phone_masked: Option<String>,
    /// The household on the other side of a dispute.
    pub other_household_id: Option<HouseholdId>,
    /// The leader who took over an old petition.
    pub leader_id: Option<CadreId>,
    /// Whom or which office a suggestion or complaint is about.
    pub about_cadre_id: Option<CadreId>,
    pub about_department_id: Option<DepartmentId>,
    pub visit_id: Option<VisitId>,
    pub diary_id: Option<DiaryId>,
    pub intake_point_id: Option<IntakePointId>,
    pub box_opening_id: Option<BoxOpeningId>,
    /// The number that another system gave it; unique for the account that sent it.
    pub source_reference: Option<String>,
    /// Another of which this one is a part.
    pub split_from_id: Option<DemandId>,
    pub merged_into_id: Option<DemandId>,
    pub task_id: Option<TaskId>,
    pub registered_by: AccountId,
    /// The cadre behind that account.
    pub registrar_id: Option<CadreId>,
    pub registered_at: DateTime,
    /// By when it is to be answered.
    pub respond_amber_at: DateTime,
    pub respond_due_at: DateTime,
    /// When it was accepted, settled or declined.
    pub decided_at: Option<DateTime>,
    pub decided_by: Option<AccountId>,
    /// The answer of whoever settled it, the reason of whoever declined it.
    pub answer: Option<String>,
    /// Why its author withdrew it, or objected.
    pub objection: Option<String>,
    pub objected_at: Option<DateTime>,
    pub adoption: Option<Adoption>,
    pub adoption_reason: Option<String>,
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
