//! A night on which what is past its time was erased: the row is what lets one process alone do it.

use crate::scalar::DateTime;
use sea_orm::entity::prelude::*;

/// A night on which what is past its time was erased: the row is what lets one process alone do it.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "retention_night")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    /// The civil date, YYYY-MM-DD.
    pub night: String,
    pub began_at: DateTime,
    /// None while it goes on, and when it was cut off.
    pub ended_at: Option<DateTime>,
    /// How many records by rule.
    pub report: Option<Json>,
}

impl ActiveModelBehavior for ActiveModel {}
