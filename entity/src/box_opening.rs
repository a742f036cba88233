//! That a box was opened before two witnesses (说事箱开箱记录). Written once, never changed.

use crate::{
    id::{AccountId, BoxOpeningId, CadreId, IntakePointId},
    scalar::{Date, DateTime},
};
use sea_orm::entity::prelude::*;

/// That a box was opened before two witnesses (说事箱开箱记录). Written once, never changed.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "box_opening")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: BoxOpeningId,
    pub intake_point_id: IntakePointId,
    pub opened_at: DateTime,
    /// The civil date of that moment.
    pub opened_on: Date,
    pub first_witness_id: CadreId,
    pub second_witness_id: CadreId,
    /// How many letters lay in it.
    pub letters: i32,
    pub note: Option<String>,
    pub recorded_by: AccountId,
    /// The cadre behind that account.
    pub recorder_id: Option<CadreId>,
    pub recorded_at: DateTime,
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
