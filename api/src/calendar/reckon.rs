//! Reckoning of deadlines, without a clock and without a database: when a time that is allotted is over, how much of it
//! is, and when a share of it will be.
//!
//! Each unit is a pace, which stands still at times:
//!
//! - *natural hours* (自然小时) never do. 民法典 §201: a period in hours begins at its moment.
//! - *working hours* (工作小时) run in the working hours of working days.
//! - *working days* (工作日) run then, too; a whole day is one, whatever its hours are. So what begins within working hours
//!   is over at the same time of the day (as far through it) so many working days later; what comes at night, at the
//!   weekend or on a holiday begins with the next working day and is over when the last one closes (民法典 §203: where there
//!   are business hours, the period ends with them).
//! - *natural days* (自然日) are those of statutory periods, such as petitions have. The day on which it begins does not
//!   count, the last one ends at midnight (民法典 §201, §203; 法释〔2018〕1号 §48), and if that is a holiday or a weekend day,
//!   the next working day is the last (民法典 §203). A weekend day that is worked in exchange is a working day.
//!
//! A deadline is the first moment that is too late: 24:00 of a day is 00:00 of the next. Where a pace stands still at the
//! end, it is the earliest moment at which all is over: the close of a day, not the morning after.
//!
//! A pause takes out what lies in it, on the pace in question: one over a holiday alone moves no working days. As long as it
//! goes on there is no deadline.
//!
//! Civil dates and times are China Standard Time.

use super::{
    hours::Hours,
    national,
    terms::{Allotment, Terms, usual},
};
use crate::kernel::{
    clock::{civil, later, midnight},
    days::{Span, left},
};
use chrono::{Datelike, Days, Duration, NaiveDate};
use entity::{
    kind::{AllotmentUnit, Urgency},
    scalar::{Date, DateTime},
};
use std::collections::BTreeMap;

/// Milliseconds of an hour.
const HOUR: i64 = 3_600_000;
/// Milliseconds of a day; a working day has as many parts.
const DAY: i64 = 24 * HOUR;
/// Amber when so many hundredths are over.
pub const AMBER: i64 = 70;
/// The first urge when so many are.
pub const HALF: i64 = 50;

/// From one moment to another, during which a clock does not run; without an end while it still goes on.
pub type Pause = Span<DateTime>;

/// What a county set, with its version: none once it was taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own<T> {
    /// What it set.
    pub value: Option<T>,
    /// Version of the record.
    pub version: i32,
}

/// A day as a county or a notice has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnDay {
    /// People work on it.
    pub working: bool,
    /// Why.
    pub name: String,
}

/// Everything by which the deadlines of a county are reckoned. The default is the national calendar and what is usual.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calendar {
    /// Days that the county sets itself.
    pub days: BTreeMap<Date, Own<OwnDay>>,
    /// Its working hours, each from a day on.
    pub hours: BTreeMap<Date, Own<Hours>>,
    /// What it allots to an urgency.
    pub terms: BTreeMap<Urgency, Own<Terms>>,
    /// What holds before the first of its working hours.
    pub before: Hours,
}

/// The moments of a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// What was allotted.
    pub allotted: Allotment,
    /// Half of it is over: the first urge.
    pub half: DateTime,
    /// 70 % of it is over.
    pub amber: DateTime,
    /// All of it is over: the second urge.
    pub due: DateTime,
}

/// How a unit runs.
#[derive(Clone, Copy)]
enum Pace {
    Wall,
    Working(Scale),
}

/// In what working time is counted.
#[derive(Clone, Copy)]
enum Scale {
    /// Milliseconds of it.
    Hours,
    /// Parts of a day, `DAY` in each.
    Days,
}

impl Scale {
    /// What so much of a day's working time counts. A day is never longer than its parts: two readings never fall together.
    fn reading(self, over: i64, length: i64) -> i64 {
        match self {
            Self::Hours => over,
            Self::Days => over * DAY / length,
        }
    }

    /// The least working time of a day that counts so much.
    fn over(self, reading: i64, length: i64) -> i64 {
        match self {
            Self::Hours => reading,
            Self::Days => (reading * length + DAY - 1) / DAY,
        }
    }
}

impl Terms {
    /// Whether what comes in at the opening of a Monday, in weeks without holidays, would have to be answered before it is
    /// to be settled, or by then.
    #[must_use]
    pub fn fit(&self, hours: &Hours) -> bool {
        // The first of January 2001 was a Monday, of a year without a notice.
        let monday = Date(NaiveDate::from_ymd_opt(2001, 1, 1).unwrap_or_default());
        let opening = hours.spans().first().map_or(0, |(from, _)| i64::from(from.0));
        let from = later(midnight(monday), Duration::minutes(opening));
        let weeks = Calendar { before: hours.clone(), ..Calendar::default() };
        weeks.due(self.respond, from, &[]) <= weeks.due(self.resolve, from, &[])
    }
}

impl Allotment {
    /// How it runs, and how much there is of it. Natural days are no fixed amount: their end is.
    fn pace(self) -> (Pace, i64) {
        let amount = i64::from(self.amount);
        match self.unit {
            AllotmentUnit::NaturalHour => (Pace::Wall, amount * HOUR),
            AllotmentUnit::NaturalDay => (Pace::Wall, amount * DAY),
            AllotmentUnit::WorkingHour => (Pace::Working(Scale::Hours), amount * HOUR),
            AllotmentUnit::WorkingDay => (Pace::Working(Scale::Days), amount * DAY),
        }
    }
}

fn between(from: DateTime, to: DateTime) -> i64 {
    (to.0 - from.0).num_milliseconds()
}

fn days_after(day: Date, days: u64) -> Date {
    Date(day.0.checked_add_days(Days::new(days)).unwrap_or(day.0))
}

/// The last day of which a moment is the end, or in which it lies.
#[must_use]
pub fn last_day(due: DateTime) -> Date {
    civil(later(due, Duration::milliseconds(-1)))
}

impl Calendar {
    /// What the county set for a day, as long as it holds.
    #[must_use]
    pub fn own(&self, day: Date) -> Option<&OwnDay> {
        self.days.get(&day)?.value.as_ref()
    }

    /// Whether people work on a day: as the county says, or the notice of the year, or the day of the week.
    #[must_use]
    pub fn works_on(&self, day: Date) -> bool {
        let own = self.own(day).map(|own| own.working);
        own.or_else(|| national::named(day).map(|named| named.working))
            .unwrap_or_else(|| day.0.weekday().number_from_monday() <= 5)
    }

    /// The working hours that hold on a day, with the day from which and the version; those of before are of version 0.
    #[must_use]
    pub fn hours_on(&self, day: Date) -> (Option<Date>, i32, &Hours) {
        let own = self.hours.range(..=day).rev().find_map(|(from, own)| {
            let hours = own.value.as_ref()?;
            Some((Some(*from), own.version, hours))
        });
        own.unwrap_or((None, 0, &self.before))
    }

    /// What is allotted to an urgency: by the county, or as is usual.
    #[must_use]
    pub fn terms_of(&self, urgency: Urgency) -> Terms {
        self.terms.get(&urgency).and_then(|own| own.value).unwrap_or_else(|| usual(urgency))
    }

    /// What a whole day counts.
    fn whole(&self, scale: Scale, day: Date) -> i64 {
        if !self.works_on(day) {
            return 0;
        }
        let length = self.hours_on(day).2.length();
        scale.reading(length, length)
    }

    /// What a day counts up to a moment of it.
    fn reading(&self, scale: Scale, day: Date, at: DateTime) -> i64 {
        if !self.works_on(day) {
            return 0;
        }
        let hours = self.hours_on(day).2;
        scale.reading(hours.over(between(midnight(day), at)), hours.length())
    }

    /// How much runs between two moments.
    fn run(&self, pace: Pace, from: DateTime, to: DateTime) -> i64 {
        let Pace::Working(scale) = pace else { return between(from, to) };
        let (first, last) = (civil(from), civil(to));
        let whole =
            first.0.iter_days().take_while(|day| *day < last.0).map(|day| self.whole(scale, Date(day)));
        whole.sum::<i64>() + self.reading(scale, last, to) - self.reading(scale, first, from)
    }

    /// The first moment at which so much has run.
    fn after(&self, pace: Pace, from: DateTime, amount: i64) -> DateTime {
        let Pace::Working(scale) = pace else { return later(from, Duration::milliseconds(amount)) };
        if amount <= 0 {
            return from;
        }
        let first = civil(from);
        let mut to_go = amount + self.reading(scale, first, from);
        for day in first.0.iter_days().map(Date) {
            let whole = self.whole(scale, day);
            if whole > 0 && to_go <= whole {
                let hours = self.hours_on(day).2;
                let when = hours.when(scale.over(to_go, hours.length()));
                return later(midnight(day), Duration::milliseconds(when));
            }
            to_go -= whole;
        }
        from
    }

    /// The same with pauses taken out.
    fn after_pauses(&self, pace: Pace, from: DateTime, amount: i64, pauses: &[Pause]) -> Option<DateTime> {
        let mut to_go = amount;
        for (start, end) in left((from, None), pauses) {
            match end.map(|end| self.run(pace, start, end)) {
                Some(runs) if runs < to_go => to_go -= runs,
                _ => return Some(self.after(pace, start, to_go)),
            }
        }
        None
    }

    /// How much of a time has passed between two moments, with pauses taken out. Natural units tell the time of the wall;
    /// working hours the working time; of working days each tells as 24 hours.
    #[must_use]
    pub fn passed(&self, unit: AllotmentUnit, from: DateTime, to: DateTime, pauses: &[Pause]) -> Duration {
        let (pace, _) = Allotment { amount: 1, unit }.pace();
        let pieces = left((from, Some(to)), pauses).into_iter();
        let runs = pieces.map(|(start, end)| self.run(pace, start, end.unwrap_or(to)));
        Duration::milliseconds(runs.sum())
    }

    /// The moment at which all of it is over. None while a pause goes on.
    #[must_use]
    pub fn due(&self, allotted: Allotment, from: DateTime, pauses: &[Pause]) -> Option<DateTime> {
        let (pace, amount) = allotted.pace();
        if allotted.unit != AllotmentUnit::NaturalDay {
            return self.after_pauses(pace, from, amount, pauses);
        }
        let over = self.after_pauses(pace, midnight(days_after(civil(from), 1)), amount, pauses)?;
        let mut days = last_day(over).0.iter_days().map(Date);
        let last = days.find(|day| self.works_on(*day)).unwrap_or_else(|| last_day(over));
        Some(midnight(days_after(last, 1)))
    }

    /// The moment at which so many hundredths of it are over. None while a pause goes on.
    #[must_use]
    pub fn share(
        &self,
        allotted: Allotment,
        hundredths: i64,
        from: DateTime,
        pauses: &[Pause],
    ) -> Option<DateTime> {
        let (pace, amount) = match allotted.unit {
            AllotmentUnit::NaturalDay => {
                let due = self.due(allotted, from, pauses)?;
                (Pace::Wall, self.passed(allotted.unit, from, due, pauses).num_milliseconds())
            }
            _ => allotted.pace(),
        };
        self.after_pauses(pace, from, amount * hundredths / 100, pauses)
    }

    /// All moments of a deadline. None while a pause goes on.
    #[must_use]
    pub fn deadline(&self, allotted: Allotment, from: DateTime, pauses: &[Pause]) -> Option<Deadline> {
        Some(Deadline {
            allotted,
            half: self.share(allotted, HALF, from, pauses)?,
            amber: self.share(allotted, AMBER, from, pauses)?,
            due: self.due(allotted, from, pauses)?,
        })
    }

    /// By when something of an urgency is to be answered. Never later than it is to be settled, should units differ.
    #[must_use]
    pub fn response(&self, urgency: Urgency, from: DateTime) -> Option<Deadline> {
        let Terms { respond, resolve } = self.terms_of(urgency);
        let (response, resolution) = (self.deadline(respond, from, &[])?, self.deadline(resolve, from, &[])?);
        Some(if response.due <= resolution.due { response } else { resolution })
    }

    /// By when something of an urgency is to be settled. None while a pause goes on.
    #[must_use]
    pub fn resolution(&self, urgency: Urgency, from: DateTime, pauses: &[Pause]) -> Option<Deadline> {
        self.deadline(self.terms_of(urgency).resolve, from, pauses)
    }
}
