//! A station, point or box where people bring what they want (说事站、说事点、说事箱).

use crate::{
    id::{IntakePointId, RegionId},
    kind::IntakeKind,
    scalar::Date,
};
use sea_orm::entity::prelude::*;

/// A station, point or box where people bring what they want (说事站、说事点、说事箱).
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "intake_point")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: IntakePointId,
    pub kind: IntakeKind,
    pub name: String,
    /// The township or village whose it is.
    pub region_id: RegionId,
    /// Place columns.
    pub county_id: RegionId,
    pub township_id: RegionId,
    pub village_id: Option<RegionId>,
    pub address: String,
    /// Where it is, WGS 84.
    pub latitude: Option<f64>,
    pub longitude: Option<f64>,
    /// When somebody is there.
    pub hours: Option<String>,
    pub opened_on: Date,
    /// First day on which it is no longer there.
    pub closed_on: Option<Date>,
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
