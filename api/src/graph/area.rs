//! Edges of `Area`.

use crate::{
    kernel::{
        directive::{DataClass, class},
        error::{Error, Result},
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

    /// The township.
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
}
