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
    pub ended_at: Option<DateTime>,
}

impl ActiveModelBehavior for ActiveModel {}
