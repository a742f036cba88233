//! `Enterprise` as it is spoken.

use crate::kernel::{
    access::{Owner, Subject, Way},
    connection::{Connection, Cursor},
    directive::{DataClass, auth, class, cost, may, see},
    door::{any_of, enterprises_showing},
    error::Result,
    filter::{ChoiceFilter, StringFilter, in_region},
    node::{Filter, Listing, Node, OrderBy, Ordering, list},
    page::{PageArgs, Run},
    payload::{ctx, payload},
    personal::Personal,
    place::Place,
    policy::{May, Part, Resource, Sight},
    request::Ctx,
    rows::Key,
    scope::{Facts, Scope},
    standards,
};
use async_graphql::{Context, Enum, ID, InputObject, MaybeUndefined, Object, OneofObject, SimpleObject};
use entity::{
    enterprise,
    id::{EnterpriseId, RegionId},
    kind::{EnterpriseSize, EnterpriseStatus},
    scalar::{CreditCode, Date, PhoneNumber},
};
use sea_orm::{ColumnTrait, Condition, DerivePartialModel, QueryFilter, QuerySelect};
use std::collections::HashMap;
use uuid::Uuid;

/// An enterprise (企业), keyed also by its unified social credit code. Seen by those whose scope covers it: the desk
/// (受理派单员) sees name, code and place; who serves it sees all but the telephone number; its contacts (联系企业的干部)
/// and its own representative (企业联络员) see that as well. What is hidden is null and named in `redactedFields`.
#[derive(Clone, Debug, SimpleObject, DerivePartialModel)]
#[sea_orm(entity = "enterprise::Entity")]
#[graphql(complex)]
pub struct Enterprise {
    /// Its id, which never changes (标识).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub id: EnterpriseId,
    /// Name (名称).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub name: String,
    /// Unified social credit code (统一社会信用代码), 18 characters; no two enterprises share one.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub credit_code: CreditCode,
    /// Legal representative (法定代表人). Null when there is none, or hidden.
    #[graphql(directive = class::apply(DataClass::Personal))]
    pub legal_representative: Personal<Option<String>>,
    /// Whom to talk to (联系人). Null when there is none, or hidden.
    #[graphql(directive = class::apply(DataClass::Personal))]
    pub contact_person: Personal<Option<String>>,
    /// Telephone number for showing (电话，脱敏), `138****5678`. Null when there is none, or hidden.
    #[graphql(directive = class::apply(DataClass::Personal))]
    pub phone_masked: Personal<Option<String>>,
    /// Trade (行业). Null when there is none, or hidden.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub trade: Option<String>,
    /// Size (规模). Null when hidden.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub size: Option<EnterpriseSize>,
    /// Number of employees (职工人数). Null when it is not known, or hidden.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub employees: Option<i32>,
    /// Status (状态). Null when hidden.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub status: Option<EnterpriseStatus>,
    /// First day on which it was closed (注销日期). Null while it is not closed, or hidden.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub closed_on: Option<Date>,
    /// Raised by each change; what a mutation expects.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub version: i32,
    #[graphql(skip)]
    pub(crate) county_id: RegionId,
    #[graphql(skip)]
    pub(crate) township_id: RegionId,
    #[graphql(skip)]
    pub(crate) village_id: Option<RegionId>,
    #[graphql(skip)]
    #[sea_orm(skip)]
    pub(crate) sight: Sight,
    #[graphql(skip)]
    #[sea_orm(skip)]
    pub(crate) way: Way,
}

/// Each field that may be hidden, and the part that shows it.
pub(crate) const MASKED: &[(&str, Option<Part>)] = &[
    ("trade", Some(Part::Internal)),
    ("size", Some(Part::Internal)),
    ("employees", Some(Part::Internal)),
    ("status", Some(Part::Internal)),
    ("closedOn", Some(Part::Internal)),
    ("legalRepresentative", Some(Part::Personal)),
    ("contactPerson", Some(Part::Personal)),
    ("phoneMasked", Some(Part::Personal)),
    ("phone", Some(Part::Phone)),
];

impl Enterprise {
    /// Where it is.
    pub(crate) fn place(&self) -> Place {
        Place {
            county_id: Some(self.county_id),
            township_id: Some(self.township_id),
            village_id: self.village_id,
            ..Place::default()
        }
    }

    /// What rights over it are decided by.
    pub(crate) fn facts(&self) -> Facts<'static> {
        Facts { place: self.place(), enterprise: Some(self.id), ..Facts::default() }
    }

    /// Names of the fields that are null because the viewer may not see them.
    pub(crate) fn hidden(&self) -> Vec<&'static str> {
        self.sight.hides(MASKED)
    }

    /// Whose it is, for what is shown of it.
    pub(crate) fn owner(&self) -> Owner {
        Owner { subject: Subject::Enterprise(self.id), of: "Enterprise", way: self.way }
    }
}

/// The question for the telephone number of an enterprise: sealed, so that it is read only when asked.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PhoneOf(pub EnterpriseId);

impl Key for PhoneOf {
    type Value = PhoneNumber;

    async fn load(ctx: Ctx, keys: Vec<Self>) -> Result<HashMap<Self, PhoneNumber>> {
        let rows: Vec<(EnterpriseId, Option<Vec<u8>>)> = ctx
            .within::<enterprise::Entity>()
            .select_only()
            .columns([enterprise::Column::Id, enterprise::Column::Phone])
            .filter(any_of(enterprise::Column::Id, keys.iter().map(|key| key.0), ctx.backend()))
            .into_tuple()
            .all(ctx.db().read())
            .await?;
        let mut numbers = HashMap::with_capacity(rows.len());
        for (id, sealed) in rows {
            if let Some(sealed) = sealed {
                numbers.insert(Self(id), PhoneNumber(ctx.vault().open(&sealed)?));
            }
        }
        Ok(numbers)
    }
}

/// Conditions on enterprises, all of them to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct EnterpriseWhere {
    /// Anywhere in this region: a village or what lies above it.
    pub region: MaybeUndefined<RegionId>,
    /// By status; finds those alone whose status the viewer may see.
    #[graphql(default)]
    pub status: Option<ChoiceFilter<EnterpriseStatus>>,
    /// By size; finds those alone whose size the viewer may see.
    #[graphql(default)]
    pub size: Option<ChoiceFilter<EnterpriseSize>>,
    /// By credit code, in capitals.
    #[graphql(default)]
    pub credit_code: Option<StringFilter>,
    /// By name, exactly.
    #[graphql(default)]
    pub name: Option<StringFilter>,
}

impl Filter for EnterpriseWhere {
    async fn condition(&self, ctx: &Ctx) -> Result<Condition> {
        use enterprise::Column::{CreditCode, Name, Size, Status};
        let mut all = in_region::<enterprise::Entity>(ctx, &self.region).await?;
        if let Some(status) = &self.status {
            all = all.add(status.on(Status)?);
        }
        if let Some(size) = &self.size {
            all = all.add(size.on(Size)?);
        }
        if self.status.is_some() || self.size.is_some() {
            all = all.add(enterprises_showing(Part::Internal, ctx.scope(), ctx.backend()));
        }
        if let Some(code) = &self.credit_code {
            all = all.add(code.on(CreditCode)?);
        }
        if let Some(name) = &self.name {
            all = all.add(name.on(Name)?);
        }
        Ok(all)
    }
}

/// What enterprises are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum EnterpriseOrderField {
    /// Name, by its characters.
    Name,
}

impl Ordering for EnterpriseOrderField {
    fn column(self) -> Option<&'static str> {
        Some("name")
    }

    fn usual() -> Run {
        Run { column: Some("name"), descending: false }
    }
}

impl Node for Enterprise {
    type Entity = enterprise::Entity;
    type Where = EnterpriseWhere;
    type Order = EnterpriseOrderField;
    const NAME: &'static str = EnterpriseId::PREFIX;

    fn uuid(&self) -> Uuid {
        self.id.0
    }

    fn seen(&mut self, scope: &Scope, way: Way) {
        self.sight = scope.enterprise_sight(self.id, &self.place());
        self.way = way;
        let owner = self.owner();
        let personal = self.sight.shows(Part::Personal);
        self.legal_representative.decide(personal, owner);
        self.contact_person.decide(personal, owner);
        self.phone_masked.decide(personal, owner);
        if !self.sight.shows(Part::Internal) {
            self.trade = None;
            self.size = None;
            self.employees = None;
            self.status = None;
            self.closed_on = None;
        }
    }
}

/// By what an enterprise is looked up: exactly one of these.
#[derive(Clone, Debug, OneofObject)]
pub enum EnterpriseBy {
    /// By its id, as `node` takes it.
    Id(EnterpriseId),
    /// Its unified social credit code; small letters are read as capitals.
    CreditCode(CreditCode),
}

/// Questions about enterprises.
#[derive(Debug, Default)]
pub struct EnterpriseQuery;

#[Object]
impl EnterpriseQuery {
    /// One enterprise by its id or credit code. Null when there is none, or none within the viewer's scope. Requires a
    /// role or an assignment that covers it.
    #[graphql(directive = class::apply(DataClass::Internal), directive = cost::apply(1), directive = auth::apply(see(&[Resource::Enterprise])))]
    async fn enterprise(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which one.")] by: EnterpriseBy,
    ) -> Option<Result<Enterprise>> {
        let ctx = ctx(gql);
        match by {
            EnterpriseBy::Id(id) => ctx.edge(Some(id)).await,
            EnterpriseBy::CreditCode(code) => by_code(ctx, &code).await.transpose(),
        }
    }

    /// Enterprises within the viewer's scope, by name. Requires a role or an assignment that covers some; others see an
    /// empty list.
    #[graphql(directive = class::apply(DataClass::Internal), directive = cost::apply(1), directive = auth::apply(see(&[Resource::Enterprise])))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn enterprises(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<EnterpriseWhere>,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<
            Vec<OrderBy<EnterpriseOrderField>>,
        >,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<Enterprise>>> {
        Some(list(gql, Listing { filter, order_by, page: PageArgs::new(first, after, last, before) }).await)
    }
}

async fn by_code(ctx: &Ctx, code: &CreditCode) -> Result<Option<Enterprise>> {
    let id: Option<Uuid> = ctx
        .within::<enterprise::Entity>()
        .select_only()
        .column(enterprise::Column::Id)
        .filter(enterprise::Column::CreditCode.eq(standards::tidy(&code.0)))
        .into_tuple()
        .one(ctx.db().read())
        .await?;
    match id {
        Some(id) => ctx.node(id).await,
        None => Ok(None),
    }
}

/// An enterprise to register.
#[derive(Clone, Debug, InputObject)]
pub struct EnterpriseCreateInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Id minted by the client; made by the server otherwise.
    #[graphql(default)]
    pub id: Option<EnterpriseId>,
    /// Name, at most 120 characters.
    pub name: String,
    /// Unified social credit code, its check character right; no other enterprise has it.
    pub credit_code: CreditCode,
    /// Where it is: a township or a village.
    pub region_id: RegionId,
    /// Legal representative, at most 60 characters.
    #[graphql(default)]
    pub legal_representative: Option<String>,
    /// Whom to talk to, at most 60 characters.
    #[graphql(default)]
    pub contact_person: Option<String>,
    /// Telephone number: a mobile, or a landline with its area code. Stored sealed.
    #[graphql(default)]
    pub phone: Option<PhoneNumber>,
    /// Trade, at most 60 characters.
    #[graphql(default)]
    pub trade: Option<String>,
    /// Size of the enterprise (规模).
    pub size: EnterpriseSize,
    /// Number of employees, 0 to 1,000,000.
    #[graphql(default)]
    pub employees: Option<i32>,
    /// Status; `OPERATING` when nothing is said.
    #[graphql(default)]
    pub status: Option<EnterpriseStatus>,
}

/// A change to an enterprise. What is absent stays; null clears what may be empty.
#[derive(Clone, Debug, InputObject)]
pub struct EnterpriseUpdateInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Which enterprise.
    pub id: EnterpriseId,
    /// The version that the change is based on.
    pub expected_version: i32,
    /// New name, at most 120 characters; not null.
    pub name: MaybeUndefined<String>,
    /// Credit code put right; not null.
    pub credit_code: MaybeUndefined<CreditCode>,
    /// Legal representative, at most 60 characters.
    pub legal_representative: MaybeUndefined<String>,
    /// Whom to talk to, at most 60 characters.
    pub contact_person: MaybeUndefined<String>,
    /// Telephone number: a mobile, or a landline with its area code.
    pub phone: MaybeUndefined<PhoneNumber>,
    /// Trade, at most 60 characters.
    pub trade: MaybeUndefined<String>,
    /// Size; not null.
    pub size: MaybeUndefined<EnterpriseSize>,
    /// Number of employees, 0 to 1,000,000.
    pub employees: MaybeUndefined<i32>,
    /// Status; not null.
    pub status: MaybeUndefined<EnterpriseStatus>,
}

payload! {
    /// An enterprise that was registered or changed, or why not.
    EnterprisePayload, enterprise: Enterprise
}

/// Changes to enterprises.
#[derive(Debug, Default)]
pub struct EnterpriseMutation;

#[Object]
impl EnterpriseMutation {
    /// Registers an enterprise in a township or a village. Requires `REGION_ADMIN` of it. Errors: `INVALID` (credit code,
    /// telephone number, region, lengths), `DUPLICATE` (the credit code; `existing` is null when that enterprise is
    /// outside the viewer's scope), `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::CreateEnterprise)))]
    async fn enterprise_create(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to register.")] input: EnterpriseCreateInput,
    ) -> Option<Result<EnterprisePayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("enterpriseCreate", &input.idempotency_key, &input, super::create).await;
        EnterprisePayload::of(ctx, written).await
    }

    /// Changes an enterprise. Requires `REGION_ADMIN` of its place, or to be its current contact. Errors: `INVALID`,
    /// `DUPLICATE` (the credit code), `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::UpdateEnterprise)))]
    async fn enterprise_update(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to change.")] input: EnterpriseUpdateInput,
    ) -> Option<Result<EnterprisePayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("enterpriseUpdate", &input.idempotency_key, &input, super::update).await;
        EnterprisePayload::of(ctx, written).await
    }
}
