//! Query, Mutation and Subscription put together, floor by floor.

use crate::{
    account, attaching, audit, boundary, branch, cadre, calendar, card, category, contact, demand,
    department, diary, enterprise, graph, household, intake, region, roster, task, upload, visit, webhook,
};
use async_graphql::{MergedObject, MergedSubscription, SDLExportOptions, SchemaBuilder};
use std::sync::Arc;

/// Places and people.
#[derive(Default, MergedObject)]
pub struct PlacesAndPeopleQuery(
    account::viewer::ViewerQuery,
    region::object::RegionQuery,
    region::area::AreaQuery,
    account::object::AccountQuery,
    account::sign_on::object::SignOnQuery,
    branch::object::PartyBranchQuery,
    department::object::DepartmentQuery,
    calendar::object::CalendarQuery,
    category::object::CategoryQuery,
    cadre::object::CadreQuery,
    webhook::object::WebhookQuery,
);

/// Whom we serve.
#[derive(Default, MergedObject)]
pub struct WhomWeServeQuery(
    household::query::HouseholdQuery,
    household::tag::TagQuery,
    household::correction::CorrectionQuery,
    enterprise::object::EnterpriseQuery,
    audit::access::AccessQuery,
    audit::trail::TrailQuery,
);

/// Who answers for whom.
#[derive(Default, MergedObject)]
pub struct AnswerabilityQuery(
    contact::object::ContactQuery,
    contact::preview::AssignmentBatchQuery,
    contact::coverage::CoverageQuery,
    card::face::CardQuery,
    card::count::CardCountQuery,
    boundary::preview::BoundaryQuery,
);

/// Field work.
#[derive(Default, MergedObject)]
pub struct FieldWorkQuery(
    intake::object::IntakePointQuery,
    visit::object::VisitQuery,
    visit::participation::ParticipationQuery,
    visit::concern::ConcernQuery,
    diary::object::DiaryQuery,
    demand::object::DemandQuery,
);

/// Work.
#[derive(Default, MergedObject)]
pub struct WorkQuery(task::object::TaskQuery);

/// Everything that can be asked. Fields without “Requires” are open to everyone.
#[derive(Default, MergedObject)]
pub struct Query(
    graph::node::NodeQuery,
    graph::search::SearchQuery,
    PlacesAndPeopleQuery,
    upload::object::UploadQuery,
    roster::object::RosterQuery,
    WhomWeServeQuery,
    AnswerabilityQuery,
    FieldWorkQuery,
    WorkQuery,
);

/// Places and people.
#[derive(Default, MergedObject)]
pub struct PlacesAndPeopleMutation(
    account::session::mutation::SessionMutation,
    account::password::object::PasswordMutation,
    account::factor::object::SecondFactorMutation,
    account::notice::object::NoticeMutation,
    account::sign_on::object::SignOnMutation,
    region::object::RegionMutation,
    region::area::AreaMutation,
    region::setting::CountySettingMutation,
    branch::object::PartyBranchMutation,
    department::object::DepartmentMutation,
    calendar::mutation::CalendarMutation,
    category::object::CategoryMutation,
    cadre::object::CadreMutation,
    cadre::membership::PartyMembershipMutation,
    cadre::position::PositionMutation,
    account::admin::AccountMutation,
    account::grant::object::RoleGrantMutation,
    account::bulk_object::AccountsMutation,
    account::api_key::object::ApiKeyMutation,
    webhook::object::WebhookMutation,
);

/// Whom we serve.
#[derive(Default, MergedObject)]
pub struct WhomWeServeMutation(
    household::object::HouseholdMutation,
    household::member::MemberMutation,
    household::reveal::RevealMutation,
    household::emergency::EmergencyMutation,
    household::correction::CorrectionMutation,
    household::consent::ConsentMutation,
    enterprise::object::EnterpriseMutation,
);

/// Who answers for whom.
#[derive(Default, MergedObject)]
pub struct AnswerabilityMutation(
    contact::object::ContactMutation,
    contact::preview::AssignmentBatchMutation,
    card::object::CardMutation,
    card::sign_in::CardSignInMutation,
);

/// Field work.
#[derive(Default, MergedObject)]
pub struct FieldWorkMutation(
    intake::object::IntakePointMutation,
    intake::opening::BoxOpeningMutation,
    visit::object::VisitMutation,
    diary::object::DiaryMutation,
    attaching::object::AttachmentMutation,
    demand::mutation::DemandMutation,
);

/// Work.
#[derive(Default, MergedObject)]
pub struct WorkMutation(task::mutation::TaskMutation, task::mutation::TaskOversightMutation);

/// Everything that can be changed: noun first, then what is done to it.
#[derive(Default, MergedObject)]
pub struct Mutation(
    PlacesAndPeopleMutation,
    upload::object::UploadMutation,
    roster::object::RosterMutation,
    WhomWeServeMutation,
    AnswerabilityMutation,
    FieldWorkMutation,
    WorkMutation,
    boundary::object::BoundaryMutation,
);

/// Everything that can be heard as it happens, over WebSocket (`graphql-transport-ws`) or server-sent events.
#[derive(Default, MergedSubscription)]
pub struct Subscription(graph::changes::ChangesSubscription);

/// The whole contract.
pub type Schema = async_graphql::Schema<Query, Mutation, Subscription>;

/// Puts the schema together.
#[must_use]
pub fn build(identity: Arc<account::Identity>) -> Schema {
    parts().data(identity).finish()
}

fn parts() -> SchemaBuilder<Query, Mutation, Subscription> {
    Schema::build(Query::default(), Mutation::default(), Subscription::default())
}

/// The contract as text, sorted, as it is published.
#[must_use]
pub fn sdl() -> String {
    let options =
        SDLExportOptions::new().sorted_fields().sorted_arguments().sorted_enum_items().include_specified_by();
    parts().finish().sdl_with_options(options)
}
