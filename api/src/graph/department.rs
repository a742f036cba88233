//! Edges of `Department`.

use crate::{
    cadre::{
        object::{Cadre, CadreOrderField, CadreWhere},
        position::{Position, PositionOrderField, PositionWhere},
    },
    contact::object::{ContactAssignment, ContactAssignmentOrderField, ContactAssignmentWhere},
    department::object::Department,
    kernel::{
        connection::{Connection, Cursor},
        directive::{DataClass, class},
        error::Result,
        node::{Listing, OrderBy, children},
        page::PageArgs,
        payload::{Permission, ctx},
        policy::May,
        scope::Facts,
    },
    region::object::Region,
};
use async_graphql::{ComplexObject, Context, SimpleObject};

/// What the viewer may do to a department (可否操作).
#[derive(Clone, Debug, SimpleObject)]
pub struct DepartmentViewerCan {
    /// Rename it or change its telephone (`departmentUpdate`).
    pub update: Permission,
}

#[ComplexObject]
impl Department {
    /// What the viewer may do to it.
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn viewer_can(&self, gql: &Context<'_>) -> DepartmentViewerCan {
        DepartmentViewerCan { update: ctx(gql).permission(May::ManageDepartment, &Facts::from(self.place())) }
    }

    /// The region whose department it is (所在区域).
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn region(&self, gql: &Context<'_>) -> Option<Result<Region>> {
        ctx(gql).edge(Some(self.region_id)).await
    }

    /// Cadres of it within the viewer's scope (干部), by name, those who have left office included.
    #[graphql(directive = class::apply(DataClass::Internal))]
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
        let page = PageArgs::new(first, after, last, before);
        Some(children(gql, "department_id", self.id, Listing { filter, order_by, page }).await)
    }

    /// Posts in it within the viewer's scope (职务), ended ones included, the latest first.
    #[graphql(directive = class::apply(DataClass::Internal))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn positions(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<PositionWhere>,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<Vec<OrderBy<PositionOrderField>>>,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<Position>>> {
        let page = PageArgs::new(first, after, last, before);
        Some(children(gql, "department_id", self.id, Listing { filter, order_by, page }).await)
    }

    /// Contact assignments that the department holds or held (定点帮扶), the newest first.
    #[graphql(directive = class::apply(DataClass::Internal))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn contact_assignments(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<
            ContactAssignmentWhere,
        >,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<
            Vec<OrderBy<ContactAssignmentOrderField>>,
        >,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<ContactAssignment>>> {
        let page = PageArgs::new(first, after, last, before);
        Some(children(gql, "department_id", self.id, Listing { filter, order_by, page }).await)
    }
}
