//! One event of the ledger (台账记录): who did what to a task, when, and what it changed.

use crate::{
    id::{AccountId, CadreId, TaskEventId, TaskId, TaskPartId},
    kind::{TaskAction, TaskState},
    scalar::DateTime,
};
use sea_orm::entity::prelude::*;

/// One event of the ledger (台账记录). Never changed, never taken out.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "task_event")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TaskEventId,
    pub task_id: TaskId,
    /// The version that the task had after it: one event for each.
    pub step: i32,
    pub action: TaskAction,
    pub at: DateTime,
    /// None for the system.
    pub account_id: Option<AccountId>,
    /// The cadre behind that account.
    pub cadre_id: Option<CadreId>,
    pub from_state: Option<TaskState>,
    pub to_state: TaskState,
    pub part_id: Option<TaskPartId>,
    pub note: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
