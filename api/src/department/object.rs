//! `Department` as it is spoken.

use crate::kernel::{
    connection::{Connection, Cursor},
    directive::{DataClass, auth, class, cost, everyone, may},
    error::Result,
    filter::{StringFilter, in_region},
    node::{Filter, Listing, Node, OrderBy, Ordering, list},
    page::{PageArgs, Run},
    payload::{ctx, payload},
    place::Place,
    policy::May,
    request::Ctx,
};
use async_graphql::{Context, Enum, ID, InputObject, MaybeUndefined, Object, OneofObject, SimpleObject};
use entity::{
    department,
    id::{DepartmentId, RegionId},
    scalar::PhoneNumber,
};
use sea_orm::{Condition, DerivePartialModel};
use uuid::Uuid;

/// A department or station (部门、站所): who can be made responsible for a task. Everyone may read it, signed in or not.
#[derive(Clone, Debug, SimpleObject, DerivePartialModel)]
#[sea_orm(entity = "department::Entity")]
#[graphql(complex)]
pub struct Department {
    /// Its id, which never changes (标识).
    #[graphql(directive = class::apply(DataClass::Public))]
    pub id: DepartmentId,
    /// Name (名称), unique in its region.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub name: String,
    /// Telephone of the office (办公电话), for everyone. Null when there is none.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub office_phone: Option<PhoneNumber>,
    /// Raised by each change; what a mutation expects.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub version: i32,
    #[graphql(skip)]
    pub(crate) region_id: RegionId,
    #[graphql(skip)]
    county_id: Option<RegionId>,
    #[graphql(skip)]
    township_id: Option<RegionId>,
    #[graphql(skip)]
    village_id: Option<RegionId>,
}

impl Department {
    /// Where it is.
    pub(crate) fn place(&self) -> Place {
        Place {
            county_id: self.county_id,
            township_id: self.township_id,
            village_id: self.village_id,
            ..Place::default()
        }
    }
}

/// Conditions on departments, all of them to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct DepartmentWhere {
    /// By name, exactly.
    #[graphql(default)]
    pub name: Option<StringFilter>,
    /// Anywhere in this region, the region's own included.
    pub region: MaybeUndefined<RegionId>,
}

impl Filter for DepartmentWhere {
    async fn condition(&self, ctx: &Ctx) -> Result<Condition> {
        let mut all = in_region::<department::Entity>(ctx, &self.region).await?;
        if let Some(name) = &self.name {
            all = all.add(name.on(department::Column::Name)?);
        }
        Ok(all)
    }
}

/// What departments are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum DepartmentOrderField {
    /// Name, by its characters.
    Name,
}

impl Ordering for DepartmentOrderField {
    fn column(self) -> Option<&'static str> {
        Some("name")
    }

    fn usual() -> Run {
        Run { column: Some("name"), descending: false }
    }
}

impl Node for Department {
    type Entity = department::Entity;
    type Where = DepartmentWhere;
    type Order = DepartmentOrderField;
    const NAME: &'static str = DepartmentId::PREFIX;

    fn uuid(&self) -> Uuid {
        self.id.0
    }
}

/// By what a department is looked up: exactly one of these.
#[derive(Clone, Debug, OneofObject)]
pub enum DepartmentBy {
    /// By its id, as `node` takes it.
    Id(DepartmentId),
}

/// Questions about departments.
#[derive(Debug, Default)]
pub struct DepartmentQuery;

#[Object]
impl DepartmentQuery {
    /// One department. Null when there is none. Requires nothing.
    #[graphql(directive = class::apply(DataClass::Public), directive = cost::apply(1), directive = auth::apply(everyone()))]
    async fn department(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which one, by exactly one of these.")] by: DepartmentBy,
    ) -> Option<Result<Department>> {
        let DepartmentBy::Id(id) = by;
        ctx(gql).edge(Some(id)).await
    }

    /// Departments, by name. Requires nothing.
    #[graphql(directive = class::apply(DataClass::Public), directive = cost::apply(1), directive = auth::apply(everyone()))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn departments(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<DepartmentWhere>,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<
            Vec<OrderBy<DepartmentOrderField>>,
        >,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<Department>>> {
        Some(list(gql, Listing { filter, order_by, page: PageArgs::new(first, after, last, before) }).await)
    }
}

/// A department to make.
#[derive(Clone, Debug, InputObject)]
pub struct DepartmentCreateInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Id minted by the client; made by the server otherwise.
    #[graphql(default)]
    pub id: Option<DepartmentId>,
    /// The region whose department it is.
    pub region_id: RegionId,
    /// Name, unique in the region, at most 60 characters.
    pub name: String,
    /// Telephone of the office, shown to everyone: a landline with its area code, or a mobile.
    #[graphql(default)]
    pub office_phone: Option<PhoneNumber>,
}

/// A change to a department. What is absent stays.
#[derive(Clone, Debug, InputObject)]
pub struct DepartmentUpdateInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Which department.
    pub id: DepartmentId,
    /// The version that the change is based on.
    pub expected_version: i32,
    /// New name, unique in the region, at most 60 characters.
    #[graphql(default)]
    pub name: Option<String>,
    /// New telephone of the office; null takes it out.
    pub office_phone: MaybeUndefined<PhoneNumber>,
}

payload! {
    /// A department that was made or changed, or why not.
    DepartmentPayload, department: Department
}

/// Changes to departments.
#[derive(Debug, Default)]
pub struct DepartmentMutation;

#[Object]
impl DepartmentMutation {
    /// Makes a department. Requires `REGION_ADMIN` of the region. Errors: `INVALID` (name, telephone), `DUPLICATE` (the
    /// name), `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::ManageDepartment)))]
    async fn department_create(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to make.")] input: DepartmentCreateInput,
    ) -> Option<Result<DepartmentPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("departmentCreate", &input.idempotency_key, &input, super::create).await;
        DepartmentPayload::of(ctx, written).await
    }

    /// Renames a department or changes its telephone. Requires `REGION_ADMIN` of its region. Errors: `INVALID`,
    /// `DUPLICATE`, `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::ManageDepartment)))]
    async fn department_update(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to change, and the version that it is based on.")]
        input: DepartmentUpdateInput,
    ) -> Option<Result<DepartmentPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("departmentUpdate", &input.idempotency_key, &input, super::update).await;
        DepartmentPayload::of(ctx, written).await
    }
}
