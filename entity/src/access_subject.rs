//! At whom somebody looked: a subject of a line of the access log, and where it was then.

use crate::{
    id::{AccessId, AccountId, CadreId, EnterpriseId, HouseholdId, RegionId},
    kind::{AccessAction, DataClass},
    scalar::DateTime,
};
use sea_orm::entity::prelude::*;

/// At whom somebody looked: a subject of a line of the access log, and where it was then.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "access_subject")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AccessId,
    pub line_id: Uuid,
    pub at: DateTime,
    pub action: AccessAction,
    pub account_id: Option<AccountId>,
    /// The highest class that was shown of it.
    pub class: DataClass,
    pub household_id: Option<HouseholdId>,
    pub enterprise_id: Option<EnterpriseId>,
    pub cadre_id: Option<CadreId>,
    /// All households or enterprises of a region: in a sheet.
    pub region_id: Option<RegionId>,
    pub county_id: Option<RegionId>,
    pub township_id: Option<RegionId>,
    pub village_id: Option<RegionId>,
}

impl ActiveModelBehavior for ActiveModel {}
