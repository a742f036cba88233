//! A judgement (评价): whether it was settled, and how satisfied they are who had asked for it.

use crate::{
    id::{AccountId, DemandId, FeedbackId, TaskId},
    kind::Satisfaction,
    scalar::DateTime,
};
use sea_orm::entity::prelude::*;

/// A judgement (评价): one for each demand and round of work.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "feedback")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: FeedbackId,
    pub demand_id: DemandId,
    /// The task that was judged; none where it was settled on the spot.
    pub task_id: Option<TaskId>,
    /// Of the task: how often it had been reopened. Of what was settled on the spot: how often that was.
    pub round: i32,
    pub settled: bool,
    pub satisfaction: Satisfaction,
    pub comment: Option<String>,
    /// Told to a supervisor on the telephone.
    pub by_phone: bool,
    pub given_by: AccountId,
    pub given_at: DateTime,
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
