//! A household opened in an emergency to somebody whose scope does not cover it.

use crate::{
    id::{AccountId, EmergencyId, HouseholdId},
    kind::Role,
    scalar::DateTime,
};
use sea_orm::entity::prelude::*;

/// A household opened in an emergency to somebody whose scope does not cover it.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "emergency")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: EmergencyId,
    pub account_id: AccountId,
    /// The role by which it was opened.
    pub role: Role,
    pub household_id: HouseholdId,
    pub reason: String,
    pub opened_at: DateTime,
    pub closes_at: DateTime,
}

impl ActiveModelBehavior for ActiveModel {}
