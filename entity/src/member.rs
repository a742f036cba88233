//! A member of a household (家庭成员).

use crate::{
    id::{HouseholdId, MemberId},
    kind::{Employment, Kinship, Sex},
    scalar::Date,
};
use sea_orm::entity::prelude::*;

/// A member of a household (家庭成员).
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "household_member")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MemberId,
    pub household_id: HouseholdId,
    pub name: String,
    pub relation: Kinship,
    pub sex: Sex,
    pub birth_date: Option<Date>,
    /// Sealed; the two beside it are for showing and for exact look-up.
    pub identity_number: Option<Vec<u8>>,
    pub identity_number_masked: Option<String>,
    pub identity_number_hash: Option<Vec<u8>>,
    /// Sealed; the two beside it are for showing and for exact look-up.
    pub phone: Option<Vec<u8>>,
    pub phone_masked: Option<String>,
    pub phone_hash: Option<Vec<u8>>,
    pub employment: Option<Employment>,
    pub employment_place: Option<String>,
    pub needs: Option<String>,
    /// First day on which the person no longer belongs to the household.
    pub left_on: Option<Date>,
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
