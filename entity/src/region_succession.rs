//! One boundary change of one region (区划沿革): what it was until then, and what it became. Only ever added to.

use crate::{
    id::{AccountId, RegionId, SuccessionId},
    kind::SuccessionKind,
    scalar::{Date, RegionCode},
};
use sea_orm::entity::prelude::*;

/// One boundary change of one region (区划沿革): what it was until then, and what it became. Only ever added to.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "region_succession")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SuccessionId,
    pub from_id: RegionId,
    /// The same region, unless it was merged into another or another was made of it.
    pub to_id: RegionId,
    pub kind: SuccessionKind,
    /// First day of the new state.
    pub effective_on: Date,
    /// What the region was until then: code, name, and where it lay.
    pub code: RegionCode,
    pub name: String,
    pub parent_id: Option<RegionId>,
    pub province_id: Option<RegionId>,
    pub city_id: Option<RegionId>,
    pub county_id: Option<RegionId>,
    pub township_id: Option<RegionId>,
    pub village_id: Option<RegionId>,
    pub made_by: Option<AccountId>,
    /// Number of the official paper.
    pub note: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
