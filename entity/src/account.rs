//! A login (账号).

use crate::{
    id::{AccountId, CadreId, RegionId},
    kind::AccountStatus,
    scalar::DateTime,
};
use sea_orm::entity::prelude::*;

/// A login (账号).
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "account")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AccountId,
    /// Name to sign in by, lower case, unique.
    #[sea_orm(unique)]
    pub name: String,
    /// argon2id, in the PHC form.
    pub password_hash: String,
    /// Somebody else made the password: it is to be changed at the first sign-in.
    pub password_due: bool,
    pub cadre_id: Option<CadreId>,
    /// The region that administers it.
    pub region_id: Option<RegionId>,
    pub county_id: Option<RegionId>,
    pub township_id: Option<RegionId>,
    pub village_id: Option<RegionId>,
    pub status: AccountStatus,
    /// Raised by whatever changes what the account may see, so that a cached scope is never stale.
    pub rights_version: i32,
    pub created_at: DateTime,
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
