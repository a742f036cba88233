//! A short message of the system to an account (通知).

use crate::{
    id::{AccountId, NoticeId},
    kind::NoticeKind,
    scalar::DateTime,
};
use sea_orm::entity::prelude::*;

/// A short message of the system to an account (通知).
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "notice")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: NoticeId,
    pub account_id: AccountId,
    pub kind: NoticeKind,
    pub at: DateTime,
    /// The record that it is about, as a `TypeID`.
    pub subject: Option<String>,
    /// What its text names.
    pub words: Json,
    /// How many happenings it tells of.
    pub count: i32,
    pub read_at: Option<DateTime>,
}

impl ActiveModelBehavior for ActiveModel {}
