//! A household outside the own scope is opened in an emergency (紧急查看): for one hour, for a reason, and its contacts and
//! the auditors of the place are told.

use super::{
    query::{HouseholdBy, by_card_token, by_number_of_all},
    reveal::check_reason,
};
use crate::account::notice;
use crate::kernel::{
    access::{Line, Subject, write},
    clock::later,
    directive::{DataClass, auth, class, cost, may},
    door::{any_of, live, unscoped},
    error::{Error, Refusal, RefusalCode, Result, UserError},
    payload::ctx,
    place::Place,
    policy::{May, Part},
    refusal::Checks,
    scope::Facts,
    work::Work,
};
use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use chrono::Duration;
use entity::{
    account, assignment, emergency, grant, household,
    id::{AccountId, EmergencyId, HouseholdId},
    kind::{AccessAction, AssignmentKind, NoticeKind, Role},
    region,
    scalar::DateTime,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect, QueryTrait,
    sea_query::ExprTrait,
};
use uuid::Uuid;

/// For how long it is open.
const OPEN: Duration = Duration::hours(1);

/// A household opened in an emergency (紧急查看).
#[derive(Clone, Debug, SimpleObject)]
pub struct Emergency {
    /// Its id, which never changes (标识).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub id: EmergencyId,
    /// The household; from the next request on it can be asked for like one's own.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub household_id: HouseholdId,
    /// When it closes by itself (关闭时间): an hour after it was opened.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub closes_at: DateTime,
}

/// A household to open in an emergency.
#[derive(Clone, Debug, InputObject)]
pub struct HouseholdBreakGlassInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Which household, by exactly one of these.
    pub household: HouseholdBy,
    /// What the emergency is, 4 to 200 characters. The household, its contacts and the auditors read it.
    pub reason: String,
}

/// What was opened, or why not.
#[derive(SimpleObject)]
pub struct HouseholdBreakGlassPayload {
    /// What was opened, and until when. Null exactly when `errors` is not empty.
    pub emergency: Option<Emergency>,
    /// Why it was refused; empty when it was done.
    pub errors: Vec<UserError>,
    /// Whether an earlier request with the same idempotency key had done it already.
    pub replayed: bool,
}

/// Opens households in emergencies.
#[derive(Debug, Default)]
pub struct EmergencyMutation;

#[Object]
impl EmergencyMutation {
    /// Opens a household outside the own scope for one hour, telephone numbers included, while the role is held. Requires
    /// `REGION_ADMIN`, `LEADER`, `DISPATCHER`, `SUPERVISOR`, `DEPARTMENT_HANDLER`, `GRID_WORKER` or `CADRE` in the same county,
    /// and a reason; the contacts of the household and the auditors of the place are told at once. Errors: `INVALID`
    /// (`reason`), `STATE` (it is open already), `FORBIDDEN`, `NOT_FOUND` (none such in the county).
    #[graphql(directive = cost::apply(50), directive = auth::apply(may(May::BreakGlass)))]
    async fn household_break_glass(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which household, and what the emergency is.")] input: HouseholdBreakGlassInput,
    ) -> Option<Result<HouseholdBreakGlassPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("householdBreakGlass", &input.idempotency_key, &input, open).await;
        let written = match written {
            Ok(written) => written,
            Err(Error::Refused(refusals)) => {
                let errors = refusals.into_iter().map(Into::into).collect();
                return Some(Ok(HouseholdBreakGlassPayload { emergency: None, errors, replayed: false }));
            }
            Err(error) => return Some(Err(error)),
        };
        let found = unscoped::<emergency::Entity>()
            .filter(emergency::Column::Id.eq(written.entity))
            .filter(emergency::Column::AccountId.eq(ctx.viewer().map(|viewer| viewer.account)))
            .one(ctx.db().read())
            .await;
        Some(found.map_err(Into::into).map(|row| HouseholdBreakGlassPayload {
            emergency: row.map(|row| Emergency {
                id: row.id,
                household_id: row.household_id,
                closes_at: row.closes_at,
            }),
            errors: Vec::new(),
            replayed: written.replayed,
        }))
    }
}

/// The accounts of the household's contacts, and of the auditors of its place.
async fn whom_to_tell(work: &Work, household: &household::Model) -> Result<Vec<AccountId>> {
    use assignment::Column::{CadreId, EndsOn, HouseholdId, Kind, RegionId, StartsOn};
    let today = work.ctx.today();
    let around = [household.group_id, household.grid_id].into_iter().flatten();
    let contacts = unscoped::<assignment::Entity>()
        .select_only()
        .column(CadreId)
        .filter(
            Condition::any()
                .add(HouseholdId.eq(household.id))
                .add(any_of(RegionId, around, work.ctx.backend()).and(Kind.eq(AssignmentKind::Group))),
        )
        .filter(live(StartsOn, EndsOn, today))
        .filter(CadreId.is_not_null());
    let mut told: Vec<AccountId> = unscoped::<account::Entity>()
        .select_only()
        .column(account::Column::Id)
        .filter(account::Column::CadreId.in_subquery(contacts.into_query()))
        .into_tuple()
        .all(&work.tx)
        .await?;
    let above = unscoped::<region::Entity>()
        .filter(region::Column::Id.eq(household.village_id))
        .one(&work.tx)
        .await?;
    let above = above.into_iter().flat_map(|village| [village.province_id, village.city_id]).flatten();
    let places = above.chain([household.county_id, household.township_id, household.village_id]);
    let auditors: Vec<AccountId> = unscoped::<grant::Entity>()
        .select_only()
        .column(grant::Column::AccountId)
        .filter(grant::Column::Role.eq(Role::Auditor))
        .filter(any_of(grant::Column::RegionId, places, work.ctx.backend()))
        .filter(live(grant::Column::StartsOn, grant::Column::EndsOn, today))
        .into_tuple()
        .all(&work.tx)
        .await?;
    told.extend(auditors);
    told.sort_unstable();
    told.dedup();
    Ok(told)
}

async fn open(work: &Work, input: HouseholdBreakGlassInput) -> Result<Uuid> {
    let HouseholdBreakGlassInput { idempotency_key: _, household, reason } = input;
    let ctx = &work.ctx;
    let account = ctx.in_person()?.account;
    if !ctx.scope().allowed_somewhere(May::BreakGlass) {
        return Err(ctx.forbidden(May::BreakGlass));
    }
    let mut checks = Checks::default();
    let reason = check_reason(&mut checks, &reason);
    checks.done()?;
    let id = match household {
        HouseholdBy::Id(id) => Some(id),
        HouseholdBy::Number(at) => by_number_of_all(&work.tx, &at).await?,
        HouseholdBy::CardToken(token) => by_card_token(&work.tx, work.ctx.vault(), &token).await?,
    };
    let not_found = || Refusal::not_found("household");
    let row = unscoped::<household::Entity>()
        .filter(household::Column::Id.eq(id.ok_or_else(not_found)?))
        .one(&work.tx)
        .await?
        .ok_or_else(not_found)?;
    let place = Place {
        county_id: Some(row.county_id),
        township_id: Some(row.township_id),
        village_id: Some(row.village_id),
        group_id: row.group_id,
        grid_id: row.grid_id,
    };
    let facts = Facts { place, household: Some(row.id), ..Facts::default() };
    // Beyond the county it answers as if it did not exist.
    let role = ctx.scope().role_for(May::BreakGlass, &facts).ok_or_else(not_found)?;
    if ctx.scope().household_sight(row.id, &place).shows(Part::Phone) {
        return Err(Refusal::new(
            RefusalCode::State,
            "household",
            "这户已在您的权限之内，无须紧急查看。",
            "This household is open to you already.",
        )
        .into());
    }
    let now = work.now();
    let opened = emergency::Model {
        id: EmergencyId(Uuid::now_v7()),
        account_id: account,
        role,
        household_id: row.id,
        reason: reason.clone(),
        opened_at: now,
        closes_at: later(now, OPEN),
    };
    let id = opened.id.0;
    emergency::Entity::insert(IntoActiveModel::<emergency::ActiveModel>::into_active_model(opened))
        .exec_without_returning(&work.tx)
        .await?;
    let line = Line {
        who: ctx.looker(),
        action: AccessAction::BreakGlass,
        purpose: Some(reason),
        fields: Vec::new(),
        subjects: vec![(Subject::Household(row.id), DataClass::Personal)],
    };
    write(&work.tx, &[line]).await?;
    work.raise_rights(account::Column::Id.eq(account)).await?;
    let told = whom_to_tell(work, &row).await?;
    notice::tell(
        &work.tx,
        now,
        told,
        NoticeKind::GlassBroken,
        Some(row.id.to_string()),
        serde_json::json!({}),
    )
    .await?;
    Ok(id)
}
