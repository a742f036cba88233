//! Edges of `ContactAssignment` and of coverage.

use crate::{
    contact::object::ContactAssignment,
    household::object::Household,
    kernel::{
        directive::{DataClass, class},
        error::Result,
        payload::{Permission, ctx},
        policy::May,
        scope::Facts,
    },
    region::{area::Area, object::Region},
};
use async_graphql::{ComplexObject, Context, SimpleObject};

/// What the viewer may do to an assignment (可否操作).
#[derive(Clone, Debug, SimpleObject)]
pub struct ContactAssignmentViewerCan {
    /// End it (`assignmentEnd`).
    pub end: Permission,
}

#[ComplexObject]
impl ContactAssignment {
    /// Whether it is in force today (生效中).
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn live(&self, gql: &Context<'_>) -> bool {
        self.live_on(ctx(gql).today())
    }

    /// What the viewer may do to it.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn viewer_can(&self, gql: &Context<'_>) -> ContactAssignmentViewerCan {
        let facts = Facts {
            place: self.place(),
            household: self.household_id,
            enterprise: self.enterprise_id,
            ..Facts::default()
        };
        ContactAssignmentViewerCan { end: ctx(gql).permission(May::Assign, &facts) }
    }

    /// The township, village, group or grid that it is for; null for the other kinds.
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn region(&self, gql: &Context<'_>) -> Option<Result<Region>> {
        ctx(gql).edge(self.region_id).await
    }

    /// The area that it is for; null for the other kinds.
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn area(&self, gql: &Context<'_>) -> Option<Result<Area>> {
        ctx(gql).edge(self.area_id).await
    }

    /// The household that it is for. Null for the other kinds, and when the household is outside the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn household(&self, gql: &Context<'_>) -> Option<Result<Household>> {
        ctx(gql).edge(self.household_id).await
    }
}
