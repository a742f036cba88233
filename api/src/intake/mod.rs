//! Intake points (受理点): the stations, points and boxes where people bring what they want (说事站、说事点、说事箱), with
//! their places and hours, and the openings of boxes (`opening`).
//!
//! Everyone may read where they are, signed in or not; whoever administers the place sets them up. One that is closed
//! stays as it was. A township or a village has them.

pub mod object;
pub mod opening;

use self::object::{IntakePointCloseInput, IntakePointCreateInput, IntakePointUpdateInput};
use crate::{
    household,
    kernel::{
        door::unscoped,
        error::{Refusal, RefusalCode, Result},
        patch::patched,
        place::Place,
        policy::May,
        record::Record,
        refusal::Checks,
        scope::Facts,
        work::Work,
    },
    region,
};
use entity::{
    box_opening,
    id::{IntakePointId, RegionId},
    intake_point,
    kind::{ChangeKind, RegionKind},
    scalar::Date,
};
use sea_orm::{ColumnTrait, Condition, QueryFilter, QueryOrder, QuerySelect, Set, sea_query::LockType};
use uuid::Uuid;

/// Characters of a name, of an address, of hours.
const NAME: usize = 40;
const ADDRESS: usize = 100;
const HOURS: usize = 100;

impl Record for intake_point::Entity {
    const NAME: &'static str = IntakePointId::PREFIX;
    const INTERNAL: &'static [&'static str] =
        &["kind", "name", "region_id", "address", "hours", "opened_on", "closed_on"];
}

impl From<&intake_point::Model> for Place {
    fn from(point: &intake_point::Model) -> Self {
        Self {
            county_id: Some(point.county_id),
            township_id: Some(point.township_id),
            village_id: point.village_id,
            ..Self::default()
        }
    }
}

/// The intake point of an id, for commands: intake points are public. It stays as it is until the command is done.
pub async fn find(work: &Work, id: IntakePointId, field: &str) -> Result<intake_point::Model> {
    unscoped::<intake_point::Entity>()
        .filter(intake_point::Column::Id.eq(id))
        .lock(LockType::Share)
        .one(&work.tx)
        .await?
        .ok_or_else(|| Refusal::not_found(field).into())
}

/// The same for whoever may change it: held from others, and not closed.
async fn changed(work: &Work, id: IntakePointId, expected: i32) -> Result<intake_point::Model> {
    let found = unscoped::<intake_point::Entity>().filter(intake_point::Column::Id.eq(id));
    let point = found.lock(LockType::NoKeyUpdate).one(&work.tx).await?;
    let point = point.ok_or_else(|| Refusal::not_found("id"))?;
    work.ctx.must(May::ManageIntake, &Facts::from(Place::from(&point)))?;
    work.stands::<intake_point::Entity>(id.0, expected).await?;
    if point.closed_on.is_none() {
        return Ok(point);
    }
    Err(Refusal::new(RefusalCode::State, "id", "此受理点已撤销。", "This intake point is closed.").into())
}

/// Notes a day on which a point cannot have been opened or closed.
fn check_day(checks: &mut Checks, field: &str, day: Date, not_before: Option<Date>, today: Date) {
    checks.require(day <= today, || {
        Refusal::rule("future", field, "日期不能晚于今天。", "The day is today or before.")
    });
    checks.require(not_before.is_none_or(|first| day >= first), || {
        let first = not_before.unwrap_or(day).0;
        Refusal::rule(
            "too-early",
            field,
            format!("日期不能早于 {first}（启用日期或最近一次开箱）。"),
            format!("The day is not before {first}, when it was set up or last opened."),
        )
    });
}

/// Sets up an intake point in a township or a village.
pub async fn create(work: &Work, input: IntakePointCreateInput) -> Result<Uuid> {
    let IntakePointCreateInput {
        idempotency_key: _,
        id,
        kind,
        name,
        region_id,
        address,
        location,
        hours,
        opened_on,
    } = input;
    let region = region::find(work, region_id, "regionId").await?;
    work.ctx.must(May::ManageIntake, &Facts::from(Place::from(&region)))?;
    let mut checks = Checks::default();
    let name = checks.text("name", &name, NAME);
    let address = checks.text("address", &address, ADDRESS);
    let hours = checks.optional_text("hours", hours.as_deref(), HOURS);
    let (latitude, longitude) = household::position(&mut checks, location.as_ref());
    let opened_on = opened_on.unwrap_or_else(|| work.ctx.today());
    check_day(&mut checks, "openedOn", opened_on, None, work.ctx.today());
    let level = || {
        Refusal::rule(
            "region-level",
            "regionId",
            "受理点应设在乡镇（街道）或村（社区）。",
            "An intake point belongs to a township or a village.",
        )
    };
    let fits = matches!(region.kind, RegionKind::Township | RegionKind::Village);
    checks.require(fits, level);
    checks.done()?;
    let (Some(county_id), Some(township_id)) = (region.county_id, region.township_id) else {
        return Err(level().into());
    };
    let row = intake_point::ActiveModel {
        id: Set(id.unwrap_or_else(|| IntakePointId(Uuid::now_v7()))),
        kind: Set(kind),
        name: Set(name),
        region_id: Set(region_id),
        county_id: Set(county_id),
        township_id: Set(township_id),
        village_id: Set(region.village_id),
        address: Set(address),
        latitude: Set(latitude),
        longitude: Set(longitude),
        hours: Set(hours),
        opened_on: Set(opened_on),
        closed_on: Set(None),
        version: Set(1),
    };
    work.insert(row).await
}

/// Changes what is given.
pub async fn update(work: &Work, input: IntakePointUpdateInput) -> Result<Uuid> {
    let IntakePointUpdateInput { idempotency_key: _, id, expected_version, name, address, location, hours } =
        input;
    let old = changed(work, id, expected_version).await?;
    let mut checks = Checks::default();
    let mut row = intake_point::ActiveModel { id: Set(id), ..Default::default() };
    if let Some(name) = name.map(|name| checks.text("name", &name, NAME)).filter(|name| *name != old.name) {
        row.name = Set(name);
    }
    let address = address.map(|address| checks.text("address", &address, ADDRESS));
    if let Some(address) = address.filter(|address| *address != old.address) {
        row.address = Set(address);
    }
    let hours = patched(hours, |hours| checks.optional_text("hours", hours.as_deref(), HOURS));
    if let Some(hours) = hours.filter(|hours| *hours != old.hours) {
        row.hours = Set(hours);
    }
    let location = patched(location, |at| household::position(&mut checks, at.as_ref()));
    if let Some((latitude, longitude)) = location.filter(|at| *at != (old.latitude, old.longitude)) {
        row.latitude = Set(latitude);
        row.longitude = Set(longitude);
    }
    checks.done()?;
    work.update(row, expected_version, ChangeKind::Updated).await?;
    Ok(id.0)
}

/// Closes an intake point. A box is not closed before a day on which it was opened.
pub async fn close(work: &Work, input: IntakePointCloseInput) -> Result<Uuid> {
    let IntakePointCloseInput { idempotency_key: _, id, expected_version, closed_on } = input;
    let point = changed(work, id, expected_version).await?;
    let last: Option<Date> = unscoped::<box_opening::Entity>()
        .select_only()
        .column(box_opening::Column::OpenedOn)
        .filter(box_opening::Column::IntakePointId.eq(id))
        .order_by_desc(box_opening::Column::OpenedAt)
        .into_tuple()
        .one(&work.tx)
        .await?;
    let closed_on = closed_on.unwrap_or_else(|| work.ctx.today());
    let mut checks = Checks::default();
    let first = last.unwrap_or(point.opened_on).max(point.opened_on);
    check_day(&mut checks, "closedOn", closed_on, Some(first), work.ctx.today());
    checks.done()?;
    let row =
        intake_point::ActiveModel { id: Set(id), closed_on: Set(Some(closed_on)), ..Default::default() };
    work.update(row, expected_version, ChangeKind::Ended).await?;
    Ok(id.0)
}

/// The intake points of regions that were merged into another are that one's now.
pub async fn succeed(work: &Work, from: &[RegionId], into: RegionId) -> Result<()> {
    work.refer::<intake_point::Entity>(intake_point::Column::RegionId, from, into, Condition::all()).await
}
