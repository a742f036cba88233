//! A card of a household (联系卡、登记卡): left with it, or kept by its contact.

use crate::{
    id::{AccountId, AssignmentId, CardId, HouseholdId},
    kind::CardKind,
    scalar::Date,
};
use sea_orm::entity::prelude::*;

/// A card of a household (联系卡、登记卡): left with it, or kept by its contact.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "contact_card")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CardId,
    pub household_id: HouseholdId,
    pub kind: CardKind,
    /// Filled and issued apart: a card may be handed out blank.
    pub filled_on: Option<Date>,
    pub filled_by: Option<AccountId>,
    pub issued_on: Option<Date>,
    pub issued_by: Option<AccountId>,
    /// The contact whom it names: the assignment in force on the day of issue. Void once that is over.
    pub assignment_id: Option<AssignmentId>,
    /// Of a card that is left with the household: what was promised.
    pub promise: Option<String>,
    /// Of a card that the cadre keeps: how the household lives, what it brought up, what came of it, what it says of that.
    pub basics: Option<String>,
    pub matters: Option<String>,
    pub results: Option<String>,
    pub word: Option<String>,
    /// Another stands in its place since this day.
    pub replaced_on: Option<Date>,
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
