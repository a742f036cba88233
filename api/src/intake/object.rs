//! `IntakePoint` as it is spoken.

use crate::{
    household::object::GeoPositionInput,
    kernel::{
        connection::{Connection, Cursor},
        directive::{DataClass, auth, class, cost, everyone, may},
        error::Result,
        filter::{ChoiceFilter, in_region, operand},
        node::{Filter, Listing, Node, OrderBy, Ordering, list},
        page::{PageArgs, Run},
        payload::{ctx, payload},
        place::Place,
        policy::May,
        request::Ctx,
    },
};
use async_graphql::{Context, Enum, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use entity::{
    id::{IntakePointId, RegionId},
    intake_point,
    kind::IntakeKind,
    scalar::Date,
};
use sea_orm::{ColumnTrait, Condition, DerivePartialModel};
use uuid::Uuid;

/// A station, point or box where people bring what they want (受理点：说事站、说事点、说事箱). Everyone may read it, signed in or
/// not.
#[derive(Clone, Debug, SimpleObject, DerivePartialModel)]
#[sea_orm(entity = "intake_point::Entity")]
#[graphql(complex)]
pub struct IntakePoint {
    /// Its id, which never changes (标识).
    #[graphql(directive = class::apply(DataClass::Public))]
    pub id: IntakePointId,
    /// Station, point or box (类型), which never changes.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub kind: IntakeKind,
    /// Name (名称), as it is written on the door.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub name: String,
    /// Where it is found (地址).
    #[graphql(directive = class::apply(DataClass::Public))]
    pub address: String,
    /// Degrees north of the place, WGS 84 (纬度). Null when it is not told.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub latitude: Option<f64>,
    /// Degrees east of the place, WGS 84 (经度). Null when it is not told.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub longitude: Option<f64>,
    /// When somebody is there (服务时间): 周一至周五 8:30–17:30. Null when it is not told.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub hours: Option<String>,
    /// First day on which it was there (启用日期).
    #[graphql(directive = class::apply(DataClass::Public))]
    pub opened_on: Date,
    /// First day on which it is no longer there (撤销日期). Null while it is.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub closed_on: Option<Date>,
    /// Raised by each change; what a mutation expects.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub version: i32,
    #[graphql(skip)]
    pub(crate) region_id: RegionId,
    #[graphql(skip)]
    county_id: RegionId,
    #[graphql(skip)]
    township_id: RegionId,
    #[graphql(skip)]
    village_id: Option<RegionId>,
}

impl IntakePoint {
    /// Where it is.
    pub(crate) fn place(&self) -> Place {
        Place {
            county_id: Some(self.county_id),
            township_id: Some(self.township_id),
            village_id: self.village_id,
            ..Place::default()
        }
    }
}

/// Conditions on intake points, all of them to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct IntakePointWhere {
    /// Anywhere in this region, the region's own included.
    pub region: MaybeUndefined<RegionId>,
    /// By kind: stations, points or boxes.
    #[graphql(default)]
    pub kind: Option<ChoiceFilter<IntakeKind>>,
    /// True: those that are open. False: those that were closed.
    pub open: MaybeUndefined<bool>,
}

impl Filter for IntakePointWhere {
    async fn condition(&self, ctx: &Ctx) -> Result<Condition> {
        use intake_point::Column::{ClosedOn, Kind};
        let mut all = in_region::<intake_point::Entity>(ctx, &self.region).await?;
        if let Some(kind) = &self.kind {
            all = all.add(kind.on(Kind)?);
        }
        if let Some(open) = operand(&self.open)? {
            all = all.add(if open { ClosedOn.is_null() } else { ClosedOn.is_not_null() });
        }
        Ok(all)
    }
}

/// What intake points are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum IntakePointOrderField {
    /// Name, by its characters.
    Name,
}

impl Ordering for IntakePointOrderField {
    fn column(self) -> Option<&'static str> {
        Some("name")
    }

    fn usual() -> Run {
        Run { column: Some("name"), descending: false }
    }
}

impl Node for IntakePoint {
    type Entity = intake_point::Entity;
    type Where = IntakePointWhere;
    type Order = IntakePointOrderField;
    const NAME: &'static str = IntakePointId::PREFIX;

    fn uuid(&self) -> Uuid {
        self.id.0
    }
}

/// Questions about intake points.
#[derive(Debug, Default)]
pub struct IntakePointQuery;

#[Object]
impl IntakePointQuery {
    /// One intake point by its id, closed ones too. Null when there is none. Requires nothing.
    #[graphql(directive = class::apply(DataClass::Public), directive = cost::apply(1), directive = auth::apply(everyone()))]
    async fn intake_point(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which one.")] id: IntakePointId,
    ) -> Option<Result<IntakePoint>> {
        ctx(gql).edge(Some(id)).await
    }

    /// Stations, points and boxes where people bring what they want (受理点), by name, closed ones included. Requires nothing.
    #[graphql(directive = class::apply(DataClass::Public), directive = cost::apply(1), directive = auth::apply(everyone()))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn intake_points(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<
            IntakePointWhere,
        >,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<
            Vec<OrderBy<IntakePointOrderField>>,
        >,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<IntakePoint>>> {
        Some(list(gql, Listing { filter, order_by, page: PageArgs::new(first, after, last, before) }).await)
    }
}

/// An intake point to set up.
#[derive(Clone, Debug, InputObject)]
pub struct IntakePointCreateInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Id minted by the client; made by the server otherwise.
    #[graphql(default)]
    pub id: Option<IntakePointId>,
    /// Station, point or box.
    pub kind: IntakeKind,
    /// Name, at most 40 characters.
    pub name: String,
    /// The township or village whose it is.
    pub region_id: RegionId,
    /// Where it is found, at most 100 characters; everyone may read it.
    pub address: String,
    /// Where it is on the map; everyone may read it.
    #[graphql(default)]
    pub location: Option<GeoPositionInput>,
    /// When somebody is there, at most 100 characters.
    #[graphql(default)]
    pub hours: Option<String>,
    /// First day on which it was there, not in the future; today when absent.
    #[graphql(default)]
    pub opened_on: Option<Date>,
}

/// A change to an intake point. What is absent stays.
#[derive(Clone, Debug, InputObject)]
pub struct IntakePointUpdateInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Which intake point.
    pub id: IntakePointId,
    /// The version that the change is based on.
    pub expected_version: i32,
    /// New name, at most 40 characters.
    #[graphql(default)]
    pub name: Option<String>,
    /// New address, at most 100 characters.
    #[graphql(default)]
    pub address: Option<String>,
    /// Another position on the map; null takes it out.
    pub location: MaybeUndefined<GeoPositionInput>,
    /// New hours, at most 100 characters; null takes them out.
    pub hours: MaybeUndefined<String>,
}

/// An intake point to close.
#[derive(Clone, Debug, InputObject)]
pub struct IntakePointCloseInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Which intake point.
    pub id: IntakePointId,
    /// The version that the change is based on.
    pub expected_version: i32,
    /// First day on which it is no longer there: not in the future, and not before it was set up or last opened; today
    /// when absent.
    #[graphql(default)]
    pub closed_on: Option<Date>,
}

payload! {
    /// An intake point that was set up, changed or closed, or why not.
    IntakePointPayload, intake_point: IntakePoint
}

/// Changes to intake points.
#[derive(Debug, Default)]
pub struct IntakePointMutation;

#[Object]
impl IntakePointMutation {
    /// Sets up a station, point or box. Requires `REGION_ADMIN` of its region. Errors: `INVALID` (name, address, hours,
    /// position, day, level of the region), `DUPLICATE` (the id), `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::ManageIntake)))]
    async fn intake_point_create(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to set up.")] input: IntakePointCreateInput,
    ) -> Option<Result<IntakePointPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("intakePointCreate", &input.idempotency_key, &input, super::create).await;
        IntakePointPayload::of(ctx, written).await
    }

    /// Changes name, address, position or hours of an intake point. Requires `REGION_ADMIN` of its region. Errors: `INVALID`,
    /// `STATE` (closed), `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::ManageIntake)))]
    async fn intake_point_update(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to change, and the version that it is based on.")]
        input: IntakePointUpdateInput,
    ) -> Option<Result<IntakePointPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("intakePointUpdate", &input.idempotency_key, &input, super::update).await;
        IntakePointPayload::of(ctx, written).await
    }

    /// Closes an intake point for good; its openings stay. Requires `REGION_ADMIN` of its region. Errors: `INVALID` (the day),
    /// `STATE` (closed already), `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::ManageIntake)))]
    async fn intake_point_close(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which one to close, from which day, and the version that this is based on.")]
        input: IntakePointCloseInput,
    ) -> Option<Result<IntakePointPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("intakePointClose", &input.idempotency_key, &input, super::close).await;
        IntakePointPayload::of(ctx, written).await
    }
}
