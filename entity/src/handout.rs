//! A sheet that is handed out once (一次性表格): sealed until it is fetched, and for an hour at the most.

use crate::{
    id::{AccountId, HandoutId},
    scalar::DateTime,
};
use sea_orm::entity::prelude::*;

/// A sheet that is handed out once (一次性表格): sealed until it is fetched, and for an hour at the most.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "handout")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: HandoutId,
    /// Who asked for it, and alone may fetch it.
    pub account_id: AccountId,
    pub file_name: String,
    /// The sheet; gone when it was fetched or its time was over.
    pub sealed: Option<Vec<u8>>,
    /// Rows in it.
    pub rows: i32,
    /// What was left for another time.
    pub left_over: i32,
    /// What is beyond the rights of who asked.
    pub beyond: i32,
    pub expires_at: DateTime,
}

impl ActiveModelBehavior for ActiveModel {}
