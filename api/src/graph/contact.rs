//! Edges of `ContactAssignment` and of coverage.

use crate::{
    cadre::object::Cadre,
    contact::{coverage::CadreLoad, object::ContactAssignment},
    department::object::Department,
    enterprise::object::Enterprise,
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

    /// The cadre who holds it. Null when a department does, and when the cadre is outside the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn cadre(&self, gql: &Context<'_>) -> Option<Result<Cadre>> {
        ctx(gql).edge(self.cadre_id).await
    }

    /// The department that holds it, for paired help (定点帮扶). Null when a cadre does.
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn department(&self, gql: &Context<'_>) -> Option<Result<Department>> {
        ctx(gql).edge(self.department_id).await
    }

    /// The enterprise that it is for. Null for the other kinds, and when the enterprise is outside the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn enterprise(&self, gql: &Context<'_>) -> Option<Result<Enterprise>> {
        ctx(gql).edge(self.enterprise_id).await
    }
}

#[ComplexObject]
impl CadreLoad {
    /// The cadre. Null when outside the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn cadre(&self, gql: &Context<'_>) -> Option<Result<Cadre>> {
        ctx(gql).edge(Some(self.cadre_id)).await
    }
}
