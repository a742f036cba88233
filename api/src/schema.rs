//! Query and Mutation put together, floor by floor.

use crate::{account, contact, household, region};
use async_graphql::{EmptySubscription, MergedObject};
use std::sync::Arc;

/// Places and people.
#[derive(Default, MergedObject)]
pub struct PlacesAndPeopleQuery(region::object::RegionQuery, region::area::AreaQuery);

/// Whom we serve.
#[derive(Default, MergedObject)]
pub struct WhomWeServeQuery(household::object::HouseholdQuery, household::tag::TagQuery);

/// Who answers for whom.
#[derive(Default, MergedObject)]
pub struct AnswerabilityQuery(contact::object::ContactQuery, contact::coverage::CoverageQuery);

/// Everything that can be asked. Fields without “Requires” are open to everyone.
#[derive(Default, MergedObject)]
pub struct Query(PlacesAndPeopleQuery, WhomWeServeQuery, AnswerabilityQuery);

/// Places and people.
#[derive(Default, MergedObject)]
pub struct PlacesAndPeopleMutation(
    account::sign_in::SessionMutation,
    region::object::RegionMutation,
    region::area::AreaMutation,
);

/// Whom we serve.
#[derive(Default, MergedObject)]
pub struct WhomWeServeMutation(household::object::HouseholdMutation, household::member::MemberMutation);

/// Everything that can be changed: noun first, then what is done to it.
#[derive(Default, MergedObject)]
pub struct Mutation(PlacesAndPeopleMutation, WhomWeServeMutation, contact::object::ContactMutation);

/// The whole contract.
pub type Schema = async_graphql::Schema<Query, Mutation, EmptySubscription>;

/// Puts the schema together.
#[must_use]
pub fn build(identity: Arc<account::Identity>) -> Schema {
    Schema::build(Query::default(), Mutation::default(), EmptySubscription).data(identity).finish()
}
