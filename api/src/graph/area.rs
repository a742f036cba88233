//! Edges of `Area`.

use crate::{
    contact::object::{ContactAssignment, ContactAssignmentOrderField, ContactAssignmentWhere},
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
    region::{
        area::{Area, VillagesOf},
        object::Region,
    },
};
use async_graphql::{ComplexObject, Context, SimpleObject};

/// What the viewer may do to an area (可否操作).
#[derive(Clone, Debug, SimpleObject)]
pub struct AreaViewerCan {
    /// Rename it or change its villages (`areaUpdate`).
    pub update: Permission,
}

#[ComplexObject]
impl Area {
    /// What the viewer may do to it.
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn viewer_can(&self, gql: &Context<'_>) -> AreaViewerCan {
        AreaViewerCan { update: ctx(gql).permission(May::ManageRegion, &Facts::from(self.place())) }
    }

    /// The township (乡镇) whose villages it groups.
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn township(&self, gql: &Context<'_>) -> Option<Result<Region>> {
        ctx(gql).edge(Some(self.township_id)).await
    }

    /// Its villages, 100 at the most.
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn villages(&self, gql: &Context<'_>) -> Result<Vec<Region>, Error> {
        let ctx = ctx(gql);
        let ids = ctx.load(VillagesOf(self.id)).await?.unwrap_or_default();
        let villages = ids.into_iter().map(|id| ctx.node::<Region>(id));
        Ok(futures_util::future::try_join_all(villages).await?.into_iter().flatten().collect())
    }

    /// Assignments to the area itself (包片), the newest first.
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
        Some(children(gql, "area_id", self.id, Listing { filter, order_by, page }).await)
    }
}
