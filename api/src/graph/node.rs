//! Any record by its id: `node` and `nodes`.

use crate::{
    account::{
        api_key::object::ApiKey, grant::object::RoleGrant, notice::object::Notice, object::Account,
        session::object::Session, sign_on::object::AccountIdentity,
    },
    attachment::object::Attachment,
    audit::{access::AccessEntry, trail::ChangeEntry},
    branch::object::PartyBranch,
    cadre::{membership::PartyMembership, object::Cadre, position::Position},
    card::object::ContactCard,
    category::object::Category,
    contact::{batch::AssignmentBatch, object::ContactAssignment},
    demand::object::Demand,
    department::object::Department,
    diary::object::Diary,
    enterprise::object::Enterprise,
    household::{correction::Correction, member::HouseholdMember, object::Household},
    intake::{object::IntakePoint, opening::BoxOpening},
    kernel::{
        directive::{DataClass, auth, class, cost, everyone},
        error::{Error, Fault, Result},
        payload::ctx,
        request::Ctx,
    },
    region::{area::Area, object::Region, succession::RegionSuccession},
    roster::object::RosterImport,
    task::{ledger::TaskEvent, object::Task},
    upload::object::Upload,
    visit::{object::Visit, participation::VisitParticipation},
    webhook::{delivery::WebhookDelivery, object::Webhook},
};
use async_graphql::{Context, ID, Interface, Object};
use entity::id::{
    self, AccessId, AccountId, ApiKeyId, AreaId, AssignmentId, AttachmentId, BatchId, BoxOpeningId, BranchId,
    CadreId, CardId, CategoryId, ChangeId, CorrectionId, DemandId, DepartmentId, DiaryId, EnterpriseId,
    GrantId, HouseholdId, IdentityId, ImportId, IntakePointId, MemberId, MembershipId, NoticeId,
    ParticipationId, PositionId, RegionId, SessionId, SuccessionId, TaskEventId, TaskId, UploadId, VisitId,
    WebhookDeliveryId, WebhookId,
};
use uuid::Uuid;

/// Ids that one request may ask for at once.
const MOST: usize = 100;

macro_rules! nodes {
    ($($(#[$doc:meta])* $kind:ident = $id:ident,)*) => {
        /// Anything with an id of its own (节点): `node(id)` finds it again.
        #[derive(Clone, Debug, Interface)]
        #[graphql(name = "Node", field(name = "id", ty = "ID", desc = "Its id, which never changes (标识)."))]
        pub enum Node {
            $($(#[$doc])* $kind($kind),)*
        }

        async fn find(ctx: &Ctx, prefix: &str, uuid: Uuid) -> Result<Option<Node>> {
            match prefix {
                $($id::PREFIX => Ok(ctx.node::<$kind>(uuid).await?.map(Node::$kind)),)*
                _ => Ok(None),
            }
        }
    };
}

nodes! {
    /// A region.
    Region = RegionId,
    /// A boundary change of a region.
    RegionSuccession = SuccessionId,
    /// An area of a township.
    Area = AreaId,
    /// A party organisation.
    PartyBranch = BranchId,
    /// A department.
    Department = DepartmentId,
    /// A category of demands.
    Category = CategoryId,
    /// A cadre.
    Cadre = CadreId,
    /// A party membership.
    PartyMembership = MembershipId,
    /// A post held.
    Position = PositionId,
    /// A login.
    Account = AccountId,
    /// A role given to an account.
    RoleGrant = GrantId,
    /// A signed-in device.
    Session = SessionId,
    /// A notice to an account.
    Notice = NoticeId,
    /// An identity of an outer sign-on.
    AccountIdentity = IdentityId,
    /// A key of an integration.
    ApiKey = ApiKeyId,
    /// Where an integration is told what happens.
    Webhook = WebhookId,
    /// One event of a webhook.
    WebhookDelivery = WebhookDeliveryId,
    /// A household.
    Household = HouseholdId,
    /// A member of a household.
    HouseholdMember = MemberId,
    /// A correction that a household asked for.
    Correction = CorrectionId,
    /// An enterprise.
    Enterprise = EnterpriseId,
    /// A contact assignment.
    ContactAssignment = AssignmentId,
    /// A card of a household.
    ContactCard = CardId,
    /// Many assignments changed in one step.
    AssignmentBatch = BatchId,
    /// A station, point or box where people bring what they want.
    IntakePoint = IntakePointId,
    /// That a box was opened.
    BoxOpening = BoxOpeningId,
    /// A visit.
    Visit = VisitId,
    /// A diary entry.
    Diary = DiaryId,
    /// A file that is attached to a record.
    Attachment = AttachmentId,
    /// That a cadre took part in a visit.
    VisitParticipation = ParticipationId,
    /// One look at a household, an enterprise or a cadre.
    AccessEntry = AccessId,
    /// One change of one record.
    ChangeEntry = ChangeId,
    /// A file that is sent in.
    Upload = UploadId,
    /// A roster that is taken in.
    RosterImport = ImportId,
    /// A demand.
    Demand = DemandId,
    /// A task.
    Task = TaskId,
    /// One event of the ledger.
    TaskEvent = TaskEventId,
}

fn read(id: &ID) -> Result<(String, Uuid)> {
    id::read(id).ok_or_else(|| {
        Fault::input("标识应形如 household_01jd3k…。", "An id is of the form household_01jd3k….").into()
    })
}

/// Any record by its id.
#[derive(Debug, Default)]
pub struct NodeQuery;

#[Object]
impl NodeQuery {
    /// Any record by its id. Null when there is none, or none that the viewer may see: the two answer alike.
    #[graphql(directive = class::apply(DataClass::Internal), directive = cost::apply(1), directive = auth::apply(everyone()))]
    async fn node(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The id of any record.")] id: ID,
    ) -> Option<Result<Node>> {
        let (prefix, uuid) = match read(&id) {
            Ok(read) => read,
            Err(error) => return Some(Err(error)),
        };
        find(ctx(gql), &prefix, uuid).await.transpose()
    }

    /// Several records by their ids, at most 100, in the order asked for; null stands for each that there is not, or that
    /// the viewer may not see.
    #[graphql(directive = class::apply(DataClass::Internal), directive = cost::apply(1), directive = auth::apply(everyone()))]
    async fn nodes(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The ids, at most 100.")] ids: Vec<ID>,
    ) -> Option<Result<Vec<Option<Node>>>> {
        Some(several(ctx(gql), &ids).await)
    }
}

async fn several(ctx: &Ctx, ids: &[ID]) -> Result<Vec<Option<Node>>, Error> {
    if ids.len() > MOST {
        return Err(Fault::input(format!("最多 {MOST} 个标识。"), format!("{MOST} ids at the most.")).into());
    }
    let ids = ids.iter().map(read).collect::<Result<Vec<_>>>()?;
    futures_util::future::try_join_all(ids.iter().map(|(prefix, uuid)| find(ctx, prefix, *uuid))).await
}
