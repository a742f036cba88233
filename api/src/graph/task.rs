//! Edges of `Task`, and of what belongs to it.

use crate::{
    attachment::object::{Attachment, AttachmentsOf},
    cadre::object::Cadre,
    category::object::Category,
    demand::{
        input::{DemandOrderField, DemandWhere},
        object::Demand,
    },
    department::object::Department,
    enterprise::object::Enterprise,
    household::object::Household,
    kernel::{
        connection::{Connection, Cursor},
        directive::{DataClass, class},
        error::Result,
        node::{Listing, OrderBy, children},
        page::PageArgs,
        payload::{Permission, ctx},
        policy::{May, Part},
        request::Ctx,
    },
    region::object::Region,
    task::{
        clock, flow,
        ledger::{
            AllOf, LastEventOf, Milestone, TaskEvent, TaskEventOrderField, TaskEventWhere, TaskPart,
            TaskRequest,
        },
        object::{Task, WrittenOf},
    },
};
use async_graphql::{ComplexObject, Context, SimpleObject};
use entity::{id::TaskId, kind::RecordKind};

/// What the viewer may do to a task (可否操作), by their rights. The state decides, too: `client-schema/task-flow.md`.
#[derive(Clone, Debug, SimpleObject)]
pub struct TaskViewerCan {
    /// Dispatch it, hand it up or send it back (`taskDispatch`, `taskEscalate`, `taskSendBack`).
    pub dispatch: Permission,
    /// Work on it as its handler (`taskClaim`, `taskReturn`, `taskProgress`, `taskResolve` …).
    pub handle: Permission,
    /// Grant or refuse leave (`leaveDecide`).
    pub decide: Permission,
    /// Urge, supervise, and note calls (`taskUrge`, `taskSupervise`, `taskCallNote`).
    pub oversee: Permission,
    /// Instruct (`taskInstruct`).
    pub instruct: Permission,
    /// Check the result (`taskCheck`).
    pub check: Permission,
    /// Strike it off (`taskClose`).
    pub close: Permission,
    /// Cancel it (`taskCancel`).
    pub cancel: Permission,
}

impl Task {
    /// A long text, if there is one and the viewer may see this part.
    async fn written(
        &self,
        ctx: &Ctx,
        field: &'static str,
        text: impl FnOnce(crate::task::object::Written) -> Option<String>,
    ) -> Option<Result<String>> {
        if !self.sight.shows(Part::Personal) {
            return None;
        }
        let text = match ctx.load(WrittenOf(self.id)).await {
            Ok(written) => text(written?)?,
            Err(error) => return Some(Err(error)),
        };
        self.shows(ctx, "Task", field);
        Some(Ok(text))
    }
}

#[ComplexObject]
impl Task {
    /// Names of the fields that are null because the viewer may not see them (未显示的字段), whether or not they hold anything.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn redacted_fields(&self) -> Vec<&'static str> {
        self.hidden()
    }

    /// What the viewer may do to it.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn viewer_can(&self, gql: &Context<'_>) -> TaskViewerCan {
        let ctx = ctx(gql);
        let can = |may| ctx.permission(may, &self.facts());
        TaskViewerCan {
            dispatch: ctx.permission(flow::dispatched_by(self.returns), &self.desk_facts()),
            handle: can(May::HandleTask),
            decide: can(May::DecideTask),
            oversee: can(May::OverseeTask),
            instruct: can(May::InstructTask),
            check: can(May::CheckTask),
            close: can(May::CloseTask),
            cancel: can(May::CancelTask),
        }
    }

    /// At work beyond its deadline (超时). Derived, never stored; of a suspended task false.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn overdue(&self, gql: &Context<'_>) -> bool {
        self.is_overdue(ctx(gql).now())
    }

    /// At work, and 70 % of the time is gone (临近超时). Derived, never stored.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn amber(&self, gql: &Context<'_>) -> bool {
        let now = ctx(gql).now();
        clock::is_running(self.state) && now >= self.amber_at && now < self.due_at
    }

    /// Title (标题), at most 60 characters. Null to who may not see what is personal.
    #[graphql(directive = class::apply(DataClass::Personal))]
    async fn title(&self, gql: &Context<'_>) -> Option<String> {
        if !self.sight.shows(Part::Personal) {
            return None;
        }
        self.shows(ctx(gql), "Task", "title");
        Some(self.title.clone())
    }

    /// What is to be done (任务内容), at most 2000 characters. Null when nothing was written, and to who shares the task with others.
    #[graphql(directive = class::apply(DataClass::Personal))]
    async fn content(&self, gql: &Context<'_>) -> Option<Result<String>> {
        if !self.sight.shows(Part::Internal) {
            return None;
        }
        self.written(ctx(gql), "content", |written| written.content).await
    }

    /// What came of it (办理结果), at most 2000 characters. Null until it is resolved.
    #[graphql(directive = class::apply(DataClass::Personal))]
    async fn result(&self, gql: &Context<'_>) -> Option<Result<String>> {
        self.written(ctx(gql), "result", |written| written.result).await
    }

    /// Measures (措施), at most 20. Null to who asked for it.
    #[graphql(directive = class::apply(DataClass::Personal))]
    async fn measures(&self, gql: &Context<'_>) -> Option<Result<Vec<String>>> {
        if !self.sight.shows(Part::Internal) {
            return None;
        }
        let ctx = ctx(gql);
        let written = match ctx.load(WrittenOf(self.id)).await {
            Ok(written) => written?,
            Err(error) => return Some(Err(error)),
        };
        let measures: Vec<String> = serde_json::from_value(written.measures).unwrap_or_default();
        if !measures.is_empty() {
            self.shows(ctx, "Task", "measures");
        }
        Some(Ok(measures))
    }

    /// The household that it concerns first (涉及户). Null where it concerns none, and when that is outside the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn household(&self, gql: &Context<'_>) -> Option<Result<Household>> {
        ctx(gql).edge(self.household_id).await
    }

    /// The enterprise that it concerns first (涉及企业). Null where it concerns none, and when that is outside the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn enterprise(&self, gql: &Context<'_>) -> Option<Result<Enterprise>> {
        ctx(gql).edge(self.enterprise_id).await
    }

    /// The village or community (村、社区). Null when it lies in none.
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn village(&self, gql: &Context<'_>) -> Option<Result<Region>> {
        ctx(gql).edge(self.village_id).await
    }

    /// The township (乡镇). Null when it lies in none.
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn township(&self, gql: &Context<'_>) -> Option<Result<Region>> {
        ctx(gql).edge(self.township_id).await
    }

    /// The region whose desk has it (受理层级): its township, or the county to which it was handed up.
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn desk(&self, gql: &Context<'_>) -> Option<Result<Region>> {
        ctx(gql).edge(Some(self.desk_id)).await
    }

    /// The responsible leader (责任领导). Null until it is dispatched, and when outside the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn leader(&self, gql: &Context<'_>) -> Option<Result<Cadre>> {
        ctx(gql).edge(self.leader_id).await
    }

    /// The department that leads (责任部门). Null where none does, and while several are asked.
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn lead_department(&self, gql: &Context<'_>) -> Option<Result<Department>> {
        ctx(gql).edge(self.lead_department_id).await
    }

    /// The cadre who leads (责任人). Null where none does, and when outside the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn lead_cadre(&self, gql: &Context<'_>) -> Option<Result<Cadre>> {
        ctx(gql).edge(self.lead_cadre_id).await
    }

    /// Its category (类别). Null when none was named.
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn category(&self, gql: &Context<'_>) -> Option<Result<Category>> {
        ctx(gql).edge(self.category_id).await
    }

    /// Demands that it answers (诉求), the latest first, of those within the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn demands(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<DemandWhere>,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<Vec<OrderBy<DemandOrderField>>>,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<Demand>>> {
        let page = PageArgs::new(first, after, last, before);
        Some(children(gql, "task_id", self.id, Listing { filter, order_by, page }).await)
    }

    /// Its events (台账记录), from the first on.
    #[graphql(directive = class::apply(DataClass::Internal))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn events(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<TaskEventWhere>,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<
            Vec<OrderBy<TaskEventOrderField>>,
        >,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<TaskEvent>>> {
        let page = PageArgs::new(first, after, last, before);
        Some(children(gql, "task_id", self.id, Listing { filter, order_by, page }).await)
    }

    /// Its last event (最近记录).
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn last_event(&self, gql: &Context<'_>) -> Option<Result<TaskEvent>> {
        ctx(gql).load(LastEventOf(self.id)).await.transpose()
    }

    /// Its handlers' parts (承办), as they were offered, past ones too; at most 100.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn parts(&self, gql: &Context<'_>) -> Option<Result<Vec<TaskPart>>> {
        ctx(gql).load(AllOf::<TaskPart>::new(self.id)).await.transpose()
    }

    /// Its milestones (倒排工期), in order; at most 100.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn milestones(&self, gql: &Context<'_>) -> Option<Result<Vec<Milestone>>> {
        ctx(gql).load(AllOf::<Milestone>::new(self.id)).await.transpose()
    }

    /// What was asked in it (延期、挂账、督办): leave, and answers to supervisions, in order; at most 100. Null to who asked for it.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn requests(&self, gql: &Context<'_>) -> Option<Result<Vec<TaskRequest>>> {
        if !self.sight.shows(Part::Internal) {
            return None;
        }
        ctx(gql).load(AllOf::<TaskRequest>::new(self.id)).await.transpose()
    }
}

/// A text of offices to each other that belongs to a task: null to who asked for it.
async fn internal(
    ctx: &Ctx,
    task: TaskId,
    (of, field): (&'static str, &'static str),
    text: Option<String>,
) -> Option<Result<String>> {
    let text = text?;
    let task = match ctx.edge::<Task>(Some(task)).await? {
        Ok(task) => task,
        Err(error) => return Some(Err(error)),
    };
    if !task.sight.shows(Part::Internal) || !task.sight.shows(Part::Personal) {
        return None;
    }
    task.shows(ctx, of, field);
    Some(Ok(text))
}

#[ComplexObject]
impl TaskPart {
    /// The department that has it (承办部门). Null where a cadre has it.
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn department(&self, gql: &Context<'_>) -> Option<Result<Department>> {
        ctx(gql).edge(self.department_id).await
    }

    /// The cadre who has it (承办人). Null where a department has it, and when outside the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn cadre(&self, gql: &Context<'_>) -> Option<Result<Cadre>> {
        ctx(gql).edge(self.cadre_id).await
    }

    /// What came of it, or why it was returned (承办意见). Null until then, and to who asked for the task.
    #[graphql(directive = class::apply(DataClass::Personal))]
    async fn answer(&self, gql: &Context<'_>) -> Option<Result<String>> {
        internal(ctx(gql), self.task_id, ("TaskPart", "answer"), self.answer.clone()).await
    }
}

#[ComplexObject]
impl TaskEvent {
    /// The cadre who did it (操作人). Null when the system did, when no cadre is behind that account, and when outside the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn cadre(&self, gql: &Context<'_>) -> Option<Result<Cadre>> {
        ctx(gql).edge(self.cadre_id).await
    }

    /// Done by the system, by the clock (系统自动).
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn automatic(&self) -> bool {
        self.account_id.is_none()
    }

    /// The part that it is about (承办). Null when it is about the whole.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn part(&self, gql: &Context<'_>) -> Option<Result<TaskPart>> {
        let id = self.part_id?;
        match ctx(gql).load(AllOf::<TaskPart>::new(self.task_id)).await {
            Ok(parts) => parts?.into_iter().find(|part| part.id == id).map(Ok),
            Err(error) => Some(Err(error)),
        }
    }

    /// What was noted (说明). Null when nothing was, and to who asked for the task.
    #[graphql(directive = class::apply(DataClass::Personal))]
    async fn note(&self, gql: &Context<'_>) -> Option<Result<String>> {
        internal(ctx(gql), self.task_id, ("TaskEvent", "note"), self.note.clone()).await
    }

    /// Files that are attached to it (附件), the first first; at most 20. Null to who asked for the task, but for those of its result.
    #[graphql(directive = class::apply(DataClass::Personal))]
    async fn attachments(&self, gql: &Context<'_>) -> Option<Result<Vec<Attachment>>> {
        let ctx = ctx(gql);
        let task = match self.whole(ctx).await {
            Ok(task) => task?,
            Err(error) => return Some(Err(error)),
        };
        if !self.shows_files(&task) {
            return None;
        }
        let asked = AttachmentsOf { kind: RecordKind::TaskEvent, record: self.id.0 };
        Some(ctx.load(asked).await.map(Option::unwrap_or_default))
    }

    /// The task that it is of (任务).
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn task(&self, gql: &Context<'_>) -> Option<Result<Task>> {
        self.whole(ctx(gql)).await.transpose()
    }
}

#[ComplexObject]
impl Milestone {
    /// What will have been reached (节点内容). Null to who asked for the task.
    #[graphql(directive = class::apply(DataClass::Personal))]
    async fn title(&self, gql: &Context<'_>) -> Option<Result<String>> {
        internal(ctx(gql), self.task_id, ("Milestone", "title"), Some(self.title.clone())).await
    }
}

#[ComplexObject]
impl TaskRequest {
    /// Why it was asked (理由). Null to who asked for the task.
    #[graphql(directive = class::apply(DataClass::Personal))]
    async fn reason(&self, gql: &Context<'_>) -> Option<Result<String>> {
        internal(ctx(gql), self.task_id, ("TaskRequest", "reason"), Some(self.reason.clone())).await
    }

    /// What was decided or answered, in words (审批意见). Null when nothing was said, and to who asked for the task.
    #[graphql(directive = class::apply(DataClass::Personal))]
    async fn answer(&self, gql: &Context<'_>) -> Option<Result<String>> {
        internal(ctx(gql), self.task_id, ("TaskRequest", "answer"), self.answer.clone()).await
    }
}
