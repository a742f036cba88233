//! Reckoning, without a server: cases with their sources, and what holds of all of them.
//!
//! The days are those of 国办发明电〔2023〕7号, 〔2024〕12号 and 〔2025〕7号; the rules of natural days those of 民法典 §201 and §203 and
//! 法释〔2018〕1号 §48; the clocks of petitions those of 信访工作条例 §22 and §34.

use chrono::{DateTime as Instant, Datelike, Duration, NaiveDate};
use entity::{
    kind::{
        AllotmentUnit::{self, NaturalDay, NaturalHour, WorkingDay, WorkingHour},
        Urgency,
    },
    scalar::{Date, DateTime, TimeOfDay},
};
use lianhu::{
    calendar::{
        hours::{Fault, Hours},
        national,
        reckon::{Calendar, Own, OwnDay, Pause, last_day},
        terms::{Allotment, PETITION_ACCEPT, PETITION_SETTLE, Terms, usual},
    },
    kernel::clock::{civil, midnight},
};
use lianhu_tests::Dice;

/// A moment in China, `2025-09-30 10:00`.
fn at(text: &str) -> DateTime {
    let instant = Instant::parse_from_rfc3339(&format!("{}:00+08:00", text.replace(' ', "T")));
    DateTime::new(instant.unwrap_or_else(|error| panic!("{text}: {error}")).to_utc())
}

fn day(text: &str) -> Date {
    Date(text.parse().expect("a date"))
}

fn spoken(moment: DateTime) -> String {
    (moment.0 + Duration::hours(8)).format("%Y-%m-%d %H:%M").to_string()
}

fn of(amount: i32, unit: AllotmentUnit) -> Allotment {
    Allotment { amount, unit }
}

/// From when, how much, and when it is over.
type Case = (&'static str, i32, AllotmentUnit, &'static str);

fn check(calendar: &Calendar, cases: &[Case]) {
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|&(from, amount, unit, due)| {
            let found = spoken(calendar.due(of(amount, unit), at(from), &[]).expect("a deadline"));
            (found != due).then(|| format!("{from} + {amount} {unit:?}: {found}, should be {due}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn working_days_pass_over_holidays_and_count_the_weekend_days_worked_in_exchange() {
    check(
        &Calendar::default(),
        &[
            // 国庆节 2025: off from 10-01 to 10-08, worked on Sunday 09-28 and Saturday 10-11.
            ("2025-09-30 10:00", 1, WorkingDay, "2025-10-09 10:00"),
            ("2025-09-30 10:00", 3, WorkingDay, "2025-10-11 10:00"),
            ("2025-09-30 10:00", 4, WorkingDay, "2025-10-13 10:00"),
            ("2025-09-28 15:00", 1, WorkingDay, "2025-09-29 15:00"),
            ("2025-09-26 15:00", 1, WorkingDay, "2025-09-28 15:00"),
            ("2025-10-11 09:00", 1, WorkingDay, "2025-10-13 09:00"),
            // 国庆节 2026: off from 10-01 to 10-07, worked on Sunday 09-20 and Saturday 10-10; 中秋节 from 09-25 to 09-27.
            ("2026-09-30 16:00", 2, WorkingDay, "2026-10-09 16:00"),
            ("2026-09-30 16:00", 3, WorkingDay, "2026-10-10 16:00"),
            ("2026-09-30 16:00", 4, WorkingDay, "2026-10-12 16:00"),
            ("2026-09-24 17:00", 1, WorkingDay, "2026-09-28 17:00"),
            ("2026-09-18 17:00", 1, WorkingDay, "2026-09-20 17:00"),
            // 春节 2026: off from 02-15 to 02-23, worked on Saturdays 02-14 and 02-28; 2024: off to 02-17, worked on 02-18.
            ("2026-02-13 17:30", 1, WorkingDay, "2026-02-14 17:30"),
            ("2026-02-13 17:30", 2, WorkingDay, "2026-02-24 17:30"),
            ("2026-02-13 17:30", 7, WorkingDay, "2026-03-02 17:30"),
            ("2024-02-09 11:00", 1, WorkingDay, "2024-02-18 11:00"),
            // Across New Year: 2026 is off to 01-03 and works on Sunday 01-04; 2025 is off on 01-01 alone.
            ("2025-12-31 17:00", 1, WorkingDay, "2026-01-04 17:00"),
            ("2025-12-31 17:00", 2, WorkingDay, "2026-01-05 17:00"),
            ("2024-12-31 17:00", 1, WorkingDay, "2025-01-02 17:00"),
            // Into a year whose notice is not known: weekends alone.
            ("2026-12-31 17:00", 1, WorkingDay, "2027-01-01 17:00"),
        ],
    );
}

#[test]
fn what_comes_outside_working_hours_begins_with_the_next_working_day_and_ends_when_the_last_closes() {
    check(
        &Calendar::default(),
        &[
            ("2025-10-03 10:00", 1, WorkingDay, "2025-10-09 18:00"),
            ("2025-09-29 21:00", 1, WorkingDay, "2025-09-30 18:00"),
            ("2025-09-30 18:00", 1, WorkingDay, "2025-10-09 18:00"),
            ("2025-09-30 07:00", 1, WorkingDay, "2025-09-30 18:00"),
            ("2025-09-27 12:00", 1, WorkingDay, "2025-09-28 18:00"),
            ("2025-09-27 12:00", 2, WorkingDay, "2025-09-29 18:00"),
            // At noon half of the day is over: so it is again when people go to lunch.
            ("2025-09-30 13:00", 1, WorkingDay, "2025-10-09 12:00"),
            ("2025-10-31 23:59", 15, WorkingDay, "2025-11-21 18:00"),
        ],
    );
}

#[test]
fn working_hours_run_while_people_work() {
    check(
        &Calendar::default(),
        &[
            ("2025-09-30 09:00", 2, WorkingHour, "2025-09-30 11:00"),
            ("2025-09-30 11:00", 1, WorkingHour, "2025-09-30 12:00"),
            ("2025-09-30 11:00", 2, WorkingHour, "2025-09-30 15:30"),
            ("2025-09-30 17:00", 2, WorkingHour, "2025-10-09 09:30"),
            ("2025-09-29 22:00", 4, WorkingHour, "2025-09-30 15:00"),
            ("2025-10-11 17:30", 1, WorkingHour, "2025-10-13 09:00"),
            ("2026-02-14 17:00", 1, WorkingHour, "2026-02-14 18:00"),
            ("2026-02-14 17:00", 2, WorkingHour, "2026-02-24 09:30"),
            ("2025-12-31 17:30", 8, WorkingHour, "2026-01-05 09:00"),
        ],
    );
}

#[test]
fn natural_hours_are_those_of_the_wall() {
    check(
        &Calendar::default(),
        &[
            ("2025-10-01 23:00", 2, NaturalHour, "2025-10-02 01:00"),
            ("2025-12-31 23:30", 24, NaturalHour, "2026-01-01 23:30"),
        ],
    );
}

#[test]
fn natural_days_end_at_midnight_and_a_last_day_off_is_moved_to_the_next_working_day() {
    check(
        &Calendar::default(),
        &[
            // The first day does not count, whenever on it something comes: 09-10 and 15 days are the whole of 09-25.
            ("2025-09-10 00:00", 15, NaturalDay, "2025-09-26 00:00"),
            ("2025-09-10 23:59", 15, NaturalDay, "2025-09-26 00:00"),
            // 10-01 and 10-04 are holidays: 10-09 is the first working day.
            ("2025-09-16 09:00", 15, NaturalDay, "2025-10-10 00:00"),
            ("2025-08-05 09:00", 60, NaturalDay, "2025-10-10 00:00"),
            // Saturday 10-11 and Sunday 09-28 are worked.
            ("2025-09-26 09:00", 15, NaturalDay, "2025-10-12 00:00"),
            ("2025-09-13 09:00", 15, NaturalDay, "2025-09-29 00:00"),
            // Sunday 11-16 is not: Monday.
            ("2025-11-01 09:00", 15, NaturalDay, "2025-11-18 00:00"),
            // 春节, and New Year with its Sunday that is worked.
            ("2026-02-01 09:00", 15, NaturalDay, "2026-02-25 00:00"),
            ("2025-12-18 09:00", 15, NaturalDay, "2026-01-05 00:00"),
        ],
    );
    let due = Calendar::default().due(PETITION_ACCEPT, at("2025-09-16 09:00"), &[]).expect("a deadline");
    assert_eq!(last_day(due), day("2025-10-09"));
    assert_eq!((PETITION_ACCEPT.amount, PETITION_SETTLE.amount), (15, 60));
}

#[test]
fn a_county_overrules_the_notice_and_the_day_of_the_week() {
    let mut calendar = Calendar::default();
    let own = |working| Own { value: Some(OwnDay { working, name: "县庆".to_owned() }), version: 1 };
    calendar.days.insert(day("2025-10-10"), own(false));
    calendar.days.insert(day("2025-10-12"), own(true));
    check(
        &calendar,
        &[
            ("2025-10-09 10:00", 1, WorkingDay, "2025-10-11 10:00"),
            ("2025-10-09 10:00", 2, WorkingDay, "2025-10-12 10:00"),
            ("2025-09-25 10:00", 15, NaturalDay, "2025-10-12 00:00"),
        ],
    );
    calendar.days.insert(day("2025-10-10"), Own { value: None, version: 2 });
    check(&calendar, &[("2025-10-09 10:00", 1, WorkingDay, "2025-10-10 10:00")]);
}

#[test]
fn hours_hold_from_their_day_on_and_a_working_day_stays_one_whatever_its_hours() {
    let mut calendar = Calendar::default();
    let hours = |text: &str| Own { value: Hours::read(text), version: 1 };
    calendar.hours.insert(day("2026-05-06"), hours("08:00-12:00 15:00-18:00"));
    calendar.hours.insert(day("2026-05-07"), hours("09:00-12:00"));
    calendar.hours.insert(day("2026-05-08"), Own { value: None, version: 2 });
    check(
        &calendar,
        &[
            ("2026-04-30 17:00", 2, WorkingHour, "2026-05-06 09:00"),
            ("2026-05-06 17:00", 3, WorkingHour, "2026-05-07 11:00"),
            // Two thirds of a short day after two thirds of a long one; an entry that was taken back changes nothing.
            ("2026-05-06 15:40", 1, WorkingDay, "2026-05-07 11:00"),
            ("2026-05-07 11:00", 1, WorkingDay, "2026-05-08 11:00"),
        ],
    );
}

#[test]
fn working_hours_are_spans_in_order_and_apart() {
    let span = |from: u16, to: u16| (TimeOfDay(from * 60), TimeOfDay(to * 60));
    assert!(Hours::new(vec![span(8, 12), span(12, 18)]).is_ok());
    assert!(Hours::new(vec![span(0, 24)]).is_ok());
    assert_eq!(Hours::new(Vec::new()), Err(vec![Fault::Number]));
    assert_eq!(Hours::new(vec![span(0, 1); 7]).expect_err("too many")[0], Fault::Number);
    assert_eq!(
        Hours::new(vec![span(8, 8), span(7, 12), span(11, 13)]),
        Err(vec![Fault::Backwards(0), Fault::Overlap(1), Fault::Overlap(2)])
    );
    let usual = Hours::default();
    assert_eq!(usual.spell(), "08:30-12:00 14:30-18:00");
    assert_eq!(Hours::read(&usual.spell()), Some(usual));
    for text in ["", "08:30", "8:30-12:00", "08:30-12:60", "08:30-24:01", "12:00-08:30", "+8:30-12:00"] {
        assert_eq!(Hours::read(text), None, "{text}");
    }
}

#[test]
fn shares_are_of_the_time_that_runs() {
    let calendar = Calendar::default();
    for (amount, unit, from, half, amber, due) in [
        (2, WorkingDay, "2025-10-09 08:30", "2025-10-09 18:00", "2025-10-10 11:18", "2025-10-10 18:00"),
        (4, WorkingHour, "2025-09-30 16:00", "2025-09-30 18:00", "2025-10-09 09:18", "2025-10-09 10:30"),
        (24, NaturalHour, "2025-10-01 10:00", "2025-10-01 22:00", "2025-10-02 02:48", "2025-10-02 10:00"),
        // The first day and ten more: eleven days of the wall.
        (10, NaturalDay, "2025-11-02 00:00", "2025-11-07 12:00", "2025-11-09 16:48", "2025-11-13 00:00"),
    ] {
        let found = calendar.deadline(of(amount, unit), at(from), &[]).expect("a deadline");
        let found = [found.half, found.amber, found.due].map(spoken);
        assert_eq!(found, [half, amber, due], "{amount} {unit:?}");
    }
}

#[test]
fn pauses_are_taken_out_and_there_is_no_deadline_while_one_goes_on() {
    let calendar = Calendar::default();
    let pause = |from: &str, to: &str| -> Pause { (at(from), Some(at(to))) };
    let due = |unit, amount, from: &str, pauses: &[Pause]| {
        calendar.due(of(amount, unit), at(from), pauses).map(spoken)
    };
    let two_days = pause("2025-10-14 10:00", "2025-10-16 10:00");
    let says = |text: &str| Some(text.to_owned());
    assert_eq!(due(WorkingDay, 3, "2025-10-13 10:00", &[two_days]), says("2025-10-20 10:00"));
    // Twice told, in pieces and out of order, is told once.
    let pieces = [pause("2025-10-15 09:00", "2025-10-16 10:00"), two_days, two_days];
    assert_eq!(due(WorkingDay, 3, "2025-10-13 10:00", &pieces), says("2025-10-20 10:00"));
    // A pause over a holiday alone stops nothing but the wall.
    let holiday = pause("2025-10-01 00:00", "2025-10-09 00:00");
    assert_eq!(due(WorkingDay, 3, "2025-09-30 10:00", &[holiday]), says("2025-10-11 10:00"));
    assert_eq!(due(NaturalHour, 24, "2025-09-30 10:00", &[holiday]), says("2025-10-09 10:00"));
    // One that was over before, or begins after the deadline, stops nothing.
    assert_eq!(due(WorkingDay, 3, "2025-10-20 10:00", &[two_days]), says("2025-10-23 10:00"));
    assert_eq!(due(WorkingHour, 1, "2025-10-13 10:00", &[two_days]), says("2025-10-13 11:00"));
    // Natural days are lengthened by it, and end at midnight of a working day all the same.
    assert_eq!(due(NaturalDay, 15, "2025-11-03 10:00", &[]), says("2025-11-19 00:00"));
    let pause_of_days = pause("2025-11-05 10:00", "2025-11-08 09:00");
    assert_eq!(due(NaturalDay, 15, "2025-11-03 10:00", &[pause_of_days]), says("2025-11-22 00:00"));
    let open: Pause = (at("2025-10-14 10:00"), None);
    assert_eq!(due(WorkingDay, 3, "2025-10-13 10:00", &[open]), None);
    assert_eq!(due(WorkingDay, 1, "2025-10-13 10:00", &[open]), says("2025-10-14 10:00"));
    let passed = calendar.passed(WorkingDay, at("2025-10-13 10:00"), at("2025-10-30 10:00"), &[open]);
    assert_eq!(passed, Duration::days(1));
    let passed = calendar.passed(WorkingHour, at("2025-10-13 10:00"), at("2025-10-17 10:00"), &[two_days]);
    assert_eq!(passed, Duration::hours(14));
}

#[test]
fn what_is_usual_is_what_was_laid_down_and_a_response_is_never_due_after_the_resolution() {
    let hours = Hours::default();
    for urgency in Urgency::all() {
        assert!(usual(urgency).fit(&hours), "{urgency:?}");
    }
    let fits = |respond, resolve| Terms { respond, resolve }.fit(&hours);
    assert!(fits(of(1, WorkingDay), of(24, NaturalHour)));
    assert!(!fits(of(2, WorkingDay), of(24, NaturalHour)));
    assert!(!fits(of(8, WorkingHour), of(1, WorkingDay)));
    assert!(fits(of(7, WorkingHour), of(1, WorkingDay)));
    // On a Friday evening a day's work is not over in a day: answered by when it is to be settled.
    let mut calendar = Calendar::default();
    let terms = Terms { respond: of(1, WorkingDay), resolve: of(24, NaturalHour) };
    calendar.terms.insert(Urgency::Red, Own { value: Some(terms), version: 1 });
    let from = at("2025-11-07 17:00");
    let response = calendar.response(Urgency::Red, from).expect("a deadline");
    assert_eq!(Some(response), calendar.resolution(Urgency::Red, from, &[]));
    assert_eq!(spoken(response.due), "2025-11-08 17:00");
}

#[test]
fn a_notice_exchanges_as_many_days_as_it_takes_and_only_weekend_days() {
    // Days off by law (全国年节及纪念日放假办法): 11 until 2024, 13 since 2025.
    for (year, off) in [(2024, 11), (2025, 13), (2026, 13)] {
        let first = NaiveDate::from_ymd_opt(year, 1, 1).expect("a date");
        let days: Vec<Date> = first.iter_days().take_while(|day| day.year() == year).map(Date).collect();
        let week = |day: &Date| day.0.weekday().number_from_monday() <= 5;
        let calendar = Calendar::default();
        let worked = days.iter().filter(|day| calendar.works_on(**day)).count();
        assert_eq!(days.iter().filter(|day| week(day)).count() - worked, off, "{year}");
        for day in days.iter().filter(|day| national::named(**day).is_some_and(|named| named.working)) {
            assert!(!week(day), "{day:?} is a weekend day");
        }
    }
    assert!(national::known(day("2024-01-01"), day("2026-12-31")));
    assert!(!national::known(day("2026-12-31"), day("2027-01-01")));
    assert!(national::notice(2023).is_none());
}

/// A calendar, a time and pauses by chance.
struct Dealt {
    calendar: Calendar,
    allotted: Allotment,
    from: DateTime,
    pauses: Vec<Pause>,
}

fn moment(dice: &mut Dice, first: DateTime, minutes: i32) -> DateTime {
    let milliseconds = if dice.percent(80) { 0 } else { i64::from(dice.between(0, 59_999)) };
    let minutes = i64::from(dice.between(0, minutes));
    DateTime(first.0 + Duration::minutes(minutes) + Duration::milliseconds(milliseconds))
}

fn deal(dice: &mut Dice) -> Dealt {
    let start = at("2024-01-01 00:00");
    let mut calendar = Calendar::default();
    let any_day =
        |dice: &mut Dice| Date(day("2024-01-01").0 + Duration::days(i64::from(dice.between(0, 1200))));
    for _ in 0..dice.between(0, 40) {
        let value = dice.percent(90).then(|| OwnDay { working: dice.percent(50), name: "县庆".to_owned() });
        calendar.days.insert(any_day(dice), Own { value, version: 1 });
    }
    for _ in 0..dice.between(0, 4) {
        let hours = [
            "08:00-12:00 15:00-18:30",
            "09:00-17:00",
            "00:00-24:00",
            "23:59-24:00",
            "08:30-09:00 09:00-11:17",
        ];
        let value = dice.percent(90).then(|| Hours::read(dice.pick(&hours)).expect("hours"));
        calendar.hours.insert(any_day(dice), Own { value, version: 1 });
    }
    let unit = dice.pick(&[NaturalHour, NaturalDay, WorkingHour, WorkingDay]);
    let allotted = of(dice.between(1, 40), unit);
    let from = moment(dice, start, 1_500_000);
    let mut pauses: Vec<Pause> = Vec::new();
    for _ in 0..dice.between(0, 4) {
        let begin = moment(dice, from, 30_000);
        pauses.push((begin, Some(moment(dice, begin, 15_000))));
    }
    Dealt { calendar, allotted, from, pauses }
}

#[test]
fn for_any_calendar_adding_and_then_measuring_gives_back_what_was_added_and_no_moment_sooner() {
    let mut dice = Dice::new(20_261_124);
    for n in 0..4000 {
        let Dealt { calendar, allotted, from, pauses } = deal(&mut dice);
        let due = calendar.due(allotted, from, &pauses).expect("a deadline");
        let told = || format!("{n}: {allotted:?} from {} to {}", spoken(from), spoken(due));
        let passed = |to| calendar.passed(allotted.unit, from, to, &pauses);
        let amount = i64::from(allotted.amount);
        if allotted.unit == NaturalDay {
            // It ends with a working day, so many days after the first or later, and no working day sooner would do.
            let next = |day: Date| midnight(Date(day.0 + Duration::days(1)));
            let passed = |to| calendar.passed(NaturalDay, next(civil(from)), to, &pauses);
            assert!(calendar.works_on(last_day(due)) && due == next(last_day(due)), "{}", told());
            assert!(passed(due) >= Duration::days(amount), "{}", told());
            let mut days = last_day(due).0.iter_days().rev().skip(1).map(Date);
            let sooner = days.find(|day| calendar.works_on(*day)).expect("a working day");
            assert!(passed(next(sooner)) < Duration::days(amount), "{}", told());
            continue;
        }
        let hours = if matches!(allotted.unit, WorkingDay) { 24 * amount } else { amount };
        // A share of a day, of another length or after a pause, may fall between two milliseconds.
        let exact = allotted.unit != WorkingDay || calendar.hours.is_empty() && pauses.is_empty();
        let (least, passed_by) = (Duration::hours(hours), passed(due));
        assert!(passed_by == least || passed_by > least && !exact, "{}: {passed_by}", told());
        let before = DateTime(due.0 - Duration::milliseconds(1));
        assert!(passed(before) < Duration::hours(hours), "{}", told());
    }
}

#[test]
fn for_any_calendar_more_time_and_a_later_start_never_end_sooner_and_what_passes_adds_up() {
    let mut dice = Dice::new(7);
    for n in 0..4000 {
        let Dealt { calendar, allotted, from, pauses } = deal(&mut dice);
        let found = calendar.deadline(allotted, from, &pauses).expect("a deadline");
        assert!(from < found.half && found.half <= found.amber && found.amber <= found.due, "{n}: {found:?}");
        let more = Allotment { amount: allotted.amount + 1, ..allotted };
        assert!(calendar.due(more, from, &pauses) >= Some(found.due), "{n}");
        let later = moment(&mut dice, from, 5000);
        assert!(calendar.due(allotted, later, &pauses) >= Some(found.due), "{n}: later");
        assert!(calendar.due(allotted, from, &[]) <= Some(found.due), "{n}: pauses");
        let end = moment(&mut dice, later, 50_000);
        let passed = |one, other| calendar.passed(allotted.unit, one, other, &pauses);
        assert_eq!(passed(from, later) + passed(later, end), passed(from, end), "{n}");
        assert_eq!(passed(end, from), Duration::zero(), "{n}: backwards");
    }
}
