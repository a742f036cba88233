//! Consent (同意): some things are held only because the household agreed. Without a row it counts as given with the
//! registration. Once it is withdrawn what was held is erased at once, and nothing of it is written until it is given anew.

use super::{hold, object::Household};
use crate::kernel::{
    directive::{DataClass, auth, class, cost, may},
    door::{any_of, unscoped},
    error::{Refusal, RefusalCode, Result},
    payload::{ctx, payload},
    policy::May,
    record::Record,
    refusal::Checks,
    request::Ctx,
    rows::Key,
    work::Work,
};
use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use entity::{
    consent, household,
    id::{ConsentId, HouseholdId},
    kind::{ChangeKind, ConsentPurpose},
    scalar::Date,
};
use sea_orm::{ConnectionTrait, QueryFilter, QueryOrder, Set, sea_query::LockType};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

impl Record for consent::Entity {
    const NAME: &'static str = ConsentId::PREFIX;
    const INTERNAL: &'static [&'static str] = &["household_id", "purpose", "given_on", "withdrawn_on"];
}

/// The rule that is broken by writing what is no longer agreed to, and how it is told.
pub(crate) const WITHDRAWN: (&str, &str, &str) = (
    "consent-withdrawn",
    "本户已撤回对此项信息的同意，不能登记；本户重新同意并登记后方可填写。",
    "The household has withdrawn its consent to this; it can be written again after the consent is given anew.",
);

/// How the consent to one purpose stands (同意情况).
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct Consent {
    /// For what (同意事项).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub purpose: ConsentPurpose,
    /// Whether it stands (是否同意). It counts as given with the registration until something else is noted.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub given: bool,
    /// First day of the consent, of the last one where there were several (同意日期). Null when it was given with the
    /// registration.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub given_on: Option<Date>,
    /// Day on which it was withdrawn (撤回日期). Null while it stands.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub withdrawn_on: Option<Date>,
}

impl Consent {
    /// How it stands after these rows, the oldest first.
    fn after(purpose: ConsentPurpose, rows: &[consent::Model]) -> Self {
        let own = || rows.iter().filter(|row| row.purpose == purpose);
        let last = own().find(|row| row.withdrawn_on.is_none()).or_else(|| own().next_back());
        Self {
            purpose,
            given: last.is_none_or(|row| row.withdrawn_on.is_none()),
            given_on: last.and_then(|row| row.given_on),
            withdrawn_on: last.and_then(|row| row.withdrawn_on),
        }
    }
}

async fn rows(
    db: &impl ConnectionTrait,
    households: impl IntoIterator<Item = HouseholdId>,
) -> Result<HashMap<HouseholdId, Vec<consent::Model>>> {
    let mut of: HashMap<_, Vec<_>> = HashMap::new();
    let those = any_of(consent::Column::HouseholdId, households, db.get_database_backend());
    let all = unscoped::<consent::Entity>().filter(those).order_by_asc(consent::Column::Id).all(db).await?;
    for row in all {
        of.entry(row.household_id).or_default().push(row);
    }
    Ok(of)
}

/// Consents that were withdrawn, of some households.
pub(crate) async fn withdrawn(
    db: &impl ConnectionTrait,
    households: impl IntoIterator<Item = HouseholdId>,
) -> Result<HashSet<(HouseholdId, ConsentPurpose)>> {
    let of = rows(db, households).await?;
    let standings = of.iter().flat_map(|(&id, rows)| {
        ConsentPurpose::all().map(move |purpose| (id, purpose, Consent::after(purpose, rows)))
    });
    Ok(standings.filter(|(_, _, standing)| !standing.given).map(|(id, purpose, _)| (id, purpose)).collect())
}

/// Refuses what is told although the consent to it was withdrawn: purpose, field, whether anything is told.
pub(super) async fn check(
    db: &impl ConnectionTrait,
    checks: &mut Checks,
    household: HouseholdId,
    told: &[(ConsentPurpose, &str, bool)],
) -> Result<()> {
    if told.iter().all(|(_, _, told)| !told) {
        return Ok(());
    }
    let withdrawn = withdrawn(db, [household]).await?;
    for (purpose, field, _) in told.iter().filter(|(_, _, told)| *told) {
        let (rule, zh, en) = WITHDRAWN;
        checks.require(!withdrawn.contains(&(household, *purpose)), || Refusal::rule(rule, field, zh, en));
    }
    Ok(())
}

/// The question for the consents of a household.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ConsentsOf(pub HouseholdId);

impl Key for ConsentsOf {
    type Value = Vec<Consent>;

    async fn load(ctx: Ctx, keys: Vec<Self>) -> Result<HashMap<Self, Vec<Consent>>> {
        let mut of = rows(ctx.db().read(), keys.iter().map(|key| key.0)).await?;
        let mut standings = |key: &Self| {
            let rows = of.remove(&key.0).unwrap_or_default();
            ConsentPurpose::all().map(|purpose| Consent::after(purpose, &rows)).collect()
        };
        Ok(keys.into_iter().map(|key| (key.clone(), standings(&key))).collect())
    }
}

/// A consent that is given.
#[derive(Clone, Debug, InputObject)]
pub struct ConsentGiveInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Which household.
    pub household_id: HouseholdId,
    /// For what it is given.
    pub purpose: ConsentPurpose,
}

/// A consent that is withdrawn.
#[derive(Clone, Debug, InputObject)]
pub struct ConsentWithdrawInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Which household.
    pub household_id: HouseholdId,
    /// For what it no longer stands.
    pub purpose: ConsentPurpose,
}

payload! {
    /// The household after its consent was noted, or why it was not.
    ConsentPayload, household: Household
}

/// Consents given and withdrawn.
#[derive(Debug, Default)]
pub struct ConsentMutation;

#[Object]
impl ConsentMutation {
    /// Notes that a household gives its consent, from today on. Requires `RESIDENT` of the household, `GRID_WORKER` of the place, or
    /// `CONTACT`: who was told so. Errors: `STATE` (it stands already), `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::NoteConsent)))]
    async fn consent_give(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Whose consent, and for what.")] input: ConsentGiveInput,
    ) -> Option<Result<ConsentPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("consentGive", &input.idempotency_key, &input, give).await;
        ConsentPayload::of(ctx, written).await
    }

    /// Notes that a household withdraws its consent. What was held by it is erased at once, and nothing of it is written until the
    /// consent is given anew. Requires `RESIDENT` of the household, `GRID_WORKER` of the place, or `CONTACT`: who was told so.
    /// Errors: `STATE` (it was withdrawn already), `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::NoteConsent)))]
    async fn consent_withdraw(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Whose consent, and for what.")] input: ConsentWithdrawInput,
    ) -> Option<Result<ConsentPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("consentWithdraw", &input.idempotency_key, &input, withdraw).await;
        ConsentPayload::of(ctx, written).await
    }
}

/// The household, if the viewer may note its consent, and what was noted before. Who notes at the same moment waits.
async fn found(work: &Work, id: HouseholdId) -> Result<(household::Model, Vec<consent::Model>)> {
    let row = hold(work, id, "householdId", LockType::NoKeyUpdate).await?;
    work.ctx.must(May::NoteConsent, &super::facts(&row))?;
    let mut of = rows(&work.tx, [id]).await?;
    Ok((row, of.remove(&id).unwrap_or_default()))
}

async fn give(work: &Work, input: ConsentGiveInput) -> Result<Uuid> {
    let ConsentGiveInput { idempotency_key: _, household_id, purpose } = input;
    let (household, rows) = found(work, household_id).await?;
    if rows.iter().any(|row| row.purpose == purpose && row.withdrawn_on.is_none()) {
        return Err(state("本户已登记同意。", "The consent stands already."));
    }
    let row = consent::ActiveModel {
        id: Set(ConsentId(Uuid::now_v7())),
        household_id: Set(household_id),
        purpose: Set(purpose),
        given_on: Set(Some(work.ctx.today())),
        withdrawn_on: Set(None),
        given_by: Set(Some(work.ctx.signed_in()?.account)),
        withdrawn_by: Set(None),
        version: Set(1),
    };
    work.insert(row).await?;
    noted(work, household::ActiveModel { id: Set(household_id), ..Default::default() }, &household).await
}

async fn withdraw(work: &Work, input: ConsentWithdrawInput) -> Result<Uuid> {
    let ConsentWithdrawInput { idempotency_key: _, household_id, purpose } = input;
    let (household, rows) = found(work, household_id).await?;
    let by = Some(work.ctx.signed_in()?.account);
    let standing = rows.iter().find(|row| row.purpose == purpose && row.withdrawn_on.is_none());
    match standing {
        Some(standing) => {
            let row = consent::ActiveModel {
                id: Set(standing.id),
                withdrawn_on: Set(Some(work.ctx.today())),
                withdrawn_by: Set(by),
                ..Default::default()
            };
            work.update(row, standing.version, ChangeKind::Ended).await?;
        }
        None if rows.iter().any(|row| row.purpose == purpose) => {
            return Err(state("本户此前已撤回同意。", "The consent was withdrawn before."));
        }
        // It was given with the registration.
        None => {
            let row = consent::ActiveModel {
                id: Set(ConsentId(Uuid::now_v7())),
                household_id: Set(household_id),
                purpose: Set(purpose),
                given_on: Set(None),
                withdrawn_on: Set(Some(work.ctx.today())),
                given_by: Set(None),
                withdrawn_by: Set(by),
                version: Set(1),
            };
            work.insert(row).await?;
        }
    }
    let mut row = household::ActiveModel { id: Set(household_id), ..Default::default() };
    match purpose {
        ConsentPurpose::Location if household.latitude.is_some() || household.longitude.is_some() => {
            row.latitude = Set(None);
            row.longitude = Set(None);
        }
        ConsentPurpose::Income if household.yearly_income.is_some() || household.income_source.is_some() => {
            row.yearly_income = Set(None);
            row.income_source = Set(None);
        }
        ConsentPurpose::Location | ConsentPurpose::Income => {}
    }
    noted(work, row, &household).await
}

/// The household has its next version: whoever was just changing it reads it anew, and so meets what was noted.
async fn noted(work: &Work, row: household::ActiveModel, before: &household::Model) -> Result<Uuid> {
    work.update_with(row, before.version, ChangeKind::Updated, &["consents"]).await?;
    Ok(before.id.0)
}

fn state(zh: &str, en: &str) -> crate::kernel::error::Error {
    Refusal::new(RefusalCode::State, "purpose", zh, en).into()
}
