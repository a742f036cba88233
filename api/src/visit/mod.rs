//! Visits (走访): how a cadre or grid worker saw a household, an enterprise or the people of a region, and what was said.
//!
//! Recorded by whoever answers for the target at that moment: its contacts, the grid worker, leaders and the administrator
//! of its region; changed by whoever recorded it, withdrawn by them or the administrator. A visit without a word of what
//! was said is accepted, and counted as incomplete. It has one target, and is seen by who sees that target's visits; that
//! somebody took part, on which day and how, is a record of its own (`participation`), for who leads them. A concern note
//! (`concern`) belongs to a visit and is read by the current primary contact alone.

pub mod concern;
pub mod erase;
pub mod object;
pub mod participation;
mod rule;

use self::{
    object::{VisitDraft, VisitTarget, VisitUpdateInput, VisitWithdrawInput},
    rule::Told,
};
use crate::{
    household,
    kernel::{
        clock::civil,
        door,
        error::{Refusal, RefusalCode, Result},
        patch::patched,
        place::Place,
        policy::May,
        record::Record,
        refusal::{Checks, Detail},
        request::Ctx,
        scope::Facts,
        work::Work,
    },
    region,
};
use entity::{
    enterprise,
    id::{EnterpriseId, HouseholdId, RegionId, VisitId},
    kind::ChangeKind,
    visit,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, ConnectionTrait, IntoActiveModel, QueryFilter, QuerySelect,
    Set, Value, sea_query::LockType,
};
use uuid::Uuid;

/// What is said to somebody else who would change a visit.
pub(crate) const NOT_OWN: (&str, &str) =
    ("只有记录人本人可以修改走访记录。", "A visit is changed by whoever recorded it.");

impl Record for visit::Entity {
    const NAME: &'static str = VisitId::PREFIX;
    const INTERNAL: &'static [&'static str] = &[
        "method",
        "household_id",
        "enterprise_id",
        "region_id",
        "began_at",
        "visited_on",
        "minutes",
        "nights",
        "attendees",
        "complete",
        "withdrawn_at",
    ];
}

/// Where the target of a visit is.
fn place(row: &visit::Model) -> Place {
    Place {
        county_id: Some(row.county_id),
        township_id: row.township_id,
        village_id: row.village_id,
        group_id: row.group_id,
        grid_id: row.grid_id,
    }
}

fn facts(row: &visit::Model) -> Facts<'static> {
    Facts {
        place: place(row),
        household: row.household_id,
        enterprise: row.enterprise_id,
        ..Facts::default()
    }
}

/// Whom or what was visited, or raised something, and where that is.
pub(crate) struct Target {
    pub(crate) household: Option<HouseholdId>,
    pub(crate) enterprise: Option<EnterpriseId>,
    pub(crate) region: Option<RegionId>,
    pub(crate) place: Place,
}

impl Target {
    /// What is meant, if the viewer sees it; it stays where it is until the command is done.
    pub(crate) async fn find(work: &Work, wanted: &VisitTarget) -> Result<Self> {
        let none = Self { household: None, enterprise: None, region: None, place: Place::default() };
        Ok(match *wanted {
            VisitTarget::HouseholdId(id) => {
                let row = household::find(work, id, "target.householdId").await?;
                Self { household: Some(id), place: household::place(&row), ..none }
            }
            VisitTarget::EnterpriseId(id) => {
                let row = door::within::<enterprise::Entity>(work.ctx.scope(), work.ctx.backend())
                    .filter(enterprise::Column::Id.eq(id))
                    .lock(LockType::KeyShare)
                    .one(&work.tx)
                    .await?
                    .ok_or_else(|| Refusal::not_found("target.enterpriseId"))?;
                Self { enterprise: Some(id), place: crate::enterprise::place(&row), ..none }
            }
            VisitTarget::RegionId(id) => {
                let row = region::find(work, id, "target.regionId").await?;
                Self { region: Some(id), place: Place::from(&row), ..none }
            }
        })
    }

    /// What rights over it are decided by.
    pub(crate) fn facts(&self) -> Facts<'static> {
        Facts {
            place: self.place,
            household: self.household,
            enterprise: self.enterprise,
            ..Facts::default()
        }
    }
}

impl Target {
    /// The county in which it lies; a province or a city with counties lies in none.
    pub(crate) fn county(&self) -> Result<RegionId> {
        self.place.county_id.ok_or_else(|| {
            Refusal::rule(
                "target-level",
                "target.regionId",
                "区域应为县（区）或其下的乡镇、村、组、网格。",
                "The region is a county, or lies in one.",
            )
            .into()
        })
    }
}

/// Records a visit. Whoever records it took part, if a cadre is behind the account.
pub async fn record(work: &Work, input: VisitDraft) -> Result<Uuid> {
    let VisitDraft {
        id,
        method,
        target,
        began_at,
        minutes,
        nights,
        attendees,
        summary,
        location,
        condolence,
        participant_ids,
        concern_note,
    } = input;
    let target = Target::find(work, &target).await?;
    work.ctx.must(May::RecordVisit, &target.facts())?;
    let viewer = work.ctx.signed_in()?;
    let (recorded_by, recorder) = (viewer.account, work.ctx.scope().cadre);
    let mut checks = Checks::default();
    rule::check_target(&mut checks, method, target.household.is_some(), target.region.is_some());
    rule::check(&mut checks, &Told { method, minutes, nights, attendees });
    rule::check_moment(&mut checks, began_at, work.now());
    let summary = checks.optional_text("summary", summary.as_deref(), rule::SUMMARY);
    let (latitude, longitude) = household::position(&mut checks, location.as_ref());
    let condolence_items = condolence.as_ref().and_then(|given| rule::check_condolence(&mut checks, given));
    let mut cadres = rule::participants(&mut checks, participant_ids.unwrap_or_default());
    participation::check(work, &mut checks, &cadres).await?;
    let concern =
        concern::check(work, &mut checks, target.household, target.place, concern_note.as_deref()).await?;
    checks.done()?;
    if let Some(own) = recorder.filter(|own| !cadres.contains(own)) {
        cadres.insert(0, own);
    }
    let county_id = target.county()?;
    let id = id.unwrap_or_else(|| VisitId(Uuid::now_v7()));
    let row = visit::Model {
        id,
        method,
        household_id: target.household,
        enterprise_id: target.enterprise,
        region_id: target.region,
        county_id,
        township_id: target.place.township_id,
        village_id: target.place.village_id,
        group_id: target.place.group_id,
        grid_id: target.place.grid_id,
        began_at,
        visited_on: civil(began_at),
        minutes,
        nights,
        attendees,
        complete: summary.is_some(),
        summary,
        latitude,
        longitude,
        condolence_form: condolence.as_ref().map(|given| given.form),
        condolence_items,
        condolence_value: condolence.as_ref().and_then(|given| given.value),
        recorded_by,
        recorder_id: recorder,
        recorded_at: work.now(),
        withdrawn_at: None,
        withdrawn_reason: None,
        version: 1,
    };
    work.insert(IntoActiveModel::<visit::ActiveModel>::into_active_model(row.clone()).reset_all()).await?;
    participation::set(work, &row, &cadres).await?;
    if let Some(concern) = concern {
        concern::write(work, &row, concern).await?;
    }
    if let Some(household) = target.household {
        household::note_visit(work, household, row.visited_on).await?;
    }
    Ok(id.0)
}

/// A visit that the viewer sees, held until the command is done.
pub(crate) async fn find(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    id: VisitId,
    field: &str,
) -> Result<visit::Model> {
    ctx.within::<visit::Entity>()
        .filter(visit::Column::Id.eq(id))
        .lock(LockType::NoKeyUpdate)
        .one(db)
        .await?
        .ok_or_else(|| Refusal::not_found(field).into())
}

/// The same, if the viewer may change it: it is their own, and stands.
pub async fn changeable(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    id: VisitId,
    field: &str,
) -> Result<visit::Model> {
    let row = find(ctx, db, id, field).await?;
    ctx.must(May::RecordVisit, &facts(&row))?;
    must_be_own(ctx, &row, field)?;
    must_stand(&row, field)?;
    Ok(row)
}

fn must_stand(row: &visit::Model, field: &str) -> Result<()> {
    if row.withdrawn_at.is_none() {
        return Ok(());
    }
    Err(Refusal::new(RefusalCode::State, field, "此走访记录已撤回。", "This visit is withdrawn already.")
        .into())
}

/// What is not one's own is changed by nobody else: what was said stands as whoever was there wrote it down.
fn must_be_own(ctx: &Ctx, row: &visit::Model, field: &str) -> Result<()> {
    if ctx.viewer().is_some_and(|viewer| viewer.account == row.recorded_by) {
        return Ok(());
    }
    Err(Refusal::new(RefusalCode::Forbidden, field, NOT_OWN.0, NOT_OWN.1)
        .with(Detail::Requires(vec!["RECORDER".to_owned()]))
        .into())
}

/// Changes what is given; what is absent stays, and null clears.
pub async fn update(work: &Work, input: VisitUpdateInput) -> Result<Uuid> {
    let VisitUpdateInput {
        idempotency_key: _,
        id,
        expected_version,
        method,
        began_at,
        minutes,
        nights,
        attendees,
        summary,
        location,
        condolence,
        participant_ids,
    } = input;
    let old = changeable(&work.ctx, &work.tx, id, "id").await?;
    let mut checks = Checks::default();
    let mut row = visit::ActiveModel { id: Set(id), ..Default::default() };
    let mut new = old.clone();
    if let Some(method) = checks.given("method", method) {
        new.method = method;
    }
    if let Some(moment) = checks.given("beganAt", began_at) {
        rule::check_moment(&mut checks, moment, work.now());
        (new.began_at, new.visited_on) = (moment, civil(moment));
    }
    for (value, column) in
        [(minutes, &mut new.minutes), (nights, &mut new.nights), (attendees, &mut new.attendees)]
    {
        if let Some(value) = patched(value, |value| value) {
            *column = value;
        }
    }
    if let Some(text) =
        patched(summary, |text| checks.optional_text("summary", text.as_deref(), rule::SUMMARY))
    {
        new.complete = text.is_some();
        new.summary = text;
    }
    if let Some(at) = patched(location, |at| household::position(&mut checks, at.as_ref())) {
        (new.latitude, new.longitude) = at;
    }
    if let Some(given) = patched(condolence, |given| given) {
        new.condolence_form = given.as_ref().map(|given| given.form);
        new.condolence_value = given.as_ref().and_then(|given| given.value);
        new.condolence_items = given.and_then(|given| rule::check_condolence(&mut checks, &given));
    }
    rule::check_target(&mut checks, new.method, old.household_id.is_some(), old.region_id.is_some());
    rule::check(&mut checks, &Told::of(&new));
    let cadres = match checks.given("participantIds", participant_ids) {
        Some(ids) => {
            let ids = rule::participants(&mut checks, ids);
            participation::check(work, &mut checks, &ids).await?;
            Some(ids)
        }
        None => None,
    };
    checks.done()?;
    work.stands::<visit::Entity>(id.0, expected_version).await?;
    differing(&mut row, &old, &new);
    let also: &[&str] = if cadres.is_some() { &["participants"] } else { &[] };
    work.update_with(row, expected_version, ChangeKind::Updated, also).await?;
    match cadres {
        Some(mut cadres) => {
            if let Some(own) = old.recorder_id.filter(|own| !cadres.contains(own)) {
                cadres.insert(0, own);
            }
            participation::set(work, &new, &cadres).await?;
        }
        None => participation::follow(work, &new).await?,
    }
    if let Some(household) = old.household_id.filter(|_| new.visited_on != old.visited_on) {
        household::recount_visits(work, household, last_day(work, household).await?).await?;
    }
    Ok(id.0)
}

/// Sets the columns that differ.
fn differing(row: &mut visit::ActiveModel, old: &visit::Model, new: &visit::Model) {
    fn put<T: PartialEq + Clone + Into<Value>>(column: &mut ActiveValue<T>, old: &T, new: &T) {
        if old != new {
            *column = Set(new.clone());
        }
    }
    macro_rules! each {
        ($($column:ident),*) => { $(put(&mut row.$column, &old.$column, &new.$column);)* };
    }
    each!(
        method,
        began_at,
        visited_on,
        minutes,
        nights,
        attendees,
        summary,
        complete,
        latitude,
        longitude,
        condolence_form,
        condolence_items,
        condolence_value
    );
}

/// Withdraws a visit that was recorded in error. It stays on record, and in no list or count.
pub async fn withdraw(work: &Work, input: VisitWithdrawInput) -> Result<Uuid> {
    let VisitWithdrawInput { idempotency_key: _, id, expected_version, reason } = input;
    let old = find(&work.ctx, &work.tx, id, "id").await?;
    if !work.ctx.may(May::WithdrawVisit, &facts(&old)) {
        work.ctx.must(May::RecordVisit, &facts(&old))?;
        must_be_own(&work.ctx, &old, "id")?;
    }
    let mut checks = Checks::default();
    let reason = checks.text("reason", &reason, rule::REASON);
    checks.done()?;
    work.stands::<visit::Entity>(id.0, expected_version).await?;
    must_stand(&old, "id")?;
    let row = visit::ActiveModel {
        id: Set(id),
        withdrawn_at: Set(Some(work.now())),
        withdrawn_reason: Set(Some(reason)),
        ..Default::default()
    };
    work.update(row, expected_version, ChangeKind::Ended).await?;
    participation::set(work, &old, &[]).await?;
    concern::forget(work, id).await?;
    if let Some(household) = old.household_id {
        household::recount_visits(work, household, last_day(work, household).await?).await?;
    }
    Ok(id.0)
}

/// The day of the last visit to a household that stands.
async fn last_day(work: &Work, household: HouseholdId) -> Result<Option<entity::scalar::Date>> {
    use sea_orm::{QueryOrder, sea_query::Order};
    Ok(door::unscoped::<visit::Entity>()
        .select_only()
        .column(visit::Column::VisitedOn)
        .filter(visit::Column::HouseholdId.eq(household))
        .filter(visit::Column::WithdrawnAt.is_null())
        .order_by(visit::Column::BeganAt, Order::Desc)
        .into_tuple()
        .one(&work.tx)
        .await?)
}
