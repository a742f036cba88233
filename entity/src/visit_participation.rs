//! That a cadre took part in a visit (参加走访). Method, day and nights are those of the visit, for who leads the cadre.

use crate::{
    id::{CadreId, ParticipationId, VisitId},
    kind::VisitMethod,
    scalar::Date,
};
use sea_orm::entity::prelude::*;

/// That a cadre took part in a visit (参加走访). Method, day and nights are those of the visit, for who leads the cadre.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "visit_participation")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ParticipationId,
    pub visit_id: VisitId,
    pub cadre_id: CadreId,
    pub method: VisitMethod,
    pub visited_on: Date,
    pub nights: Option<i32>,
}

impl ActiveModelBehavior for ActiveModel {}
