//! A party organisation (党组织): a node of the party tree.

use crate::{
    id::{BranchId, RegionId},
    kind::BranchKind,
};
use sea_orm::entity::prelude::*;

/// A party organisation (党组织): a node of the party tree.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "branch")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: BranchId,
    pub name: String,
    pub kind: BranchKind,
    pub parent_id: Option<BranchId>,
    /// The region whose organisation it is.
    pub region_id: RegionId,
    pub county_id: Option<RegionId>,
    pub township_id: Option<RegionId>,
    pub village_id: Option<RegionId>,
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
