//! Corrections (更正申请): the household says what is wrong of what is held on it, and whoever answers for it puts it right
//! or says why not. What was written is sealed at rest.

use super::{
    find,
    held::{self, Entry},
};
use crate::kernel::{
    access::{Owner, Subject, Way},
    connection::{Connection, Cursor},
    directive::{DataClass, auth, class, cost, may, see},
    door::{self, unscoped},
    error::{Refusal, RefusalCode, Result},
    filter::{ChoiceFilter, in_region, operand},
    node::{Filter, Listing, Node, OrderBy, Ordering, list},
    page::{PageArgs, Run},
    payload::{ctx, payload},
    personal::Personal,
    policy::{May, Resource},
    record::Record,
    refusal::{Checks, Detail},
    request::Ctx,
    scope::Scope,
    work::Work,
};
use async_graphql::{Context, Enum, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use entity::{
    correction, household,
    id::{CorrectionId, HouseholdId, MemberId, RegionId},
    kind::{ChangeKind, CorrectionState},
    member,
    scalar::DateTime,
};
use sea_orm::{
    ColumnTrait, Condition, DerivePartialModel, PaginatorTrait, QueryFilter, QuerySelect, QueryTrait, Set,
};
use uuid::Uuid;

/// Corrections of one household that may wait at once.
const MOST_OPEN: u64 = 50;
/// Characters of what is wanted, and of an answer.
const LONGEST: usize = 500;

impl Record for correction::Entity {
    const NAME: &'static str = CorrectionId::PREFIX;
    const INTERNAL: &'static [&'static str] = &["household_id", "member_id", "field", "state"];
}

/// A correction that a household asked for (更正申请). Seen by the household itself, its current contacts, and the
/// administrator of its region.
#[derive(Clone, Debug, SimpleObject, DerivePartialModel)]
#[sea_orm(entity = "correction::Entity")]
#[graphql(complex)]
pub struct Correction {
    /// Its id, which never changes (标识).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub id: CorrectionId,
    /// What is to be put right (更正事项): the coordinate of the field in the schema, as `held` names it.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub field: String,
    /// How it stands (状态).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub state: CorrectionState,
    /// When it was asked for (申请时间).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub asked_at: DateTime,
    /// When it was decided (处理时间). Null while it waits.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub decided_at: Option<DateTime>,
    /// Raised by each change; what a mutation expects.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub version: i32,
    #[graphql(skip)]
    pub(crate) household_id: HouseholdId,
    #[graphql(skip)]
    pub(crate) member_id: Option<MemberId>,
    #[graphql(skip)]
    #[sea_orm(from_col = "wanted")]
    pub(crate) sealed_wanted: Vec<u8>,
    #[graphql(skip)]
    #[sea_orm(from_col = "answer")]
    pub(crate) sealed_answer: Option<Vec<u8>>,
    #[graphql(skip)]
    #[sea_orm(skip)]
    pub(crate) way: Way,
}

impl Correction {
    /// A text of it. Whoever sees the correction may read it; that they did is written down.
    pub(crate) fn text(&self, ctx: &Ctx, sealed: &[u8]) -> Result<Personal<String>> {
        let mut text = Personal::from(ctx.vault().open(sealed)?);
        let subject = Subject::Household(self.household_id);
        text.decide(true, Owner { subject, of: "Correction", way: self.way });
        Ok(text)
    }
}

/// Conditions on corrections, all of them to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct CorrectionWhere {
    /// By how they stand.
    #[graphql(default)]
    pub state: Option<ChoiceFilter<CorrectionState>>,
    /// Of households anywhere in this region.
    pub region: MaybeUndefined<RegionId>,
}

impl Filter for CorrectionWhere {
    async fn condition(&self, ctx: &Ctx) -> Result<Condition> {
        let mut all = Condition::all();
        if let Some(state) = &self.state {
            all = all.add(state.on(correction::Column::State)?);
        }
        if operand(&self.region)?.is_some() {
            let households = unscoped::<household::Entity>()
                .select_only()
                .column(household::Column::Id)
                .filter(in_region::<household::Entity>(ctx, &self.region).await?);
            all = all.add(correction::Column::HouseholdId.in_subquery(households.into_query()));
        }
        Ok(all)
    }
}

/// What corrections are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum CorrectionOrderField {
    /// When they were asked for: the order of the ids.
    AskedAt,
}

impl Ordering for CorrectionOrderField {
    fn column(self) -> Option<&'static str> {
        None
    }

    fn usual() -> Run {
        Run { column: None, descending: true }
    }
}

impl Node for Correction {
    type Entity = correction::Entity;
    type Where = CorrectionWhere;
    type Order = CorrectionOrderField;
    const NAME: &'static str = CorrectionId::PREFIX;

    fn uuid(&self) -> Uuid {
        self.id.0
    }

    fn seen(&mut self, _: &Scope, way: Way) {
        self.way = way;
    }
}

/// A correction to ask for.
#[derive(Clone, InputObject)]
pub struct CorrectionAskInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Id minted by the client; made by the server otherwise.
    #[graphql(default)]
    pub id: Option<CorrectionId>,
    /// Of which household.
    pub household_id: HouseholdId,
    /// The member, where the field is one of a member.
    #[graphql(default)]
    pub member_id: Option<MemberId>,
    /// What is wrong: a coordinate that `held` names, `Household.address`.
    pub field: String,
    /// What would be right, in one's own words, at most 500 characters.
    pub wanted: String,
}

/// What is written is personal: told by its digest alone.
impl std::fmt::Debug for CorrectionAskInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { idempotency_key: _, id, household_id, member_id, field, wanted } = self;
        let wanted = crate::kernel::vault::digest(wanted);
        write!(f, "CorrectionAskInput {id:?} {household_id:?} {member_id:?} {field:?} {wanted:?}")
    }
}

/// What becomes of a correction (处理结果).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum CorrectionOutcome {
    /// It was put right (已更正).
    Done,
    /// It is declined (不予更正).
    Declined,
}

/// A decision on a correction.
#[derive(Clone, InputObject)]
pub struct CorrectionDecideInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Which correction.
    pub id: CorrectionId,
    /// The version that the decision is based on.
    pub expected_version: i32,
    /// What becomes of it.
    pub outcome: CorrectionOutcome,
    /// What the household is told, at most 500 characters.
    pub answer: String,
}

impl std::fmt::Debug for CorrectionDecideInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { idempotency_key: _, id, expected_version, outcome, answer } = self;
        let answer = crate::kernel::vault::digest(answer);
        write!(f, "CorrectionDecideInput {id:?} {expected_version} {outcome:?} {answer:?}")
    }
}

payload! {
    /// A correction that was asked for or decided, or why not.
    CorrectionPayload, correction: Correction
}

/// Questions about corrections.
#[derive(Debug, Default)]
pub struct CorrectionQuery;

#[Object]
impl CorrectionQuery {
    /// Corrections that households asked for, the latest first. Requires `RESIDENT` of the household, `REGION_ADMIN` of the place, or
    /// `CONTACT`: a live assignment to the household; others get an empty list.
    #[graphql(directive = class::apply(DataClass::Internal), directive = cost::apply(1), directive = auth::apply(see(&[Resource::Correction])))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn corrections(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<CorrectionWhere>,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<
            Vec<OrderBy<CorrectionOrderField>>,
        >,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<Correction>>> {
        if let Err(error) = ctx(gql).signed_in() {
            return Some(Err(error));
        }
        Some(list(gql, Listing { filter, order_by, page: PageArgs::new(first, after, last, before) }).await)
    }
}

/// Changes to corrections.
#[derive(Debug, Default)]
pub struct CorrectionMutation;

#[Object]
impl CorrectionMutation {
    /// Asks that something be put right of what is held on the own household. Requires `RESIDENT` of the household. Errors: `INVALID`
    /// (each broken rule with its path), `LIMIT` (so many wait at once), `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::AskCorrection)))]
    async fn correction_ask(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What is wrong, and what would be right.")] input: CorrectionAskInput,
    ) -> Option<Result<CorrectionPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("correctionAsk", &input.idempotency_key, &input, ask).await;
        CorrectionPayload::of(ctx, written).await
    }

    /// Decides on a correction: it was put right, or is declined; the answer is for the household. The record itself is changed by its
    /// own mutations. Requires `REGION_ADMIN` of the place, or `CONTACT`: a live assignment to the household. Errors:
    /// `INVALID`, `STATE` (it is decided), `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::DecideCorrection)))]
    async fn correction_decide(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What becomes of it, and what the household is told.")] input: CorrectionDecideInput,
    ) -> Option<Result<CorrectionPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("correctionDecide", &input.idempotency_key, &input, decide).await;
        CorrectionPayload::of(ctx, written).await
    }
}

/// What may be named as wrong: anything of the table of what is held.
fn check_field<'a>(checks: &mut Checks, field: &str, of_member: bool) -> Option<&'a Entry> {
    let entry = held::HELD.iter().find(|entry| entry.field == field);
    checks.require(entry.is_some(), || {
        Refusal::rule(
            "field",
            "field",
            "应为 held 所列的字段，如 Household.address。",
            "Must be a coordinate that `held` names, such as Household.address.",
        )
    });
    checks.require(entry.is_none_or(|entry| entry.is_of_member() == of_member), || {
        Refusal::rule(
            "member",
            "memberId",
            "更正家庭成员的信息须指明成员；更正户的信息则不填。",
            "Name the member where the field is one of a member, and only there.",
        )
    });
    entry
}

async fn ask(work: &Work, input: CorrectionAskInput) -> Result<Uuid> {
    let CorrectionAskInput { idempotency_key: _, id, household_id, member_id, field, wanted } = input;
    let household = find(work, household_id, "householdId").await?;
    work.ctx.must(May::AskCorrection, &super::facts(&household))?;
    let mut checks = Checks::default();
    let entry = check_field(&mut checks, &field, member_id.is_some());
    let wanted = checks.text("wanted", &wanted, LONGEST);
    if let Some(member_id) = member_id {
        let own = door::within::<member::Entity>(work.ctx.scope(), work.ctx.backend())
            .filter(member::Column::Id.eq(member_id))
            .filter(member::Column::HouseholdId.eq(household_id))
            .one(&work.tx)
            .await?;
        checks.require(own.is_some(), || Refusal::not_found("memberId"));
    }
    checks.done()?;
    let Some(entry) = entry else { return Err(Refusal::not_found("field").into()) };
    let open = door::within::<correction::Entity>(work.ctx.scope(), work.ctx.backend())
        .filter(correction::Column::HouseholdId.eq(household_id))
        .filter(correction::Column::State.eq(CorrectionState::Open))
        .count(&work.tx)
        .await?;
    if open >= MOST_OPEN {
        return Err(Refusal::new(
            RefusalCode::Limit,
            "",
            format!("已有 {MOST_OPEN} 件更正申请待处理，请等候答复。"),
            format!("{MOST_OPEN} corrections wait already; please wait for the answers."),
        )
        .with(Detail::Limit(i32::try_from(MOST_OPEN).unwrap_or(i32::MAX)))
        .into());
    }
    let row = correction::ActiveModel {
        id: Set(id.unwrap_or_else(|| CorrectionId(Uuid::now_v7()))),
        household_id: Set(household_id),
        member_id: Set(member_id),
        field: Set(entry.field.to_owned()),
        wanted: Set(work.ctx.vault().seal(&wanted)?),
        asked_by: Set(work.ctx.signed_in()?.account),
        asked_at: Set(work.now()),
        state: Set(CorrectionState::Open),
        answer: Set(None),
        decided_by: Set(None),
        decided_at: Set(None),
        version: Set(1),
    };
    work.insert(row).await
}

async fn decide(work: &Work, input: CorrectionDecideInput) -> Result<Uuid> {
    let CorrectionDecideInput { idempotency_key: _, id, expected_version, outcome, answer } = input;
    let before = door::within::<correction::Entity>(work.ctx.scope(), work.ctx.backend())
        .filter(correction::Column::Id.eq(id))
        .one(&work.tx)
        .await?
        .ok_or_else(|| Refusal::not_found("id"))?;
    let household = find(work, before.household_id, "id").await?;
    work.ctx.must(May::DecideCorrection, &super::facts(&household))?;
    let mut checks = Checks::default();
    let answer = checks.text("answer", &answer, LONGEST);
    checks.done()?;
    work.stands::<correction::Entity>(id.0, expected_version).await?;
    if before.state != CorrectionState::Open {
        return Err(Refusal::new(
            RefusalCode::State,
            "id",
            "此申请已处理完毕。",
            "This correction is decided already.",
        )
        .into());
    }
    let state = match outcome {
        CorrectionOutcome::Done => CorrectionState::Done,
        CorrectionOutcome::Declined => CorrectionState::Declined,
    };
    let row = correction::ActiveModel {
        id: Set(id),
        state: Set(state),
        answer: Set(Some(work.ctx.vault().seal(&answer)?)),
        decided_by: Set(Some(work.ctx.signed_in()?.account)),
        decided_at: Set(Some(work.now())),
        ..Default::default()
    };
    work.update(row, expected_version, ChangeKind::Updated).await?;
    Ok(id.0)
}
