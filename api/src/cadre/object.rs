//! `Cadre` as it is spoken.

use crate::{
    branch::object::PartyBranch,
    kernel::{
        access::{Owner, Subject, Way},
        connection::{Connection, Cursor},
        directive::{DataClass, auth, class, cost, may, see},
        door::live,
        error::Result,
        filter::{ChoiceFilter, IdFilter, StringFilter, in_region, operand},
        node::{Filter, Listing, Node, OrderBy, Ordering, list},
        page::{PageArgs, Run},
        payload::{ctx, payload},
        personal::Personal,
        place::Place,
        policy::{May, Resource},
        request::Ctx,
        scope::Scope,
    },
};
use async_graphql::{Context, Enum, ID, InputObject, MaybeUndefined, Object, OneofObject, SimpleObject};
use entity::{
    cadre,
    id::{BranchId, CadreId, DepartmentId, RegionId},
    kind::{CadreLevel, Sex},
    membership,
    scalar::{Date, PhoneNumber},
};
use sea_orm::{
    ColumnTrait, Condition, DerivePartialModel, QueryFilter, QuerySelect, QueryTrait, Select,
    sea_query::{Expr, ExprTrait},
};
use uuid::Uuid;

/// A person who can be answerable (党员干部、网格员), a party member or not, with an account or without. Seen by whoever
/// deals with the staff of the place, by all below the office, by the secretary of the party organisation, and by the
/// person.
#[derive(Clone, Debug, SimpleObject, DerivePartialModel)]
#[sea_orm(entity = "cadre::Entity")]
#[graphql(complex)]
pub struct Cadre {
    /// Its id, which never changes (标识).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub id: CadreId,
    /// Name (姓名), as whoever is served by them knows it.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub name: String,
    /// Sex by GB/T 2261.1 (性别).
    #[graphql(directive = class::apply(DataClass::Personal))]
    pub sex: Personal<Sex>,
    /// Level (层级): who can be answerable for what.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub level: CadreLevel,
    /// Telephone to be called at on duty (工作电话). Null when there is none, as for a party member without a post.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub work_phone: Option<PhoneNumber>,
    /// First day in office (任职开始日期).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub starts_on: Date,
    /// First day out of office (离任日期). Null while no end is known.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub ends_on: Option<Date>,
    /// Raised by each change; what a mutation expects.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub version: i32,
    #[graphql(skip)]
    pub(crate) region_id: RegionId,
    #[graphql(skip)]
    county_id: Option<RegionId>,
    #[graphql(skip)]
    township_id: Option<RegionId>,
    #[graphql(skip)]
    village_id: Option<RegionId>,
    #[graphql(skip)]
    pub(crate) department_id: Option<DepartmentId>,
}

impl Cadre {
    /// Where the office is.
    pub(crate) fn place(&self) -> Place {
        Place {
            county_id: self.county_id,
            township_id: self.township_id,
            village_id: self.village_id,
            ..Place::default()
        }
    }
}

/// Conditions on cadres, all of them to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct CadreWhere {
    /// By level of the cadre.
    #[graphql(default)]
    pub level: Option<ChoiceFilter<CadreLevel>>,
    /// By name, exactly.
    #[graphql(default)]
    pub name: Option<StringFilter>,
    /// By department.
    #[graphql(default)]
    pub department_id: Option<IdFilter>,
    /// Whose office is anywhere in this region, the region's own included.
    pub region: MaybeUndefined<RegionId>,
    /// Whether today a member of any party organisation, as far as the viewer may see memberships: those whose membership
    /// is hidden count as without.
    pub party_member: MaybeUndefined<bool>,
    /// Today a member in this party organisation itself, or in this party group.
    pub branch_id: MaybeUndefined<BranchId>,
}

impl Filter for CadreWhere {
    async fn condition(&self, ctx: &Ctx) -> Result<Condition> {
        let mut all = in_region::<cadre::Entity>(ctx, &self.region).await?;
        if let Some(level) = &self.level {
            all = all.add(level.on(cadre::Column::Level)?);
        }
        if let Some(name) = &self.name {
            all = all.add(name.on(cadre::Column::Name)?);
        }
        if let Some(department) = &self.department_id {
            all = all.add(department.on(ctx, cadre::Column::DepartmentId, DepartmentId::PREFIX)?);
        }
        if let Some(member) = operand(&self.party_member)? {
            let own = Expr::col(membership::Column::CadreId.as_column_ref())
                .eq(Expr::col(cadre::Column::Id.as_column_ref()));
            let exists = Expr::exists(live_members(ctx).filter(own).into_query());
            all = all.add(if member { exists } else { exists.not() });
        }
        if let Some(branch) = operand(&self.branch_id)? {
            // One outside the scope answers as one that does not exist: nobody is in it.
            let seen = ctx.node::<PartyBranch>(branch).await?.is_some();
            let here = membership::Column::BranchId.eq(branch).or(membership::Column::GroupId.eq(branch));
            let here = cadre::Column::Id.in_subquery(live_members(ctx).filter(here).into_query());
            all = all.add(if seen { here } else { Expr::val(1).eq(0) });
        }
        Ok(all)
    }
}

/// Cadres with a membership in force today that the viewer may see.
fn live_members(ctx: &Ctx) -> Select<membership::Entity> {
    ctx.throughout::<membership::Entity>().select_only().column(membership::Column::CadreId).filter(live(
        membership::Column::StartsOn,
        membership::Column::EndsOn,
        ctx.today(),
    ))
}

/// What cadres are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum CadreOrderField {
    /// Name, by its characters.
    Name,
}

impl Ordering for CadreOrderField {
    fn column(self) -> Option<&'static str> {
        Some("name")
    }

    fn usual() -> Run {
        Run { column: Some("name"), descending: false }
    }
}

impl Node for Cadre {
    type Entity = cadre::Entity;
    type Where = CadreWhere;
    type Order = CadreOrderField;
    const NAME: &'static str = CadreId::PREFIX;

    fn uuid(&self) -> Uuid {
        self.id.0
    }

    fn seen(&mut self, _: &Scope, way: Way) {
        self.sex.decide(true, Owner { subject: Subject::Cadre(self.id), of: "Cadre", way });
    }
}

/// By what a cadre is looked up: exactly one of these.
#[derive(Clone, Debug, OneofObject)]
pub enum CadreBy {
    /// By its id, as `node` takes it.
    Id(CadreId),
}

/// Questions about cadres.
#[derive(Debug, Default)]
pub struct CadreQuery;

#[Object]
impl CadreQuery {
    /// One cadre. Null when there is none, or none within the viewer's scope. Requires no role.
    #[graphql(directive = class::apply(DataClass::Internal), directive = cost::apply(1), directive = auth::apply(see(&[Resource::Staff, Resource::Office])))]
    async fn cadre(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which one, by exactly one of these.")] by: CadreBy,
    ) -> Option<Result<Cadre>> {
        let CadreBy::Id(id) = by;
        ctx(gql).edge(Some(id)).await
    }

    /// Cadres within the viewer's scope, by name, those who have left office included. Requires no role; empty for somebody
    /// who is not signed in.
    #[graphql(directive = class::apply(DataClass::Internal), directive = cost::apply(1), directive = auth::apply(see(&[Resource::Staff, Resource::Office])))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn cadres(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<CadreWhere>,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<Vec<OrderBy<CadreOrderField>>>,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<Cadre>>> {
        Some(list(gql, Listing { filter, order_by, page: PageArgs::new(first, after, last, before) }).await)
    }
}

/// A cadre to make.
#[derive(Clone, Debug, InputObject)]
pub struct CadreCreateInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Id minted by the client; made by the server otherwise.
    #[graphql(default)]
    pub id: Option<CadreId>,
    /// Name, at most 40 characters.
    pub name: String,
    /// Sex by GB/T 2261.1 (性别).
    pub sex: Sex,
    /// Level (干部层级): who can be answerable for what.
    pub level: CadreLevel,
    /// The office: a county, township or village.
    pub region_id: RegionId,
    /// A department of that region or of one above it.
    #[graphql(default)]
    pub department_id: Option<DepartmentId>,
    /// Telephone to be called at on duty; none for a party member without a post.
    #[graphql(default)]
    pub work_phone: Option<PhoneNumber>,
    /// First day in office.
    pub starts_on: Date,
}

/// A change to a cadre. What is absent stays.
#[derive(Clone, Debug, InputObject)]
pub struct CadreUpdateInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Which cadre.
    pub id: CadreId,
    /// The version that the change is based on.
    pub expected_version: i32,
    /// New name, at most 40 characters.
    #[graphql(default)]
    pub name: Option<String>,
    /// New level.
    #[graphql(default)]
    pub level: Option<CadreLevel>,
    /// New department, of the region of the office or of one above it; null takes the cadre out of any.
    pub department_id: MaybeUndefined<DepartmentId>,
    /// New telephone to be called at on duty; null takes it out.
    pub work_phone: MaybeUndefined<PhoneNumber>,
    /// First day out of office, not before the first day in it; null when there is no end.
    pub ends_on: MaybeUndefined<Date>,
}

payload! {
    /// A cadre that was made or changed, or why not.
    CadrePayload, cadre: Cadre
}

/// Changes to cadres.
#[derive(Debug, Default)]
pub struct CadreMutation;

#[Object]
impl CadreMutation {
    /// Makes a cadre. Requires `REGION_ADMIN` of the office. Errors: `INVALID` (name, office, department, telephone),
    /// `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::ManageCadre)))]
    async fn cadre_create(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to make.")] input: CadreCreateInput,
    ) -> Option<Result<CadrePayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("cadreCreate", &input.idempotency_key, &input, super::create).await;
        CadrePayload::of(ctx, written).await
    }

    /// Changes a cadre's name, level, department, telephone or last day. Requires `REGION_ADMIN` of the office. Errors:
    /// `INVALID`, `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::ManageCadre)))]
    async fn cadre_update(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to change, and the version that it is based on.")] input: CadreUpdateInput,
    ) -> Option<Result<CadrePayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("cadreUpdate", &input.idempotency_key, &input, super::update).await;
        CadrePayload::of(ctx, written).await
    }
}
