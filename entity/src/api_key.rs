//! A key by which another system comes in (API 密钥), by the hash of its secret.

use crate::{
    id::{AccountId, ApiKeyId, RegionId},
    scalar::DateTime,
};
use sea_orm::entity::prelude::*;

/// A key by which another system comes in (API 密钥), by the hash of its secret.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_key")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ApiKeyId,
    pub account_id: AccountId,
    pub name: String,
    pub secret_hash: Vec<u8>,
    /// Words of `ApiScope`, parted by blanks.
    pub scopes: String,
    /// It reaches nothing outside.
    pub region_id: RegionId,
    /// Addresses and networks from which it is taken, parted by blanks; none for anywhere.
    pub addresses: String,
    pub cost_per_minute: i32,
    pub created_at: DateTime,
    pub created_by: Option<AccountId>,
    pub expires_at: DateTime,
    /// To the minute.
    pub last_used_at: Option<DateTime>,
    pub revoked_at: Option<DateTime>,
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
