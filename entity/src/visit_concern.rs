//! The concern note of a visit (关切记录): what worries this household, what help it asks for.

use crate::{
    id::{AssignmentId, HouseholdId, VisitId},
    scalar::Date,
};
use sea_orm::entity::prelude::*;

/// The concern note of a visit (关切记录). Read by the current primary contact alone; erased in time.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "visit_concern")]
pub struct Model {
    /// That of the visit.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: VisitId,
    pub household_id: HouseholdId,
    /// The assignment by which it was written.
    pub assignment_id: AssignmentId,
    pub visited_on: Date,
    /// Sealed.
    pub note: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
