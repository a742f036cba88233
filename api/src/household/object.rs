//! `Household` as it is spoken.

use super::{
    list::{HouseholdOrderField, HouseholdWhere},
    member::HouseholdMemberInput,
};
use crate::kernel::{
    access::{Owner, Subject, Way},
    directive::{DataClass, auth, class, cost, may},
    door::{any_of, households_showing},
    error::Result,
    node::Node,
    page::Run,
    payload::{ctx, payload},
    personal::Personal,
    place::Place,
    policy::{May, Part, Sight},
    request::Ctx,
    rows::Key,
    scope::{Facts, Scope},
};
use async_graphql::{Context, Enum, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use entity::{
    household,
    id::{HouseholdId, RegionId},
    kind::HouseholdStatus,
    scalar::{Date, PhoneNumber, Yuan},
};
use sea_orm::{ColumnTrait, Condition, DbBackend, DerivePartialModel, QueryFilter, QuerySelect};
use std::collections::HashMap;
use uuid::Uuid;

/// A household (户): the unit of contact. Seen by whoever's scope covers it; a dispatcher sees number, address and head
/// alone. What is not shown is null and named in `redactedFields`.
#[derive(Clone, Debug, SimpleObject, DerivePartialModel)]
#[sea_orm(entity = "household::Entity")]
#[graphql(complex)]
pub struct Household {
    /// Its id, which never changes (标识).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub id: HouseholdId,
    /// Number within the village (户编号).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub number: String,
    /// Name of the head (户主姓名). Null to an integration that has not been granted names.
    #[graphql(directive = class::apply(DataClass::Personal))]
    pub head_name: Personal<Option<String>>,
    /// Address (住址). Null when it is not known, and to an integration that has not been granted names.
    #[graphql(directive = class::apply(DataClass::Personal))]
    pub address: Personal<Option<String>>,
    /// Telephone with its middle hidden, `138****5678` (电话). Null to a dispatcher.
    #[graphql(directive = class::apply(DataClass::Personal))]
    pub phone_masked: Personal<Option<String>>,
    /// Housing (住房情况). Null to a dispatcher.
    #[graphql(directive = class::apply(DataClass::Personal))]
    pub housing: Personal<Option<String>>,
    /// Status (户状态).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub status: HouseholdStatus,
    /// How many members live in it now (人口). Null to a dispatcher.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub member_count: Option<i32>,
    /// Day of the last visit (最近走访). Null when there was none, and to a dispatcher.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub last_visit_on: Option<Date>,
    /// First day on record (登记日期). Null when it has been there since before anybody kept count, and to a dispatcher.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub registered_on: Option<Date>,
    /// First day on which it no longer lived here (迁出日期). Null while it does, and to a dispatcher.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub resident_until: Option<Date>,
    /// Raised by each change, of its members too; what a mutation expects.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub version: i32,
    #[graphql(skip)]
    pub(crate) county_id: RegionId,
    #[graphql(skip)]
    pub(crate) township_id: RegionId,
    #[graphql(skip)]
    pub(crate) village_id: RegionId,
    #[graphql(skip)]
    pub(crate) group_id: Option<RegionId>,
    #[graphql(skip)]
    pub(crate) grid_id: Option<RegionId>,
    #[graphql(skip)]
    latitude: Option<f64>,
    #[graphql(skip)]
    longitude: Option<f64>,
    #[graphql(skip)]
    #[sea_orm(skip)]
    pub(crate) sight: Sight,
    #[graphql(skip)]
    #[sea_orm(skip)]
    pub(crate) way: Way,
}

/// Each field that may be hidden, and the part that shows it; one without a part is shown by `householdReveal` alone.
pub(crate) const MASKED: &[(&str, Option<Part>)] = &[
    ("headName", Some(Part::Names)),
    ("address", Some(Part::Names)),
    ("memberCount", Some(Part::Internal)),
    ("lastVisitOn", Some(Part::Internal)),
    ("registeredOn", Some(Part::Internal)),
    ("residentUntil", Some(Part::Internal)),
    ("tags", Some(Part::Internal)),
    ("phoneMasked", Some(Part::Personal)),
    ("housing", Some(Part::Personal)),
    ("location", Some(Part::Personal)),
    ("head", Some(Part::Personal)),
    ("members", Some(Part::Personal)),
    ("phone", Some(Part::Phone)),
    ("sensitiveTags", None),
    ("yearlyIncome", None),
    ("incomeSource", None),
];

impl Household {
    /// Where it is.
    pub(crate) fn place(&self) -> Place {
        Place {
            county_id: Some(self.county_id),
            township_id: Some(self.township_id),
            village_id: Some(self.village_id),
            group_id: self.group_id,
            grid_id: self.grid_id,
        }
    }

    /// The facts by which rights to it are decided.
    pub(crate) fn facts(&self) -> Facts<'static> {
        Facts { place: self.place(), household: Some(self.id), ..Facts::default() }
    }

    /// Where it stands on the map, if the viewer may see it.
    pub(crate) fn position(&self) -> Option<GeoPosition> {
        GeoPosition::at(self.latitude, self.longitude)
    }

    /// Names of the fields that are null because the viewer may not see them.
    pub(crate) fn hidden(&self) -> Vec<&'static str> {
        self.sight.hides(MASKED)
    }

    /// Whose it is, for what is shown of it.
    pub(crate) fn owner(&self) -> Owner {
        Owner { subject: Subject::Household(self.id), of: "Household", way: self.way }
    }
}

/// The datum of a position (坐标系). Positions are stored as WGS 84.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum Datum {
    /// WGS 84 (世界大地坐标系), as satellites give it.
    #[graphql(name = "WGS84")]
    Wgs84,
}

/// A position on the map (位置).
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct GeoPosition {
    /// Degrees north.
    #[graphql(directive = class::apply(DataClass::Personal))]
    pub latitude: f64,
    /// Degrees east.
    #[graphql(directive = class::apply(DataClass::Personal))]
    pub longitude: f64,
    /// The datum of both.
    #[graphql(directive = class::apply(DataClass::Personal))]
    pub datum: Datum,
}

impl GeoPosition {
    /// The position that is stored, if there is one.
    pub(crate) fn at(latitude: Option<f64>, longitude: Option<f64>) -> Option<Self> {
        Some(Self { latitude: latitude?, longitude: longitude?, datum: Datum::Wgs84 })
    }
}

/// A position on the map.
#[derive(Clone, Copy, Debug, InputObject)]
pub struct GeoPositionInput {
    /// Degrees north, −90 to 90.
    pub latitude: f64,
    /// Degrees east, −180 to 180.
    pub longitude: f64,
    /// The datum of both.
    pub datum: Datum,
}

impl Node for Household {
    type Entity = household::Entity;
    type Where = HouseholdWhere;
    type Order = HouseholdOrderField;
    const NAME: &'static str = HouseholdId::PREFIX;

    fn uuid(&self) -> Uuid {
        self.id.0
    }

    fn ordered(scope: &Scope, backend: DbBackend, run: Run) -> Condition {
        match run.column {
            Some("head_name") => households_showing(Part::Names, scope, backend),
            _ => Condition::all(),
        }
    }

    fn seen(&mut self, scope: &Scope, way: Way) {
        self.sight = scope.household_sight(self.id, &self.place());
        self.way = way;
        let owner = self.owner();
        let shows = |part| self.sight.shows(part);
        self.head_name.decide(shows(Part::Names), owner);
        self.address.decide(shows(Part::Names), owner);
        self.phone_masked.decide(shows(Part::Personal), owner);
        self.housing.decide(shows(Part::Personal), owner);
        if !shows(Part::Internal) {
            self.member_count = None;
            self.last_visit_on = None;
            self.registered_on = None;
            self.resident_until = None;
        }
        if !shows(Part::Personal) {
            self.latitude = None;
            self.longitude = None;
        }
    }
}

/// The question for the telephone number of a household: opened only when asked, only for who may see it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PhoneOf(pub HouseholdId);

impl Key for PhoneOf {
    type Value = PhoneNumber;

    async fn load(ctx: Ctx, keys: Vec<Self>) -> Result<HashMap<Self, PhoneNumber>> {
        let rows: Vec<(HouseholdId, Vec<u8>)> = ctx
            .within::<household::Entity>()
            .select_only()
            .columns([household::Column::Id, household::Column::Phone])
            .filter(any_of(household::Column::Id, keys.iter().map(|key| key.0), ctx.backend()))
            .filter(household::Column::Phone.is_not_null())
            .into_tuple()
            .all(ctx.db().read())
            .await?;
        rows.into_iter().map(|(id, phone)| Ok((Self(id), PhoneNumber(ctx.vault().open(&phone)?)))).collect()
    }
}

/// A household to register, with its members.
#[derive(Clone, Debug, InputObject)]
pub struct HouseholdCreateInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Id minted by the client; made by the server otherwise.
    #[graphql(default)]
    pub id: Option<HouseholdId>,
    /// The village or, better, the villagers' group.
    pub region_id: RegionId,
    /// The grid, of the same village.
    #[graphql(default)]
    pub grid_id: Option<RegionId>,
    /// Number, unique in the village, at most 20 characters.
    pub number: String,
    /// Its members, 1 to 30; exactly one is the head.
    pub members: Vec<HouseholdMemberInput>,
    /// Address, at most 200 characters.
    #[graphql(default)]
    pub address: Option<String>,
    /// Telephone number of the household.
    #[graphql(default)]
    pub phone: Option<PhoneNumber>,
    /// Position on the map; always optional.
    #[graphql(default)]
    pub location: Option<GeoPositionInput>,
    /// Housing, at most 200 characters.
    #[graphql(default)]
    pub housing: Option<String>,
    /// Yearly income in yuan, not negative. Shown to nobody.
    #[graphql(default)]
    pub yearly_income: Option<Yuan>,
    /// Main source of income, at most 100 characters.
    #[graphql(default)]
    pub income_source: Option<String>,
    /// Codes of its tags, from `householdTags`.
    #[graphql(default)]
    pub tags: Vec<String>,
}

/// A change to a household. What is absent stays; null clears.
#[derive(Clone, Debug, InputObject)]
pub struct HouseholdUpdateInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Which household.
    pub id: HouseholdId,
    /// The version that the change is based on.
    pub expected_version: i32,
    /// New number, unique in the village.
    #[graphql(default)]
    pub number: Option<String>,
    /// New address; null clears it.
    pub address: MaybeUndefined<String>,
    /// New telephone number; null clears it.
    pub phone: MaybeUndefined<PhoneNumber>,
    /// New position; null clears it.
    pub location: MaybeUndefined<GeoPositionInput>,
    /// New housing; null clears it.
    pub housing: MaybeUndefined<String>,
    /// New yearly income; null clears it.
    pub yearly_income: MaybeUndefined<Yuan>,
    /// New main source of income; null clears it.
    pub income_source: MaybeUndefined<String>,
    /// New status.
    #[graphql(default)]
    pub status: Option<HouseholdStatus>,
    /// All its ordinary tags from now on. Those of the sensitive class stay as they are unless named here.
    #[graphql(default)]
    pub tags: Option<Vec<String>>,
}

payload! {
    /// A household that was made or changed, or why not.
    HouseholdPayload, household: Household
}

/// Changes to households.
#[derive(Debug, Default)]
pub struct HouseholdMutation;

#[Object]
impl HouseholdMutation {
    /// Registers a household with its members. Requires `REGION_ADMIN` of the place or its `GRID_WORKER`. Errors:
    /// `INVALID` (each broken rule with its path), `DUPLICATE` (the number), `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(20), directive = auth::apply(may(May::CreateHousehold)))]
    async fn household_create(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to make.")] input: HouseholdCreateInput,
    ) -> Option<Result<HouseholdPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("householdCreate", &input.idempotency_key, &input, super::create).await;
        HouseholdPayload::of(ctx, written).await
    }

    /// Changes a household: absent stays, null clears. Requires `REGION_ADMIN` of the place, its `GRID_WORKER`, or a live
    /// assignment that reaches it. Errors: `INVALID`, `CONFLICT`, `DUPLICATE`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::UpdateHousehold)))]
    async fn household_update(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to change, and the version that it is based on.")] input: HouseholdUpdateInput,
    ) -> Option<Result<HouseholdPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("householdUpdate", &input.idempotency_key, &input, super::update).await;
        HouseholdPayload::of(ctx, written).await
    }
}
