//! A household (户): the unit of contact.

use crate::{
    id::{HouseholdId, RegionId},
    kind::HouseholdStatus,
    scalar::{Date, Yuan},
};
use sea_orm::entity::prelude::*;

/// A household (户): the unit of contact.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "household")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: HouseholdId,
    /// Number within the village.
    pub number: String,
    /// Place columns: where it is now.
    pub county_id: RegionId,
    pub township_id: RegionId,
    pub village_id: RegionId,
    pub group_id: Option<RegionId>,
    pub grid_id: Option<RegionId>,
    /// Name of the head, kept equal to the member who is the head.
    pub head_name: String,
    pub address: Option<String>,
    /// WGS 84.
    pub latitude: Option<f64>,
    pub longitude: Option<f64>,
    /// Sealed; the two beside it are for showing and for exact look-up.
    pub phone: Option<Vec<u8>>,
    pub phone_masked: Option<String>,
    pub phone_hash: Option<Vec<u8>>,
    pub housing: Option<String>,
    pub yearly_income: Option<Yuan>,
    pub income_source: Option<String>,
    pub status: HouseholdStatus,
    /// Members who live in it now, kept by the room.
    pub member_count: i32,
    pub last_visit_on: Option<Date>,
    /// First day on record; none means always.
    pub registered_on: Option<Date>,
    /// First day on which it no longer lived here; none while it does.
    pub resident_until: Option<Date>,
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
