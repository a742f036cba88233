//! Changes to demands.

use super::{
    decide,
    input::{
        DemandDeclineInput, DemandMergeInput, DemandObjectInput, DemandRegisterInput, DemandSettleInput,
        DemandSplitInput, DemandUnmergeInput, DemandUpdateInput, DemandWithdrawInput, SuggestionDecideInput,
        VisitDemandInput,
    },
    object::Demand,
    register,
};
use crate::{
    kernel::{
        directive::{auth, cost, may, signed_in},
        error::{Refusal, Result},
        payload::{ctx, payload},
        policy::May,
        work::Work,
    },
    visit::{
        self,
        object::{VisitDraft, VisitPayload},
    },
};
use async_graphql::{Context, ID, InputObject, Object};
use entity::id::VisitId;
use uuid::Uuid;

/// Demands that are heard in one visit.
const HEARD: usize = 10;

/// A visit to record, with what was asked for in it.
#[derive(Clone, Debug, InputObject)]
pub struct VisitRecordInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// The visit.
    #[graphql(flatten)]
    pub visit: VisitDraft,
    /// What was asked for or suggested in it, at most 10; each becomes a demand of whom the visit was to.
    #[graphql(default)]
    pub demands: Option<Vec<VisitDemandInput>>,
}

/// Records a visit and registers what was heard in it: all of it, or none.
async fn record(work: &Work, input: VisitRecordInput) -> Result<Uuid> {
    let VisitRecordInput { idempotency_key: _, visit, demands } = input;
    let demands = demands.unwrap_or_default();
    if demands.len() > HEARD {
        return Err(Refusal::rule(
            "too-many",
            "demands",
            format!("一次走访最多登记 {HEARD} 项诉求。"),
            format!("{HEARD} demands of one visit at the most."),
        )
        .into());
    }
    let id = visit::record(work, visit).await?;
    register::heard_in(work, VisitId(id), demands).await?;
    Ok(id)
}

payload! {
    /// A demand that was registered, changed or decided about, or why not.
    DemandPayload, demand: Demand
}

/// Changes to demands.
#[derive(Debug, Default)]
pub struct DemandMutation;

macro_rules! step {
    ($gql:ident, $input:ident, $name:literal, $command:path) => {{
        let ctx = ctx($gql);
        let written = ctx.write($name, &$input.idempotency_key, &$input, $command).await;
        DemandPayload::of(ctx, written).await
    }};
}

#[Object]
impl DemandMutation {
    /// Records a visit, with what was asked for in it. Whoever records it took part. Requires a live assignment that reaches the
    /// target, or `GRID_WORKER`, `LEADER` or `REGION_ADMIN` of its place. Errors: `INVALID` (target of the method, time,
    /// numbers, lengths, what does not fit a demand), `DUPLICATE` (an id), `STATE` (the county has no concern notes),
    /// `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::RecordVisit)))]
    async fn visit_record(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to record.")] input: VisitRecordInput,
    ) -> Option<Result<VisitPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("visitRecord", &input.idempotency_key, &input, record).await;
        VisitPayload::of(ctx, written).await
    }

    /// Registers a demand: the clocks begin. Another system does so by a key with the scope `DEMAND`, of a region (or of what its
    /// key sees), with its own number as `sourceReference`. Requires to be the household (`RESIDENT`) or enterprise (`ENTERPRISE_REP`) itself, a live assignment that reaches
    /// it, or `GRID_WORKER`, `DISPATCHER`, `LEADER`, `REGION_ADMIN` or `INTEGRATION` of its place. Errors: `INVALID` (what does not
    /// fit the kind or the channel, lengths), `DUPLICATE` (the id, the reference; with the id of what is there), `FORBIDDEN`,
    /// `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::RegisterDemand)))]
    async fn demand_register(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to register.")] input: DemandRegisterInput,
    ) -> Option<Result<DemandPayload>> {
        let ctx = ctx(gql);
        let written =
            ctx.write_by_key_too("demandRegister", &input.idempotency_key, &input, register::register).await;
        DemandPayload::of(ctx, written).await
    }

    /// Changes how a demand is classified, before anything is decided. Requires `DISPATCHER` or `REGION_ADMIN` of its place.
    /// Errors: `INVALID`, `STATE`, `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::AcceptDemand)))]
    async fn demand_update(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to change.")] input: DemandUpdateInput,
    ) -> Option<Result<DemandPayload>> {
        step!(gql, input, "demandUpdate", decide::update)
    }

    /// Settles a demand on the spot. Requires a live assignment that reaches it, or `GRID_WORKER`, `DISPATCHER` or
    /// `REGION_ADMIN` of its place. Errors: `INVALID`, `STATE`, `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::SettleDemand)))]
    async fn demand_settle(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to settle, and how.")] input: DemandSettleInput,
    ) -> Option<Result<DemandPayload>> {
        step!(gql, input, "demandSettle", decide::settle)
    }

    /// Declines a demand, with a reason that whoever raised it is told. Requires `DISPATCHER` or `REGION_ADMIN` of its place.
    /// Errors: `INVALID`, `STATE`, `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::AcceptDemand)))]
    async fn demand_decline(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to decline, and why.")] input: DemandDeclineInput,
    ) -> Option<Result<DemandPayload>> {
        step!(gql, input, "demandDecline", decide::decline)
    }

    /// Decides on a suggestion: adopted, partly, or not, with a reason. Requires `DISPATCHER` or `REGION_ADMIN` of its place.
    /// Errors: `INVALID` (no suggestion), `STATE`, `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::AcceptDemand)))]
    async fn suggestion_decide(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to decide on.")] input: SuggestionDecideInput,
    ) -> Option<Result<DemandPayload>> {
        step!(gql, input, "suggestionDecide", decide::adopt)
    }

    /// Withdraws a demand that nobody has decided about. Requires to have raised it: for oneself, or as its household or
    /// enterprise. Errors: `INVALID`, `STATE`, `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(signed_in()))]
    async fn demand_withdraw(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to withdraw.")] input: DemandWithdrawInput,
    ) -> Option<Result<DemandPayload>> {
        step!(gql, input, "demandWithdraw", decide::withdraw)
    }

    /// Objects to how a demand was settled or declined, once, within 30 days: it is open again. Requires to have raised it: for
    /// oneself, or as its household or enterprise. Errors: `INVALID`, `STATE`, `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(signed_in()))]
    async fn demand_object(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to object to, and why.")] input: DemandObjectInput,
    ) -> Option<Result<DemandPayload>> {
        step!(gql, input, "demandObject", decide::object)
    }

    /// Lets demands that say the same be one. Requires `DISPATCHER` or `REGION_ADMIN` of the place of each. Errors: `INVALID`,
    /// `STATE`, `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(20), directive = auth::apply(may(May::AcceptDemand)))]
    async fn demand_merge(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which one stays, and which follow it.")] input: DemandMergeInput,
    ) -> Option<Result<DemandPayload>> {
        step!(gql, input, "demandMerge", decide::merge)
    }

    /// Undoes the merge of one demand: it stands by itself again. Requires `DISPATCHER` or `REGION_ADMIN` of its place. Errors:
    /// `STATE`, `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::AcceptDemand)))]
    async fn demand_unmerge(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which one.")] input: DemandUnmergeInput,
    ) -> Option<Result<DemandPayload>> {
        step!(gql, input, "demandUnmerge", decide::unmerge)
    }

    /// Parts one letter that asks for several things: each part becomes a demand of its own. Answers with the letter; the parts
    /// are its `splitInto`. Requires `DISPATCHER` or `REGION_ADMIN` of its place. Errors: `INVALID`, `STATE`, `CONFLICT`,
    /// `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(20), directive = auth::apply(may(May::AcceptDemand)))]
    async fn demand_split(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which letter, and its parts.")] input: DemandSplitInput,
    ) -> Option<Result<DemandPayload>> {
        step!(gql, input, "demandSplit", register::split)
    }
}
