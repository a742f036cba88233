//! Many assignments changed in one step: a hand-over, a list, an even spread (包联批次).

use crate::{
    id::{AccountId, BatchId, CadreId, RegionId},
    kind::BatchKind,
    scalar::{Date, DateTime},
};
use sea_orm::entity::prelude::*;

/// Many assignments changed in one step: a hand-over, a list, an even spread (包联批次).
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "assignment_batch")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: BatchId,
    pub kind: BatchKind,
    /// First day of the new answerability.
    pub effective_on: Date,
    /// Of a hand-over: who gives …
    pub from_cadre_id: Option<CadreId>,
    /// … and who takes.
    pub to_cadre_id: Option<CadreId>,
    /// Place columns: the smallest region that holds all targets.
    pub county_id: RegionId,
    pub township_id: Option<RegionId>,
    pub village_id: Option<RegionId>,
    /// Assignments that it ended, and that it began.
    pub ended: i32,
    pub started: i32,
    pub reason: String,
    pub made_by: Option<AccountId>,
    pub made_at: DateTime,
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
