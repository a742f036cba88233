//! An enterprise (企业), keyed also by its unified social credit code.

use crate::{
    id::{EnterpriseId, RegionId},
    kind::{EnterpriseSize, EnterpriseStatus},
    scalar::{CreditCode, Date},
};
use sea_orm::entity::prelude::*;

/// An enterprise (企业), keyed also by its unified social credit code.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "enterprise")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: EnterpriseId,
    pub name: String,
    #[sea_orm(unique)]
    pub credit_code: CreditCode,
    pub county_id: RegionId,
    pub township_id: RegionId,
    pub village_id: Option<RegionId>,
    pub legal_representative: Option<String>,
    pub contact_person: Option<String>,
    /// Sealed; the two beside it are for showing and for exact look-up.
    pub phone: Option<Vec<u8>>,
    pub phone_masked: Option<String>,
    pub phone_hash: Option<Vec<u8>>,
    pub trade: Option<String>,
    pub size: EnterpriseSize,
    pub employees: Option<i32>,
    pub status: EnterpriseStatus,
    /// First day on which it was closed; none while it is not.
    pub closed_on: Option<Date>,
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
