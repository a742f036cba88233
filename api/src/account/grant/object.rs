//! Roles given to accounts, as they are spoken.

use crate::kernel::{
    directive::{DataClass, auth, class, cost, may},
    door::live,
    error::Result,
    filter::{ChoiceFilter, operand},
    node::{Filter, Node, Ordering},
    page::Run,
    payload::{ctx, payload},
    policy::May,
    request::Ctx,
};
use async_graphql::{Context, Enum, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use entity::{
    grant,
    id::{AccountId, BranchId, DepartmentId, EnterpriseId, GrantId, HouseholdId, RegionId},
    kind::Role,
    scalar::Date,
};
use sea_orm::{Condition, DerivePartialModel};
use uuid::Uuid;

/// A role given to an account (角色授权), dated. What it is bound to fits the role: a region, a party organisation, a
/// department, a household or an enterprise. Seen by whoever sees the account.
#[derive(Clone, Debug, SimpleObject, DerivePartialModel)]
#[sea_orm(entity = "grant::Entity")]
#[graphql(complex)]
pub struct RoleGrant {
    /// Its id, which never changes (标识).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub id: GrantId,
    /// The role (角色).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub role: Role,
    /// First day with it (起始日).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub starts_on: Date,
    /// First day without it (截止日，当日起无效). Null while no end is set.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub ends_on: Option<Date>,
    /// Raised by each change; what a mutation expects.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub version: i32,
    #[graphql(skip)]
    pub(crate) account_id: AccountId,
    #[graphql(skip)]
    pub(crate) region_id: Option<RegionId>,
    #[graphql(skip)]
    pub(crate) branch_id: Option<BranchId>,
    #[graphql(skip)]
    pub(crate) department_id: Option<DepartmentId>,
    #[graphql(skip)]
    pub(crate) household_id: Option<HouseholdId>,
    #[graphql(skip)]
    pub(crate) enterprise_id: Option<EnterpriseId>,
    #[graphql(skip)]
    pub(crate) granted_by: Option<AccountId>,
}

/// Conditions on roles given, all of them to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct RoleGrantWhere {
    /// By the role given.
    #[graphql(default)]
    pub role: Option<ChoiceFilter<Role>>,
    /// In force on this day.
    pub in_force_on: MaybeUndefined<Date>,
}

impl Filter for RoleGrantWhere {
    async fn condition(&self, _: &Ctx) -> Result<Condition> {
        let mut all = Condition::all();
        if let Some(role) = &self.role {
            all = all.add(role.on(grant::Column::Role)?);
        }
        if let Some(day) = operand(&self.in_force_on)? {
            all = all.add(live(grant::Column::StartsOn, grant::Column::EndsOn, day));
        }
        Ok(all)
    }
}

/// What roles given are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum RoleGrantOrderField {
    /// First day.
    StartsOn,
}

impl Ordering for RoleGrantOrderField {
    fn column(self) -> Option<&'static str> {
        Some("starts_on")
    }

    fn usual() -> Run {
        Run { column: Some("starts_on"), descending: true }
    }
}

impl Node for RoleGrant {
    type Entity = grant::Entity;
    type Where = RoleGrantWhere;
    type Order = RoleGrantOrderField;
    const NAME: &'static str = GrantId::PREFIX;

    fn uuid(&self) -> Uuid {
        self.id.0
    }
}

/// A role to give. Exactly the binding that fits the role is given, no other: `regionId` for `REGION_ADMIN`, `LEADER`,
/// `DISPATCHER`, `SUPERVISOR`, `AUDITOR` and `INTEGRATION`, and for `GRID_WORKER` (a village, group or grid); `branchId` for
/// `BRANCH_SECRETARY`; `departmentId` for `DEPARTMENT_HANDLER`; `householdId` for `RESIDENT`; `enterpriseId` for
/// `ENTERPRISE_REP`; none for `PLATFORM_ADMIN`. `CADRE` is never given: it follows from contact assignments.
#[derive(Clone, Debug, InputObject)]
pub struct RoleGrantCreateInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Id minted by the client; made by the server otherwise.
    #[graphql(default)]
    pub id: Option<GrantId>,
    /// To which account; not the viewer's own.
    pub account_id: AccountId,
    /// The role that is given.
    pub role: Role,
    /// The region that the role is bound to, with everything in it.
    #[graphql(default)]
    pub region_id: Option<RegionId>,
    /// The party organisation, with all below it.
    #[graphql(default)]
    pub branch_id: Option<BranchId>,
    /// The department.
    #[graphql(default)]
    pub department_id: Option<DepartmentId>,
    /// The household.
    #[graphql(default)]
    pub household_id: Option<HouseholdId>,
    /// The enterprise.
    #[graphql(default)]
    pub enterprise_id: Option<EnterpriseId>,
    /// First day with it: today or later.
    pub starts_on: Date,
    /// First day without it, after the first; none for no end.
    #[graphql(default)]
    pub ends_on: Option<Date>,
}

/// The end of a role.
#[derive(Clone, Debug, InputObject)]
pub struct RoleGrantEndInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Which grant.
    pub id: GrantId,
    /// The version that the change is based on.
    pub expected_version: i32,
    /// First day without it: today ends it at once; never later than the end that is set already. For a grant that has not
    /// begun, its first day: then it never does.
    pub ends_on: Date,
}

payload! {
    /// A role that was given or ended, or why not.
    RoleGrantPayload, role_grant: RoleGrant
}

/// Changes to roles given.
#[derive(Debug, Default)]
pub struct RoleGrantMutation;

#[Object]
impl RoleGrantMutation {
    /// Gives a role to an account; it has it at its next request. Requires `REGION_ADMIN` of the account's region and of
    /// what the role is bound to, or `PLATFORM_ADMIN`; `PLATFORM_ADMIN` itself, and roles over a province or a city with
    /// counties, are given by `PLATFORM_ADMIN` alone. Nobody gives a role to their own account. Errors: `INVALID` (`binding`,
    /// `role-derived`, `region-kind`, `own-account`, dates), `DUPLICATE` (the same role over the same days), `FORBIDDEN`,
    /// `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::ManageAccount)))]
    async fn role_grant_create(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to give.")] input: RoleGrantCreateInput,
    ) -> Option<Result<RoleGrantPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("roleGrantCreate", &input.idempotency_key, &input, super::create).await;
        RoleGrantPayload::of(ctx, written).await
    }

    /// Sets the end of a role, or an earlier one; the account loses it on that day. Requires `REGION_ADMIN` of the account's
    /// region and of what the role is bound to, or `PLATFORM_ADMIN`. Errors: `INVALID` (dates), `STATE` (it has ended),
    /// `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::ManageAccount)))]
    async fn role_grant_end(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to end, and when.")] input: RoleGrantEndInput,
    ) -> Option<Result<RoleGrantPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("roleGrantEnd", &input.idempotency_key, &input, super::end).await;
        RoleGrantPayload::of(ctx, written).await
    }
}
