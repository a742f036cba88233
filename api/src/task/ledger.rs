//! What belongs to a task, as it is spoken: parts, events, milestones, requests.

use super::object::Task;
use crate::kernel::{
    access::Way,
    directive::{DataClass, class},
    door::any_of,
    error::Result,
    node::{Filter, Node, Ordering},
    page::Run,
    policy::Part,
    request::Ctx,
    rows::Key,
    scope::Scope,
};
use async_graphql::{Enum, InputObject, SimpleObject};
use entity::{
    id::{AccountId, CadreId, DepartmentId, MilestoneId, TaskEventId, TaskId, TaskPartId, TaskRequestId},
    kind::{PartRole, PartState, TaskAction, TaskRequestKind, TaskRequestState, TaskState},
    scalar::{Date, DateTime},
    task_event, task_milestone, task_part, task_request,
};
use sea_orm::{
    ColumnTrait, Condition, DerivePartialModel, EntityTrait, PartialModelTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use std::collections::HashMap;
use uuid::Uuid;

/// Rows of a kind that are told of one task.
pub const MOST: usize = 100;

/// A handler's part in a task (承办): who, in which role, by when, and how far it is.
#[derive(Clone, Debug, SimpleObject, DerivePartialModel)]
#[sea_orm(entity = "task_part::Entity")]
#[graphql(complex)]
pub struct TaskPart {
    /// Its id, which never changes (标识).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub id: TaskPartId,
    /// In which role (办理角色).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub role: PartRole,
    /// State (承办状态).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub state: PartState,
    /// When it was offered (派发时间).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub offered_at: DateTime,
    /// When it was claimed (签收时间). Null until then.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub claimed_at: Option<DateTime>,
    /// When it was done, returned or became void (结束时间). Null until then.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub ended_at: Option<DateTime>,
    /// Its own deadline (承办时限).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub due_at: DateTime,
    #[graphql(skip)]
    pub(crate) task_id: TaskId,
    #[graphql(skip)]
    pub(crate) department_id: Option<DepartmentId>,
    #[graphql(skip)]
    pub(crate) cadre_id: Option<CadreId>,
    #[graphql(skip)]
    pub(crate) answer: Option<String>,
}

/// One event of the ledger (台账记录): who did what to a task, when, and what it changed.
#[derive(Clone, Debug, SimpleObject, DerivePartialModel)]
#[sea_orm(entity = "task_event::Entity")]
#[graphql(complex)]
pub struct TaskEvent {
    /// Its id, which never changes (标识).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub id: TaskEventId,
    /// The version that the task had after it (序号): one event for each.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub step: i32,
    /// What was done (操作).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub action: TaskAction,
    /// When (时间).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub at: DateTime,
    /// The state before (原状态). Null of the first.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub from_state: Option<TaskState>,
    /// The state after (新状态).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub to_state: TaskState,
    #[graphql(skip)]
    pub(crate) task_id: TaskId,
    #[graphql(skip)]
    pub(crate) account_id: Option<AccountId>,
    #[graphql(skip)]
    pub(crate) cadre_id: Option<CadreId>,
    #[graphql(skip)]
    pub(crate) part_id: Option<TaskPartId>,
    #[graphql(skip)]
    pub(crate) note: Option<String>,
}

/// A milestone of a task (倒排工期): a step planned backwards from the deadline.
#[derive(Clone, Debug, SimpleObject, DerivePartialModel)]
#[sea_orm(entity = "task_milestone::Entity")]
#[graphql(complex)]
pub struct Milestone {
    /// Its id, which never changes (标识).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub id: MilestoneId,
    /// Its last day (计划完成日期).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub due_on: Date,
    /// When it was reached (完成时间). Null until then.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub reached_at: Option<DateTime>,
    #[graphql(skip)]
    pub(crate) task_id: TaskId,
    #[graphql(skip)]
    pub(crate) title: String,
}

/// What was asked in a task (任务申请): leave for an extension or a suspension, or an answer to a supervision.
#[derive(Clone, Debug, SimpleObject, DerivePartialModel)]
#[sea_orm(entity = "task_request::Entity")]
#[graphql(complex)]
pub struct TaskRequest {
    /// Its id, which never changes (标识).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub id: TaskRequestId,
    /// Of which kind (申请类型).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub kind: TaskRequestKind,
    /// State (申请状态).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub state: TaskRequestState,
    /// When it was asked (申请时间).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub asked_at: DateTime,
    /// Until which day (截止日期). Null of a supervision.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub until_on: Option<Date>,
    /// When it was decided or answered (处理时间). Null until then.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub decided_at: Option<DateTime>,
    #[graphql(skip)]
    pub(crate) task_id: TaskId,
    #[graphql(skip)]
    pub(crate) reason: String,
    #[graphql(skip)]
    pub(crate) answer: Option<String>,
}

/// Rows that are told of a task all at once.
pub(crate) trait OfTask: PartialModelTrait + Clone + Send + Sync + 'static {
    type Entity: crate::kernel::door::Guarded;
    const TASK: <Self::Entity as EntityTrait>::Column;
    const ORDER: <Self::Entity as EntityTrait>::Column;
    const ID: <Self::Entity as EntityTrait>::Column;
    fn task(&self) -> TaskId;
}

macro_rules! of_task {
    ($($name:ident, $table:ident, $order:ident;)*) => {$(
        impl OfTask for $name {
            type Entity = $table::Entity;
            const TASK: $table::Column = $table::Column::TaskId;
            const ORDER: $table::Column = $table::Column::$order;
            const ID: $table::Column = $table::Column::Id;

            fn task(&self) -> TaskId {
                self.task_id
            }
        }
    )*};
}

of_task! {
    TaskPart, task_part, OfferedAt;
    Milestone, task_milestone, DueOn;
    TaskRequest, task_request, AskedAt;
}

/// The question for all rows of a kind of a task, in their order.
#[derive(Debug)]
pub(crate) struct AllOf<R>(pub(crate) TaskId, std::marker::PhantomData<fn() -> R>);

impl<R> AllOf<R> {
    /// Those of this task.
    pub(crate) fn new(task: TaskId) -> Self {
        Self(task, std::marker::PhantomData)
    }
}

impl<R> Clone for AllOf<R> {
    fn clone(&self) -> Self {
        Self::new(self.0)
    }
}

impl<R> PartialEq for AllOf<R> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<R> Eq for AllOf<R> {}

impl<R> std::hash::Hash for AllOf<R> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<R: OfTask> Key for AllOf<R> {
    type Value = Vec<R>;

    async fn load(ctx: Ctx, keys: Vec<Self>) -> Result<HashMap<Self, Vec<R>>> {
        let rows: Vec<R> = R::select_cols(ctx.within::<R::Entity>().select_only())
            .filter(any_of(R::TASK, keys.iter().map(|key| key.0), ctx.backend()))
            .order_by_asc(R::ORDER)
            .order_by_asc(R::ID)
            .into_model()
            .all(ctx.db().read())
            .await?;
        let mut of: HashMap<Self, Vec<R>> = keys.into_iter().map(|key| (key, Vec::new())).collect();
        for row in rows {
            let told = of.entry(Self::new(row.task())).or_default();
            if told.len() < MOST {
                told.push(row);
            }
        }
        Ok(of)
    }
}

/// Conditions on events, all of them to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct TaskEventWhere {
    /// By what was done.
    #[graphql(default)]
    pub action: Option<crate::kernel::filter::ChoiceFilter<TaskAction>>,
}

impl Filter for TaskEventWhere {
    async fn condition(&self, _: &Ctx) -> Result<Condition> {
        let action = self.action.as_ref().map(|action| action.on(task_event::Column::Action));
        Ok(Condition::all().add_option(action.transpose()?))
    }
}

/// What events are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum TaskEventOrderField {
    /// Their order.
    Step,
}

impl Ordering for TaskEventOrderField {
    fn column(self) -> Option<&'static str> {
        Some("step")
    }

    fn usual() -> Run {
        Run { column: Some("step"), descending: false }
    }
}

impl Node for TaskEvent {
    type Entity = task_event::Entity;
    type Where = TaskEventWhere;
    type Order = TaskEventOrderField;
    const NAME: &'static str = TaskEventId::PREFIX;

    fn uuid(&self) -> Uuid {
        self.id.0
    }

    fn seen(&mut self, _: &Scope, _: Way) {}
}

impl TaskEvent {
    /// Whether files of it are shown to who sees its task so: those of the result to everybody, the others are offices' own.
    pub(crate) fn shows_files(&self, task: &Task) -> bool {
        let part = if self.action == TaskAction::Resolve { Part::Personal } else { Part::Internal };
        task.sight.shows(part)
    }

    /// The task that it is of.
    pub(crate) async fn whole(&self, ctx: &Ctx) -> Result<Option<Task>> {
        ctx.node::<Task>(self.task_id).await
    }
}

/// The question for the last event of a task.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct LastEventOf(pub(crate) TaskId);

impl Key for LastEventOf {
    type Value = TaskEvent;

    async fn load(ctx: Ctx, keys: Vec<Self>) -> Result<HashMap<Self, TaskEvent>> {
        use sea_orm::QueryTrait;
        let of_tasks = || any_of(task_event::Column::TaskId, keys.iter().map(|key| key.0), ctx.backend());
        // The numbers of the last ones; a task may have another with the number of somebody else's last.
        let last = crate::kernel::door::unscoped::<task_event::Entity>()
            .select_only()
            .column_as(task_event::Column::Step.max(), "last")
            .filter(of_tasks())
            .group_by(task_event::Column::TaskId)
            .into_query();
        let rows: Vec<TaskEvent> = TaskEvent::select_cols(ctx.within::<task_event::Entity>().select_only())
            .filter(of_tasks())
            .filter(task_event::Column::Step.in_subquery(last))
            .order_by_asc(task_event::Column::Step)
            .into_model()
            .all(ctx.db().read())
            .await?;
        Ok(rows.into_iter().map(|row| (Self(row.task_id), row)).collect())
    }
}
