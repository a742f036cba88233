//! A handler's part in a task (承办): who, in which role, by when, and how far it is.

use crate::{
    id::{CadreId, DepartmentId, TaskId, TaskPartId},
    kind::{PartRole, PartState},
    scalar::DateTime,
};
use sea_orm::entity::prelude::*;

/// A handler's part in a task (承办): of a department or a cadre.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "task_part")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TaskPartId,
    pub task_id: TaskId,
    pub role: PartRole,
    pub department_id: Option<DepartmentId>,
    pub cadre_id: Option<CadreId>,
    pub state: PartState,
    /// Offered or claimed, of a task that is open: its handler is one.
    pub live: bool,
    pub offered_at: DateTime,
    pub claimed_at: Option<DateTime>,
    pub ended_at: Option<DateTime>,
    pub due_at: DateTime,
    /// What came of it, or why it was returned.
    pub answer: Option<String>,
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
