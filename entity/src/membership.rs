//! A cadre's party membership in one branch (党员组织关系), dated.

use crate::{
    id::{BranchId, CadreId, MembershipId},
    kind::MembershipStanding,
    scalar::Date,
};
use sea_orm::entity::prelude::*;

/// A cadre's party membership in one branch (党员组织关系), dated.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "membership")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MembershipId,
    pub cadre_id: CadreId,
    pub branch_id: BranchId,
    /// The party group within the branch (党小组).
    pub group_id: Option<BranchId>,
    pub standing: MembershipStanding,
    pub starts_on: Date,
    pub ends_on: Option<Date>,
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
