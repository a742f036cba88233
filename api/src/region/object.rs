//! `Region` as it is spoken.

use super::history::{bearer, bearer_on, on_day, there_on};
use crate::kernel::{
    connection::{Connection, Cursor},
    directive::{DataClass, auth, class, cost, everyone, may},
    door::unscoped,
    error::{Error, Result},
    filter::{ChoiceFilter, IdFilter, StringFilter, operand},
    node::{Filter, Listing, Node, OrderBy, Ordering, list},
    page::{PageArgs, Run},
    payload::{ctx, payload},
    place::{Place, past::in_force},
    policy::May,
    request::Ctx,
};
use async_graphql::{Context, Enum, ID, InputObject, MaybeUndefined, Object, OneofObject, SimpleObject};
use entity::{
    id::RegionId,
    kind::RegionKind,
    region, region_succession,
    scalar::{Date, RegionCode},
};
use sea_orm::{ColumnTrait, Condition, DerivePartialModel, QueryFilter};
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
    /// First day on which it is there (设立日期). Null when it has been there since before the records.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub since: Option<Date>,
    /// First day on which it is withdrawn (撤销日期): `successors` tell into what it was merged. Null while it is in force.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub until: Option<Date>,
    #[graphql(skip)]
    #[sea_orm(skip)]
    pub(crate) as_of: Option<Date>,
    #[graphql(skip)]
    pub(crate) parent_id: Option<RegionId>,
    #[graphql(skip)]
    pub(crate) province_id: Option<RegionId>,
    #[graphql(skip)]
    pub(crate) city_id: Option<RegionId>,
    #[graphql(skip)]
    pub(crate) county_id: Option<RegionId>,
    #[graphql(skip)]
    pub(super) township_id: Option<RegionId>,
    #[graphql(skip)]
    pub(super) village_id: Option<RegionId>,
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
    /// Anywhere below this region, itself included. One that was merged into another answers as that does.
    pub within: MaybeUndefined<RegionId>,
    #[graphql(skip)]
    pub(crate) as_of: Option<Date>,
}

impl Filter for RegionWhere {
    async fn condition(&self, ctx: &Ctx) -> Result<Condition> {
        use region::Column::{Code, Kind, Name, ParentId, Until};
        use region_succession::Column as Former;
        let on = |now: Condition, then: Condition| match self.as_of {
            Some(day) => on_day(day, now, then),
            None => now,
        };
        let mut all = self.as_of.map_or_else(|| Condition::all().add(Until.is_null()), there_on);
        if let Some(code) = &self.code {
            all = all.add(on(code.on(Code)?, code.on(Former::Code)?));
        }
        if let Some(name) = &self.name {
            all = all.add(on(name.on(Name)?, name.on(Former::Name)?));
        }
        if let Some(kind) = &self.kind {
            all = all.add(kind.on(Kind)?);
        }
        if let Some(parent) = &self.parent_id {
            let prefix = RegionId::PREFIX;
            all = all.add(on(parent.on(ctx, ParentId, prefix)?, parent.on(ctx, Former::ParentId, prefix)?));
        }
        if let Some(within) = operand(&self.within)? {
            let found = unscoped::<region::Entity>().filter(region::Column::Id.eq(within));
            let found = match (found.one(ctx.db().read()).await?, self.as_of) {
                (Some(found), None) => Some(in_force(ctx.db().read(), found).await?),
                (found, _) => found,
            };
            let within = found.as_ref().map_or(within, |found| found.id);
            let (now, then) = columns(found.map(|found| found.kind));
            let then =
                Condition::all().add(then.map_or_else(|| Former::FromId.eq(within), |then| then.eq(within)));
            all = all.add(on(Condition::all().add(now.eq(within)), then));
        }
        Ok(all)
    }
}

/// The columns in which what lies in a region of a kind carries it, today and before a change. Groups and grids carry
/// nothing but themselves.
fn columns(kind: Option<RegionKind>) -> (region::Column, Option<region_succession::Column>) {
    use region::Column::{CityId, CountyId, GridId, GroupId, ProvinceId, TownshipId, VillageId};
    use region_succession::Column as Former;
    match kind {
        Some(RegionKind::Province) => (ProvinceId, Some(Former::ProvinceId)),
        Some(RegionKind::City) => (CityId, Some(Former::CityId)),
        Some(RegionKind::County) => (CountyId, Some(Former::CountyId)),
        Some(RegionKind::Township) => (TownshipId, Some(Former::TownshipId)),
        Some(RegionKind::Village) | None => (VillageId, Some(Former::VillageId)),
        Some(RegionKind::Group) => (GroupId, None),
        Some(RegionKind::Grid) => (GridId, None),
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
    /// One region by its id or official code. A code that is no longer in use leads to what its last bearer has become;
    /// with `asOf`, to who bore it on that day. Null when there is none. Requires nothing.
    #[graphql(directive = class::apply(DataClass::Public), directive = cost::apply(1), directive = auth::apply(everyone()))]
    async fn region(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which one, by exactly one of these.")] by: RegionBy,
        #[graphql(
            desc = "As it was on this day: code, name and what lies around it. As it is when nothing is said."
        )]
        as_of: Option<Date>,
    ) -> Option<Result<Region>> {
        look_up_on(ctx(gql), by, as_of).await
    }

    /// Regions in force, by official code unless another order is given. Requires nothing.
    #[graphql(directive = class::apply(DataClass::Public), directive = cost::apply(1), directive = auth::apply(everyone()))]
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
        #[graphql(
            desc = "The regions of this day, as they were; they still come in the order of what they are. Those in force when nothing is said."
        )]
        as_of: Option<Date>,
    ) -> Option<Result<Connection<Region>>> {
        let filter = Some(RegionWhere { as_of, ..filter.unwrap_or_default() });
        let page = PageArgs::new(first, after, last, before);
        Some(listed(gql, Listing { filter, order_by, page }, as_of).await)
    }
}

async fn listed(
    gql: &Context<'_>,
    listing: Listing<Region>,
    day: Option<Date>,
) -> Result<Connection<Region>> {
    let mut page = list(gql, listing).await?;
    if day.is_some() {
        let then = page.nodes_mut().map(|node| async {
            if let Some(then) = node.clone().on(ctx(gql), day).await? {
                *node = then;
            }
            Ok::<_, Error>(())
        });
        futures_util::future::try_join_all(then).await?;
    }
    Ok(page)
}

/// The region in force of an id or code: one that was merged into another is that one.
pub async fn look_up(ctx: &Ctx, by: RegionBy) -> Option<Result<Region>> {
    let find = async {
        let found = look_up_on(ctx, by, None).await.transpose()?;
        let Some(gone) = found.as_ref().filter(|region| region.until.is_some()) else { return Ok(found) };
        let db = ctx.db().read();
        let now = in_force(db, super::of(db, gone.id, "region").await?).await?;
        ctx.node(now.id).await
    };
    find.await.transpose()
}

/// The region of an id or code as it was on a day.
async fn look_up_on(ctx: &Ctx, by: RegionBy, day: Option<Date>) -> Option<Result<Region>> {
    let find = async {
        let id = match (by, day) {
            (RegionBy::Id(id), _) => Some(id),
            (RegionBy::Code(code), None) => bearer(ctx, &code).await?,
            (RegionBy::Code(code), Some(day)) => bearer_on(ctx, &code, day).await?,
        };
        let Some(id) = id else { return Ok(None) };
        match ctx.node::<Region>(id).await? {
            Some(region) => region.on(ctx, day).await,
            None => Ok(None),
        }
    };
    find.await.transpose()
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
    /// First day of the new name: today or earlier; today when nothing is said.
    #[graphql(default)]
    pub effective_on: Option<Date>,
    /// Number of the official paper (文号), at most 100 characters.
    #[graphql(default)]
    pub note: Option<String>,
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
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::ManageRegion)))]
    async fn region_create(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to make.")] input: RegionCreateInput,
    ) -> Option<Result<RegionPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("regionCreate", &input.idempotency_key, &input, super::create).await;
        RegionPayload::of(ctx, written).await
    }

    /// Renames a region; past days keep the name that it had. Requires `REGION_ADMIN` of it, or `PLATFORM_ADMIN`. Errors: `INVALID`, `CONFLICT`,
    /// `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::ManageRegion)))]
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
    let mut regions: Vec<_> = above.filter(|&id| id != region.id).collect();
    regions.dedup();
    let found = regions.into_iter().map(async |id| match ctx.node::<Region>(id).await? {
        Some(above) => above.on(ctx, region.as_of).await,
        None => Ok(None),
    });
    Ok(futures_util::future::try_join_all(found).await?.into_iter().flatten().collect())
}
