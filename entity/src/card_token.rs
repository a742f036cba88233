//! What a household's code holds (联系卡二维码令牌): good until it is revoked.

use crate::{
    id::{AccountId, CardTokenId, HouseholdId},
    scalar::DateTime,
};
use sea_orm::entity::prelude::*;

/// What a household's code holds (联系卡二维码令牌): good until it is revoked.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "card_token")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CardTokenId,
    pub household_id: HouseholdId,
    /// Keyed hash, for look-up.
    #[sea_orm(unique)]
    pub hash: Vec<u8>,
    /// Sealed, so that the code can be printed again; gone once it is revoked.
    pub token: Option<Vec<u8>>,
    pub made_at: DateTime,
    pub revoked_at: Option<DateTime>,
    pub revoked_by: Option<AccountId>,
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
