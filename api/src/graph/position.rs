//! Edges of `Position`.

use crate::{
    branch::object::PartyBranch,
    cadre::{object::Cadre, position::Position},
    department::object::Department,
    kernel::{
        directive::{DataClass, class},
        error::{Error, Result},
        payload::{Permission, ctx},
        policy::May,
        scope::Facts,
    },
    region::object::Region,
};
use async_graphql::{ComplexObject, Context, SimpleObject};

/// What the viewer may do to a post (可否操作).
#[derive(Clone, Debug, SimpleObject)]
pub struct PositionViewerCan {
    /// End it (`positionEnd`).
    pub end: Permission,
}

#[ComplexObject]
impl Position {
    /// Whether it is in force today (在任).
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn live(&self, gql: &Context<'_>) -> bool {
        self.live_on(ctx(gql).today())
    }

    /// What the viewer may do to it.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn viewer_can(&self, gql: &Context<'_>) -> Result<PositionViewerCan, Error> {
        let ctx = ctx(gql);
        let place = ctx.node::<Cadre>(self.cadre_id).await?.map(|cadre| cadre.place());
        let facts = Facts::from(place.unwrap_or_default());
        Ok(PositionViewerCan { end: ctx.permission(May::ManageCadre, &facts) })
    }

    /// Who holds it (任职人).
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn cadre(&self, gql: &Context<'_>) -> Option<Result<Cadre>> {
        ctx(gql).edge(Some(self.cadre_id)).await
    }

    /// The region in whose office it is (所在区域). Null when it is in a party organisation or a department.
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn region(&self, gql: &Context<'_>) -> Option<Result<Region>> {
        ctx(gql).edge(self.region_id).await
    }

    /// The party organisation that it is in (所在党组织). Null when it is elsewhere, or outside the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn branch(&self, gql: &Context<'_>) -> Option<Result<PartyBranch>> {
        ctx(gql).edge(self.branch_id).await
    }

    /// The department that it is in (所在部门). Null when it is elsewhere.
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn department(&self, gql: &Context<'_>) -> Option<Result<Department>> {
        ctx(gql).edge(self.department_id).await
    }
}
