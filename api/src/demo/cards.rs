//! Cards of households that have a contact: most are filled, most of those issued, some are void since a hand-over.

use super::{Making, dice::Dice};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{Days, NaiveTime, TimeDelta};
use entity::{
    assignment, card_token, contact_card,
    id::HouseholdId,
    kind::CardKind,
    scalar::{Date, DateTime},
};
use std::collections::HashMap;

const PROMISES: [&str; 5] = [
    "每月上门一次，有事随叫随到。",
    "帮助联系技能培训和就近务工。",
    "协助办理医保报销和相关补贴。",
    "汛期提前上门提醒，帮助转移。",
    "农忙时帮助联系农机和收购商。",
];
const BASICS: [&str; 4] = [
    "以务农为主，住房安全，饮水正常。",
    "主要劳力在外务工，老人在家照看孩子。",
    "种植烤烟和玉米，收入稳定。",
    "养殖为主，希望扩大规模。",
];
const MATTERS: [&str; 4] =
    ["门前路灯不亮。", "希望硬化入户路。", "咨询养老保险缴费。", "灌溉水渠有一处渗漏。"];
const RESULTS: [&str; 3] = ["已报村委会，列入计划。", "已现场解决。", "已联系站所，正在办理。"];
const WORDS: [&str; 3] = ["满意。", "基本满意，希望快一点。", "办得及时。"];

/// Makes the cards of all households whose assignments are at hand. It has dice of its own: whatever else is made stays as it
/// is.
pub(super) fn cards(making: &mut Making, seed: u64) {
    let mut dice = Dice::new(seed ^ 0x6361_7264);
    let mut former: HashMap<HouseholdId, &assignment::Model> = HashMap::new();
    let own = making.rows.assignments.iter().filter(|row| row.is_primary);
    for (household, row) in own.clone().filter_map(|row| Some((row.household_id?, row))) {
        if row.ends_on.is_some() {
            former.insert(household, row);
        }
    }
    let (mut cards, mut tokens) = (Vec::new(), Vec::new());
    let today = Date(making.today);
    let live = own.filter(|row| row.ends_on.is_none_or(|end| end > today));
    for (household, now) in live.filter_map(|row| Some((row.household_id?, row))) {
        let before = former.get(&household).copied().filter(|_| dice.percent(40));
        let left = dice.percent(90).then(|| left(&mut dice, household, before.unwrap_or(now), today));
        let kept = dice.percent(60).then(|| kept(&mut dice, household, now.starts_on, today));
        let first = left.iter().chain(&kept).filter_map(|card| card.filled_on.min(card.issued_on)).min();
        let made: Vec<_> = left.into_iter().chain(kept).collect();
        if made.is_empty() {
            continue;
        }
        cards.extend(made);
        tokens.push(token(&mut dice, making, household, first.unwrap_or(today)));
    }
    making.rows.cards.extend(cards);
    making.rows.tokens.extend(tokens);
}

/// A day from one to another, both of which may come.
fn between(dice: &mut Dice, from: Date, to: Date) -> Date {
    let days = i32::try_from((to.0 - from.0).num_days()).unwrap_or_default().max(0);
    let after = u64::try_from(dice.between(0, days)).unwrap_or_default();
    Date(from.0.checked_add_days(Days::new(after)).unwrap_or(from.0))
}

fn blank(dice: &mut Dice, household: HouseholdId, kind: CardKind) -> contact_card::Model {
    contact_card::Model {
        id: dice.id(),
        household_id: household,
        kind,
        filled_on: None,
        filled_by: None,
        issued_on: None,
        issued_by: None,
        assignment_id: None,
        promise: None,
        basics: None,
        matters: None,
        results: None,
        word: None,
        replaced_on: None,
        version: 1,
    }
}

/// The card that is left with the household, while an assignment was in force.
fn left(dice: &mut Dice, household: HouseholdId, by: &assignment::Model, today: Date) -> contact_card::Model {
    let last = by.ends_on.and_then(|end| end.0.pred_opt()).map_or(today, Date).max(by.starts_on);
    let filled_on = between(dice, by.starts_on, last);
    let issued_on = dice.percent(85).then(|| between(dice, filled_on, last));
    let is_blank = issued_on.is_some() && dice.percent(5);
    contact_card::Model {
        filled_on: (!is_blank).then_some(filled_on),
        promise: (!is_blank).then(|| dice.pick(&PROMISES).to_owned()),
        issued_on,
        assignment_id: issued_on.map(|_| by.id),
        ..blank(dice, household, CardKind::Contact)
    }
}

/// The card that the cadre keeps.
fn kept(dice: &mut Dice, household: HouseholdId, since: Date, today: Date) -> contact_card::Model {
    let filled_on = between(dice, since, today);
    let settled = dice.percent(50);
    contact_card::Model {
        filled_on: Some(filled_on),
        issued_on: dice.percent(70).then(|| between(dice, filled_on, today)),
        basics: Some(dice.pick(&BASICS).to_owned()),
        matters: Some(dice.pick(&MATTERS).to_owned()),
        results: settled.then(|| dice.pick(&RESULTS).to_owned()),
        word: settled.then(|| dice.pick(&WORDS).to_owned()),
        ..blank(dice, household, CardKind::Register)
    }
}

fn token(dice: &mut Dice, making: &Making, household: HouseholdId, day: Date) -> card_token::Model {
    let bytes: [u8; 32] = std::array::from_fn(|_| u8::try_from(dice.below(256)).unwrap_or_default());
    let token = URL_SAFE_NO_PAD.encode(bytes);
    // Nine in the morning by China Standard Time.
    let made_at = day.0.and_time(NaiveTime::MIN).and_utc() + TimeDelta::hours(1);
    card_token::Model {
        id: dice.id(),
        household_id: household,
        hash: making.vault.fingerprint(&token),
        token: Some(making.vault.seal(&token)),
        made_at: DateTime::new(made_at),
        revoked_at: None,
        revoked_by: None,
        version: 1,
    }
}
