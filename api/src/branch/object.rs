//! `PartyBranch` as it is spoken.

use crate::kernel::{
    connection::{Connection, Cursor},
    directive::{DataClass, auth, class, cost, may, see},
    error::Result,
    filter::{ChoiceFilter, IdFilter, StringFilter, in_region},
    node::{Filter, Listing, Node, OrderBy, Ordering, list},
    page::{PageArgs, Run},
    payload::{ctx, payload},
    place::Place,
    policy::{May, Resource},
    request::Ctx,
};
use async_graphql::{Context, Enum, ID, InputObject, MaybeUndefined, Object, OneofObject, SimpleObject};
use entity::{
    branch,
    id::{BranchId, RegionId},
    kind::BranchKind,
};
use sea_orm::{Condition, DerivePartialModel};
use uuid::Uuid;

/// A party organisation (党组织): committee, general branch, branch or group. Seen by whoever deals with the staff of its
/// place, by all below it as their office, and by the secretary of it or of one above.
#[derive(Clone, Debug, SimpleObject, DerivePartialModel)]
#[sea_orm(entity = "branch::Entity")]
#[graphql(complex)]
pub struct PartyBranch {
    /// Its id, which never changes (标识).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub id: BranchId,
    /// Name (名称).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub name: String,
    /// Kind (类型): committee, general branch, branch or group.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub kind: BranchKind,
    /// Raised by each change; what a mutation expects.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub version: i32,
    #[graphql(skip)]
    pub(crate) parent_id: Option<BranchId>,
    #[graphql(skip)]
    pub(crate) region_id: RegionId,
    #[graphql(skip)]
    county_id: Option<RegionId>,
    #[graphql(skip)]
    township_id: Option<RegionId>,
    #[graphql(skip)]
    village_id: Option<RegionId>,
}

impl PartyBranch {
    /// Where it is.
    pub(crate) fn place(&self) -> Place {
        Place {
            county_id: self.county_id,
            township_id: self.township_id,
            village_id: self.village_id,
            ..Place::default()
        }
    }
}

/// Conditions on party organisations, all of them to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct PartyBranchWhere {
    /// By kind of organisation.
    #[graphql(default)]
    pub kind: Option<ChoiceFilter<BranchKind>>,
    /// By name, exactly.
    #[graphql(default)]
    pub name: Option<StringFilter>,
    /// By the organisation directly above.
    #[graphql(default)]
    pub parent_id: Option<IdFilter>,
    /// Anywhere in this region, the region's own included.
    pub region: MaybeUndefined<RegionId>,
}

impl Filter for PartyBranchWhere {
    async fn condition(&self, ctx: &Ctx) -> Result<Condition> {
        let mut all = in_region::<branch::Entity>(ctx, &self.region).await?;
        if let Some(kind) = &self.kind {
            all = all.add(kind.on(branch::Column::Kind)?);
        }
        if let Some(name) = &self.name {
            all = all.add(name.on(branch::Column::Name)?);
        }
        if let Some(parent) = &self.parent_id {
            all = all.add(parent.on(ctx, branch::Column::ParentId, BranchId::PREFIX)?);
        }
        Ok(all)
    }
}

/// What party organisations are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum PartyBranchOrderField {
    /// Name, by its characters.
    Name,
}

impl Ordering for PartyBranchOrderField {
    fn column(self) -> Option<&'static str> {
        Some("name")
    }

    fn usual() -> Run {
        Run { column: Some("name"), descending: false }
    }
}

impl Node for PartyBranch {
    type Entity = branch::Entity;
    type Where = PartyBranchWhere;
    type Order = PartyBranchOrderField;
    const NAME: &'static str = BranchId::PREFIX;

    fn uuid(&self) -> Uuid {
        self.id.0
    }
}

/// By what a party organisation is looked up: exactly one of these.
#[derive(Clone, Debug, OneofObject)]
pub enum PartyBranchBy {
    /// By its id, as `node` takes it.
    Id(BranchId),
}

/// Questions about party organisations.
#[derive(Debug, Default)]
pub struct PartyBranchQuery;

#[Object]
impl PartyBranchQuery {
    /// One party organisation. Null when there is none, or none within the viewer's scope. Requires no role.
    #[graphql(directive = class::apply(DataClass::Internal), directive = cost::apply(1), directive = auth::apply(see(&[Resource::Staff, Resource::Office])))]
    async fn party_branch(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which one, by exactly one of these.")] by: PartyBranchBy,
    ) -> Option<Result<PartyBranch>> {
        let PartyBranchBy::Id(id) = by;
        ctx(gql).edge(Some(id)).await
    }

    /// Party organisations within the viewer's scope, by name. Requires no role; empty for somebody who is not signed in.
    #[graphql(directive = class::apply(DataClass::Internal), directive = cost::apply(1), directive = auth::apply(see(&[Resource::Staff, Resource::Office])))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn party_branches(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<
            PartyBranchWhere,
        >,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<
            Vec<OrderBy<PartyBranchOrderField>>,
        >,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<PartyBranch>>> {
        Some(list(gql, Listing { filter, order_by, page: PageArgs::new(first, after, last, before) }).await)
    }
}

/// A party organisation to make.
#[derive(Clone, Debug, InputObject)]
pub struct PartyBranchCreateInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Id minted by the client; made by the server otherwise.
    #[graphql(default)]
    pub id: Option<BranchId>,
    /// Name, at most 60 characters.
    pub name: String,
    /// Kind. Below a committee stands a committee, a general branch or a branch; below a general branch a branch; below a
    /// branch a group.
    pub kind: BranchKind,
    /// The organisation directly above; a group must have one.
    #[graphql(default)]
    pub parent_id: Option<BranchId>,
    /// The region whose organisation it is: that of the one above, or a region inside it.
    pub region_id: RegionId,
}

/// A change to a party organisation.
#[derive(Clone, Debug, InputObject)]
pub struct PartyBranchUpdateInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Which party organisation.
    pub id: BranchId,
    /// The version that the change is based on.
    pub expected_version: i32,
    /// New name, at most 60 characters.
    pub name: String,
}

payload! {
    /// A party organisation that was made or changed, or why not.
    PartyBranchPayload, party_branch: PartyBranch
}

/// Changes to party organisations.
#[derive(Debug, Default)]
pub struct PartyBranchMutation;

#[Object]
impl PartyBranchMutation {
    /// Makes a party organisation. Secretaries of those above see it from their next request on. Requires `REGION_ADMIN`
    /// of the region. Errors: `INVALID` (kind, region, name), `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::ManageBranch)))]
    async fn party_branch_create(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to make.")] input: PartyBranchCreateInput,
    ) -> Option<Result<PartyBranchPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("partyBranchCreate", &input.idempotency_key, &input, super::create).await;
        PartyBranchPayload::of(ctx, written).await
    }

    /// Renames a party organisation. Requires `REGION_ADMIN` of its region. Errors: `INVALID`, `CONFLICT`, `FORBIDDEN`,
    /// `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::ManageBranch)))]
    async fn party_branch_update(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to change, and the version that it is based on.")]
        input: PartyBranchUpdateInput,
    ) -> Option<Result<PartyBranchPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("partyBranchUpdate", &input.idempotency_key, &input, super::update).await;
        PartyBranchPayload::of(ctx, written).await
    }
}
