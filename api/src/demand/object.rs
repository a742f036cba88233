//! `Demand` as it is spoken.

use super::input::{DemandOrderField, DemandWhere};
use crate::kernel::{
    access::{Owner, Subject, Way},
    connection::{Connection, Cursor},
    directive::{DataClass, auth, class, cost, see},
    door::any_of,
    error::Result,
    node::{Listing, Node, OrderBy, children, list},
    page::PageArgs,
    payload::ctx,
    place::Place,
    policy::{Part, Resource, Sight},
    request::Ctx,
    rows::Key,
    scope::{Facts, Scope},
};
use async_graphql::{Context, Object, SimpleObject};
use entity::{
    demand,
    id::{
        AccountId, BoxOpeningId, CadreId, CategoryId, DemandId, DepartmentId, DiaryId, EnterpriseId,
        HouseholdId, IntakePointId, RegionId, TaskId, VisitId,
    },
    kind::{Adoption, DemandChannel, DemandField, DemandKind, DemandState, Urgency},
    scalar::DateTime,
};
use sea_orm::{DerivePartialModel, FromQueryResult, QueryFilter, QuerySelect};
use std::collections::HashMap;
use uuid::Uuid;

/// A demand (诉求): what somebody asked for, suggested, complained of or warned of. Seen by whoever answers for the household,
/// enterprise or place, by the desk, leaders, supervisors and administrators of its place, by who has the task that came of
/// it, by the household or enterprise itself, and by whom or which office it is about, who are not told who raised it. What
/// is not shown is null and named in `redactedFields`.
#[derive(Clone, Debug, SimpleObject, DerivePartialModel)]
#[sea_orm(entity = "demand::Entity")]
#[graphql(complex)]
pub struct Demand {
    /// Its id, which never changes (标识).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub id: DemandId,
    /// What kind (诉求类型).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub kind: DemandKind,
    /// By which way it came in (渠道).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub channel: DemandChannel,
    /// Of which field (领域).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub field: DemandField,
    /// How urgent (紧急程度).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub urgency: Urgency,
    /// State (状态). Once it is accepted, the state of its task tells how far it is.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub state: DemandState,
    /// Raised without a name (匿名): nobody can be asked about it.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub anonymous: bool,
    /// Entered by staff for somebody else (代提).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub spoken_for: bool,
    /// When it was registered: the clocks begin (登记时间).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub registered_at: DateTime,
    /// By when it is to be answered (响应时限).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub respond_due_at: DateTime,
    /// When it was accepted, settled, declined or merged (答复时间). Null until then.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub decided_at: Option<DateTime>,
    /// When whoever raised it objected (异议时间). Null when nobody did.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub objected_at: Option<DateTime>,
    /// Of a suggestion, what became of it (采纳情况). Null of the others, and until it is decided.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub adoption: Option<Adoption>,
    /// The number that another system gave it (来源编号). Null when none did.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub source_reference: Option<String>,
    /// Raised by each change; what a mutation expects.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub version: i32,
    #[graphql(skip)]
    pub(crate) respond_amber_at: DateTime,
    #[graphql(skip)]
    pub(crate) category_id: Option<CategoryId>,
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
    pub(crate) other_household_id: Option<HouseholdId>,
    #[graphql(skip)]
    pub(crate) leader_id: Option<CadreId>,
    #[graphql(skip)]
    pub(crate) about_cadre_id: Option<CadreId>,
    #[graphql(skip)]
    pub(crate) about_department_id: Option<DepartmentId>,
    #[graphql(skip)]
    pub(crate) visit_id: Option<VisitId>,
    #[graphql(skip)]
    pub(crate) diary_id: Option<DiaryId>,
    #[graphql(skip)]
    pub(crate) intake_point_id: Option<IntakePointId>,
    #[graphql(skip)]
    pub(crate) box_opening_id: Option<BoxOpeningId>,
    #[graphql(skip)]
    pub(crate) split_from_id: Option<DemandId>,
    #[graphql(skip)]
    pub(crate) merged_into_id: Option<DemandId>,
    #[graphql(skip)]
    pub(crate) task_id: Option<TaskId>,
    #[graphql(skip)]
    pub(crate) registered_by: AccountId,
    #[graphql(skip)]
    pub(crate) registrar_id: Option<CadreId>,
    #[graphql(skip)]
    #[sea_orm(skip)]
    pub(crate) sight: Sight,
    #[graphql(skip)]
    #[sea_orm(skip)]
    pub(crate) way: Way,
    /// Whether the viewer is whom it is about: who raised it is not told.
    #[graphql(skip)]
    #[sea_orm(skip)]
    pub(crate) concerned: bool,
}

/// Each field that may be hidden, and the part that shows it.
const MASKED: &[(&str, Option<Part>)] = &[
    ("content", Some(Part::Personal)),
    ("spot", Some(Part::Personal)),
    ("answer", Some(Part::Personal)),
    ("objection", Some(Part::Personal)),
    ("raiserName", Some(Part::Personal)),
    ("raiserPhone", Some(Part::Phone)),
    ("raiserPhoneMasked", Some(Part::Personal)),
    ("attachments", Some(Part::Personal)),
];

/// What is hidden, too, from whom it is about.
const AUTHOR: [&str; 9] = [
    "raiserName",
    "raiserPhone",
    "raiserPhoneMasked",
    "household",
    "enterprise",
    "otherHousehold",
    "visit",
    "registrar",
    "attachments",
];

impl Demand {
    /// Where what it is of stands.
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
            task: self.task_id,
            sender: Some(self.registered_by),
            ..Facts::default()
        }
    }

    /// Names of the fields that are null because the viewer may not see them.
    pub(crate) fn hidden(&self) -> Vec<&'static str> {
        let mut names = self.sight.hides(MASKED);
        if self.concerned {
            names.extend(AUTHOR.iter().filter(|name| !self.sight.hides(MASKED).contains(name)));
        }
        names
    }

    /// What tells of who raised it, unless the viewer is whom it is about.
    pub(crate) fn of_author<T>(&self, told: Option<T>) -> Option<T> {
        told.filter(|_| !self.concerned)
    }

    /// Whether the viewer is shown its files: what is personal of it, and who raised it, for a picture may tell.
    pub(crate) fn shows_files(&self) -> bool {
        self.sight.shows(Part::Personal) && !self.concerned
    }

    /// Notes that something personal of it is shown: of whose it is, or of whoever registered it.
    pub(crate) fn shows(&self, ctx: &Ctx, of: &'static str, field: &str) {
        let household = self.household_id.map(Subject::Household);
        let enterprise = self.enterprise_id.map(Subject::Enterprise);
        let registrar = self.registrar_id.map(Subject::Cadre);
        if let Some(subject) = household.or(enterprise).or(registrar) {
            ctx.shows(Owner { subject, of, way: self.way }, field, DataClass::Personal);
        }
    }
}

/// The long part of a demand: read only when it is asked for.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Said {
    id: DemandId,
    /// What was said.
    pub content: Option<String>,
    /// Where it is about.
    pub spot: Option<String>,
    /// What was answered.
    pub answer: Option<String>,
    /// What was objected.
    pub objection: Option<String>,
    /// Who said it.
    pub raiser_name: Option<String>,
    /// Their number, sealed.
    pub raiser_phone: Option<Vec<u8>>,
    /// The same, masked.
    pub raiser_phone_masked: Option<String>,
}

/// The question for the long part of a demand.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SaidIn(pub DemandId);

impl Key for SaidIn {
    type Value = Said;

    async fn load(ctx: Ctx, keys: Vec<Self>) -> Result<HashMap<Self, Said>> {
        use demand::Column::*;
        let rows: Vec<Said> = ctx
            .within::<demand::Entity>()
            .select_only()
            .columns([Id, Content, Spot, Answer, Objection, RaiserName, RaiserPhone, RaiserPhoneMasked])
            .filter(any_of(Id, keys.iter().map(|key| key.0), ctx.backend()))
            .into_model()
            .all(ctx.db().read())
            .await?;
        Ok(rows.into_iter().map(|row| (Self(row.id), row)).collect())
    }
}

impl Node for Demand {
    type Entity = demand::Entity;
    type Where = DemandWhere;
    type Order = DemandOrderField;
    const NAME: &'static str = DemandId::PREFIX;

    fn uuid(&self) -> Uuid {
        self.id.0
    }

    fn seen(&mut self, scope: &Scope, way: Way) {
        let about_own = self.about_cadre_id.is_some() && self.about_cadre_id == scope.cadre;
        let office = self.about_department_id.is_some_and(|own| scope.handling.contains(&own));
        self.concerned = about_own || office;
        self.sight = scope.demand_sight(&self.facts());
        if self.concerned {
            self.sight = self.sight | Sight::OWN;
        }
        self.way = way;
    }
}

/// Questions about demands.
#[derive(Debug, Default)]
pub struct DemandQuery;

#[Object]
impl DemandQuery {
    /// One demand by its id. Null when there is none, or none within the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal), directive = cost::apply(1), directive = auth::apply(see(&[Resource::Demand])))]
    async fn demand(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which one.")] id: DemandId,
    ) -> Option<Result<Demand>> {
        ctx(gql).edge(Some(id)).await
    }

    /// Demands within the viewer's scope, the latest first. Requires a role or an assignment that covers some; others see an
    /// empty list.
    #[graphql(directive = class::apply(DataClass::Internal), directive = cost::apply(1), directive = auth::apply(see(&[Resource::Demand])))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn demands(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<DemandWhere>,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<Vec<OrderBy<DemandOrderField>>>,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<Demand>>> {
        if let Err(error) = ctx(gql).signed_in() {
            return Some(Err(error));
        }
        Some(list(gql, Listing { filter, order_by, page: PageArgs::new(first, after, last, before) }).await)
    }
}

/// Demands of a household, an enterprise or a visit: those alone of which the viewer is told whose they are.
pub(crate) async fn children_of_author(
    gql: &Context<'_>,
    via: &'static str,
    parent: impl Into<Uuid>,
    listing: Listing<Demand>,
) -> Result<Connection<Demand>> {
    let mut filter = listing.filter.unwrap_or_default();
    filter.authored = true;
    children(gql, via, parent, Listing { filter: Some(filter), ..listing }).await
}
