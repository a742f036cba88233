//! Calendars and deadlines as they are spoken.

use super::{
    YEARS, hours, national, no_county, of,
    reckon::{self, Calendar, Own, last_day},
    terms::{self, PETITION_ACCEPT, PETITION_EXTEND_DAYS, PETITION_SETTLE},
};
use crate::{
    kernel::{
        clock::civil,
        directive::{DataClass, auth, class, cost, everyone},
        error::{Error, Fault, Result},
        payload::ctx,
        request::Ctx,
    },
    region::object::Region,
};
use async_graphql::{Context, Enum, Object, SimpleObject};
use chrono::Datelike;
use entity::{
    id::RegionId,
    kind::{AllotmentUnit, Urgency},
    scalar::{Date, DateTime, TimeOfDay},
};
use std::sync::Arc;

/// Days that can be asked for at once.
const MOST_DAYS: i64 = 400;

/// Who says whether people work on a day (依据).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum WorkDaySource {
    /// The county set it itself (县级设定).
    County,
    /// The notice of the State Council for the year (国务院通知).
    National,
    /// The day of the week (星期).
    Week,
}

/// A span of working hours (工作时段).
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct WorkSpan {
    /// When it begins.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub from: TimeOfDay,
    /// When it ends; this moment no longer counts.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub to: TimeOfDay,
}

/// The working hours of a county from a day on (作息时间).
#[derive(Clone, Debug, SimpleObject)]
pub struct WorkHours {
    /// First day on which they hold. Null for those that hold where nothing is set.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub starts_on: Option<Date>,
    /// The spans of a day, from the first; at most 6.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub spans: Vec<WorkSpan>,
    /// Raised by each change, what `workCalendarUpdate` expects for this day; 0 where nothing is set.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub version: i32,
}

impl WorkHours {
    /// Those that hold on a day.
    #[must_use]
    pub fn on(calendar: &Calendar, day: Date) -> Self {
        let (starts_on, version, hours) = calendar.hours_on(day);
        let spans = |&(from, to): &hours::Span| WorkSpan { from, to };
        Self { starts_on, spans: hours.spans().iter().map(spans).collect(), version }
    }
}

/// A day of a county: whether people work on it, and who says so (工作日安排).
#[derive(Clone, Debug, SimpleObject)]
pub struct WorkDay {
    /// Which civil date it is about.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub date: Date,
    /// Whether people work on it.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub working: bool,
    /// The holiday, or what it is worked for (国庆节调休). Null for an ordinary day.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub name: Option<String>,
    /// Who says so.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub source: WorkDaySource,
    /// Number of the notice of the State Council (文号) that names the day. Null when none does, or the county says otherwise.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub notice: Option<&'static str>,
    /// Whether the notice of its year is known; without it, the day of the week alone counts.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub known: bool,
    /// Raised by each change, what `workDaySet` and `workDayUnset` expect; 0 where the county never set anything.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub version: i32,
}

impl WorkDay {
    /// A day as it stands in a calendar.
    #[must_use]
    pub fn of(calendar: &Calendar, date: Date) -> Self {
        let notice = national::notice(date.0.year());
        let (source, name) = match (calendar.own(date), national::named(date)) {
            (Some(own), _) => (WorkDaySource::County, Some(own.name.clone())),
            (None, Some(named)) if named.working => {
                (WorkDaySource::National, Some(format!("{}调休", named.name)))
            }
            (None, Some(named)) => (WorkDaySource::National, Some(named.name.to_owned())),
            (None, None) => (WorkDaySource::Week, None),
        };
        Self {
            date,
            working: calendar.works_on(date),
            name,
            source,
            notice: notice.filter(|_| source == WorkDaySource::National).map(|notice| notice.number),
            known: notice.is_some(),
            version: calendar.days.get(&date).map_or(0, |own| own.version),
        }
    }
}

/// The working days and hours of a county over some days (工作日历). Everyone may read it.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(complex)]
pub struct WorkCalendar {
    /// Every one of the days, in order; at most 400.
    #[graphql(directive = class::apply(DataClass::Public), directive = cost::apply(40))]
    pub days: Vec<WorkDay>,
    /// The working hours that hold on any of the days, the earliest first; at most 51.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub hours: Vec<WorkHours>,
    /// Whether the notice of the State Council is known for every year of the days.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub known: bool,
    #[graphql(skip)]
    pub(crate) county_id: RegionId,
}

impl WorkCalendar {
    fn of(calendar: &Calendar, county_id: RegionId, (from, to): (Date, Date)) -> Self {
        let days = from.0.iter_days().take_while(|day| *day < to.0).map(Date);
        let mut hours: Vec<WorkHours> = Vec::new();
        for day in days.clone() {
            // Most days begin no other hours than those before them.
            if hours.is_empty() || calendar.hours.contains_key(&day) {
                let holding = WorkHours::on(calendar, day);
                if hours.last().is_none_or(|last| last.starts_on != holding.starts_on) {
                    hours.push(holding);
                }
            }
        }
        let days: Vec<WorkDay> = days.map(|day| WorkDay::of(calendar, day)).collect();
        Self { known: days.iter().all(|day| day.known), days, hours, county_id }
    }
}

/// A time that is allotted (时限): so many of a unit.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct Allotment {
    /// How many of the unit.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub amount: i32,
    /// Hours or days, natural or working.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub unit: AllotmentUnit,
}

impl From<terms::Allotment> for Allotment {
    fn from(terms::Allotment { amount, unit }: terms::Allotment) -> Self {
        Self { amount, unit }
    }
}

/// What a county allots to an urgency (办理时限). Everyone may read it.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(complex)]
pub struct DeadlineRule {
    /// The urgency, a colour.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub urgency: Urgency,
    /// From registration until the first claim, or settling on the spot (响应时限).
    #[graphql(directive = class::apply(DataClass::Public))]
    pub respond: Allotment,
    /// From registration until it is resolved (办结时限).
    #[graphql(directive = class::apply(DataClass::Public))]
    pub resolve: Allotment,
    /// Whether the county set it; otherwise it is what is usual.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub own: bool,
    /// Raised by each change, what a mutation expects; 0 where the county never set anything.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub version: i32,
    #[graphql(skip)]
    pub(crate) county_id: RegionId,
}

impl DeadlineRule {
    /// The rule of an urgency as it stands in a calendar.
    #[must_use]
    pub fn of(calendar: &Calendar, county_id: RegionId, urgency: Urgency) -> Self {
        let terms::Terms { respond, resolve } = calendar.terms_of(urgency);
        let own: Option<&Own<_>> = calendar.terms.get(&urgency);
        Self {
            urgency,
            respond: respond.into(),
            resolve: resolve.into(),
            own: own.is_some_and(|own| own.value.is_some()),
            version: own.map_or(0, |own| own.version),
            county_id,
        }
    }
}

/// A deadline with the moments before it (截止时间).
#[derive(Clone, Debug, SimpleObject)]
pub struct Deadline {
    /// What was allotted.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub allotted: Allotment,
    /// The first moment that is too late. The end of a day is told as 00:00 of the next.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub due_at: DateTime,
    /// The last day on which it is in time (截止日).
    #[graphql(directive = class::apply(DataClass::Public))]
    pub last_day: Date,
    /// When 70 % of the time is over: amber from then on (黄灯).
    #[graphql(directive = class::apply(DataClass::Public))]
    pub amber_at: DateTime,
    /// When it is urged by itself (自动催办): at half of the time, and at the deadline.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub urges_at: Vec<DateTime>,
    /// Whether the notice of the State Council is known for every year up to it; otherwise a holiday that is announced
    /// later moves it.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub known: bool,
}

impl Deadline {
    fn of(from: DateTime, deadline: reckon::Deadline) -> Self {
        let reckon::Deadline { allotted, half, amber, due } = deadline;
        Self {
            allotted: allotted.into(),
            due_at: due,
            last_day: last_day(due),
            amber_at: amber,
            urges_at: vec![half, due],
            known: national::known(civil(from), last_day(due)),
        }
    }
}

/// By when something that is registered at a moment is to be answered and settled (办理期限).
#[derive(Clone, Debug, SimpleObject)]
pub struct Deadlines {
    /// The moment from which they run.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub from: DateTime,
    /// By when it is to be claimed, or settled on the spot (响应). Never later than the resolution.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub response: Deadline,
    /// By when it is to be resolved (办结).
    #[graphql(directive = class::apply(DataClass::Public))]
    pub resolution: Deadline,
}

/// The statutory deadlines of a petition (信访期限): 15 days until it is decided whether it is taken up, 60 more until it is
/// settled, which can be extended once by up to 30.
#[derive(Clone, Debug, SimpleObject)]
pub struct PetitionDeadlines {
    /// By when it is decided whether the petition is taken up, from its receipt (受理).
    #[graphql(directive = class::apply(DataClass::Public))]
    pub acceptance: Deadline,
    /// By when it is settled, from acceptance (办结). Null as long as it is not accepted.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub settlement: Option<Deadline>,
    /// By when it is settled if that is extended as far as can be (延期). Null as long as it is not accepted.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub extended: Option<Deadline>,
}

/// Questions about calendars and deadlines.
#[derive(Debug, Default)]
pub struct CalendarQuery;

#[Object]
impl CalendarQuery {
    /// The working days and hours of a county (工作日历). Null when there is no such region. Requires nothing.
    #[graphql(directive = class::apply(DataClass::Public), directive = cost::apply(4), directive = auth::apply(everyone()))]
    async fn work_calendar(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The county, or a city that has none.")] county_id: RegionId,
        #[graphql(desc = "The first day, from the year 2000 on.")] from: Date,
        #[graphql(desc = "The first day that is no longer told: 400 days after the first at the most.")]
        to: Date,
    ) -> Option<Result<WorkCalendar>> {
        let ctx = ctx(gql);
        let find = async {
            let Some(calendar) = calendar_of(ctx, county_id).await? else { return Ok(None) };
            Ok(Some(WorkCalendar::of(&calendar, county_id, days(from, to)?)))
        };
        find.await.transpose()
    }

    /// What a county allots to each urgency (办理时限), from the most urgent; at most 4. Null when there is no such region.
    /// Requires nothing.
    #[graphql(directive = class::apply(DataClass::Public), directive = cost::apply(4), directive = auth::apply(everyone()))]
    async fn deadline_rules(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The county, or a city that has none.")] county_id: RegionId,
    ) -> Option<Result<Vec<DeadlineRule>>> {
        let ctx = ctx(gql);
        let find = async {
            let Some(calendar) = calendar_of(ctx, county_id).await? else { return Ok(None) };
            let rule = |urgency| DeadlineRule::of(&calendar, county_id, urgency);
            Ok(Some(Urgency::all().map(rule).collect()))
        };
        find.await.transpose()
    }

    /// By when something of an urgency is to be answered and settled in a county (办理期限), as its rules stand now. Null when
    /// there is no such region. Requires nothing.
    #[graphql(directive = class::apply(DataClass::Public), directive = cost::apply(4), directive = auth::apply(everyone()))]
    async fn deadline(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The county, or a city that has none.")] county_id: RegionId,
        #[graphql(desc = "How urgent it is.")] urgency: Urgency,
        #[graphql(desc = "When it is registered; now when nothing is said.")] from: Option<DateTime>,
    ) -> Option<Result<Deadlines>> {
        let ctx = ctx(gql);
        let find = async {
            let Some(calendar) = calendar_of(ctx, county_id).await? else { return Ok(None) };
            let from = from.unwrap_or(ctx.now());
            in_years("from", civil(from))?;
            let of = |deadline| told(from, deadline);
            Ok(Some(Deadlines {
                from,
                response: of(calendar.response(urgency, from))?,
                resolution: of(calendar.resolution(urgency, from, &[]))?,
            }))
        };
        find.await.transpose()
    }

    /// By when a petition is to be accepted and settled by statute (信访期限). Null when there is no such region. Requires
    /// nothing.
    #[graphql(directive = class::apply(DataClass::Public), directive = cost::apply(4), directive = auth::apply(everyone()))]
    async fn petition_deadline(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The county, or a city that has none.")] county_id: RegionId,
        #[graphql(desc = "When it was received.")] received_at: DateTime,
        #[graphql(desc = "When it was accepted; not yet when nothing is said.")] accepted_at: Option<
            DateTime,
        >,
    ) -> Option<Result<PetitionDeadlines>> {
        let ctx = ctx(gql);
        let find = async {
            let Some(calendar) = calendar_of(ctx, county_id).await? else { return Ok(None) };
            in_years("receivedAt", civil(received_at))?;
            let longest = terms::Allotment {
                amount: PETITION_SETTLE.amount + PETITION_EXTEND_DAYS,
                unit: PETITION_SETTLE.unit,
            };
            let of = |allotted, from| told(from, calendar.deadline(allotted, from, &[]));
            let (mut settlement, mut extended) = (None, None);
            if let Some(accepted) = accepted_at {
                in_years("acceptedAt", civil(accepted))?;
                if accepted < received_at {
                    return Err(Error::from(Fault::input(
                        "acceptedAt 不应早于 receivedAt。",
                        "acceptedAt is not before receivedAt.",
                    )));
                }
                settlement = Some(of(PETITION_SETTLE, accepted)?);
                extended = Some(of(longest, accepted)?);
            }
            Ok(Some(PetitionDeadlines {
                acceptance: of(PETITION_ACCEPT, received_at)?,
                settlement,
                extended,
            }))
        };
        find.await.transpose()
    }
}

/// A deadline without pauses is always there.
fn told(from: DateTime, deadline: Option<reckon::Deadline>) -> Result<Deadline> {
    let deadline = deadline.ok_or_else(|| Error::internal("a deadline that pauses without a pause"))?;
    Ok(Deadline::of(from, deadline))
}

/// The calendar of a county; none where there is no such region, refused where it is no county.
async fn calendar_of(ctx: &Ctx, county: RegionId) -> Result<Option<Arc<Calendar>>> {
    let Some(region) = ctx.node::<Region>(county).await? else { return Ok(None) };
    if region.place().county_id != Some(county) {
        return Err(no_county(&region.name).into());
    }
    Ok(Some(of(ctx, county).await?))
}

fn in_years(name: &str, day: Date) -> Result<()> {
    if YEARS.contains(&day.0.year()) {
        return Ok(());
    }
    Err(Fault::input(
        format!("{name} 应在 2000 年至 2100 年之间。"),
        format!("{name} lies in the years from 2000 to 2100."),
    )
    .into())
}

/// Days that are told, from the first to the one that no longer is.
fn days(from: Date, to: Date) -> Result<(Date, Date)> {
    in_years("from", from)?;
    in_years("to", to)?;
    let number = (to.0 - from.0).num_days();
    if (0..=MOST_DAYS).contains(&number) {
        return Ok((from, to));
    }
    Err(Fault::input(
        format!("to 不应早于 from，且最多相隔 {MOST_DAYS} 天。"),
        format!("to is not before from, and {MOST_DAYS} days after it at the most."),
    )
    .into())
}
