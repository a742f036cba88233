//! What was asked in a task: leave for an extension or a suspension, or an answer to a supervision.

use crate::{
    id::{AccountId, TaskId, TaskRequestId},
    kind::{TaskRequestKind, TaskRequestState},
    scalar::{Date, DateTime},
};
use sea_orm::entity::prelude::*;

/// What was asked in a task: leave for an extension or a suspension, or an answer to a supervision.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "task_request")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TaskRequestId,
    pub task_id: TaskId,
    pub kind: TaskRequestKind,
    pub state: TaskRequestState,
    pub asked_by: AccountId,
    pub asked_at: DateTime,
    pub reason: String,
    /// The day until which: of an extension the last day, of a suspension the day of review.
    pub until_on: Option<Date>,
    pub decided_by: Option<AccountId>,
    pub decided_at: Option<DateTime>,
    pub answer: Option<String>,
    /// Of a suspension: when work went on.
    pub ended_at: Option<DateTime>,
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
