//! What became of a mutation that was sent with a key: an entity and its version, never a value of a field.

use crate::{id::AccountId, scalar::DateTime};
use sea_orm::entity::prelude::*;

/// What became of a mutation that was sent with a key: an entity and its version, never a value of a field.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: AccountId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: Uuid,
    pub operation: String,
    /// Keyed hash of the input: the same key with another input is refused.
    pub fingerprint: Vec<u8>,
    pub entity_id: Uuid,
    pub created_at: DateTime,
}

impl ActiveModelBehavior for ActiveModel {}
