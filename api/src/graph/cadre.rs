//! Edges of `Cadre`.

use crate::{
    branch::object::PartyBranch,
    cadre::{
        membership::{LiveBranchOf, PartyMembership, PartyMembershipOrderField, PartyMembershipWhere},
        object::Cadre,
        position::{Position, PositionOrderField, PositionWhere},
    },
    contact::{
        load::{CadreLoad, LoadOf},
        object::{ContactAssignment, ContactAssignmentOrderField, ContactAssignmentWhere},
    },
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
    visit::participation::{VisitParticipation, VisitParticipationOrderField, VisitParticipationWhere},
};
use async_graphql::{ComplexObject, Context, SimpleObject};
use entity::scalar::Date;

/// What the viewer may do to a cadre (可否操作).
#[derive(Clone, Debug, SimpleObject)]
pub struct CadreViewerCan {
    /// Change name, level, department, telephone or last day (`cadreUpdate`).
    pub update: Permission,
    /// Give and end posts (`positionAppoint`, in places that the viewer manages as well, and `positionEnd`).
    pub appoint: Permission,
}

#[ComplexObject]
impl Cadre {
    /// What the viewer may do to it.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn viewer_can(&self, gql: &Context<'_>) -> CadreViewerCan {
        let manage = ctx(gql).permission(May::ManageCadre, &Facts::from(self.place()));
        CadreViewerCan { update: manage.clone(), appoint: manage }
    }

    /// The office that the cadre belongs to (所在单位): a county, township or village.
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn region(&self, gql: &Context<'_>) -> Option<Result<Region>> {
        ctx(gql).edge(Some(self.region_id)).await
    }

    /// The department (部门). Null when there is none.
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn department(&self, gql: &Context<'_>) -> Option<Result<Department>> {
        ctx(gql).edge(self.department_id).await
    }

    /// Whether today a member of any party organisation (是否党员). Null when memberships are outside the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn party_member(&self, gql: &Context<'_>) -> Option<Result<bool>> {
        let ctx = ctx(gql);
        match ctx.load(LiveBranchOf(self.id)).await {
            Ok(Some(_)) => Some(Ok(true)),
            Ok(None) => {
                let own = ctx.scope().cadre == Some(self.id);
                (own || ctx.scope().staff.holds(&self.place())).then_some(Ok(false))
            }
            Err(error) => Some(Err(error)),
        }
    }

    /// The party organisation that the cadre is a member of today (所在党组织). Null when there is none, or none within the
    /// viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn branch(&self, gql: &Context<'_>) -> Option<Result<PartyBranch>> {
        let ctx = ctx(gql);
        match ctx.load(LiveBranchOf(self.id)).await {
            Ok(branch) => ctx.edge(branch).await,
            Err(error) => Some(Err(error)),
        }
    }

    /// What the cadre carries (包联负担), of what the viewer may see: for evening out the work.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn load(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "On this day; today when absent.")] as_of: Option<Date>,
    ) -> Option<Result<CadreLoad>> {
        let ctx = ctx(gql);
        let day = as_of.unwrap_or_else(|| ctx.today());
        ctx.load(LoadOf { cadre: self.id, day }).await.transpose()
    }

    /// Party memberships (党员组织关系), ended ones included, the latest first.
    #[graphql(directive = class::apply(DataClass::Internal))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn memberships(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<
            PartyMembershipWhere,
        >,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<
            Vec<OrderBy<PartyMembershipOrderField>>,
        >,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<PartyMembership>>> {
        let page = PageArgs::new(first, after, last, before);
        Some(children(gql, "cadre_id", self.id, Listing { filter, order_by, page }).await)
    }

    /// Posts (职务), ended ones included, the latest first.
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
        Some(children(gql, "cadre_id", self.id, Listing { filter, order_by, page }).await)
    }

    /// Visits in which the cadre took part (参加走访), the latest first: for the cadre's own record, and for who leads them. Empty to others.
    #[graphql(directive = class::apply(DataClass::Internal))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn visit_participations(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<
            VisitParticipationWhere,
        >,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<
            Vec<OrderBy<VisitParticipationOrderField>>,
        >,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<VisitParticipation>>> {
        let page = PageArgs::new(first, after, last, before);
        Some(children(gql, "cadre_id", self.id, Listing { filter, order_by, page }).await)
    }

    /// Contact assignments that the cadre holds or held (包联), the newest first.
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
        Some(children(gql, "cadre_id", self.id, Listing { filter, order_by, page }).await)
    }
}
