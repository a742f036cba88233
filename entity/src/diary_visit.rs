//! A visit that a diary entry tells of (日记所记走访).

use crate::id::{DiaryId, VisitId};
use sea_orm::entity::prelude::*;

/// A visit that a diary entry tells of (日记所记走访).
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "diary_visit")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub diary_id: DiaryId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub visit_id: VisitId,
}

impl ActiveModelBehavior for ActiveModel {}
