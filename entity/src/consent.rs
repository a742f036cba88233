//! A consent of a household to one purpose, from one day to another (同意).

use crate::{
    id::{AccountId, ConsentId, HouseholdId},
    kind::ConsentPurpose,
    scalar::Date,
};
use sea_orm::entity::prelude::*;

/// A consent of a household to one purpose, from one day to another (同意).
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "consent")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ConsentId,
    pub household_id: HouseholdId,
    pub purpose: ConsentPurpose,
    /// None: with the registration.
    pub given_on: Option<Date>,
    /// None while it stands.
    pub withdrawn_on: Option<Date>,
    /// Who noted that it was given.
    pub given_by: Option<AccountId>,
    /// Who noted that it was withdrawn.
    pub withdrawn_by: Option<AccountId>,
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
