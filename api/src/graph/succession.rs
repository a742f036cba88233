//! Edges of `RegionSuccession`.

use crate::{
    kernel::{
        directive::{DataClass, class},
        error::Result,
        payload::ctx,
    },
    region::{object::Region, succession::RegionSuccession},
};
use async_graphql::{ComplexObject, Context};

#[ComplexObject]
impl RegionSuccession {
    /// The region that changed (原区域), as it is now.
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn from(&self, gql: &Context<'_>) -> Option<Result<Region>> {
        ctx(gql).edge(Some(self.from_id)).await
    }

    /// What it became (现区域): the same region, or the one that it was merged into or that was made of a part of it.
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn to(&self, gql: &Context<'_>) -> Option<Result<Region>> {
        ctx(gql).edge(Some(self.to_id)).await
    }
}
