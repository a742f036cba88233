//! A role given to an account, dated (角色授权). What it is bound to fits the role.

use crate::{
    id::{AccountId, BranchId, DepartmentId, EnterpriseId, GrantId, HouseholdId, RegionId},
    kind::Role,
    scalar::Date,
};
use sea_orm::entity::prelude::*;

/// A role given to an account, dated (角色授权). What it is bound to fits the role.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "role_grant")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: GrantId,
    pub account_id: AccountId,
    pub role: Role,
    pub region_id: Option<RegionId>,
    pub branch_id: Option<BranchId>,
    pub department_id: Option<DepartmentId>,
    pub household_id: Option<HouseholdId>,
    pub enterprise_id: Option<EnterpriseId>,
    pub starts_on: Date,
    pub ends_on: Option<Date>,
    pub granted_by: Option<AccountId>,
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
