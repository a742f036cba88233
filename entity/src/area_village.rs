//! A village of an area. A village is in one area at most.

use crate::id::{AreaId, RegionId};
use sea_orm::entity::prelude::*;

/// A village of an area. A village is in one area at most.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "area_village")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub village_id: RegionId,
    pub area_id: AreaId,
}

impl ActiveModelBehavior for ActiveModel {}
