//! Areas (片区): a township's grouping of villages. Being answerable for an area means being answerable for each of its
//! villages, as the set stands at that moment.

use super::{find, naming::free_name};
use crate::kernel::{
    bulk,
    connection::{Connection, Cursor},
    directive::{DataClass, auth, class, cost, everyone, may},
    door::{any_of, unscoped},
    error::{Refusal, Result},
    filter::in_region,
    node::{Filter, Listing, Node, OrderBy, Ordering, list},
    page::{PageArgs, Run},
    payload::{ctx, payload},
    place::Place,
    policy::May,
    record::Record,
    refusal::Checks,
    request::Ctx,
    rows::Key,
    scope::Facts,
    work::Work,
};
use async_graphql::{Context, Enum, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use entity::{
    account, area, area_village, assignment,
    id::{AreaId, AssignmentId, RegionId},
    kind::ChangeKind,
    region,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DerivePartialModel, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, Set,
};
use std::collections::{HashMap, HashSet};
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
    #[graphql(directive = class::apply(DataClass::Public), directive = cost::apply(1), directive = auth::apply(everyone()))]
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
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::ManageRegion)))]
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
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::ManageRegion)))]
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
    check_villages(&work.ctx, &work.tx, None, township_id, &village_ids).await?;
    work.insert(row).await?;
    set_villages(work, id, village_ids).await?;
    Ok(id.0)
}

async fn update(work: &Work, input: AreaUpdateInput) -> Result<Uuid> {
    let AreaUpdateInput { idempotency_key: _, id, expected_version, name, village_ids } = input;
    let area = find_area(&work.tx, id).await?;
    work.ctx.must(May::ManageRegion, &Facts::from(place(&area)))?;
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
        check_villages(&work.ctx, &work.tx, Some(id), area.township_id, &villages).await?;
        area_village::Entity::delete_many()
            .filter(area_village::Column::AreaId.eq(id))
            .exec(&work.tx)
            .await?;
        set_villages(work, id, villages).await?;
        refresh_rights(work, id).await?;
    }
    Ok(id.0)
}

/// The villages of an area are of its township, in force, and of no other area.
async fn check_villages(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    own: Option<AreaId>,
    township: RegionId,
    villages: &[RegionId],
) -> Result<()> {
    let of_township: u64 = sea_orm::PaginatorTrait::count(
        unscoped::<region::Entity>()
            .filter(any_of(region::Column::Id, villages.iter().copied(), ctx.backend()))
            .filter(region::Column::ParentId.eq(township))
            .filter(region::Column::Until.is_null()),
        db,
    )
    .await?;
    let taken = unscoped::<area_village::Entity>()
        .filter(any_of(area_village::Column::VillageId, villages.iter().copied(), ctx.backend()))
        .filter(Condition::all().add_option(own.map(|own| area_village::Column::AreaId.ne(own))))
        .one(db)
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
    checks.done()
}

async fn set_villages(work: &Work, id: AreaId, villages: Vec<RegionId>) -> Result<()> {
    let rows = villages.into_iter().map(|village_id| area_village::Model { village_id, area_id: id });
    Ok(bulk::insert::<area_village::Entity>(&work.tx, rows.collect()).await?)
}

/// What other villages mean for an area.
#[derive(Clone, Debug)]
pub struct Resettled {
    /// Villages that come.
    pub come: Vec<RegionId>,
    /// Villages that go.
    pub go: Vec<RegionId>,
    /// Assignments to the area, in force or to come.
    pub held: Vec<AssignmentId>,
}

/// What `areaUpdate` would do with these villages, refused as it would be.
pub async fn preview(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    id: AreaId,
    villages: &[RegionId],
) -> Result<Resettled> {
    let area = find_area(db, id).await?;
    ctx.must(May::ManageRegion, &Facts::from(place(&area)))?;
    check_villages(ctx, db, Some(id), area.township_id, villages).await?;
    let now: Vec<RegionId> = unscoped::<area_village::Entity>()
        .select_only()
        .column(area_village::Column::VillageId)
        .filter(area_village::Column::AreaId.eq(id))
        .into_tuple()
        .all(db)
        .await?;
    let ends = assignment::Column::EndsOn;
    let held = unscoped::<assignment::Entity>()
        .select_only()
        .column(assignment::Column::Id)
        .filter(assignment::Column::AreaId.eq(id))
        .filter(Condition::any().add(ends.is_null()).add(ends.gt(ctx.today())))
        .into_tuple()
        .all(db)
        .await?;
    Ok(Resettled {
        come: villages.iter().copied().filter(|village| !now.contains(village)).collect(),
        go: now.into_iter().filter(|village| !villages.contains(village)).collect(),
        held,
    })
}

async fn find_area(db: &impl ConnectionTrait, id: AreaId) -> Result<area::Model> {
    unscoped::<area::Entity>()
        .filter(area::Column::Id.eq(id))
        .one(db)
        .await?
        .ok_or_else(|| Refusal::not_found("id").into())
}

fn place(area: &area::Model) -> Place {
    Place { county_id: Some(area.county_id), township_id: Some(area.township_id), ..Place::default() }
}

/// The areas that villages are in.
pub async fn areas_of(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    villages: impl IntoIterator<Item = RegionId>,
) -> Result<Vec<area::Model>> {
    let of = unscoped::<area_village::Entity>()
        .select_only()
        .column(area_village::Column::AreaId)
        .filter(any_of(area_village::Column::VillageId, villages, ctx.backend()))
        .into_query();
    Ok(unscoped::<area::Entity>().filter(area::Column::Id.in_subquery(of)).all(db).await?)
}

/// Takes villages out of their areas, or puts one that was made of another into its area.
pub async fn resettle(
    work: &Work,
    areas: &[area::Model],
    leaving: &[RegionId],
    joining: Option<RegionId>,
) -> Result<()> {
    area_village::Entity::delete_many()
        .filter(any_of(area_village::Column::VillageId, leaving.iter().copied(), work.ctx.backend()))
        .exec(&work.tx)
        .await?;
    for area in areas {
        let row = area::ActiveModel { id: Set(area.id), ..Default::default() };
        work.update_with(row, area.version, ChangeKind::Updated, &["villages"]).await?;
        set_villages(work, area.id, joining.into_iter().collect()).await?;
    }
    Ok(())
}

/// Areas of townships that are merged into another, whose names are taken there, with the names that they get.
pub async fn clashes(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    from: &[region::Model],
    into: RegionId,
) -> Result<Vec<(area::Model, String)>> {
    let townships = from.iter().map(|township| township.id).chain([into]);
    let rows = unscoped::<area::Entity>()
        .filter(any_of(area::Column::TownshipId, townships, ctx.backend()))
        .order_by_asc(area::Column::Id)
        .all(db)
        .await?;
    let (there, coming): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.township_id == into);
    let mut taken: HashSet<String> = there.into_iter().map(|row| row.name).collect();
    let mut clashes = Vec::new();
    for township in from {
        for row in coming.iter().filter(|row| row.township_id == township.id) {
            let name = free_name(&row.name, &township.name, &taken);
            taken.insert(name.clone());
            if name != row.name {
                clashes.push((row.clone(), name));
            }
        }
    }
    Ok(clashes)
}

/// Gives areas the names that `clashes` gave.
pub async fn rename(work: &Work, clashes: &[(area::Model, String)]) -> Result<()> {
    for (area, name) in clashes {
        let row = area::ActiveModel { id: Set(area.id), name: Set(name.clone()), ..Default::default() };
        work.update(row, area.version, ChangeKind::Updated).await?;
    }
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
