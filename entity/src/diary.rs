//! A diary entry (民情日记): what a cadre wrote down of a day.

use crate::{
    id::{AccountId, CadreId, DiaryId, RegionId},
    scalar::{Date, DateTime},
};
use sea_orm::entity::prelude::*;

/// A diary entry (民情日记): what a cadre wrote down of a day.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "diary")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DiaryId,
    pub cadre_id: CadreId,
    pub written_by: AccountId,
    /// The day that it tells of.
    pub written_on: Date,
    pub text: String,
    /// Place columns: where the cadre serves.
    pub county_id: Option<RegionId>,
    pub township_id: Option<RegionId>,
    pub village_id: Option<RegionId>,
    pub written_at: DateTime,
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
