//! `Visit` as it is spoken.

use crate::{
    household::object::{GeoPosition, GeoPositionInput},
    kernel::{
        access::{Owner, Subject, Way},
        connection::{Connection, Cursor},
        directive::{DataClass, auth, class, cost, may, see},
        door::{any_of, unscoped},
        error::Result,
        filter::{ChoiceFilter, DateFilter, IdFilter, in_region, operand},
        node::{Filter, Listing, Node, OrderBy, Ordering, list},
        page::{PageArgs, Run},
        payload::{ctx, payload},
        place::Place,
        policy::{May, Part, Resource, Sight},
        request::Ctx,
        rows::Key,
        scope::{Facts, Scope},
    },
};
use async_graphql::{Context, Enum, ID, InputObject, MaybeUndefined, Object, OneofObject, SimpleObject};
use entity::{
    id::{AccountId, CadreId, EnterpriseId, HouseholdId, RegionId, VisitId},
    kind::{CondolenceForm, VisitMethod},
    scalar::{Date, DateTime, Yuan},
    visit, visit_participation,
};
use sea_orm::{
    ColumnTrait, Condition, DerivePartialModel, QueryFilter, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait},
};
use std::collections::HashMap;
use uuid::Uuid;

/// A visit (走访): how a cadre or grid worker saw a household, an enterprise or the people of a region, and what was said.
/// Seen by whoever answers for the target, by leaders, supervisors and administrators of its place, and by the household or
/// enterprise itself. What is not shown is null and named in `redactedFields`.
#[derive(Clone, Debug, SimpleObject, DerivePartialModel)]
#[sea_orm(entity = "visit::Entity")]
#[graphql(complex)]
pub struct Visit {
    /// Its id, which never changes (标识).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub id: VisitId,
    /// How it was made (走访方式).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub method: VisitMethod,
    /// When it began (开始时间).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub began_at: DateTime,
    /// The civil date on which it began (走访日期).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub visited_on: Date,
    /// How long it took, in minutes (时长). Null when that was not told.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub minutes: Option<i32>,
    /// Nights stayed (夜数), of methods `STAY` and `NIGHT`. Null for the others.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub nights: Option<i32>,
    /// How many people attended (参加人数). Null when that was not told.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub attendees: Option<i32>,
    /// Whether it was written down what was said (记录完整). A visit without is accepted, and counted as incomplete.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub complete: bool,
    /// When it was recorded (记录时间).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub recorded_at: DateTime,
    /// When it was withdrawn as recorded in error (撤回时间). Null while it stands.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub withdrawn_at: Option<DateTime>,
    /// Raised by each change; what a mutation expects.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub version: i32,
    #[graphql(skip)]
    pub(crate) household_id: Option<HouseholdId>,
    #[graphql(skip)]
    pub(crate) enterprise_id: Option<EnterpriseId>,
    #[graphql(skip)]
    pub(crate) region_id: Option<RegionId>,
    #[graphql(skip)]
    pub(crate) county_id: RegionId,
    #[graphql(skip)]
    pub(crate) township_id: Option<RegionId>,
    #[graphql(skip)]
    pub(crate) village_id: Option<RegionId>,
    #[graphql(skip)]
    pub(crate) group_id: Option<RegionId>,
    #[graphql(skip)]
    pub(crate) grid_id: Option<RegionId>,
    #[graphql(skip)]
    pub(crate) condolence_form: Option<CondolenceForm>,
    #[graphql(skip)]
    pub(crate) recorded_by: AccountId,
    #[graphql(skip)]
    pub(crate) recorder_id: Option<CadreId>,
    #[graphql(skip)]
    #[sea_orm(skip)]
    pub(crate) sight: Sight,
    #[graphql(skip)]
    #[sea_orm(skip)]
    pub(crate) way: Way,
}

/// Each field that may be hidden, and the part that shows it; one without a part is shown to nobody.
pub(crate) const MASKED: &[(&str, Option<Part>)] = &[
    ("summary", Some(Part::Personal)),
    ("location", Some(Part::Personal)),
    ("condolence.items", Some(Part::Personal)),
    ("condolence.value", None),
    ("attachments", Some(Part::Personal)),
];

impl Visit {
    /// Where the target is.
    pub(crate) fn place(&self) -> Place {
        Place {
            county_id: Some(self.county_id),
            township_id: self.township_id,
            village_id: self.village_id,
            group_id: self.group_id,
            grid_id: self.grid_id,
        }
    }

    /// What rights over it are decided by.
    pub(crate) fn facts(&self) -> Facts<'static> {
        Facts {
            place: self.place(),
            household: self.household_id,
            enterprise: self.enterprise_id,
            ..Facts::default()
        }
    }

    /// Whether it was recorded by whoever asks.
    pub(crate) fn is_own(&self, ctx: &Ctx) -> bool {
        ctx.viewer().is_some_and(|viewer| viewer.account == self.recorded_by)
    }

    /// Names of the fields that are null because the viewer may not see them.
    pub(crate) fn hidden(&self) -> Vec<&'static str> {
        self.sight.hides(MASKED)
    }

    /// Notes that something personal of it is shown: of whoever was visited; of the recorder, where it was a place.
    pub(crate) fn shows(&self, ctx: &Ctx, of: &'static str, field: &str) {
        let household = self.household_id.map(Subject::Household);
        let enterprise = self.enterprise_id.map(Subject::Enterprise);
        let recorder = self.recorder_id.map(Subject::Cadre);
        if let Some(subject) = household.or(enterprise).or(recorder) {
            ctx.shows(Owner { subject, of, way: self.way }, field, DataClass::Personal);
        }
    }
}

/// What was given (慰问).
#[derive(Clone, Debug, SimpleObject)]
#[graphql(complex)]
pub struct Condolence {
    /// In what form (慰问形式).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub form: CondolenceForm,
    #[graphql(skip)]
    pub(crate) visit: Visit,
}

/// The long part of a visit: read only when it is asked for.
#[derive(Clone, Debug)]
pub struct Told {
    /// What was said.
    pub summary: Option<String>,
    /// What was given.
    pub items: Option<String>,
    /// Where it was.
    pub position: Option<GeoPosition>,
}

/// The question for the long part of a visit.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ToldOf(pub VisitId);

impl Key for ToldOf {
    type Value = Told;

    async fn load(ctx: Ctx, keys: Vec<Self>) -> Result<HashMap<Self, Told>> {
        use visit::Column::{CondolenceItems, Id, Latitude, Longitude, Summary};
        type Row = (VisitId, Option<String>, Option<String>, Option<f64>, Option<f64>);
        let rows: Vec<Row> = ctx
            .within::<visit::Entity>()
            .select_only()
            .columns([Id, Summary, CondolenceItems, Latitude, Longitude])
            .filter(any_of(Id, keys.iter().map(|key| key.0), ctx.backend()))
            .into_tuple()
            .all(ctx.db().read())
            .await?;
        let told = rows.into_iter().map(|(id, summary, items, latitude, longitude)| {
            (Self(id), Told { summary, items, position: GeoPosition::at(latitude, longitude) })
        });
        Ok(told.collect())
    }
}

/// Conditions on visits, all of them to hold. Those that were withdrawn are left out unless asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct VisitWhere {
    /// With the target anywhere in this region.
    pub region: MaybeUndefined<RegionId>,
    /// By method.
    #[graphql(default)]
    pub method: Option<ChoiceFilter<VisitMethod>>,
    /// By the day on which it began.
    #[graphql(default)]
    pub visited_on: Option<DateFilter>,
    /// By the household that was visited.
    #[graphql(default)]
    pub household_id: Option<IdFilter>,
    /// By the enterprise that was visited.
    #[graphql(default)]
    pub enterprise_id: Option<IdFilter>,
    /// By a cadre who took part.
    #[graphql(default)]
    pub participant_id: Option<IdFilter>,
    /// True: those of which it was written down what was said. False: the others.
    pub complete: MaybeUndefined<bool>,
    /// True: those that the viewer has recorded. False: the others.
    pub mine: MaybeUndefined<bool>,
    /// True: those that were withdrawn. False, as when nothing is said: those that stand.
    pub withdrawn: MaybeUndefined<bool>,
}

impl Filter for VisitWhere {
    async fn condition(&self, ctx: &Ctx) -> Result<Condition> {
        use visit::Column;
        let mut all = in_region::<visit::Entity>(ctx, &self.region).await?;
        let withdrawn = operand(&self.withdrawn)?.unwrap_or_default();
        all = all.add(if withdrawn {
            Column::WithdrawnAt.is_not_null()
        } else {
            Column::WithdrawnAt.is_null()
        });
        if let Some(method) = &self.method {
            all = all.add(method.on(Column::Method)?);
        }
        if let Some(day) = &self.visited_on {
            all = all.add(day.on(Column::VisitedOn)?);
        }
        let ids = [
            (&self.household_id, Column::HouseholdId, HouseholdId::PREFIX),
            (&self.enterprise_id, Column::EnterpriseId, EnterpriseId::PREFIX),
        ];
        for (filter, column, prefix) in ids {
            if let Some(filter) = filter {
                all = all.add(filter.on(ctx, column, prefix)?);
            }
        }
        if let Some(cadre) = &self.participant_id {
            let own = Expr::col((visit_participation::Entity, visit_participation::Column::VisitId));
            let took_part = unscoped::<visit_participation::Entity>()
                .select_only()
                .expr(Expr::val(1))
                .filter(own.equals((visit::Entity, Column::Id)))
                .filter(cadre.on(ctx, visit_participation::Column::CadreId, CadreId::PREFIX)?);
            all = all.add(Expr::exists(took_part.into_query()));
        }
        if let Some(complete) = operand(&self.complete)? {
            all = all.add(Column::Complete.eq(complete));
        }
        if let Some(mine) = operand(&self.mine)? {
            let own = Column::RecordedBy.eq(ctx.signed_in()?.account);
            all = all.add(if mine { own } else { own.not() });
        }
        Ok(all)
    }
}

/// What visits are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum VisitOrderField {
    /// When it began.
    BeganAt,
}

impl Ordering for VisitOrderField {
    fn column(self) -> Option<&'static str> {
        Some("began_at")
    }

    fn usual() -> Run {
        Run { column: Some("began_at"), descending: true }
    }
}

impl Node for Visit {
    type Entity = visit::Entity;
    type Where = VisitWhere;
    type Order = VisitOrderField;
    const NAME: &'static str = VisitId::PREFIX;

    fn uuid(&self) -> Uuid {
        self.id.0
    }

    fn seen(&mut self, scope: &Scope, way: Way) {
        self.sight = scope.visit_sight(self.household_id, self.enterprise_id, &self.place());
        self.way = way;
    }
}

/// Questions about visits.
#[derive(Debug, Default)]
pub struct VisitQuery;

#[Object]
impl VisitQuery {
    /// One visit by its id, withdrawn ones too. Null when there is none, or none within the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal), directive = cost::apply(1), directive = auth::apply(see(&[Resource::Visit])))]
    async fn visit(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which one.")] id: VisitId,
    ) -> Option<Result<Visit>> {
        ctx(gql).edge(Some(id)).await
    }

    /// Visits within the viewer's scope, the latest first. Requires a role or an assignment that covers some; others see an
    /// empty list.
    #[graphql(directive = class::apply(DataClass::Internal), directive = cost::apply(1), directive = auth::apply(see(&[Resource::Visit])))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn visits(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<VisitWhere>,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<Vec<OrderBy<VisitOrderField>>>,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<Visit>>> {
        if let Err(error) = ctx(gql).signed_in() {
            return Some(Err(error));
        }
        Some(list(gql, Listing { filter, order_by, page: PageArgs::new(first, after, last, before) }).await)
    }
}

/// Whom or what a visit was to: exactly one of these.
#[derive(Clone, Debug, OneofObject)]
pub enum VisitTarget {
    /// A household.
    HouseholdId(HouseholdId),
    /// An enterprise.
    EnterpriseId(EnterpriseId),
    /// The people of a county, township, village, group or grid.
    RegionId(RegionId),
}

/// What was given.
#[derive(Clone, Debug, InputObject)]
pub struct CondolenceInput {
    /// In what form (慰问形式).
    pub form: CondolenceForm,
    /// What was given, at most 200 characters.
    #[graphql(default)]
    pub items: Option<String>,
    /// What it is worth, in yuan; required of `CASH`. Shown to nobody.
    #[graphql(default)]
    pub value: Option<Yuan>,
}

/// A visit to record.
#[derive(Clone, Debug, InputObject)]
pub struct VisitDraft {
    /// Id minted by the client; made by the server otherwise.
    #[graphql(default)]
    pub id: Option<VisitId>,
    /// How it was made; the target must fit.
    pub method: VisitMethod,
    /// Whom or what it was to.
    pub target: VisitTarget,
    /// When it began: not in the future, and at most 400 days ago.
    pub began_at: DateTime,
    /// How long it took, 1 to 1440 minutes.
    #[graphql(default)]
    pub minutes: Option<i32>,
    /// Nights stayed, 1 to 60; required of `STAY`, allowed with `NIGHT`.
    #[graphql(default)]
    pub nights: Option<i32>,
    /// How many people attended, 1 to 10,000.
    #[graphql(default)]
    pub attendees: Option<i32>,
    /// What was said, at most 4000 characters. Without it the visit is incomplete.
    #[graphql(default)]
    pub summary: Option<String>,
    /// Where it was; always optional.
    #[graphql(default)]
    pub location: Option<GeoPositionInput>,
    /// What was given.
    #[graphql(default)]
    pub condolence: Option<CondolenceInput>,
    /// Cadres who took part beside whoever records it, 20 at the most; they must be within the viewer's scope.
    #[graphql(default)]
    pub participant_ids: Option<Vec<CadreId>>,
    /// What worries this household, and what help it asks for, at most 1000 characters: only by its current primary contact,
    /// and where the county has turned it on (`countySettingUpdate`). Read back by `visitConcernNote`.
    #[graphql(default)]
    pub concern_note: Option<String>,
}

/// A change to a visit. What is absent stays; null clears what may be empty.
#[derive(Clone, Debug, InputObject)]
pub struct VisitUpdateInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Which visit.
    pub id: VisitId,
    /// The version that the change is based on.
    pub expected_version: i32,
    /// How it was made; not null.
    pub method: MaybeUndefined<VisitMethod>,
    /// When it began; not null.
    pub began_at: MaybeUndefined<DateTime>,
    /// How long it took, in minutes.
    pub minutes: MaybeUndefined<i32>,
    /// Nights stayed.
    pub nights: MaybeUndefined<i32>,
    /// How many people attended.
    pub attendees: MaybeUndefined<i32>,
    /// What was said, at most 4000 characters.
    pub summary: MaybeUndefined<String>,
    /// Where it was.
    pub location: MaybeUndefined<GeoPositionInput>,
    /// What was given; replaces what was told before.
    pub condolence: MaybeUndefined<CondolenceInput>,
    /// All cadres who took part beside the recorder; not null.
    pub participant_ids: MaybeUndefined<Vec<CadreId>>,
}

/// A visit to withdraw.
#[derive(Clone, Debug, InputObject)]
pub struct VisitWithdrawInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Which visit.
    pub id: VisitId,
    /// The version that the change is based on.
    pub expected_version: i32,
    /// Why, at most 200 characters.
    pub reason: String,
}

payload! {
    /// A visit that was recorded, changed or withdrawn, or why not.
    VisitPayload, visit: Visit
}

/// Changes to visits.
#[derive(Debug, Default)]
pub struct VisitMutation;

#[Object]
impl VisitMutation {
    /// Changes a visit: absent stays, null clears. Requires what `visitRecord` requires, and to have recorded it. Errors:
    /// `INVALID`, `STATE` (withdrawn), `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::RecordVisit)))]
    async fn visit_update(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to change, and the version that it is based on.")] input: VisitUpdateInput,
    ) -> Option<Result<VisitPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("visitUpdate", &input.idempotency_key, &input, super::update).await;
        VisitPayload::of(ctx, written).await
    }

    /// Withdraws a visit that was recorded in error: it stays on record, and is in no list, count or coverage; a concern note
    /// of it is erased. Requires to have recorded it, by a live assignment that reaches it or as `GRID_WORKER` or `LEADER` of its
    /// place; or `REGION_ADMIN` of that. Errors: `INVALID`, `STATE` (withdrawn already), `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::RecordVisit)))]
    async fn visit_withdraw(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to withdraw, and why.")] input: VisitWithdrawInput,
    ) -> Option<Result<VisitPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("visitWithdraw", &input.idempotency_key, &input, super::withdraw).await;
        VisitPayload::of(ctx, written).await
    }
}
