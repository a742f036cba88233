//! The last number that was given in a township and year.

use sea_orm::entity::prelude::*;

/// The last number that was given in a township and year: what follows on it leaves no gap.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "task_number")]
pub struct Model {
    /// Code of the township.
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub year: i32,
    pub last: i32,
}

impl ActiveModelBehavior for ActiveModel {}
