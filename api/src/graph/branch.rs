//! Edges of `PartyBranch`.

use crate::{
    branch::object::{PartyBranch, PartyBranchOrderField, PartyBranchWhere},
    cadre::{
        membership::{PartyMembership, PartyMembershipOrderField, PartyMembershipWhere},
        position::{Position, PositionOrderField, PositionWhere},
    },
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
use entity::kind::BranchKind;

/// What the viewer may do to a party organisation (可否操作).
#[derive(Clone, Debug, SimpleObject)]
pub struct PartyBranchViewerCan {
    /// Rename it (`partyBranchUpdate`).
    pub update: Permission,
    /// Begin and end memberships in it (`partyMembershipStart`, of cadres whom the viewer may change as well, and
    /// `partyMembershipEnd`).
    pub admit: Permission,
}

#[ComplexObject]
impl PartyBranch {
    /// What the viewer may do to it.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn viewer_can(&self, gql: &Context<'_>) -> PartyBranchViewerCan {
        let manage = ctx(gql).permission(May::ManageBranch, &Facts::from(self.place()));
        PartyBranchViewerCan { update: manage.clone(), admit: manage }
    }

    /// The region whose organisation it is (所在区域).
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn region(&self, gql: &Context<'_>) -> Option<Result<Region>> {
        ctx(gql).edge(Some(self.region_id)).await
    }

    /// The organisation directly above (上级党组织). Null when there is none, or none within the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn parent(&self, gql: &Context<'_>) -> Option<Result<PartyBranch>> {
        ctx(gql).edge(self.parent_id).await
    }

    /// The organisations directly below (下级党组织), by name.
    #[graphql(directive = class::apply(DataClass::Internal))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn children(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<
            PartyBranchWhere,
        >,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<
            Vec<OrderBy<PartyBranchOrderField>>,
        >,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<PartyBranch>>> {
        let page = PageArgs::new(first, after, last, before);
        Some(children(gql, "parent_id", self.id, Listing { filter, order_by, page }).await)
    }

    /// Memberships in it (党员组织关系), ended ones included, the latest first. Those of a group are the ones in that
    /// group.
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
        let via = if self.kind == BranchKind::Group { "group_id" } else { "branch_id" };
        Some(children(gql, via, self.id, Listing { filter, order_by, page }).await)
    }

    /// Posts in it (职务), ended ones included, the latest first.
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
        Some(children(gql, "branch_id", self.id, Listing { filter, order_by, page }).await)
    }
}
