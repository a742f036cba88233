//! Working calendars (工作日历): the working days and hours of a county, and the times that it allots to each urgency
//! (办理时限). Every deadline is reckoned by them (`reckon`).
//!
//! The national calendar (`national`) and what is usual (`hours`, `terms`) hold where a county sets nothing. Everyone may
//! read it, signed in or not; whoever administers the county changes it. What is taken back stays as a record that no
//! longer holds, so that its version goes on. A deadline that was stored stays as it was reckoned.

pub mod hours;
mod load;
pub mod mutation;
pub mod national;
pub mod object;
pub mod reckon;
pub mod terms;

pub use load::{of, read};

use self::{
    hours::{Fault, Hours, MOST},
    mutation::{
        AllotmentInput, DeadlineRuleResetInput, DeadlineRuleUpdateInput, WorkCalendarUpdateInput,
        WorkDaySetInput, WorkDayUnsetInput,
    },
    reckon::Calendar,
    terms::{Allotment, Terms},
};
use crate::{
    kernel::{
        door::unscoped,
        error::{Refusal, RefusalCode, Result},
        place::Place,
        policy::May,
        record::Record,
        refusal::{Checks, Detail, nothing_yet},
        scope::Facts,
        work::Work,
    },
    region::find as find_region,
};
use chrono::{Datelike, NaiveDate};
use entity::{
    deadline_rule,
    id::{DeadlineRuleId, RegionId, WorkDayId, WorkHoursId},
    kind::{ChangeKind, Urgency},
    scalar::Date,
    work_day, work_hours,
};
use sea_orm::{ColumnTrait, PaginatorTrait, QueryFilter, Set};
use std::ops::RangeInclusive;
use uuid::Uuid;

/// Years that a calendar tells of.
pub const YEARS: RangeInclusive<i32> = 2000..=2100;
/// Changes of hours, and days of a year that are set, that a county has at the most.
const MOST_HOURS: u64 = 50;
const MOST_DAYS: u64 = 100;

impl Record for work_day::Entity {
    const NAME: &'static str = WorkDayId::PREFIX;
    const INTERNAL: &'static [&'static str] = &["county_id", "day", "working", "name", "live"];
}

impl Record for work_hours::Entity {
    const NAME: &'static str = WorkHoursId::PREFIX;
    const INTERNAL: &'static [&'static str] = &["county_id", "starts_on", "spans", "live"];
}

impl Record for deadline_rule::Entity {
    const NAME: &'static str = DeadlineRuleId::PREFIX;
    const INTERNAL: &'static [&'static str] =
        &["county_id", "urgency", "respond_amount", "respond_unit", "resolve_amount", "resolve_unit", "live"];
}

/// Where the calendar of a county stands.
#[must_use]
pub fn place(county: RegionId) -> Place {
    Place { county_id: Some(county), ..Place::default() }
}

/// The refusal of a region that is no county.
fn no_county(name: &str) -> Refusal {
    Refusal::rule(
        "county",
        "countyId",
        format!("{name}不是县级区域；工作日历和时限由县（市、区）设定，不设县的地级市由市设定。"),
        format!("{name} is no county; calendars are set by counties, and by cities that have none."),
    )
}

/// The county of an id, if the viewer may set its calendar.
async fn county(work: &Work, id: RegionId) -> Result<()> {
    let region = find_region(work, id, "countyId").await?;
    let stands = Place { county_id: region.county_id, ..Place::default() };
    work.ctx.must(May::ManageCalendar, &Facts::from(stands))?;
    if region.county_id == Some(region.id) { Ok(()) } else { Err(no_county(&region.name).into()) }
}

/// Notes a day of a year that calendars don't tell of.
fn in_years(checks: &mut Checks, field: &str, day: Date) {
    checks.require(YEARS.contains(&day.0.year()), || {
        Refusal::rule(
            "years",
            field,
            "日期应在 2000 年至 2100 年之间。",
            "A day of the years from 2000 to 2100 is needed.",
        )
    });
}

/// The refusal of one more than a county may have.
fn too_many(field: &str, most: u64, zh: &str, en: &str) -> Refusal {
    Refusal::new(
        RefusalCode::Limit,
        field,
        format!("{zh}最多 {most} 项。"),
        format!("{en}: {most} at the most."),
    )
    .with(Detail::Limit(i32::try_from(most).unwrap_or(i32::MAX)))
}

/// Working hours of spans that were given, with what is wrong with each.
fn spans(checks: &mut Checks, given: Vec<hours::Span>) -> Option<Hours> {
    let faults = match Hours::new(given) {
        Ok(hours) => return Some(hours),
        Err(faults) => faults,
    };
    for fault in faults {
        checks.refuse(match fault {
            Fault::Number => Refusal::rule(
                "number",
                "spans",
                format!("应有 1 至 {MOST} 个时段。"),
                format!("From one span to {MOST} are needed."),
            ),
            Fault::Backwards(n) => Refusal::rule(
                "span",
                &format!("spans.{n}.to"),
                "时段的结束应晚于开始，如 08:30 至 12:00。",
                "A span ends after it begins, as 08:30 to 12:00.",
            ),
            Fault::Overlap(n) => Refusal::rule(
                "overlap",
                &format!("spans.{n}.from"),
                "时段应按先后排列，前一段结束后（或同时）才开始。",
                "A span begins when the one before it has ended, or later.",
            ),
        });
    }
    None
}

/// Sets the working hours of a county from a day on, or takes such an entry back.
pub async fn set_hours(work: &Work, input: WorkCalendarUpdateInput) -> Result<Uuid> {
    let WorkCalendarUpdateInput { idempotency_key: _, county_id, starts_on, spans: given, expected_version } =
        input;
    county(work, county_id).await?;
    let mut checks = Checks::default();
    in_years(&mut checks, "startsOn", starts_on);
    checks.require(!given.is_undefined(), || {
        Refusal::rule(
            "required",
            "spans",
            "应写明各时段；撤回时应写明 null。",
            "Say the spans, or null to take them back.",
        )
    });
    let given = given.take().map(|given| given.into_iter().map(|span| (span.from, span.to)).collect());
    let given = given.and_then(|given| spans(&mut checks, given));
    checks.done()?;
    let given = given.map(|hours| hours.spell());
    let of_county = || unscoped::<work_hours::Entity>().filter(work_hours::Column::CountyId.eq(county_id));
    let row = of_county().filter(work_hours::Column::StartsOn.eq(starts_on)).one(&work.tx).await?;
    let Some(row) = row else {
        nothing_yet(expected_version)?;
        let Some(spans) = given else { return Ok(county_id.0) };
        if of_county().count(&work.tx).await? >= MOST_HOURS {
            return Err(too_many("startsOn", MOST_HOURS, "作息时间的变更", "Changes of working hours").into());
        }
        let row = work_hours::ActiveModel {
            id: Set(WorkHoursId(Uuid::now_v7())),
            county_id: Set(county_id),
            starts_on: Set(starts_on),
            spans: Set(spans),
            live: Set(true),
            version: Set(1),
        };
        work.insert(row).await?;
        return Ok(county_id.0);
    };
    let mut change = work_hours::ActiveModel { id: Set(row.id), ..Default::default() };
    if row.live != given.is_some() {
        change.live = Set(given.is_some());
    }
    let kind = kind(given.is_some());
    if let Some(spans) = given.filter(|spans| *spans != row.spans) {
        change.spans = Set(spans);
    }
    work.update(change, expected_version, kind).await?;
    Ok(county_id.0)
}

/// What happens to a record that is set, or taken back.
fn kind(holds: bool) -> ChangeKind {
    if holds { ChangeKind::Updated } else { ChangeKind::Ended }
}

async fn day_row(work: &Work, county: RegionId, day: Date) -> Result<Option<work_day::Model>> {
    let of = unscoped::<work_day::Entity>().filter(work_day::Column::CountyId.eq(county));
    Ok(of.filter(work_day::Column::Day.eq(day)).one(&work.tx).await?)
}

/// Makes a day a holiday or a working day of the county.
pub async fn set_day(work: &Work, input: WorkDaySetInput) -> Result<Uuid> {
    let WorkDaySetInput { idempotency_key: _, county_id, day, working, name, expected_version } = input;
    county(work, county_id).await?;
    let mut checks = Checks::default();
    in_years(&mut checks, "day", day);
    let name = checks.text("name", &name, 40);
    checks.done()?;
    let Some(row) = day_row(work, county_id, day).await? else {
        nothing_yet(expected_version)?;
        room_for(work, county_id, day).await?;
        let row = work_day::ActiveModel {
            id: Set(WorkDayId(Uuid::now_v7())),
            county_id: Set(county_id),
            day: Set(day),
            working: Set(working),
            name: Set(name),
            live: Set(true),
            version: Set(1),
        };
        work.insert(row).await?;
        return Ok(county_id.0);
    };
    let mut change = work_day::ActiveModel { id: Set(row.id), ..Default::default() };
    if row.working != working {
        change.working = Set(working);
    }
    if row.name != name {
        change.name = Set(name);
    }
    if !row.live {
        change.live = Set(true);
    }
    work.update(change, expected_version, ChangeKind::Updated).await?;
    Ok(county_id.0)
}

/// Refuses one day more than a county may set in a year.
async fn room_for(work: &Work, county: RegionId, day: Date) -> Result<()> {
    let new_year = |year: i32| Date(NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or_default());
    let year = day.0.year();
    let of = unscoped::<work_day::Entity>().filter(work_day::Column::CountyId.eq(county));
    let of = of.filter(work_day::Column::Day.gte(new_year(year)));
    let of = of.filter(work_day::Column::Day.lt(new_year(year + 1)));
    if of.count(&work.tx).await? < MOST_DAYS {
        return Ok(());
    }
    Err(too_many("day", MOST_DAYS, "一年内自设的日期", "Days of a year that a county sets").into())
}

/// Takes back what a county set for a day.
pub async fn unset_day(work: &Work, input: WorkDayUnsetInput) -> Result<Uuid> {
    let WorkDayUnsetInput { idempotency_key: _, county_id, day, expected_version } = input;
    county(work, county_id).await?;
    let mut checks = Checks::default();
    in_years(&mut checks, "day", day);
    checks.done()?;
    let Some(row) = day_row(work, county_id, day).await? else {
        nothing_yet(expected_version)?;
        return Ok(county_id.0);
    };
    let mut change = work_day::ActiveModel { id: Set(row.id), ..Default::default() };
    if row.live {
        change.live = Set(false);
    }
    work.update(change, expected_version, ChangeKind::Ended).await?;
    Ok(county_id.0)
}

async fn rule_row(work: &Work, county: RegionId, urgency: Urgency) -> Result<Option<deadline_rule::Model>> {
    let of = unscoped::<deadline_rule::Entity>().filter(deadline_rule::Column::CountyId.eq(county));
    Ok(of.filter(deadline_rule::Column::Urgency.eq(urgency)).one(&work.tx).await?)
}

/// A time that is allotted, if it is neither nothing nor endless.
fn allotment(checks: &mut Checks, field: &str, given: AllotmentInput) -> Allotment {
    let AllotmentInput { amount, unit } = given;
    let most = Allotment::most(unit);
    checks.require((1..=most).contains(&amount), || {
        Refusal::rule(
            "amount",
            &format!("{field}.amount"),
            format!("应为 1 至 {most}。"),
            format!("From 1 to {most}."),
        )
    });
    Allotment { amount, unit }
}

/// Sets what a county allots to an urgency.
pub async fn set_rule(work: &Work, input: DeadlineRuleUpdateInput) -> Result<Uuid> {
    let DeadlineRuleUpdateInput {
        idempotency_key: _,
        county_id,
        urgency,
        respond,
        resolve,
        expected_version,
    } = input;
    county(work, county_id).await?;
    let mut checks = Checks::default();
    let respond = allotment(&mut checks, "respond", respond);
    let resolve = allotment(&mut checks, "resolve", resolve);
    checks.done()?;
    let calendar = in_work(work, county_id).await?;
    let fits = Terms { respond, resolve }.fit(calendar.hours_on(work.ctx.today()).2);
    checks = Checks::default();
    checks.require(fits, || {
        Refusal::rule(
            "resolve-after-response",
            "resolve",
            "办结时限不得短于响应时限（按普通一周星期一上班时收到计算）。",
            "The time to resolve is not shorter than the time to respond, for what comes in at the opening of an ordinary Monday.",
        )
    });
    checks.done()?;
    let Some(row) = rule_row(work, county_id, urgency).await? else {
        nothing_yet(expected_version)?;
        let row = deadline_rule::ActiveModel {
            id: Set(DeadlineRuleId(Uuid::now_v7())),
            county_id: Set(county_id),
            urgency: Set(urgency),
            respond_amount: Set(respond.amount),
            respond_unit: Set(respond.unit),
            resolve_amount: Set(resolve.amount),
            resolve_unit: Set(resolve.unit),
            live: Set(true),
            version: Set(1),
        };
        work.insert(row).await?;
        return Ok(county_id.0);
    };
    let mut change = deadline_rule::ActiveModel { id: Set(row.id), ..Default::default() };
    if (row.respond_amount, row.respond_unit) != (respond.amount, respond.unit) {
        change.respond_amount = Set(respond.amount);
        change.respond_unit = Set(respond.unit);
    }
    if (row.resolve_amount, row.resolve_unit) != (resolve.amount, resolve.unit) {
        change.resolve_amount = Set(resolve.amount);
        change.resolve_unit = Set(resolve.unit);
    }
    if !row.live {
        change.live = Set(true);
    }
    work.update(change, expected_version, ChangeKind::Updated).await?;
    Ok(county_id.0)
}

/// Lets what is usual hold again for an urgency.
pub async fn reset_rule(work: &Work, input: DeadlineRuleResetInput) -> Result<Uuid> {
    let DeadlineRuleResetInput { idempotency_key: _, county_id, urgency, expected_version } = input;
    county(work, county_id).await?;
    let Some(row) = rule_row(work, county_id, urgency).await? else {
        nothing_yet(expected_version)?;
        return Ok(county_id.0);
    };
    let mut change = deadline_rule::ActiveModel { id: Set(row.id), ..Default::default() };
    if row.live {
        change.live = Set(false);
    }
    work.update(change, expected_version, ChangeKind::Ended).await?;
    Ok(county_id.0)
}

/// The calendar of a county as a command sees it, with what it has written itself.
pub async fn in_work(work: &Work, county: RegionId) -> Result<Calendar> {
    Ok(read(&work.tx, &[county]).await?.remove(&county).unwrap_or_default())
}
