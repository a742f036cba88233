//! What must hold of a visit, without a look at the database.

use super::object::CondolenceInput;
use crate::kernel::{clock::later, error::Refusal, refusal::Checks};
use chrono::Duration;
use entity::{
    id::CadreId,
    kind::{CondolenceForm, VisitMethod},
    scalar::{DateTime, Yuan},
    visit,
};
use std::ops::RangeInclusive;

/// Characters of what was said.
pub(super) const SUMMARY: usize = 4000;
/// Characters of what was given.
pub(super) const ITEMS: usize = 200;
/// Characters of a reason.
pub(super) const REASON: usize = 200;
/// Cadres who take part beside whoever records it.
const PARTICIPANTS: usize = 20;
const MINUTES: RangeInclusive<i32> = 1..=1440;
const NIGHTS: RangeInclusive<i32> = 1..=60;
const ATTENDEES: RangeInclusive<i32> = 1..=10_000;
/// In fen: what is more is a slip of the hand.
const VALUE: RangeInclusive<i64> = 1..=1_000_000_000;
/// How far back a visit may be recorded, and how far the clock of a phone may be ahead.
const BACK: Duration = Duration::days(400);
const AHEAD: Duration = Duration::minutes(10);

/// Whom a method may be used with: households, enterprises, regions.
fn targets(method: VisitMethod) -> [bool; 3] {
    match method {
        VisitMethod::Door | VisitMethod::Phone | VisitMethod::FollowUp => [true, true, false],
        VisitMethod::Card => [true, false, false],
        VisitMethod::Symposium => [false, true, true],
        VisitMethod::Stay | VisitMethod::Night | VisitMethod::Reception | VisitMethod::CaseTrip => {
            [true, true, true]
        }
    }
}

/// Whether nights are stayed by this method.
fn has_nights(method: VisitMethod) -> bool {
    matches!(method, VisitMethod::Stay | VisitMethod::Night)
}

/// The target fits the method.
pub(super) fn check_target(checks: &mut Checks, method: VisitMethod, household: bool, region: bool) {
    let [households, enterprises, regions] = targets(method);
    let fits = match (household, region) {
        (true, _) => households,
        (_, true) => regions,
        _ => enterprises,
    };
    let names = [
        (households, "户", "a household"),
        (enterprises, "企业", "an enterprise"),
        (regions, "区域", "a region"),
    ];
    let which = || names.iter().filter(|(fits, ..)| *fits);
    checks.require(fits, || {
        Refusal::rule(
            "target",
            "target",
            format!(
                "此走访方式的对象应为：{}。",
                which().map(|(_, zh, _)| *zh).collect::<Vec<_>>().join("、")
            ),
            format!(
                "The target of this method is {}.",
                which().map(|(.., en)| *en).collect::<Vec<_>>().join(" or ")
            ),
        )
    });
}

/// What is told of a visit in numbers.
pub(super) struct Told {
    pub(super) method: VisitMethod,
    pub(super) minutes: Option<i32>,
    pub(super) nights: Option<i32>,
    pub(super) attendees: Option<i32>,
}

impl Told {
    /// The same of a row.
    pub(super) fn of(row: &visit::Model) -> Self {
        Self { method: row.method, minutes: row.minutes, nights: row.nights, attendees: row.attendees }
    }
}

/// The numbers are possible, and nights stand where nights are stayed.
pub(super) fn check(checks: &mut Checks, told: &Told) {
    let numbers = [
        ("minutes", told.minutes, MINUTES, "分钟数", "minutes"),
        ("nights", told.nights, NIGHTS, "夜数", "nights"),
        ("attendees", told.attendees, ATTENDEES, "人数", "people"),
    ];
    for (field, number, range, zh, en) in numbers {
        let (least, most) = (*range.start(), *range.end());
        checks.require(number.is_none_or(|number| range.contains(&number)), || {
            Refusal::rule(
                "range",
                field,
                format!("{zh}应为 {least} 至 {most}。"),
                format!("From {least} to {most} {en}."),
            )
        });
    }
    checks.require(told.nights.is_none() || has_nights(told.method), || {
        Refusal::rule(
            "nights",
            "nights",
            "只有蹲点调研和干部夜访可以填夜数。",
            "Nights are told of STAY and NIGHT alone.",
        )
    });
    checks.require(told.method != VisitMethod::Stay || told.nights.is_some(), || {
        Refusal::rule("nights", "nights", "蹲点调研应填夜数。", "Say how many nights were stayed.")
    });
}

/// What was given is possible, and money is told in yuan.
pub(super) fn check_condolence(checks: &mut Checks, given: &CondolenceInput) -> Option<String> {
    checks.require(given.value.is_none_or(|Yuan(fen)| VALUE.contains(&fen)), || {
        Refusal::rule(
            "range",
            "condolence.value",
            "金额应大于 0，且不超过 1000 万元。",
            "The value is more than 0 and at most 10,000,000 yuan.",
        )
    });
    checks.require(given.form != CondolenceForm::Cash || given.value.is_some(), || {
        Refusal::rule("required", "condolence.value", "慰问金应填金额。", "Say how much money was given.")
    });
    checks.optional_text("condolence.items", given.items.as_deref(), ITEMS)
}

/// The moment is over, and not too long.
pub(super) fn check_moment(checks: &mut Checks, moment: DateTime, now: DateTime) {
    checks.require(moment <= later(now, AHEAD), || {
        Refusal::rule("future", "beganAt", "走访时间不能晚于现在。", "A visit is recorded after it began.")
    });
    checks.require(moment >= later(now, -BACK), || {
        Refusal::rule(
            "too-old",
            "beganAt",
            format!("只能补记最近 {} 天的走访。", BACK.num_days()),
            format!("Visits of the last {} days can be recorded.", BACK.num_days()),
        )
    });
}

/// Who took part, each once and not too many.
pub(super) fn participants(checks: &mut Checks, mut ids: Vec<CadreId>) -> Vec<CadreId> {
    let mut seen = std::collections::HashSet::new();
    ids.retain(|id| seen.insert(*id));
    checks.require(ids.len() <= PARTICIPANTS, || {
        Refusal::rule(
            "too-many",
            "participantIds",
            format!("最多 {PARTICIPANTS} 名参加人。"),
            format!("{PARTICIPANTS} participants at the most."),
        )
    });
    ids
}
