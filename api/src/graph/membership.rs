//! Edges of `PartyMembership`.

use crate::{
    branch::object::PartyBranch,
    cadre::{membership::PartyMembership, object::Cadre},
    kernel::{
        directive::{DataClass, class},
        error::{Error, Result},
        payload::{Permission, ctx},
        policy::May,
        scope::Facts,
    },
};
use async_graphql::{ComplexObject, Context, SimpleObject};

/// What the viewer may do to a party membership (可否操作).
#[derive(Clone, Debug, SimpleObject)]
pub struct PartyMembershipViewerCan {
    /// End it (`partyMembershipEnd`).
    pub end: Permission,
}

#[ComplexObject]
impl PartyMembership {
    /// Whether it is in force today (生效中).
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn live(&self, gql: &Context<'_>) -> bool {
        self.live_on(ctx(gql).today())
    }

    /// What the viewer may do to it.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn viewer_can(&self, gql: &Context<'_>) -> Result<PartyMembershipViewerCan, Error> {
        let ctx = ctx(gql);
        let place = ctx.node::<PartyBranch>(self.branch_id).await?.map(|branch| branch.place());
        let facts = Facts::from(place.unwrap_or_default());
        Ok(PartyMembershipViewerCan { end: ctx.permission(May::ManageBranch, &facts) })
    }

    /// Whose it is (党员).
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn cadre(&self, gql: &Context<'_>) -> Option<Result<Cadre>> {
        ctx(gql).edge(Some(self.cadre_id)).await
    }

    /// The party organisation (党组织). Null when it is outside the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn branch(&self, gql: &Context<'_>) -> Option<Result<PartyBranch>> {
        ctx(gql).edge(Some(self.branch_id)).await
    }

    /// The party group in it (党小组). Null when there is none, or none within the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn group(&self, gql: &Context<'_>) -> Option<Result<PartyBranch>> {
        ctx(gql).edge(self.group_id).await
    }
}
