//! A signed-in device (会话).

use crate::{
    id::{AccountId, SessionId},
    scalar::DateTime,
};
use sea_orm::entity::prelude::*;

/// A signed-in device (会话).
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "session")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SessionId,
    pub account_id: AccountId,
    pub device: String,
    pub created_at: DateTime,
    /// Signed out by itself at this moment, however busy.
    pub expires_at: DateTime,
    /// Signed out by itself at this moment unless it is refreshed before.
    pub ends_at: DateTime,
    /// Roughly: written at each refresh.
    pub last_used_at: DateTime,
    /// When the owner was last seen to know the password.
    pub confirmed_at: DateTime,
    /// Whether the owner has shown a second factor.
    pub second_factor: bool,
    pub ended_at: Option<DateTime>,
}

impl ActiveModelBehavior for ActiveModel {}
