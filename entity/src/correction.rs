//! A correction that a household asked for (更正申请).

use crate::{
    id::{AccountId, CorrectionId, HouseholdId, MemberId},
    kind::CorrectionState,
    scalar::DateTime,
};
use sea_orm::entity::prelude::*;

/// A correction that a household asked for (更正申请).
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "correction")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CorrectionId,
    pub household_id: HouseholdId,
    /// The member whom it is about.
    pub member_id: Option<MemberId>,
    /// The coordinate of the field in the schema.
    pub field: String,
    /// Sealed: what would be right.
    pub wanted: Vec<u8>,
    pub asked_by: AccountId,
    pub asked_at: DateTime,
    pub state: CorrectionState,
    /// Sealed: what the household was told.
    pub answer: Option<Vec<u8>>,
    pub decided_by: Option<AccountId>,
    pub decided_at: Option<DateTime>,
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
