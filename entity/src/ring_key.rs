//! A key of the ring (密钥环), wrapped by one that is derived from the master secret.

use crate::{kind::KeyPurpose, scalar::DateTime};
use sea_orm::entity::prelude::*;

/// A key of the ring (密钥环), wrapped by one that is derived from the master secret.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ring_key")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub purpose: KeyPurpose,
    /// Of a key that seals, the byte that a sealed value begins with.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i16,
    /// The key, wrapped; erased when it is removed.
    pub wrapped: Option<Vec<u8>>,
    pub created_at: DateTime,
    /// From when on it is used.
    pub active_from: DateTime,
    /// From when on the next one is used; of each purpose one key has none.
    pub retired_at: Option<DateTime>,
    /// When nothing was found any more that it had sealed.
    pub swept_at: Option<DateTime>,
    /// When a process last worked on what it had sealed.
    pub worked_at: Option<DateTime>,
    pub removed_at: Option<DateTime>,
}

impl ActiveModelBehavior for ActiveModel {}
