//! Party memberships (党员组织关系): a cadre's, in one party organisation, dated. One at a time.

use super::{check_end, must_go_on};
use crate::{
    branch::find as find_branch,
    kernel::{
        directive::{DataClass, auth, class, cost, may},
        door::{any_of, live, unscoped},
        error::{Refusal, RefusalCode, Result},
        filter::{ChoiceFilter, operand},
        node::{Filter, Node, Ordering},
        page::Run,
        payload::{ctx, payload},
        place::Place,
        policy::May,
        record::Record,
        refusal::{Checks, Detail},
        request::Ctx,
        rows::Key,
        scope::Facts,
        work::Work,
    },
};
use async_graphql::{Context, Enum, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use entity::{
    branch, cadre,
    id::{BranchId, CadreId, MembershipId},
    kind::{BranchKind, ChangeKind, MembershipStanding},
    membership,
    scalar::Date,
};
use sea_orm::{
    ColumnTrait, Condition, DerivePartialModel, QueryFilter, QueryOrder, QuerySelect, Set,
    sea_query::{Expr, ExprTrait, LockType},
};
use std::collections::HashMap;
use uuid::Uuid;

/// A cadre's membership in one party organisation (党员组织关系), dated. Seen with the cadre.
#[derive(Clone, Debug, SimpleObject, DerivePartialModel)]
#[sea_orm(entity = "membership::Entity")]
#[graphql(complex)]
pub struct PartyMembership {
    /// Its id, which never changes (标识).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub id: MembershipId,
    /// Standing (党员身份): full or probationary.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub standing: MembershipStanding,
    /// First day (转入日期).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub starts_on: Date,
    /// First day that no longer counts (转出日期). Null while it goes on.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub ends_on: Option<Date>,
    /// Raised by each change; what a mutation expects.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub version: i32,
    #[graphql(skip)]
    pub(crate) cadre_id: CadreId,
    #[graphql(skip)]
    pub(crate) branch_id: BranchId,
    #[graphql(skip)]
    pub(crate) group_id: Option<BranchId>,
}

impl PartyMembership {
    /// Whether it is in force on a day.
    pub(crate) fn live_on(&self, day: Date) -> bool {
        self.starts_on <= day && self.ends_on.is_none_or(|ends| ends > day)
    }
}

/// Conditions on party memberships, all of them to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct PartyMembershipWhere {
    /// By standing.
    #[graphql(default)]
    pub standing: Option<ChoiceFilter<MembershipStanding>>,
    /// True: in force today. False: those over, and those to come.
    pub live: MaybeUndefined<bool>,
    /// In force on this day.
    pub live_on: MaybeUndefined<Date>,
}

impl Filter for PartyMembershipWhere {
    async fn condition(&self, ctx: &Ctx) -> Result<Condition> {
        use membership::Column::{EndsOn, StartsOn};
        let mut all = Condition::all();
        if let Some(wanted) = operand(&self.live)? {
            let now = live(StartsOn, EndsOn, ctx.today());
            all = all.add(if wanted { now } else { now.not() });
        }
        if let Some(standing) = &self.standing {
            all = all.add(standing.on(membership::Column::Standing)?);
        }
        if let Some(day) = operand(&self.live_on)? {
            all = all.add(live(StartsOn, EndsOn, day));
        }
        Ok(all)
    }
}

/// What party memberships are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum PartyMembershipOrderField {
    /// First day.
    StartsOn,
}

impl Ordering for PartyMembershipOrderField {
    fn column(self) -> Option<&'static str> {
        Some("starts_on")
    }

    fn usual() -> Run {
        Run { column: Some("starts_on"), descending: true }
    }
}

impl Node for PartyMembership {
    type Entity = membership::Entity;
    type Where = PartyMembershipWhere;
    type Order = PartyMembershipOrderField;
    const NAME: &'static str = MembershipId::PREFIX;

    fn uuid(&self) -> Uuid {
        self.id.0
    }
}

impl Record for membership::Entity {
    const NAME: &'static str = MembershipId::PREFIX;
    const INTERNAL: &'static [&'static str] =
        &["cadre_id", "branch_id", "group_id", "standing", "starts_on", "ends_on"];
}

/// The question for the party organisation that a cadre is a member of today.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct LiveBranchOf(pub CadreId);

impl Key for LiveBranchOf {
    type Value = BranchId;

    async fn load(ctx: Ctx, keys: Vec<Self>) -> Result<HashMap<Self, BranchId>> {
        use membership::Column::{BranchId as Branch, CadreId as Cadre, EndsOn, StartsOn};
        let rows: Vec<(CadreId, BranchId)> = ctx
            .within::<membership::Entity>()
            .select_only()
            .column(Cadre)
            .column(Branch)
            .filter(any_of(Cadre, keys.iter().map(|key| key.0), ctx.backend()))
            .filter(live(StartsOn, EndsOn, ctx.today()))
            .order_by_asc(StartsOn)
            .into_tuple()
            .all(ctx.db().read())
            .await?;
        Ok(rows.into_iter().map(|(cadre, branch)| (Self(cadre), branch)).collect())
    }
}

/// A party membership to begin.
#[derive(Clone, Debug, InputObject)]
pub struct PartyMembershipStartInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Id minted by the client; made by the server otherwise.
    #[graphql(default)]
    pub id: Option<MembershipId>,
    /// The cadre whose membership it is.
    pub cadre_id: CadreId,
    /// In which party organisation; not a group.
    pub branch_id: BranchId,
    /// In which party group of it.
    #[graphql(default)]
    pub group_id: Option<BranchId>,
    /// Full or probationary (党员身份).
    pub standing: MembershipStanding,
    /// First day.
    pub starts_on: Date,
}

/// The end of a party membership.
#[derive(Clone, Debug, InputObject)]
pub struct PartyMembershipEndInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Which membership.
    pub id: MembershipId,
    /// The version that the change is based on.
    pub expected_version: i32,
    /// First day that no longer counts, not before the first day. The first day itself takes back what was entered in error.
    pub ends_on: Date,
}

payload! {
    /// A party membership that was begun or ended, or why not.
    PartyMembershipPayload, party_membership: PartyMembership
}

/// Changes to party memberships.
#[derive(Debug, Default)]
pub struct PartyMembershipMutation;

#[Object]
impl PartyMembershipMutation {
    /// Begins a party membership. Requires `REGION_ADMIN` both of the party organisation's region and of the cadre's
    /// office. Errors: `INVALID` (branch, group), `DUPLICATE` (another goes on, or ends later than this begins),
    /// `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::ManageBranch)))]
    async fn party_membership_start(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to make.")] input: PartyMembershipStartInput,
    ) -> Option<Result<PartyMembershipPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("partyMembershipStart", &input.idempotency_key, &input, start).await;
        PartyMembershipPayload::of(ctx, written).await
    }

    /// Ends a party membership, or moves an end that is still to come. Requires `REGION_ADMIN` of the party organisation's region. Errors: `INVALID` (the date),
    /// `STATE` (it is over), `DUPLICATE` (another begins before), `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::ManageBranch)))]
    async fn party_membership_end(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to end, and why.")] input: PartyMembershipEndInput,
    ) -> Option<Result<PartyMembershipPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("partyMembershipEnd", &input.idempotency_key, &input, end).await;
        PartyMembershipPayload::of(ctx, written).await
    }
}

async fn start(work: &Work, input: PartyMembershipStartInput) -> Result<Uuid> {
    let PartyMembershipStartInput {
        idempotency_key: _,
        id,
        cadre_id,
        branch_id,
        group_id,
        standing,
        starts_on,
    } = input;
    let cadre = held(work, cadre_id, "cadreId").await?;
    let branch = find_branch(work, branch_id, "branchId").await?;
    let group = match group_id {
        Some(group) => Some(find_branch(work, group, "groupId").await?),
        None => None,
    };
    work.ctx.must(May::ManageBranch, &Facts::from(Place::from(&branch)))?;
    work.ctx.must(May::ManageCadre, &Facts::from(Place::from(&cadre)))?;
    let mut checks = Checks::default();
    checks.require(branch.kind != BranchKind::Group, || {
        Refusal::rule(
            "branch",
            "branchId",
            "应为党支部；党小组请填在 groupId。",
            "A membership is in a branch; the group of it goes to groupId.",
        )
    });
    if let Some(group) = &group {
        checks.require(group.kind == BranchKind::Group && group.parent_id == Some(branch_id), || {
            Refusal::rule("group", "groupId", "应为该党支部下的党小组。", "A party group of that branch.")
        });
    }
    checks.done()?;
    must_be_free(work, "cadreId", cadre_id, None, starts_on, None).await?;
    let row = membership::ActiveModel {
        id: Set(id.unwrap_or_else(|| MembershipId(Uuid::now_v7()))),
        cadre_id: Set(cadre_id),
        branch_id: Set(branch_id),
        group_id: Set(group_id),
        standing: Set(standing),
        starts_on: Set(starts_on),
        ends_on: Set(None),
        version: Set(1),
    };
    work.insert(row).await
}

/// The cadre, kept from others until the end: two memberships begun at the same moment come one after the other.
async fn held(work: &Work, id: CadreId, field: &str) -> Result<cadre::Model> {
    work.ctx
        .within::<cadre::Entity>()
        .filter(cadre::Column::Id.eq(id))
        .lock(LockType::NoKeyUpdate)
        .one(&work.tx)
        .await?
        .ok_or_else(|| Refusal::not_found(field).into())
}

/// Refuses days on which the cadre has another membership. One that ends on its first day has no days.
async fn must_be_free(
    work: &Work,
    field: &str,
    cadre: CadreId,
    own: Option<MembershipId>,
    starts_on: Date,
    ends_on: Option<Date>,
) -> Result<()> {
    use membership::Column::{CadreId, EndsOn, Id, StartsOn};
    if ends_on == Some(starts_on) {
        return Ok(());
    }
    let open = Expr::col(EndsOn.as_column_ref()).is_null();
    let some_days = Expr::col(EndsOn.as_column_ref()).gt(Expr::col(StartsOn.as_column_ref()));
    let after = EndsOn.gt(starts_on).and(some_days);
    let days = Condition::all()
        .add(Condition::any().add(open).add(after))
        .add_option(ends_on.map(|ends_on| StartsOn.lt(ends_on)))
        .add_option(own.map(|own| Id.ne(own)));
    let other = unscoped::<membership::Entity>()
        .filter(CadreId.eq(cadre))
        .filter(days)
        .order_by_asc(StartsOn)
        .one(&work.tx)
        .await?;
    let Some(other) = other else { return Ok(()) };
    let seen = work.ctx.node::<PartyMembership>(other.id).await?;
    Err(Refusal::new(
        RefusalCode::Duplicate,
        field,
        "该同志这段时间已有党员组织关系，请先结束。",
        "This cadre has another party membership at that time; end it first.",
    )
    .with(Detail::Existing(seen.map(|seen| seen.id.to_string())))
    .into())
}

async fn end(work: &Work, input: PartyMembershipEndInput) -> Result<Uuid> {
    let PartyMembershipEndInput { idempotency_key: _, id, expected_version, ends_on } = input;
    let membership = work
        .ctx
        .within::<membership::Entity>()
        .filter(membership::Column::Id.eq(id))
        .one(&work.tx)
        .await?
        .ok_or_else(|| Refusal::not_found("id"))?;
    let branch = unscoped::<branch::Entity>()
        .filter(branch::Column::Id.eq(membership.branch_id))
        .one(&work.tx)
        .await?
        .ok_or_else(|| Refusal::not_found("id"))?;
    work.ctx.must(May::ManageBranch, &Facts::from(Place::from(&branch)))?;
    let mut checks = Checks::default();
    check_end(&mut checks, membership.starts_on, Some(ends_on));
    checks.done()?;
    must_go_on(work, membership.ends_on)?;
    held(work, membership.cadre_id, "id").await?;
    must_be_free(work, "endsOn", membership.cadre_id, Some(id), membership.starts_on, Some(ends_on)).await?;
    let row = membership::ActiveModel { id: Set(id), ends_on: Set(Some(ends_on)), ..Default::default() };
    work.update(row, expected_version, ChangeKind::Ended).await?;
    Ok(id.0)
}
