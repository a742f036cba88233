//! A visit (走访): one target, when, how, who took part, what was said.

use crate::{
    id::{AccountId, CadreId, EnterpriseId, HouseholdId, RegionId, VisitId},
    kind::{CondolenceForm, VisitMethod},
    scalar::{Date, DateTime, Yuan},
};
use sea_orm::entity::prelude::*;

/// A visit (走访): one target, when, how, who took part, what was said.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "visit")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: VisitId,
    pub method: VisitMethod,
    /// The target: one of these three.
    pub household_id: Option<HouseholdId>,
    pub enterprise_id: Option<EnterpriseId>,
    pub region_id: Option<RegionId>,
    /// Place columns: where the target is now.
    pub county_id: RegionId,
    pub township_id: Option<RegionId>,
    pub village_id: Option<RegionId>,
    pub group_id: Option<RegionId>,
    pub grid_id: Option<RegionId>,
    pub began_at: DateTime,
    /// The civil date on which it began.
    pub visited_on: Date,
    pub minutes: Option<i32>,
    /// Nights stayed.
    pub nights: Option<i32>,
    /// How many people attended.
    pub attendees: Option<i32>,
    /// What was said.
    pub summary: Option<String>,
    /// Whether anything was written down; stays when that is erased.
    pub complete: bool,
    /// Where it was, WGS 84.
    pub latitude: Option<f64>,
    pub longitude: Option<f64>,
    pub condolence_form: Option<CondolenceForm>,
    pub condolence_items: Option<String>,
    /// In fen.
    pub condolence_value: Option<Yuan>,
    pub recorded_by: AccountId,
    /// The cadre behind that account.
    pub recorder_id: Option<CadreId>,
    pub recorded_at: DateTime,
    pub withdrawn_at: Option<DateTime>,
    pub withdrawn_reason: Option<String>,
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
