//! Many assignments in one step, as it is spoken: the previews, and the mutations that do what they show.

use super::{
    batch::{AssignmentBatch, AssignmentBatchOrderField, AssignmentBatchWhere},
    carry::Order,
    hand_over::HandOver,
    list::AssignmentList,
    load::CadreLoad,
    plan::{Plan, Step, carried},
    spread::Spread,
};
use crate::kernel::{
    connection::{Connection, Count, Cursor},
    directive::{DataClass, auth, class, cost, may, may_in_region, see},
    error::{Result, UserError},
    node::{Listing, OrderBy, list},
    page::{self, PageArgs, Run, Stamp},
    payload::{ctx, payload},
    place::still,
    policy::{May, Resource},
    refusal::Checks,
    request::Ctx,
    work::Work,
};
use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use entity::{
    id::{AreaId, AssignmentId, BatchId, CadreId, EnterpriseId, HouseholdId, RegionId},
    kind::{AssignmentKind, BatchKind},
    scalar::Date,
};
use futures_util::FutureExt;
use std::sync::Arc;
use uuid::Uuid;

/// What a step of many would do (变更预览), as things stand at this moment.
pub struct AssignmentPlan {
    plan: Plan,
    digest: String,
    loads: Vec<CadreLoadChange>,
    errors: Vec<UserError>,
}

/// What would become of one target (包联变更).
#[derive(Clone, Debug, SimpleObject)]
#[graphql(complex)]
pub struct AssignmentChange {
    /// What the assignment is for (包联类型).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub kind: AssignmentKind,
    /// Whether it is about the primary contact (主要联系人).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub is_primary: bool,
    /// First day of the new holder (开始日期). Null where none begins, because the new holder has the target already.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub starts_on: Option<Date>,
    /// First day without the right of the new holder (结束日期). Null while no end is set.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub ends_on: Option<Date>,
    #[graphql(skip)]
    pub(crate) from: Option<CadreId>,
    #[graphql(skip)]
    pub(crate) to: Option<CadreId>,
    #[graphql(skip)]
    pub(crate) ends: Option<AssignmentId>,
    #[graphql(skip)]
    pub(crate) region_id: Option<RegionId>,
    #[graphql(skip)]
    pub(crate) area_id: Option<AreaId>,
    #[graphql(skip)]
    pub(crate) household_id: Option<HouseholdId>,
    #[graphql(skip)]
    pub(crate) enterprise_id: Option<EnterpriseId>,
}

impl From<&Step> for AssignmentChange {
    fn from(step: &Step) -> Self {
        let ends = step.ends.first();
        Self {
            kind: step.kind,
            is_primary: step.is_primary,
            starts_on: step.begins.map(|begin| begin.starts_on),
            ends_on: step.begins.and_then(|begin| begin.ends_on),
            from: ends.and_then(|row| row.cadre_id),
            to: step.begins.map(|begin| begin.cadre),
            ends: ends.map(|row| row.id),
            region_id: step.target.region,
            area_id: step.target.area,
            household_id: step.target.household,
            enterprise_id: step.target.enterprise,
        }
    }
}

/// How the load of one cadre would change (负担变化).
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct CadreLoadChange {
    /// Household assignments on that day as things stand (变更前户数).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub before: i64,
    /// Household assignments on that day after the step (变更后户数).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub after: i64,
    /// Whose load it is (负担人), with what they carry today.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub load: CadreLoad,
}

impl AssignmentPlan {
    async fn of(ctx: &Ctx, plan: Result<Plan>, on: Date) -> Result<Self> {
        use crate::kernel::error::Error;
        let refused = |refusals: Vec<crate::kernel::error::Refusal>| Self {
            plan: Plan::nothing(on),
            digest: String::new(),
            loads: Vec::new(),
            errors: refusals.into_iter().map(Into::into).collect(),
        };
        let plan = match plan {
            Ok(plan) => plan,
            Err(Error::Refused(refusals)) => return Ok(refused(refusals)),
            Err(error) => return Err(error),
        };
        match plan.check(ctx, ctx.db().read()).await {
            Ok(()) => {}
            Err(Error::Refused(refusals)) => return Ok(refused(refusals)),
            Err(error) => return Err(error),
        }
        let loads = loads(ctx, &plan).await?;
        let digest = plan.digest(ctx.now());
        Ok(Self { plan, digest, loads, errors: Vec::new() })
    }
}

async fn loads(ctx: &Ctx, plan: &Plan) -> Result<Vec<CadreLoadChange>> {
    let holders = plan.holders();
    let before = carried(ctx, ctx.db().read(), plan.on, holders.clone()).await?;
    let today = ctx.today();
    let mut loads = Vec::new();
    for cadre in holders.into_iter().take(MOST_LOADS) {
        let was = before.get(&cadre).copied().unwrap_or(0);
        let key = super::load::LoadOf { cadre, day: today };
        let load = ctx.load(key).await?.unwrap_or_else(|| CadreLoad::none(cadre));
        loads.push(CadreLoadChange { before: was, after: was + plan.household_change(cadre), load });
    }
    Ok(loads)
}

/// Loads that a preview tells of at the most.
const MOST_LOADS: usize = 200;

/// What a step of many would do (变更预览), as things stand at this moment. It changes nothing. Send its `digest` as
/// `expectedPlan` with the mutation, and the mutation does exactly this or is refused (`PlanChangedError`).
#[Object]
impl AssignmentPlan {
    /// Names this plan as it was seen (计划摘要). Empty when there are errors.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn digest(&self) -> ID {
        ID(self.digest.clone())
    }

    /// First day of the new answerability (生效日期).
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn effective_on(&self) -> Date {
        self.plan.on
    }

    /// How many assignments would end (结束数).
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn ends(&self) -> i32 {
        i32::try_from(self.plan.ends()).unwrap_or(i32::MAX)
    }

    /// How many would begin (开始数).
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn starts(&self) -> i32 {
        i32::try_from(self.plan.begins()).unwrap_or(i32::MAX)
    }

    /// What would become of each target (逐项变更).
    #[graphql(directive = class::apply(DataClass::Internal))]
    #[expect(clippy::unused_async, reason = "a resolver that can fail is async")]
    async fn changes(
        &self,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Result<Connection<AssignmentChange>, crate::kernel::error::Error> {
        let stamp = Stamp::new("assignment-plan", &self.plan.hash(), Run { column: None, descending: false });
        let rows: Vec<AssignmentChange> = self.plan.steps.iter().map(Into::into).collect();
        let n = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        let slice = page::of_all(PageArgs::new(first, after, last, before), &stamp, rows)?;
        let count: Count = Arc::new(move || async move { Ok(n) }.boxed());
        Ok(Connection::new(slice, count))
    }

    /// How the loads of the cadres concerned would change (负担变化), at most 200 of them.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn loads(&self) -> &Vec<CadreLoadChange> {
        &self.loads
    }

    /// Why the mutation would be refused (拒绝原因); empty when it would be done.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn errors(&self) -> &Vec<UserError> {
        &self.errors
    }
}

/// Questions about many assignments at once.
#[derive(Debug, Default)]
pub struct AssignmentBatchQuery;

#[Object]
impl AssignmentBatchQuery {
    /// What `assignmentsHandOver` would do. Requires what `assignmentEnd` and `assignmentCreate` require, for each target.
    #[graphql(directive = class::apply(DataClass::Internal), directive = cost::apply(50), directive = auth::apply(may(May::Assign)))]
    async fn assignments_hand_over_preview(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Who hands over what to whom.")] hand_over: HandOver,
    ) -> Option<Result<AssignmentPlan>> {
        let ctx = ctx(gql);
        if let Err(error) = ctx.signed_in() {
            return Some(Err(error));
        }
        let plan = hand_over.plan(ctx, ctx.db().read(), false).await;
        Some(AssignmentPlan::of(ctx, plan, hand_over.effective_on).await)
    }

    /// What `assignmentsAssign` would do. Requires what `assignmentCreate` requires, for each target.
    #[graphql(directive = class::apply(DataClass::Internal), directive = cost::apply(50), directive = auth::apply(may(May::Assign)))]
    async fn assignments_assign_preview(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Targets with their holders.")] list: AssignmentList,
    ) -> Option<Result<AssignmentPlan>> {
        let ctx = ctx(gql);
        if let Err(error) = ctx.signed_in() {
            return Some(Err(error));
        }
        let plan = list.plan(ctx, ctx.db().read(), false).await;
        Some(AssignmentPlan::of(ctx, plan, list.starts_on).await)
    }

    /// What `assignmentsSpread` would do. Requires `REGION_ADMIN` of the region.
    #[graphql(directive = class::apply(DataClass::Internal), directive = cost::apply(50), directive = auth::apply(may_in_region(May::Assign)))]
    async fn assignments_spread_preview(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which households, over whom.")] spread: Spread,
    ) -> Option<Result<AssignmentPlan>> {
        let ctx = ctx(gql);
        if let Err(error) = ctx.signed_in() {
            return Some(Err(error));
        }
        let plan = spread.plan(ctx, ctx.db().read(), false).await;
        Some(AssignmentPlan::of(ctx, plan, spread.starts_on).await)
    }

    /// Steps of many that the viewer may see, the newest first. Requires sign-in.
    #[graphql(directive = class::apply(DataClass::Internal), directive = cost::apply(1), directive = auth::apply(see(&[Resource::Assignment])))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn assignment_batches(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<
            AssignmentBatchWhere,
        >,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<
            Vec<OrderBy<AssignmentBatchOrderField>>,
        >,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<AssignmentBatch>>> {
        if let Err(error) = ctx(gql).signed_in() {
            return Some(Err(error));
        }
        Some(list(gql, Listing { filter, order_by, page: PageArgs::new(first, after, last, before) }).await)
    }
}

macro_rules! step_inputs {
    ($($(#[$doc:meta])* $name:ident { $(#[$part_doc:meta])* $part:ident: $type:ty })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, InputObject)]
        pub struct $name {
            /// A UUID made anew for this action and kept for its retries.
            pub idempotency_key: ID,
            /// Id of the step, minted by the client; made by the server otherwise.
            #[graphql(default)]
            pub id: Option<BatchId>,
            $(#[$part_doc])*
            pub $part: $type,
            /// Why, at most 200 characters; stands with each assignment that it ends.
            pub reason: String,
            /// The `digest` of the preview that was agreed to: if things have changed since, nothing is done.
            #[graphql(default)]
            pub expected_plan: Option<ID>,
        }
    )*};
}

step_inputs! {
    /// A hand-over to carry out.
    AssignmentsHandOverInput {
        /// Who hands over what to whom.
        hand_over: HandOver
    }
    /// A list of assignments to make.
    AssignmentsAssignInput {
        /// Targets with their holders.
        list: AssignmentList
    }
    /// An even spread to carry out.
    AssignmentsSpreadInput {
        /// Which households, over whom.
        spread: Spread
    }
}

payload! {
    /// A step of many that was carried out, or why not.
    AssignmentBatchPayload, assignment_batch: AssignmentBatch
}

fn why(reason: &str) -> Result<String> {
    let mut checks = Checks::default();
    let reason = checks.text("reason", reason, 200);
    checks.done()?;
    Ok(reason)
}

async fn hand_over(work: &Work, input: AssignmentsHandOverInput) -> Result<Uuid> {
    let AssignmentsHandOverInput { idempotency_key: _, id, hand_over, reason, expected_plan } = input;
    let order = Order {
        id,
        kind: BatchKind::HandOver,
        between: Some((hand_over.from_cadre_id, hand_over.to_cadre_id)),
        reason: why(&reason)?,
        expected: expected_plan.map(|digest| digest.0),
        concerned: hand_over.concerned(),
    };
    still::hold(&work.tx).await?;
    hand_over.plan(&work.ctx, &work.tx, true).await?.carry_out(work, order).await
}

async fn assign(work: &Work, input: AssignmentsAssignInput) -> Result<Uuid> {
    let AssignmentsAssignInput { idempotency_key: _, id, list, reason, expected_plan } = input;
    let order = Order {
        id,
        kind: BatchKind::List,
        between: None,
        reason: why(&reason)?,
        expected: expected_plan.map(|digest| digest.0),
        concerned: list.concerned(&work.ctx),
    };
    still::hold(&work.tx).await?;
    list.plan(&work.ctx, &work.tx, true).await?.carry_out(work, order).await
}

async fn spread(work: &Work, input: AssignmentsSpreadInput) -> Result<Uuid> {
    let AssignmentsSpreadInput { idempotency_key: _, id, spread, reason, expected_plan } = input;
    still::hold(&work.tx).await?;
    let level = spread.level(&work.ctx, &work.tx).await?;
    let order = Order {
        id,
        kind: BatchKind::Spread,
        between: None,
        reason: why(&reason)?,
        expected: expected_plan.map(|digest| digest.0),
        concerned: spread.concerned(level),
    };
    spread.plan(&work.ctx, &work.tx, true).await?.carry_out(work, order).await
}

/// Changes to many assignments at once.
#[derive(Debug, Default)]
pub struct AssignmentBatchMutation;

#[Object]
impl AssignmentBatchMutation {
    /// Hands over all that one cadre answers for, or some of it, to another from a day on, in one step. From that day the
    /// first no longer sees it. Requires what `assignmentEnd` and `assignmentCreate` require, for each target. Errors:
    /// `INVALID`, `CONFLICT` (not what was previewed), `STATE` (nothing to hand over), `LIMIT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(100), directive = auth::apply(may(May::Assign)))]
    async fn assignments_hand_over(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to hand over, and why.")] input: AssignmentsHandOverInput,
    ) -> Option<Result<AssignmentBatchPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("assignmentsHandOver", &input.idempotency_key, &input, hand_over).await;
        AssignmentBatchPayload::of(ctx, written).await
    }

    /// Makes many assignments by a list, in one step: all of them or none. Requires what `assignmentCreate` requires, for
    /// each target. Errors: `INVALID`, `DUPLICATE`, `CONFLICT` (not what was previewed), `STATE` (nothing to change),
    /// `LIMIT`, `FORBIDDEN`, `NOT_FOUND`; `path` names the entry.
    #[graphql(directive = cost::apply(100), directive = auth::apply(may(May::Assign)))]
    async fn assignments_assign(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Targets with their holders, and why.")] input: AssignmentsAssignInput,
    ) -> Option<Result<AssignmentBatchPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("assignmentsAssign", &input.idempotency_key, &input, assign).await;
        AssignmentBatchPayload::of(ctx, written).await
    }

    /// Spreads the households of a place evenly over a group of cadres, village by village, in one step. Requires
    /// `REGION_ADMIN` of the region. Errors: `INVALID`, `CONFLICT` (not what was previewed), `STATE` (nothing to spread),
    /// `LIMIT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(100), directive = auth::apply(may_in_region(May::Assign)))]
    async fn assignments_spread(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which households, over whom, and why.")] input: AssignmentsSpreadInput,
    ) -> Option<Result<AssignmentBatchPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("assignmentsSpread", &input.idempotency_key, &input, spread).await;
        AssignmentBatchPayload::of(ctx, written).await
    }
}
