//! A refresh token, by its hash. Each is used once; the one that replaced it is named.

use crate::{id::SessionId, scalar::DateTime};
use sea_orm::entity::prelude::*;

/// A refresh token, by its hash. Each is used once; the one that replaced it is named.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "refresh_token")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub hash: Vec<u8>,
    pub session_id: SessionId,
    pub issued_at: DateTime,
    /// End of the idle time.
    pub expires_at: DateTime,
    pub used_at: Option<DateTime>,
    pub replaced_by: Option<Vec<u8>>,
}

impl ActiveModelBehavior for ActiveModel {}
