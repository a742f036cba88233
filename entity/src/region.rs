//! One node of the administrative tree (区域), with its official code. Its own id never changes.

use crate::{
    id::RegionId,
    kind::RegionKind,
    scalar::{Date, RegionCode},
};
use sea_orm::entity::prelude::*;

/// One node of the administrative tree (区域), with its official code. Its own id never changes.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "region")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RegionId,
    /// Official code without trailing zeros, unique among the regions in force: a withdrawn one may be given away.
    pub code: RegionCode,
    pub name: String,
    pub kind: RegionKind,
    pub parent_id: Option<RegionId>,
    /// Place columns: the region itself and what lies above it, by level.
    pub province_id: Option<RegionId>,
    pub city_id: Option<RegionId>,
    /// The county; a city without counties stands here itself.
    pub county_id: Option<RegionId>,
    pub township_id: Option<RegionId>,
    pub village_id: Option<RegionId>,
    pub group_id: Option<RegionId>,
    pub grid_id: Option<RegionId>,
    pub version: i32,
    /// First day on which it is there; none for always.
    pub since: Option<Date>,
    /// First day on which it is withdrawn; none while it is in force.
    pub until: Option<Date>,
}

impl ActiveModelBehavior for ActiveModel {}
