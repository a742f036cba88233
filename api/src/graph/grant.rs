//! Edges of `RoleGrant`.

use crate::{
    account::{
        grant::{may_end, object::RoleGrant},
        object::Account,
    },
    branch::object::PartyBranch,
    department::object::Department,
    enterprise::object::Enterprise,
    household::object::Household,
    kernel::{
        directive::{DataClass, class},
        error::Result,
        payload::{Permission, ctx},
    },
    region::object::Region,
};
use async_graphql::{ComplexObject, Context, SimpleObject};

/// What the viewer may do to a role given (可否操作).
#[derive(Clone, Debug, SimpleObject)]
pub struct RoleGrantViewerCan {
    /// End it (`roleGrantEnd`).
    pub end: Permission,
}

#[ComplexObject]
impl RoleGrant {
    /// The account (账号) that has it.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn account(&self, gql: &Context<'_>) -> Option<Result<Account>> {
        ctx(gql).edge(Some(self.account_id)).await
    }

    /// The region (区域) that it is bound to, with everything in it. Null when it is bound to something else.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn region(&self, gql: &Context<'_>) -> Option<Result<Region>> {
        ctx(gql).edge(self.region_id).await
    }

    /// The enterprise (企业) that it is bound to. Null when it is bound to something else, or to one outside the viewer's
    /// scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn enterprise(&self, gql: &Context<'_>) -> Option<Result<Enterprise>> {
        ctx(gql).edge(self.enterprise_id).await
    }

    /// The party organisation (党组织) that it is bound to, with all below. Null when it is bound to something else, or to one
    /// outside the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn branch(&self, gql: &Context<'_>) -> Option<Result<PartyBranch>> {
        ctx(gql).edge(self.branch_id).await
    }

    /// The department (部门) that it is bound to. Null when it is bound to something else.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn department(&self, gql: &Context<'_>) -> Option<Result<Department>> {
        ctx(gql).edge(self.department_id).await
    }

    /// The household (户) that it is bound to. Null when it is bound to something else, or to one outside the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn household(&self, gql: &Context<'_>) -> Option<Result<Household>> {
        ctx(gql).edge(self.household_id).await
    }

    /// The account (授权人) that gave it. Null when it came with the installation, or is outside the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn granted_by(&self, gql: &Context<'_>) -> Option<Result<Account>> {
        ctx(gql).edge(self.granted_by).await
    }

    /// What the viewer may do to it.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn viewer_can(&self, gql: &Context<'_>) -> Result<RoleGrantViewerCan> {
        Ok(RoleGrantViewerCan { end: may_end(ctx(gql), self).await? })
    }
}
