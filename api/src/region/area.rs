//! Areas (片区): a township's grouping of villages. Being answerable for an area means being answerable for each of its
//! villages, as the set stands at that moment.

use super::find;
use crate::kernel::{
    connection::{Connection, Cursor},
    directive::{DataClass, class, cost},
    door::{any_of, unscoped},
    error::{Refusal, Result},
    filter::in_region,
    node::{Filter, Listing, Node, OrderBy, Ordering, list},
    page::{PageArgs, Run},
    payload::{ctx, payload},
    place::Place,
    policy::May,
    refusal::Checks,
    request::Ctx,
    rows::Key,
    scope::Facts,
    work::{Record, Work},
};
use async_graphql::{Context, Enum, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use entity::{
    account, area, area_village, assignment,
    id::{AreaId, RegionId},
    kind::ChangeKind,
    region,
};
use sea_orm::{
    ColumnTrait, Condition, DerivePartialModel, EntityTrait, QueryFilter, QuerySelect, QueryTrait, Set,
};
use std::collections::HashMap;
use uuid::Uuid;

/// A township's grouping of villages (片区), not a level of the official code. Everyone may read it.
#[derive(Clone, Debug, SimpleObject, DerivePartialModel)]
#[sea_orm(entity = "area::Entity")]
#[graphql(complex)]
pub struct Area {
    /// Its id, which never changes (标识).
    #[graphql(directive = class::apply(DataClass::Public))]
    pub id: AreaId,
    /// Name, unique in the township.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub name: String,
    /// Raised by each change; what a mutation expects.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub version: i32,
    #[graphql(skip)]
    pub(crate) county_id: RegionId,
    #[graphql(skip)]
    pub(crate) township_id: RegionId,
}

impl Area {
    pub(crate) fn place(&self) -> Place {
        Place { county_id: Some(self.county_id), township_id: Some(self.township_id), ..Place::default() }
    }
}

/// Conditions on areas, all of them to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct AreaWhere {
    /// In this region: a township or what lies above it.
    pub region: MaybeUndefined<RegionId>,
}

impl Filter for AreaWhere {
    async fn condition(&self, ctx: &Ctx) -> Result<Condition> {
        in_region::<area::Entity>(ctx, &self.region).await
    }
}

/// What areas are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum AreaOrderField {
    /// Name, by its characters.
    Name,
}

impl Ordering for AreaOrderField {
    fn column(self) -> Option<&'static str> {
        Some("name")
    }

    fn usual() -> Run {
        Run { column: Some("name"), descending: false }
    }
}

impl Node for Area {
    type Entity = area::Entity;
    type Where = AreaWhere;
    type Order = AreaOrderField;
    const NAME: &'static str = AreaId::PREFIX;

    fn uuid(&self) -> Uuid {
        self.id.0
    }
}

impl Record for area::Entity {
    const NAME: &'static str = AreaId::PREFIX;
    const INTERNAL: &'static [&'static str] = &["name", "township_id"];
}

/// The question for the villages of an area.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct VillagesOf(pub AreaId);

impl Key for VillagesOf {
    type Value = Vec<RegionId>;

    async fn load(ctx: Ctx, keys: Vec<Self>) -> Result<HashMap<Self, Vec<RegionId>>> {
        let ids = any_of(area_village::Column::AreaId, keys.iter().map(|key| key.0), ctx.backend());
        let rows = unscoped::<area_village::Entity>().filter(ids).all(ctx.db().read()).await?;
        let mut villages: HashMap<_, Vec<_>> = keys.into_iter().map(|key| (key, Vec::new())).collect();
        for row in rows {
            villages.entry(Self(row.area_id)).or_default().push(row.village_id);
        }
        Ok(villages)
    }
}

/// Questions about areas.
#[derive(Debug, Default)]
pub struct AreaQuery;

#[Object]
impl AreaQuery {
    /// Areas of townships, by name. Requires nothing.
    #[graphql(directive = class::apply(DataClass::Public), directive = cost::apply(1))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn areas(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<AreaWhere>,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<Vec<OrderBy<AreaOrderField>>>,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<Area>>> {
        Some(list(gql, Listing { filter, order_by, page: PageArgs::new(first, after, last, before) }).await)
    }
}

/// An area to make.
#[derive(Clone, Debug, InputObject)]
pub struct AreaCreateInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Id minted by the client; made by the server otherwise.
    #[graphql(default)]
    pub id: Option<AreaId>,
    /// The township.
    pub township_id: RegionId,
    /// Name, unique in the township, at most 40 characters.
    pub name: String,
    /// Its villages, all of the township, none of another area; at most 100.
    pub village_ids: Vec<RegionId>,
}

/// A change to an area. What is absent stays.
#[derive(Clone, Debug, InputObject)]
pub struct AreaUpdateInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Which area.
    pub id: AreaId,
    /// The version that the change is based on.
    pub expected_version: i32,
    /// New name, unique in the township.
    #[graphql(default)]
    pub name: Option<String>,
    /// All its villages from now on. Whoever is answerable for the area gains and loses them at the next request.
    #[graphql(default)]
    pub village_ids: Option<Vec<RegionId>>,
}

payload! {
    /// An area that was made or changed, or why not.
    AreaPayload, area: Area
}

/// Changes to areas.
#[derive(Debug, Default)]
pub struct AreaMutation;

#[Object]
impl AreaMutation {
    /// Makes an area. Requires `REGION_ADMIN` of the township, or `PLATFORM_ADMIN`. Errors: `INVALID`, `DUPLICATE`,
    /// `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10))]
    async fn area_create(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to make.")] input: AreaCreateInput,
    ) -> Option<Result<AreaPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("areaCreate", &input.idempotency_key, &input, create).await;
        AreaPayload::of(ctx, written).await
    }

    /// Renames an area or changes its villages. Requires `REGION_ADMIN` of the township, or `PLATFORM_ADMIN`. Errors:
    /// `INVALID`, `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10))]
    async fn area_update(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to change, and the version that it is based on.")] input: AreaUpdateInput,
    ) -> Option<Result<AreaPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("areaUpdate", &input.idempotency_key, &input, update).await;
        AreaPayload::of(ctx, written).await
    }
}

async fn create(work: &Work, input: AreaCreateInput) -> Result<Uuid> {
    let AreaCreateInput { idempotency_key: _, id, township_id, name, village_ids } = input;
    let township = find(work, township_id, "townshipId").await?;
    work.ctx.must(May::ManageRegion, &Facts::from(Place::from(&township)))?;
    let mut checks = Checks::default();
    let name = checks.text("name", &name, 40);
    checks.require(township.township_id == Some(township.id), || {
        Refusal::rule("township", "townshipId", "片区只能设在乡镇。", "An area belongs to a township.")
    });
    checks.done()?;
    let county = township.county_id.ok_or_else(|| Refusal::not_found("townshipId"))?;
    let id = id.unwrap_or_else(|| AreaId(Uuid::now_v7()));
    let row = area::ActiveModel {
        id: Set(id),
        name: Set(name),
        county_id: Set(county),
        township_id: Set(township_id),
        version: Set(1),
    };
    work.insert(row).await?;
    set_villages(work, id, township_id, village_ids).await?;
    Ok(id.0)
}

async fn update(work: &Work, input: AreaUpdateInput) -> Result<Uuid> {
    let AreaUpdateInput { idempotency_key: _, id, expected_version, name, village_ids } = input;
    let area = unscoped::<area::Entity>()
        .filter(area::Column::Id.eq(id))
        .one(&work.tx)
        .await?
        .ok_or_else(|| Refusal::not_found("id"))?;
    let place =
        Place { county_id: Some(area.county_id), township_id: Some(area.township_id), ..Place::default() };
    work.ctx.must(May::ManageRegion, &Facts::from(place))?;
    let mut checks = Checks::default();
    let name = name.map(|name| checks.text("name", &name, 40));
    checks.done()?;
    let mut row = area::ActiveModel { id: Set(id), ..Default::default() };
    if let Some(name) = name {
        row.name = Set(name);
    }
    let also: &[&'static str] = if village_ids.is_some() { &["villages"] } else { &[] };
    work.update_with(row, expected_version, ChangeKind::Updated, also).await?;
    if let Some(villages) = village_ids {
        area_village::Entity::delete_many()
            .filter(area_village::Column::AreaId.eq(id))
            .exec(&work.tx)
            .await?;
        set_villages(work, id, area.township_id, villages).await?;
        refresh_rights(work, id).await?;
    }
    Ok(id.0)
}

async fn set_villages(work: &Work, id: AreaId, township: RegionId, villages: Vec<RegionId>) -> Result<()> {
    let backend = work.ctx.backend();
    let of_township: u64 = sea_orm::PaginatorTrait::count(
        unscoped::<region::Entity>()
            .filter(any_of(region::Column::Id, villages.iter().copied(), backend))
            .filter(region::Column::ParentId.eq(township)),
        &work.tx,
    )
    .await?;
    let taken = unscoped::<area_village::Entity>()
        .filter(any_of(area_village::Column::VillageId, villages.iter().copied(), backend))
        .one(&work.tx)
        .await?;
    let mut checks = Checks::default();
    checks.require(villages.len() <= 100 && of_township == villages.len() as u64, || {
        Refusal::rule(
            "villages",
            "villageIds",
            "应为本乡镇的村（社区），不重复，最多 100 个。",
            "Villages of the township, each once, 100 at the most.",
        )
    });
    checks.require(taken.is_none(), || {
        Refusal::rule(
            "villages-free",
            "villageIds",
            "其中有的村已属于其他片区。",
            "One of the villages belongs to another area.",
        )
    });
    checks.done()?;
    if villages.is_empty() {
        return Ok(());
    }
    let rows = villages
        .into_iter()
        .map(|village| area_village::ActiveModel { village_id: Set(village), area_id: Set(id) });
    area_village::Entity::insert_many(rows).exec_without_returning(&work.tx).await?;
    Ok(())
}

/// Whoever is answerable for the area reaches other villages now.
async fn refresh_rights(work: &Work, id: AreaId) -> Result<()> {
    let holders = unscoped::<assignment::Entity>()
        .select_only()
        .column(assignment::Column::CadreId)
        .filter(assignment::Column::AreaId.eq(id))
        .into_query();
    work.raise_rights(account::Column::CadreId.in_subquery(holders)).await
}
