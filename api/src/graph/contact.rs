//! Edges of `ContactAssignment` and of coverage.

use crate::{
    account::object::Account,
    cadre::object::Cadre,
    contact::{
        batch::AssignmentBatch,
        load::CadreLoad,
        object::{ContactAssignment, ContactAssignmentOrderField, ContactAssignmentWhere},
        plan::BranchesOf,
        preview::AssignmentChange,
    },
    department::object::Department,
    enterprise::object::Enterprise,
    household::object::Household,
    kernel::{
        connection::{Connection, Cursor},
        directive::{DataClass, class},
        error::{Error, Result},
        node::{Listing, OrderBy, children},
        page::PageArgs,
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
    async fn viewer_can(&self, gql: &Context<'_>) -> Result<ContactAssignmentViewerCan, Error> {
        let ctx = ctx(gql);
        let branches = match self.cadre_id {
            Some(cadre) => ctx.load(BranchesOf(cadre)).await?.unwrap_or_default(),
            None => Vec::new(),
        };
        let facts = Facts {
            place: self.place(),
            household: self.household_id,
            enterprise: self.enterprise_id,
            branches: &branches,
            ..Facts::default()
        };
        Ok(ContactAssignmentViewerCan { end: ctx.permission(May::Assign, &facts) })
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
impl AssignmentChange {
    /// Who answers for it until then (原包联人). Null when nobody does, and when outside the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn from(&self, gql: &Context<'_>) -> Option<Result<Cadre>> {
        ctx(gql).edge(self.from).await
    }

    /// Who answers for it from then on (新包联人). Null where the other holder has the target already.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn to(&self, gql: &Context<'_>) -> Option<Result<Cadre>> {
        ctx(gql).edge(self.to).await
    }

    /// The assignment that ends (结束的包联). Null when none does.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn ends(&self, gql: &Context<'_>) -> Option<Result<ContactAssignment>> {
        ctx(gql).edge(self.ends).await
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

    /// The enterprise that it is for. Null for the other kinds, and when the enterprise is outside the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn enterprise(&self, gql: &Context<'_>) -> Option<Result<Enterprise>> {
        ctx(gql).edge(self.enterprise_id).await
    }
}

macro_rules! of_batch {
    ($($(#[$doc:meta])* $name:ident = $column:literal;)*) => {
        #[ComplexObject]
        impl AssignmentBatch {
            /// Of a hand-over, who gave (交出人). Null for the other kinds, and when outside the viewer's scope.
            #[graphql(directive = class::apply(DataClass::Internal))]
            async fn from(&self, gql: &Context<'_>) -> Option<Result<Cadre>> {
                ctx(gql).edge(self.from_cadre_id).await
            }

            /// Of a hand-over, who took (接收人). Null for the other kinds, and when outside the viewer's scope.
            #[graphql(directive = class::apply(DataClass::Internal))]
            async fn to(&self, gql: &Context<'_>) -> Option<Result<Cadre>> {
                ctx(gql).edge(self.to_cadre_id).await
            }

            /// The account that did it (办理账号). Null when outside the viewer's scope.
            #[graphql(directive = class::apply(DataClass::Internal))]
            async fn made_by(&self, gql: &Context<'_>) -> Option<Result<Account>> {
                ctx(gql).edge(self.made_by).await
            }

            $($(#[$doc])*
            #[graphql(directive = class::apply(DataClass::Internal))]
            #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
            async fn $name(
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
                Some(children(gql, $column, self.id, Listing { filter, order_by, page }).await)
            })*
        }
    };
}

of_batch! {
    /// The assignments that it ended (结束的包联), of those that the viewer may see.
    ended_assignments = "ended_batch_id";
    /// The assignments that it began (开始的包联), of those that the viewer may see.
    started_assignments = "started_batch_id";
}

#[ComplexObject]
impl CadreLoad {
    /// The cadre. Null when outside the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn cadre(&self, gql: &Context<'_>) -> Option<Result<Cadre>> {
        ctx(gql).edge(Some(self.cadre_id)).await
    }
}
