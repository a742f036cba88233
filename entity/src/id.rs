//! Identifiers: a `UUIDv7`, typed by what it names, spoken as a `TypeID` (`household_01jd3k…`).
//!
//! A client may mint one itself, offline, and send it with a create.

use async_graphql::{
    ContextSelectionSet, ID, InputType, InputValueError, InputValueResult, OutputType, Positioned,
    ServerResult, Value, parser::types::Field, registry::Registry,
};
use sea_orm::{DbErr, DeriveValueType, TryFromU64};
use std::borrow::Cow;
use type_safe_id::{DynamicType, TypeSafeId};
use uuid::Uuid;

/// Writes `prefix_suffix`, the suffix in Crockford's base 32, 26 characters.
#[must_use]
pub fn spell(prefix: &str, uuid: Uuid) -> String {
    DynamicType::new(prefix)
        .map_or_else(|_| uuid.to_string(), |kind| TypeSafeId::from_type_and_uuid(kind, uuid).to_string())
}

/// Reads any well-formed identifier into its prefix and `UUID`.
#[must_use]
pub fn read(text: &str) -> Option<(String, Uuid)> {
    let id: TypeSafeId<DynamicType> = text.parse().ok()?;
    Some((id.type_prefix().to_owned(), id.uuid()))
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, DeriveValueType)]
        pub struct $name(pub Uuid);

        impl $name {
            /// The prefix of its `TypeID`.
            pub const PREFIX: &'static str = $prefix;
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl TryFromU64 for $name {
            fn try_from_u64(_: u64) -> Result<Self, DbErr> {
                Err(DbErr::ConvertFromU64(stringify!($name)))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&spell($prefix, self.0))
            }
        }

        impl InputType for $name {
            type RawValueType = Self;

            fn type_name() -> Cow<'static, str> {
                <ID as InputType>::type_name()
            }

            fn create_type_info(registry: &mut Registry) -> String {
                <ID as InputType>::create_type_info(registry)
            }

            fn parse(value: Option<Value>) -> InputValueResult<Self> {
                match value.as_ref() {
                    Some(Value::String(text)) => match read(text) {
                        Some((prefix, uuid)) if prefix == $prefix => Ok(Self(uuid)),
                        _ => Err(InputValueError::custom(concat!(
                            "应为形如 ", $prefix, "_01jd3k… 的标识。 An id of the form ", $prefix, "_01jd3k… is needed."
                        ))),
                    },
                    _ => Err(InputValueError::expected_type(value.unwrap_or_default())),
                }
            }

            fn to_value(&self) -> Value {
                Value::String(self.to_string())
            }

            fn as_raw_value(&self) -> Option<&Self> {
                Some(self)
            }
        }

        impl OutputType for $name {
            fn type_name() -> Cow<'static, str> {
                <ID as OutputType>::type_name()
            }

            fn create_type_info(registry: &mut Registry) -> String {
                <ID as OutputType>::create_type_info(registry)
            }

            async fn resolve(
                &self,
                _: &ContextSelectionSet<'_>,
                _: &Positioned<Field>,
            ) -> ServerResult<Value> {
                Ok(Value::String(self.to_string()))
            }
        }
    )*};
}

ids! {
    /// Names a region.
    RegionId = "region";
    /// Names a boundary change of a region.
    SuccessionId = "succession";
    /// Names an area of a township.
    AreaId = "area";
    /// Names a party organisation.
    BranchId = "branch";
    /// Names a department or station.
    DepartmentId = "department";
    /// Names a cadre.
    CadreId = "cadre";
    /// Names a party membership.
    MembershipId = "membership";
    /// Names a post held.
    PositionId = "position";
    /// Names a day that a county sets itself.
    WorkDayId = "workday";
    /// Names working hours of a county, from a day on.
    WorkHoursId = "workhours";
    /// Names the times that a county allots to an urgency.
    DeadlineRuleId = "deadlinerule";
    /// Names a category of demands.
    CategoryId = "category";
    /// Names a login.
    AccountId = "account";
    /// Names a role given to an account.
    GrantId = "grant";
    /// Names a signed-in session.
    SessionId = "session";
    /// Names a notice to an account.
    NoticeId = "notice";
    /// Names a code that was sent.
    CodeId = "code";
    /// Names a key of an integration.
    ApiKeyId = "apikey";
    /// Names an identity of an outer sign-on.
    IdentityId = "identity";
    /// Names a sheet that is handed out once.
    HandoutId = "sheet";
    /// Names a household.
    HouseholdId = "household";
    /// Names a member of a household.
    MemberId = "member";
    /// Names an enterprise.
    EnterpriseId = "enterprise";
    /// Names a contact assignment.
    AssignmentId = "assignment";
    /// Names many assignments changed in one step.
    BatchId = "batch";
    /// Names a roster that is taken in.
    ImportId = "import";
    /// Names one look at one subject in the access log.
    AccessId = "access";
    /// Names one change of one record in the audit trail.
    ChangeId = "change";
    /// Names a household opened in an emergency.
    EmergencyId = "emergency";
    /// Names a correction that is asked for.
    CorrectionId = "correction";
    /// Names a consent that was given.
    ConsentId = "consent";
    /// Names what a county has turned on.
    CountySettingId = "setting";
    /// Names a station, point or box where people bring what they want.
    IntakePointId = "intake";
    /// Names that a box was opened.
    BoxOpeningId = "boxopening";
    /// Names a visit.
    VisitId = "visit";
    /// Names a diary entry.
    DiaryId = "diary";
    /// Names a file that is attached to a record.
    AttachmentId = "attachment";
    /// Names that a cadre took part in a visit.
    ParticipationId = "participation";
    /// Names a card of a household.
    CardId = "card";
    /// Names what the code of a household holds.
    CardTokenId = "cardtoken";
    /// Names a file that is sent in.
    UploadId = "upload";
    /// Names a demand.
    DemandId = "demand";
    /// Names a judgement of a result.
    FeedbackId = "feedback";
    /// Names a task.
    TaskId = "task";
    /// Names a handler's part in a task.
    TaskPartId = "taskpart";
    /// Names one event of the ledger.
    TaskEventId = "taskevent";
    /// Names a milestone of a task.
    MilestoneId = "milestone";
    /// Names what was asked in a task: leave, or an answer.
    TaskRequestId = "taskrequest";
    /// Names a list of tasks.
    TaskListId = "tasklist";
    /// Names where an integration is told what happens.
    WebhookId = "webhook";
    /// Names one event of a webhook: its `webhook-id`.
    WebhookDeliveryId = "delivery";
}
