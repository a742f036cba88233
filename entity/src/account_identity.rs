//! An identity of an outer sign-on by which an account is entered (统一认证身份), known by issuer and subject.

use crate::{
    id::{AccountId, IdentityId},
    scalar::DateTime,
};
use sea_orm::entity::prelude::*;

/// An identity of an outer sign-on by which an account is entered (统一认证身份), known by issuer and subject.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "account_identity")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: IdentityId,
    pub account_id: AccountId,
    pub issuer: String,
    pub subject: String,
    pub created_at: DateTime,
    pub created_by: Option<AccountId>,
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
