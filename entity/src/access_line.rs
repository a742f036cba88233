//! Who looked, when, how and why, in one request: a line of the access log. Only ever added to.

use crate::{
    id::{AccountId, SessionId},
    kind::{AccessAction, DataClass},
    scalar::DateTime,
};
use sea_orm::entity::prelude::*;

/// Who looked, when, how and why, in one request: a line of the access log. Only ever added to.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "access_line")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub sequence: i64,
    #[sea_orm(unique)]
    pub id: Uuid,
    pub at: DateTime,
    pub action: AccessAction,
    pub account_id: Option<AccountId>,
    pub session_id: Option<SessionId>,
    pub api_key_id: Option<Uuid>,
    /// The highest class that was shown.
    pub class: DataClass,
    /// Coordinates of the fields that were shown, as a JSON list.
    pub fields: Json,
    pub purpose: Option<String>,
    pub request_id: String,
}

impl ActiveModelBehavior for ActiveModel {}
