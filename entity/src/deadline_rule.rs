//! What a county allots to an urgency: the time to respond and to resolve (办理时限).

use crate::{
    id::{DeadlineRuleId, RegionId},
    kind::{AllotmentUnit, Urgency},
};
use sea_orm::entity::prelude::*;

/// What a county allots to an urgency: the time to respond and to resolve (办理时限).
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "deadline_rule")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DeadlineRuleId,
    pub county_id: RegionId,
    pub urgency: Urgency,
    pub respond_amount: i32,
    pub respond_unit: AllotmentUnit,
    pub resolve_amount: i32,
    pub resolve_unit: AllotmentUnit,
    /// Not once it was reset: what is usual holds again.
    pub live: bool,
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
