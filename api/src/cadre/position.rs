//! Posts (职务) that cadres hold: in a region, a party organisation or a department, dated. A cadre may hold several.

use super::{check_end, find, must_go_on};
use crate::{
    branch::find as find_branch,
    department::find as find_department,
    kernel::{
        directive::{DataClass, auth, class, cost, may},
        door::{live, unscoped},
        error::{Refusal, Result},
        filter::operand,
        node::{Filter, Node, Ordering},
        page::Run,
        payload::{ctx, payload},
        place::Place,
        policy::May,
        record::Record,
        refusal::Checks,
        request::Ctx,
        scope::Facts,
        work::Work,
    },
    region::find as find_region,
};
use async_graphql::{Context, Enum, ID, InputObject, MaybeUndefined, Object, OneofObject, SimpleObject};
use entity::{
    cadre,
    id::{BranchId, CadreId, DepartmentId, PositionId, RegionId},
    kind::ChangeKind,
    position,
    scalar::Date,
};
use sea_orm::{ColumnTrait, Condition, DerivePartialModel, QueryFilter, Set, sea_query::ExprTrait};
use uuid::Uuid;

/// A post that a cadre holds (职务), in a region, a party organisation or a department, dated. Seen with the cadre.
#[derive(Clone, Debug, SimpleObject, DerivePartialModel)]
#[sea_orm(entity = "position::Entity")]
#[graphql(complex)]
pub struct Position {
    /// Its id, which never changes (标识).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub id: PositionId,
    /// Title (职务名称).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub title: String,
    /// First day (任职日期).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub starts_on: Date,
    /// First day that no longer counts (免职日期). Null while it goes on.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub ends_on: Option<Date>,
    /// Raised by each change; what a mutation expects.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub version: i32,
    #[graphql(skip)]
    pub(crate) cadre_id: CadreId,
    #[graphql(skip)]
    pub(crate) region_id: Option<RegionId>,
    #[graphql(skip)]
    pub(crate) branch_id: Option<BranchId>,
    #[graphql(skip)]
    pub(crate) department_id: Option<DepartmentId>,
}

impl Position {
    /// Whether it is in force on a day.
    pub(crate) fn live_on(&self, day: Date) -> bool {
        self.starts_on <= day && self.ends_on.is_none_or(|ends| ends > day)
    }
}

/// Conditions on posts, all of them to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct PositionWhere {
    /// True: held today. False: those over, and those to come.
    pub live: MaybeUndefined<bool>,
    /// Held on this day.
    pub live_on: MaybeUndefined<Date>,
}

impl Filter for PositionWhere {
    async fn condition(&self, ctx: &Ctx) -> Result<Condition> {
        use position::Column::{EndsOn, StartsOn};
        let mut all = Condition::all();
        if let Some(wanted) = operand(&self.live)? {
            let now = live(StartsOn, EndsOn, ctx.today());
            all = all.add(if wanted { now } else { now.not() });
        }
        if let Some(day) = operand(&self.live_on)? {
            all = all.add(live(StartsOn, EndsOn, day));
        }
        Ok(all)
    }
}

/// What posts are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum PositionOrderField {
    /// First day.
    StartsOn,
}

impl Ordering for PositionOrderField {
    fn column(self) -> Option<&'static str> {
        Some("starts_on")
    }

    fn usual() -> Run {
        Run { column: Some("starts_on"), descending: true }
    }
}

impl Node for Position {
    type Entity = position::Entity;
    type Where = PositionWhere;
    type Order = PositionOrderField;
    const NAME: &'static str = PositionId::PREFIX;

    fn uuid(&self) -> Uuid {
        self.id.0
    }
}

impl Record for position::Entity {
    const NAME: &'static str = PositionId::PREFIX;
    const INTERNAL: &'static [&'static str] =
        &["cadre_id", "title", "region_id", "branch_id", "department_id", "starts_on", "ends_on"];
}

/// Where a post is: exactly one of these.
#[derive(Clone, Debug, OneofObject)]
pub enum PositionPlace {
    /// In the office of a region.
    RegionId(RegionId),
    /// In a party organisation.
    BranchId(BranchId),
    /// In a department.
    DepartmentId(DepartmentId),
}

/// A post to give.
#[derive(Clone, Debug, InputObject)]
pub struct PositionAppointInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Id minted by the client; made by the server otherwise.
    #[graphql(default)]
    pub id: Option<PositionId>,
    /// The cadre who is appointed.
    pub cadre_id: CadreId,
    /// Title, at most 60 characters.
    pub title: String,
    /// Where the post is.
    pub place: PositionPlace,
    /// First day.
    pub starts_on: Date,
}

/// The end of a post.
#[derive(Clone, Debug, InputObject)]
pub struct PositionEndInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Which post.
    pub id: PositionId,
    /// The version that the change is based on.
    pub expected_version: i32,
    /// First day that no longer counts, not before the first day. The first day itself takes back what was entered in error.
    pub ends_on: Date,
}

payload! {
    /// A post that was given or ended, or why not.
    PositionPayload, position: Position
}

/// Changes to posts.
#[derive(Debug, Default)]
pub struct PositionMutation;

#[Object]
impl PositionMutation {
    /// Gives a cadre a post. Requires `REGION_ADMIN` both of the cadre's office and of the region that the post is in.
    /// Errors: `INVALID` (the title), `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::ManageCadre)))]
    async fn position_appoint(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to make.")] input: PositionAppointInput,
    ) -> Option<Result<PositionPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("positionAppoint", &input.idempotency_key, &input, appoint).await;
        PositionPayload::of(ctx, written).await
    }

    /// Ends a post, or moves an end that is still to come. Requires `REGION_ADMIN` of the cadre's office. Errors: `INVALID` (the date), `STATE` (it is over),
    /// `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::ManageCadre)))]
    async fn position_end(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to end, and why.")] input: PositionEndInput,
    ) -> Option<Result<PositionPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("positionEnd", &input.idempotency_key, &input, end).await;
        PositionPayload::of(ctx, written).await
    }
}

async fn appoint(work: &Work, input: PositionAppointInput) -> Result<Uuid> {
    let PositionAppointInput { idempotency_key: _, id, cadre_id, title, place, starts_on } = input;
    let cadre = find(work, cadre_id, "cadreId").await?;
    let mut row = position::ActiveModel {
        id: Set(id.unwrap_or_else(|| PositionId(Uuid::now_v7()))),
        cadre_id: Set(cadre_id),
        title: Set(String::new()),
        region_id: Set(None),
        branch_id: Set(None),
        department_id: Set(None),
        starts_on: Set(starts_on),
        ends_on: Set(None),
        version: Set(1),
    };
    let place = match place {
        PositionPlace::RegionId(id) => {
            row.region_id = Set(Some(id));
            Place::from(&find_region(work, id, "place.regionId").await?)
        }
        PositionPlace::BranchId(id) => {
            row.branch_id = Set(Some(id));
            Place::from(&find_branch(work, id, "place.branchId").await?)
        }
        PositionPlace::DepartmentId(id) => {
            row.department_id = Set(Some(id));
            Place::from(&find_department(work, id, "place.departmentId").await?)
        }
    };
    work.ctx.must(May::ManageCadre, &Facts::from(Place::from(&cadre)))?;
    work.ctx.must(May::ManageCadre, &Facts::from(place))?;
    let mut checks = Checks::default();
    row.title = Set(checks.text("title", &title, 60));
    checks.done()?;
    work.insert(row).await
}

async fn end(work: &Work, input: PositionEndInput) -> Result<Uuid> {
    let PositionEndInput { idempotency_key: _, id, expected_version, ends_on } = input;
    let position = work
        .ctx
        .within::<position::Entity>()
        .filter(position::Column::Id.eq(id))
        .one(&work.tx)
        .await?
        .ok_or_else(|| Refusal::not_found("id"))?;
    let cadre = unscoped::<cadre::Entity>()
        .filter(cadre::Column::Id.eq(position.cadre_id))
        .one(&work.tx)
        .await?
        .ok_or_else(|| Refusal::not_found("id"))?;
    work.ctx.must(May::ManageCadre, &Facts::from(Place::from(&cadre)))?;
    let mut checks = Checks::default();
    check_end(&mut checks, position.starts_on, Some(ends_on));
    checks.done()?;
    must_go_on(work, position.ends_on)?;
    let row = position::ActiveModel { id: Set(id), ends_on: Set(Some(ends_on)), ..Default::default() };
    work.update(row, expected_version, ChangeKind::Ended).await?;
    Ok(id.0)
}
