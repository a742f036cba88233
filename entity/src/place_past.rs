//! Where a household or an enterprise was before a boundary change moved it. Only ever added to.

use crate::{id::RegionId, scalar::Date};
use sea_orm::entity::prelude::*;

/// Where a household or an enterprise was before a boundary change moved it. Only ever added to.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "place_past")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub sequence: i64,
    /// Name of its table.
    pub entity: String,
    pub entity_id: Uuid,
    /// First day of the new place.
    pub ends_on: Date,
    pub county_id: Option<RegionId>,
    pub township_id: Option<RegionId>,
    pub village_id: Option<RegionId>,
    pub group_id: Option<RegionId>,
    pub grid_id: Option<RegionId>,
    /// The number that a household had there.
    pub number: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
