//! `Task` as it is spoken.

use super::clock;
use crate::kernel::{
    access::{Owner, Subject, Way},
    connection::{Connection, Cursor},
    directive::{DataClass, auth, class, cost, see},
    door::any_of,
    error::Result,
    filter::{ChoiceFilter, DateFilter, IdFilter, StringFilter, in_region, operand},
    node::{Filter, Listing, Node, OrderBy, Ordering, list},
    page::{PageArgs, Run},
    payload::ctx,
    place::Place,
    policy::{Part, Resource, Sight},
    request::Ctx,
    rows::Key,
    scope::{Facts, Scope},
};
use async_graphql::{Context, Enum, InputObject, MaybeUndefined, Object, SimpleObject};
use entity::{
    id::{CadreId, CategoryId, DepartmentId, EnterpriseId, HouseholdId, RegionId, TaskId},
    kind::{DemandField, TaskState, Urgency},
    scalar::{Date, DateTime},
    task,
};
use sea_orm::{
    ColumnTrait, Condition, DerivePartialModel, FromQueryResult, QueryFilter, QuerySelect,
    sea_query::ExprTrait,
};
use std::collections::HashMap;
use uuid::Uuid;

/// A task (任务): the numbered piece of work that answers one or more demands. Seen by whoever answers for whom it concerns, by
/// the desk, leaders, supervisors and administrators of its place, by its handlers, past ones too, and by who asked for it,
/// who are not shown what offices write to each other. What is not shown is null and named in `redactedFields`.
#[derive(Clone, Debug, SimpleObject, DerivePartialModel)]
#[sea_orm(entity = "task::Entity")]
#[graphql(complex)]
pub struct Task {
    /// Its id, which never changes (标识).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub id: TaskId,
    /// Its number (编号): code of the township, year, six digits without a gap.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub number: String,
    /// State (状态).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub state: TaskState,
    /// Neither struck off nor cancelled (未销号).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub open: bool,
    /// Of which field (领域).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub field: DemandField,
    /// How urgent (紧急程度).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub urgency: Urgency,
    /// Whether the statutory clocks of petitions hold (信访事项).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub petition: bool,
    /// When the clocks began (计时起点): the earliest registration; since it was opened again, that moment.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub clock_from: DateTime,
    /// By when it is to be claimed (响应时限).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub respond_due_at: DateTime,
    /// When it was claimed first (响应时间), in this round. Null until then.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub responded_at: Option<DateTime>,
    /// By when it is to be resolved (时限): the first moment that is too late. Of a suspended task the one that stood before; it
    /// moves when work goes on.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub due_at: DateTime,
    /// From when it is amber (预警时间): 70 % of the time is gone.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub amber_at: DateTime,
    /// Of a suspended task, the day on which it is looked at again (复核日期). Null of the others.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub review_on: Option<Date>,
    /// How often it was returned (退单次数).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub returns: i32,
    /// How often it was extended (延期次数).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub extensions: i32,
    /// How often it was opened again (重办次数).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub round: i32,
    /// When it was made (立项时间).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub created_at: DateTime,
    /// When it was resolved (办结时间), in this round. Null until then.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub resolved_at: Option<DateTime>,
    /// When they were asked to judge who had asked for it (征求评价时间), in this round. Null until then.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub asked_at: Option<DateTime>,
    /// Calls that nobody answered (未接通次数), in this round.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub calls: i32,
    /// When it was struck off or cancelled (销号时间). Null while it is open.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub closed_at: Option<DateTime>,
    /// Struck off by the system after a week of silence (自动销号).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub closed_silently: bool,
    /// Raised by each step; what a mutation expects.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub version: i32,
    #[graphql(skip)]
    pub(crate) title: String,
    #[graphql(skip)]
    pub(crate) category_id: Option<CategoryId>,
    #[graphql(skip)]
    pub(crate) household_id: Option<HouseholdId>,
    #[graphql(skip)]
    pub(crate) enterprise_id: Option<EnterpriseId>,
    #[graphql(skip)]
    pub(crate) county_id: RegionId,
    #[graphql(skip)]
    pub(crate) township_id: Option<RegionId>,
    #[graphql(skip)]
    pub(crate) village_id: Option<RegionId>,
    #[graphql(skip)]
    pub(crate) group_id: Option<RegionId>,
    #[graphql(skip)]
    pub(crate) grid_id: Option<RegionId>,
    #[graphql(skip)]
    pub(crate) desk_id: RegionId,
    #[graphql(skip)]
    pub(crate) leader_id: Option<CadreId>,
    #[graphql(skip)]
    pub(crate) lead_department_id: Option<DepartmentId>,
    #[graphql(skip)]
    pub(crate) lead_cadre_id: Option<CadreId>,
    #[graphql(skip)]
    #[sea_orm(skip)]
    pub(crate) sight: Sight,
    #[graphql(skip)]
    #[sea_orm(skip)]
    pub(crate) way: Way,
}

/// Each field that may be hidden, and the part that shows it.
const MASKED: &[(&str, Option<Part>)] = &[
    ("title", Some(Part::Personal)),
    ("content", Some(Part::Internal)),
    ("measures", Some(Part::Internal)),
    ("result", Some(Part::Personal)),
    ("requests", Some(Part::Internal)),
];

impl Task {
    /// Where what it concerns stands.
    pub(crate) fn place(&self) -> Place {
        Place {
            county_id: Some(self.county_id),
            township_id: self.township_id,
            village_id: self.village_id,
            group_id: self.group_id,
            grid_id: self.grid_id,
        }
    }

    /// What rights over it are decided by.
    pub(crate) fn facts(&self) -> Facts<'static> {
        Facts {
            place: self.place(),
            household: self.household_id,
            enterprise: self.enterprise_id,
            task: Some(self.id),
            ..Facts::default()
        }
    }

    /// The same for what its desk alone may do.
    pub(crate) fn desk_facts(&self) -> Facts<'static> {
        if self.township_id.is_none() || self.desk_id != self.county_id {
            return self.facts();
        }
        let place = Place { county_id: Some(self.county_id), ..Place::default() };
        Facts { place, task: Some(self.id), ..Facts::default() }
    }

    /// Names of the fields that are null because the viewer may not see them.
    pub(crate) fn hidden(&self) -> Vec<&'static str> {
        self.sight.hides(MASKED)
    }

    /// Whether its clock runs and is over.
    pub(crate) fn is_overdue(&self, now: DateTime) -> bool {
        clock::is_running(self.state) && now >= self.due_at
    }

    /// Notes that something personal of it is shown: of whom it concerns.
    pub(crate) fn shows(&self, ctx: &Ctx, of: &'static str, field: &str) {
        let household = self.household_id.map(Subject::Household);
        if let Some(subject) = household.or(self.enterprise_id.map(Subject::Enterprise)) {
            ctx.shows(Owner { subject, of, way: self.way }, field, DataClass::Personal);
        }
    }
}

/// The long part of a task: read only when it is asked for.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Written {
    id: TaskId,
    /// What is to be done.
    pub content: Option<String>,
    /// Measures.
    pub measures: serde_json::Value,
    /// What came of it.
    pub result: Option<String>,
}

/// The question for the long part of a task.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct WrittenOf(pub TaskId);

impl Key for WrittenOf {
    type Value = Written;

    async fn load(ctx: Ctx, keys: Vec<Self>) -> Result<HashMap<Self, Written>> {
        use task::Column::{Content, Id, Measures, Result};
        let rows: Vec<Written> = ctx
            .within::<task::Entity>()
            .select_only()
            .columns([Id, Content, Measures, Result])
            .filter(any_of(Id, keys.iter().map(|key| key.0), ctx.backend()))
            .into_model()
            .all(ctx.db().read())
            .await?;
        Ok(rows.into_iter().map(|row| (Self(row.id), row)).collect())
    }
}

/// Conditions on tasks, all of them to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct TaskWhere {
    /// Concerning anything in this region.
    pub region: MaybeUndefined<RegionId>,
    /// By number.
    #[graphql(default)]
    pub number: Option<StringFilter>,
    /// By the state in which it is.
    #[graphql(default)]
    pub state: Option<ChoiceFilter<TaskState>>,
    /// True: neither struck off nor cancelled. False: the others.
    pub open: MaybeUndefined<bool>,
    /// By urgency.
    #[graphql(default)]
    pub urgency: Option<ChoiceFilter<Urgency>>,
    /// By the field of life that it is of.
    #[graphql(default)]
    pub field: Option<ChoiceFilter<DemandField>>,
    /// By category.
    #[graphql(default)]
    pub category_id: Option<IdFilter>,
    /// By the household that it concerns first.
    #[graphql(default)]
    pub household_id: Option<IdFilter>,
    /// By the enterprise that it concerns first.
    #[graphql(default)]
    pub enterprise_id: Option<IdFilter>,
    /// By the responsible leader.
    #[graphql(default)]
    pub leader_id: Option<IdFilter>,
    /// By the department that leads.
    #[graphql(default)]
    pub lead_department_id: Option<IdFilter>,
    /// By the cadre who leads.
    #[graphql(default)]
    pub lead_cadre_id: Option<IdFilter>,
    /// By the civil date on which it was made.
    #[graphql(default)]
    pub created_on: Option<DateFilter>,
    /// By the civil date of its deadline.
    #[graphql(default)]
    pub due_on: Option<DateFilter>,
    /// True: at work beyond the deadline. False: the others.
    pub overdue: MaybeUndefined<bool>,
    /// True: at work, 70 % of the time gone, and not overdue. False: the others.
    pub amber: MaybeUndefined<bool>,
    /// True: given to the viewer or the viewer's departments, and open. False: the others.
    pub given: MaybeUndefined<bool>,
}

impl Filter for TaskWhere {
    async fn condition(&self, ctx: &Ctx) -> Result<Condition> {
        use task::Column;
        let mut all = in_region::<task::Entity>(ctx, &self.region).await?;
        macro_rules! conditions {
            ($($field:ident => $column:ident),*) => {
                $(if let Some(filter) = &self.$field { all = all.add(filter.on(Column::$column)?); })*
            };
        }
        conditions!(number => Number, state => State, urgency => Urgency, field => Field);
        for (day, column) in [(&self.created_on, Column::CreatedAt), (&self.due_on, Column::DueAt)] {
            if let Some(day) = day {
                all = all.add(day.on_moment(column)?);
            }
        }
        let ids = [
            (&self.category_id, Column::CategoryId, CategoryId::PREFIX),
            (&self.household_id, Column::HouseholdId, HouseholdId::PREFIX),
            (&self.enterprise_id, Column::EnterpriseId, EnterpriseId::PREFIX),
            (&self.leader_id, Column::LeaderId, CadreId::PREFIX),
            (&self.lead_department_id, Column::LeadDepartmentId, DepartmentId::PREFIX),
            (&self.lead_cadre_id, Column::LeadCadreId, CadreId::PREFIX),
        ];
        for (filter, column, prefix) in ids {
            if let Some(filter) = filter {
                all = all.add(filter.on(ctx, column, prefix)?);
            }
        }
        if let Some(open) = operand(&self.open)? {
            all = all.add(Column::Open.eq(open));
        }
        let running = || Column::State.is_in(clock::RUNNING).and(Column::Open.eq(true));
        if let Some(overdue) = operand(&self.overdue)? {
            let late = running().and(Column::DueAt.lte(ctx.now()));
            all = all.add(if overdue { late } else { late.not() });
        }
        if let Some(amber) = operand(&self.amber)? {
            let soon = running().and(Column::AmberAt.lte(ctx.now())).and(Column::DueAt.gt(ctx.now()));
            all = all.add(if amber { soon } else { soon.not() });
        }
        if let Some(given) = operand(&self.given)? {
            let mut ids: Vec<TaskId> = ctx.scope().given.keys().copied().collect();
            ids.sort_unstable();
            let own = any_of(Column::Id, ids, ctx.backend());
            all = all.add(if given { own } else { own.not() });
        }
        Ok(all)
    }
}

/// What tasks are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum TaskOrderField {
    /// By when it is to be resolved.
    DueAt,
}

impl Ordering for TaskOrderField {
    fn column(self) -> Option<&'static str> {
        Some("due_at")
    }

    fn usual() -> Run {
        Run { column: Some("due_at"), descending: false }
    }
}

impl Node for Task {
    type Entity = task::Entity;
    type Where = TaskWhere;
    type Order = TaskOrderField;
    const NAME: &'static str = TaskId::PREFIX;

    fn uuid(&self) -> Uuid {
        self.id.0
    }

    fn seen(&mut self, scope: &Scope, way: Way) {
        self.sight = scope.task_sight(&self.facts(), (self.lead_department_id, self.lead_cadre_id));
        self.way = way;
    }
}

/// Questions about tasks.
#[derive(Debug, Default)]
pub struct TaskQuery;

#[Object]
impl TaskQuery {
    /// One task by its id. Null when there is none, or none within the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal), directive = cost::apply(1), directive = auth::apply(see(&[Resource::Task])))]
    async fn task(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which one.")] id: TaskId,
    ) -> Option<Result<Task>> {
        ctx(gql).edge(Some(id)).await
    }

    /// The ledger (工作台账): tasks within the viewer's scope, by deadline, the next first. Requires a role, an assignment or a task
    /// that was given; others see an empty list.
    #[graphql(directive = class::apply(DataClass::Internal), directive = cost::apply(1), directive = auth::apply(see(&[Resource::Task])))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn tasks(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<TaskWhere>,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<Vec<OrderBy<TaskOrderField>>>,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<Task>>> {
        if let Err(error) = ctx(gql).signed_in() {
            return Some(Err(error));
        }
        Some(list(gql, Listing { filter, order_by, page: PageArgs::new(first, after, last, before) }).await)
    }
}
