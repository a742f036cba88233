//! Query and Mutation put together, floor by floor.

use crate::{account, region};
use async_graphql::{EmptySubscription, MergedObject};
use std::sync::Arc;

/// Places and people.
#[derive(Default, MergedObject)]
pub struct PlacesAndPeopleQuery(region::object::RegionQuery, region::area::AreaQuery);

/// Everything that can be asked. Fields without “Requires” are open to everyone.
#[derive(Default, MergedObject)]
pub struct Query(PlacesAndPeopleQuery);

/// Places and people.
#[derive(Default, MergedObject)]
pub struct PlacesAndPeopleMutation(
    account::sign_in::SessionMutation,
    region::object::RegionMutation,
    region::area::AreaMutation,
);

/// Everything that can be changed: noun first, then what is done to it.
#[derive(Default, MergedObject)]
pub struct Mutation(PlacesAndPeopleMutation);

/// The whole contract.
pub type Schema = async_graphql::Schema<Query, Mutation, EmptySubscription>;

/// Puts the schema together.
#[must_use]
pub fn build(identity: Arc<account::Identity>) -> Schema {
    Schema::build(Query::default(), Mutation::default(), EmptySubscription).data(identity).finish()
}
