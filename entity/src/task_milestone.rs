//! A milestone of a task (倒排工期): a step planned backwards from the deadline.

use crate::{
    id::{MilestoneId, TaskId},
    scalar::{Date, DateTime},
};
use sea_orm::entity::prelude::*;

/// A milestone of a task (倒排工期): a step planned backwards from the deadline.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "task_milestone")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MilestoneId,
    pub task_id: TaskId,
    pub title: String,
    /// Its last day.
    pub due_on: Date,
    pub reached_at: Option<DateTime>,
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
