//! `ContactAssignment` as it is spoken.

use crate::kernel::{
    connection::{Connection, Cursor},
    directive::{DataClass, auth, class, cost, may, see},
    door::live,
    error::Result,
    filter::{ChoiceFilter, DateFilter, IdFilter, in_region, operand},
    node::{Filter, Listing, Node, OrderBy, Ordering, list},
    page::{PageArgs, Run},
    payload::{ctx, payload},
    place::Place,
    policy::{May, Resource},
    request::Ctx,
};
use async_graphql::{Context, Enum, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use entity::{
    assignment,
    id::{AreaId, AssignmentId, CadreId, DepartmentId, EnterpriseId, HouseholdId, RegionId},
    kind::AssignmentKind,
    scalar::Date,
};
use sea_orm::{ColumnTrait, Condition, DerivePartialModel, sea_query::ExprTrait};
use uuid::Uuid;

/// Contact assignment (包联): a cadre's, or for paired help a department's, answerability for one target, from a day to
/// a day. Dates are half-open: `endsOn` is the first day without the right. Seen by its holder, by whoever reaches the
/// target, and, for the places above them, by everyone there.
#[derive(Clone, Debug, SimpleObject, DerivePartialModel)]
#[sea_orm(entity = "assignment::Entity")]
#[graphql(complex)]
pub struct ContactAssignment {
    /// Its id, which never changes (标识).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub id: AssignmentId,
    /// What it is for (包联类型).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub kind: AssignmentKind,
    /// Whether it is the primary contact (主要联系人): one for a household, enterprise or group on any day.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub is_primary: bool,
    /// First day (开始日期).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub starts_on: Date,
    /// First day without the right (结束日期); null while no end is set.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub ends_on: Option<Date>,
    /// Why it was ended (结束原因). Null while no end is set.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub ended_reason: Option<String>,
    /// Raised by each change; what a mutation expects.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub version: i32,
    #[graphql(skip)]
    pub(crate) cadre_id: Option<CadreId>,
    #[graphql(skip)]
    pub(crate) department_id: Option<DepartmentId>,
    #[graphql(skip)]
    pub(crate) region_id: Option<RegionId>,
    #[graphql(skip)]
    pub(crate) area_id: Option<AreaId>,
    #[graphql(skip)]
    pub(crate) household_id: Option<HouseholdId>,
    #[graphql(skip)]
    pub(crate) enterprise_id: Option<EnterpriseId>,
    #[graphql(skip)]
    county_id: RegionId,
    #[graphql(skip)]
    township_id: RegionId,
    #[graphql(skip)]
    village_id: Option<RegionId>,
    #[graphql(skip)]
    group_id: Option<RegionId>,
    #[graphql(skip)]
    grid_id: Option<RegionId>,
}

impl ContactAssignment {
    /// Where its target is.
    pub(crate) fn place(&self) -> Place {
        Place {
            county_id: Some(self.county_id),
            township_id: Some(self.township_id),
            village_id: self.village_id,
            group_id: self.group_id,
            grid_id: self.grid_id,
        }
    }

    /// Whether it is in force on a day.
    pub(crate) fn live_on(&self, day: Date) -> bool {
        self.starts_on <= day && self.ends_on.is_none_or(|ends| ends > day)
    }
}

/// Conditions on assignments, all of them to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct ContactAssignmentWhere {
    /// True: in force today. False: those over, and those to come.
    pub live: MaybeUndefined<bool>,
    /// In force on this day: who was answerable then.
    pub live_on: MaybeUndefined<Date>,
    /// By what it is for.
    #[graphql(default)]
    pub kind: Option<ChoiceFilter<AssignmentKind>>,
    /// Primary contacts only, or the others only.
    pub is_primary: MaybeUndefined<bool>,
    /// By the cadre who holds it.
    #[graphql(default)]
    pub cadre_id: Option<IdFilter>,
    /// By the department that holds it.
    #[graphql(default)]
    pub department_id: Option<IdFilter>,
    /// By the household that it is for.
    #[graphql(default)]
    pub household_id: Option<IdFilter>,
    /// By the enterprise that it is for.
    #[graphql(default)]
    pub enterprise_id: Option<IdFilter>,
    /// With its target anywhere in this region.
    pub region: MaybeUndefined<RegionId>,
    /// By its first day.
    #[graphql(default)]
    pub starts_on: Option<DateFilter>,
}

impl ContactAssignmentWhere {
    /// Those in force today, where nothing is said of days.
    pub(crate) fn live_unless_said(mut self) -> Self {
        if self.live.is_undefined() && self.live_on.is_undefined() {
            self.live = MaybeUndefined::Value(true);
        }
        self
    }
}

impl Filter for ContactAssignmentWhere {
    async fn condition(&self, ctx: &Ctx) -> Result<Condition> {
        use assignment::Column;
        let mut all = in_region::<assignment::Entity>(ctx, &self.region).await?;
        if let Some(wanted) = operand(&self.live)? {
            let now = live(Column::StartsOn, Column::EndsOn, ctx.today());
            all = all.add(if wanted { now } else { now.not() });
        }
        if let Some(day) = operand(&self.live_on)? {
            all = all.add(live(Column::StartsOn, Column::EndsOn, day));
        }
        if let Some(kind) = &self.kind {
            all = all.add(kind.on(Column::Kind)?);
        }
        if let Some(primary) = operand(&self.is_primary)? {
            all = all.add(Column::IsPrimary.eq(primary));
        }
        let ids = [
            (&self.cadre_id, Column::CadreId, CadreId::PREFIX),
            (&self.department_id, Column::DepartmentId, DepartmentId::PREFIX),
            (&self.household_id, Column::HouseholdId, HouseholdId::PREFIX),
            (&self.enterprise_id, Column::EnterpriseId, EnterpriseId::PREFIX),
        ];
        for (filter, column, prefix) in ids {
            if let Some(filter) = filter {
                all = all.add(filter.on(ctx, column, prefix)?);
            }
        }
        if let Some(starts) = &self.starts_on {
            all = all.add(starts.on(Column::StartsOn)?);
        }
        Ok(all)
    }
}

/// What assignments are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum ContactAssignmentOrderField {
    /// First day.
    StartsOn,
}

impl Ordering for ContactAssignmentOrderField {
    fn column(self) -> Option<&'static str> {
        Some("starts_on")
    }

    fn usual() -> Run {
        Run { column: Some("starts_on"), descending: true }
    }
}

impl Node for ContactAssignment {
    type Entity = assignment::Entity;
    type Where = ContactAssignmentWhere;
    type Order = ContactAssignmentOrderField;
    const NAME: &'static str = AssignmentId::PREFIX;

    fn uuid(&self) -> Uuid {
        self.id.0
    }
}

/// Questions about assignments.
#[derive(Debug, Default)]
pub struct ContactQuery;

#[Object]
impl ContactQuery {
    /// Assignments that the viewer may see, the newest first. Requires sign-in.
    #[graphql(directive = class::apply(DataClass::Internal), directive = cost::apply(1), directive = auth::apply(see(&[Resource::Assignment])))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn contact_assignments(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<
            ContactAssignmentWhere,
        >,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<
            Vec<OrderBy<ContactAssignmentOrderField>>,
        >,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<ContactAssignment>>> {
        if let Err(error) = ctx(gql).signed_in() {
            return Some(Err(error));
        }
        Some(list(gql, Listing { filter, order_by, page: PageArgs::new(first, after, last, before) }).await)
    }
}

/// An assignment to make.
#[derive(Clone, Debug, InputObject)]
pub struct AssignmentCreateInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Id minted by the client; made by the server otherwise.
    #[graphql(default)]
    pub id: Option<AssignmentId>,
    /// What it is for; the target must fit.
    pub kind: AssignmentKind,
    /// The holder: a cadre …
    #[graphql(default)]
    pub cadre_id: Option<CadreId>,
    /// … or, for paired help, a department.
    #[graphql(default)]
    pub department_id: Option<DepartmentId>,
    /// The target of kinds `TOWNSHIP`, `VILLAGE` and `GROUP` (a villagers' group or a grid).
    #[graphql(default)]
    pub region_id: Option<RegionId>,
    /// The target of kind `AREA`.
    #[graphql(default)]
    pub area_id: Option<AreaId>,
    /// The target of kind `HOUSEHOLD`.
    #[graphql(default)]
    pub household_id: Option<HouseholdId>,
    /// The target of kind `ENTERPRISE`.
    #[graphql(default)]
    pub enterprise_id: Option<EnterpriseId>,
    /// Whether this is the primary contact; households, enterprises and groups only.
    #[graphql(default)]
    pub is_primary: bool,
    /// First day.
    pub starts_on: Date,
    /// First day without the right; open when absent.
    #[graphql(default)]
    pub ends_on: Option<Date>,
}

/// An assignment to end.
#[derive(Clone, Debug, InputObject)]
pub struct AssignmentEndInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Which assignment.
    pub id: AssignmentId,
    /// The version that the change is based on.
    pub expected_version: i32,
    /// First day without the right; today when absent: the holder's next request no longer sees the target.
    #[graphql(default)]
    pub ends_on: Option<Date>,
    /// Why, at most 200 characters.
    pub reason: String,
}

payload! {
    /// An assignment that was made or ended, or why not.
    AssignmentPayload, assignment: ContactAssignment
}

/// Changes to assignments.
#[derive(Debug, Default)]
pub struct ContactMutation;

#[Object]
impl ContactMutation {
    /// Makes a cadre or a department answerable for a target. Requires `REGION_ADMIN` of the target's place, or
    /// `BRANCH_SECRETARY` of the cadre's branch. Errors: `INVALID` (kind, target, dates), `DUPLICATE` (a second primary
    /// contact on some of the days; `existing` names the first), `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::Assign)))]
    async fn assignment_create(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to make.")] input: AssignmentCreateInput,
    ) -> Option<Result<AssignmentPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("assignmentCreate", &input.idempotency_key, &input, super::create).await;
        AssignmentPayload::of(ctx, written).await
    }

    /// Ends an assignment on a day. From that day on its holder no longer sees what it opened, in any way in. Requires
    /// what `assignmentCreate` requires. Errors: `INVALID`, `STATE` (already over), `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::Assign)))]
    async fn assignment_end(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to end, and why.")] input: AssignmentEndInput,
    ) -> Option<Result<AssignmentPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("assignmentEnd", &input.idempotency_key, &input, super::end).await;
        AssignmentPayload::of(ctx, written).await
    }
}
