//! A tag of a household.

use crate::id::HouseholdId;
use sea_orm::entity::prelude::*;

/// A tag of a household.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "household_tag")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub household_id: HouseholdId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub tag: String,
}

impl ActiveModelBehavior for ActiveModel {}
