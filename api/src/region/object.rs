//! `Region` as it is spoken.

use crate::kernel::{
    connection::{Connection, Cursor},
    directive::{DataClass, class, cost},
    error::Result,
    filter::{ChoiceFilter, IdFilter, StringFilter, operand},
    node::{Filter, Listing, Node, OrderBy, Ordering, list},
    page::{PageArgs, Run},
    payload::{ctx, payload},
    place::Place,
    request::Ctx,
};
use async_graphql::{Context, Enum, ID, InputObject, MaybeUndefined, Object, OneofObject, SimpleObject};
use entity::{id::RegionId, kind::RegionKind, region, scalar::RegionCode};
use sea_orm::{ColumnTrait, Condition, DerivePartialModel, QueryFilter, QuerySelect};
use uuid::Uuid;

/// One node of the administrative tree (区域): province, city, county, township, village, group or grid. Everyone may
/// read it, signed in or not.
#[derive(Clone, Debug, SimpleObject, DerivePartialModel)]
#[sea_orm(entity = "region::Entity")]
#[graphql(complex)]
pub struct Region {
    /// Its id, which never changes.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub id: RegionId,
    /// Official code without trailing zeros (区划代码); 15 digits for a group or grid.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub code: RegionCode,
    /// Name (名称) as the official list has it.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub name: String,
    /// Level (级别).
    #[graphql(directive = class::apply(DataClass::Public))]
    pub kind: RegionKind,
    /// Raised by each change; what a mutation expects.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub version: i32,
    #[graphql(skip)]
    pub(crate) parent_id: Option<RegionId>,
    #[graphql(skip)]
    pub(crate) province_id: Option<RegionId>,
    #[graphql(skip)]
    pub(crate) city_id: Option<RegionId>,
    #[graphql(skip)]
    county_id: Option<RegionId>,
    #[graphql(skip)]
    township_id: Option<RegionId>,
    #[graphql(skip)]
    village_id: Option<RegionId>,
    #[graphql(skip)]
    group_id: Option<RegionId>,
    #[graphql(skip)]
    grid_id: Option<RegionId>,
}

impl Region {
    /// Where it is: itself and what lies above.
    pub(crate) fn place(&self) -> Place {
        Place {
            county_id: self.county_id,
            township_id: self.township_id,
            village_id: self.village_id,
            group_id: self.group_id,
            grid_id: self.grid_id,
        }
    }
}

/// Conditions on regions, all of them to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct RegionWhere {
    /// By official code.
    #[graphql(default)]
    pub code: Option<StringFilter>,
    /// By name, exactly.
    #[graphql(default)]
    pub name: Option<StringFilter>,
    /// By level of the region.
    #[graphql(default)]
    pub kind: Option<ChoiceFilter<RegionKind>>,
    /// By the region directly above.
    #[graphql(default)]
    pub parent_id: Option<IdFilter>,
    /// Anywhere below this region, itself included.
    pub within: MaybeUndefined<RegionId>,
}

impl Filter for RegionWhere {
    async fn condition(&self, ctx: &Ctx) -> Result<Condition> {
        use region::Column::{
            CityId, Code, CountyId, GridId, GroupId, Kind, Name, ParentId, ProvinceId, TownshipId, VillageId,
        };
        let mut all = Condition::all();
        if let Some(code) = &self.code {
            all = all.add(code.on(Code)?);
        }
        if let Some(name) = &self.name {
            all = all.add(name.on(Name)?);
        }
        if let Some(kind) = &self.kind {
            all = all.add(kind.on(Kind)?);
        }
        if let Some(parent) = &self.parent_id {
            all = all.add(parent.on(ctx, ParentId, RegionId::PREFIX)?);
        }
        if let Some(within) = operand(&self.within)? {
            let level = ctx.node::<Region>(within).await?.map(|region| region.kind);
            let column = match level {
                Some(RegionKind::Province) => ProvinceId,
                Some(RegionKind::City) => CityId,
                Some(RegionKind::County) => CountyId,
                Some(RegionKind::Township) => TownshipId,
                Some(RegionKind::Village) | None => VillageId,
                Some(RegionKind::Group) => GroupId,
                Some(RegionKind::Grid) => GridId,
            };
            all = all.add(column.eq(within));
        }
        Ok(all)
    }
}

/// What regions are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum RegionOrderField {
    /// Official code: the tree's own order.
    Code,
    /// Name, by its characters.
    Name,
}

impl Ordering for RegionOrderField {
    fn column(self) -> Option<&'static str> {
        Some(match self {
            Self::Code => "code",
            Self::Name => "name",
        })
    }

    fn usual() -> Run {
        Run { column: Some("code"), descending: false }
    }
}

impl Node for Region {
    type Entity = region::Entity;
    type Where = RegionWhere;
    type Order = RegionOrderField;
    const NAME: &'static str = RegionId::PREFIX;

    fn uuid(&self) -> Uuid {
        self.id.0
    }
}

/// By what a region is looked up: exactly one of these.
#[derive(Clone, Debug, OneofObject)]
pub enum RegionBy {
    /// By its id, as `node` takes it.
    Id(RegionId),
    /// Its official code.
    Code(RegionCode),
}

/// Questions about regions.
#[derive(Debug, Default)]
pub struct RegionQuery;

#[Object]
impl RegionQuery {
    /// One region by its id or official code. Null when there is none. Requires nothing.
    #[graphql(directive = class::apply(DataClass::Public), directive = cost::apply(1))]
    async fn region(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which one, by exactly one of these.")] by: RegionBy,
    ) -> Option<Result<Region>> {
        look_up(ctx(gql), by).await
    }

    /// Regions, by official code unless another order is given. Requires nothing.
    #[graphql(directive = class::apply(DataClass::Public), directive = cost::apply(1))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn regions(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<RegionWhere>,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<Vec<OrderBy<RegionOrderField>>>,
        #[graphql(desc = "How many from the front, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<Region>>> {
        Some(list(gql, Listing { filter, order_by, page: PageArgs::new(first, after, last, before) }).await)
    }
}

/// The region of an id or code.
pub async fn look_up(ctx: &Ctx, by: RegionBy) -> Option<Result<Region>> {
    match by {
        RegionBy::Id(id) => ctx.edge(Some(id)).await,
        RegionBy::Code(code) => by_code(ctx, code).await.transpose(),
    }
}

async fn by_code(ctx: &Ctx, code: RegionCode) -> Result<Option<Region>> {
    let id: Option<Uuid> = ctx
        .within::<region::Entity>()
        .select_only()
        .column(region::Column::Id)
        .filter(region::Column::Code.eq(code.0))
        .into_tuple()
        .one(ctx.db().read())
        .await?;
    match id {
        Some(id) => ctx.node(id).await,
        None => Ok(None),
    }
}

/// A region to make below another: groups and grids as they are formed, others as the official list changes.
#[derive(Clone, Debug, InputObject)]
pub struct RegionCreateInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Id minted by the client; made by the server otherwise.
    #[graphql(default)]
    pub id: Option<RegionId>,
    /// Official code; begins with that of the region above.
    pub code: RegionCode,
    /// Name, at most 60 characters.
    pub name: String,
    /// Level; the region above must be of the level directly above.
    pub kind: RegionKind,
    /// The region above; none for a province.
    #[graphql(default)]
    pub parent_id: Option<RegionId>,
}

/// A change to a region.
#[derive(Clone, Debug, InputObject)]
pub struct RegionUpdateInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Which region.
    pub id: RegionId,
    /// The version that the change is based on.
    pub expected_version: i32,
    /// New name, at most 60 characters.
    pub name: String,
}

payload! {
    /// A region that was made or changed, or why not.
    RegionPayload, region: Region
}

/// Changes to regions.
#[derive(Debug, Default)]
pub struct RegionMutation;

#[Object]
impl RegionMutation {
    /// Makes a region below another. Requires `REGION_ADMIN` of the region above, or `PLATFORM_ADMIN`. Errors:
    /// `INVALID` (code, level, name), `DUPLICATE` (the code), `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10))]
    async fn region_create(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to make.")] input: RegionCreateInput,
    ) -> Option<Result<RegionPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("regionCreate", &input.idempotency_key, &input, super::create).await;
        RegionPayload::of(ctx, written).await
    }

    /// Renames a region. Requires `REGION_ADMIN` of it, or `PLATFORM_ADMIN`. Errors: `INVALID`, `CONFLICT`,
    /// `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10))]
    async fn region_update(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to change, and the version that it is based on.")] input: RegionUpdateInput,
    ) -> Option<Result<RegionPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("regionUpdate", &input.idempotency_key, &input, super::update).await;
        RegionPayload::of(ctx, written).await
    }
}

/// Regions on the way from the province down to one, without it; for breadcrumbs.
pub async fn ancestors(ctx: &Ctx, region: &Region) -> Result<Vec<Region>> {
    let place = region.place();
    let above = [region.province_id, region.city_id].into_iter().flatten().chain(place.path());
    let mut regions = Vec::new();
    for id in above.filter(|&id| id != region.id) {
        regions.push(id);
    }
    regions.dedup();
    let found =
        futures_util::future::try_join_all(regions.into_iter().map(|id| ctx.node::<Region>(id))).await?;
    Ok(found.into_iter().flatten().collect())
}
