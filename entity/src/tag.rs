//! The dictionary of household tags (户标签).

use sea_orm::entity::prelude::*;

/// The dictionary of household tags (户标签).
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tag")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: String,
    pub label_zh: String,
    pub label_en: String,
    /// Shown to nobody without a reason given.
    pub sensitive: bool,
    pub rank: i32,
}

impl ActiveModelBehavior for ActiveModel {}
