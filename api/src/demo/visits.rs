//! Who was visited, by whom, and what was said: a season of it in the demonstration, two years in a place of real size.

use super::Making;
use crate::kernel::clock::midnight;
use chrono::Duration;
use entity::{
    assignment,
    id::{AccountId, CadreId, HouseholdId, VisitId},
    kind::{CondolenceForm, VisitMethod},
    scalar::{Date, DateTime, Yuan},
    visit, visit_participation,
};
use std::collections::HashMap;

/// How much is visited.
pub(super) struct Season {
    /// Days, back from the day of loading.
    pub(super) days: i32,
    /// Visits to a hundred households with a contact.
    pub(super) to_a_hundred: usize,
}

/// The last quarter of a year.
pub(super) const QUARTER: Season = Season { days: 92, to_a_hundred: 90 };
/// Two years.
pub(super) const YEARS: Season = Season { days: 730, to_a_hundred: 670 };

const METHODS: &[(usize, VisitMethod)] = &[
    (68, VisitMethod::Door),
    (14, VisitMethod::Phone),
    (7, VisitMethod::FollowUp),
    (5, VisitMethod::Night),
    (4, VisitMethod::Card),
    (2, VisitMethod::CaseTrip),
];
const OPENINGS: [&str; 6] = [
    "全家在家，身体都好",
    "只有老人在家，子女在外务工",
    "户主在地里干活，在田边谈了一会",
    "正在收包谷，帮着收了一筐",
    "一家人刚吃过饭，坐下来聊了家常",
    "户主身体不舒服，在家休息",
];
const MATTERS: [&str; 12] = [
    "家里的水管冬天容易冻裂，希望村里统一包一下",
    "门口的路下雨积水，孩子上学不方便",
    "想问低保复核要带什么材料，已当面讲清",
    "今年烤烟长势好，担心收购站排队太久",
    "老人医保已经交了，慢性病门诊卡还没有拿到",
    "夜里路灯有三盏不亮，走路看不清",
    "小孩明年上初中，想了解住校的补助",
    "想学养蜂，问有没有培训班",
    "猪圈离邻居近，两家商量着挪一挪",
    "房子后面的坡去年滑过一次，雨季前想请人看看",
    "新修的渠已经通水，浇地比往年省事",
    "没有什么要求，说村里的事办得公道",
];
const CLOSINGS: [&str; 4] = [
    "已记下，回去向村里反映。",
    "留了联系电话，有事随时打。",
    "约好下个月再来。",
    "宣传了防火和反诈，发了明白纸。",
];
const GIVEN: [&str; 4] = ["大米一袋、食用油一桶", "棉被一床", "牛奶两箱", "过冬煤半吨"];

/// Visits to the households with a contact of all that has been made so far and is not loaded yet. They were written in by
/// the office of the place, from the cadres' forms.
pub(super) fn visits(making: &mut Making, season: &Season, by: impl Fn(&assignment::Model) -> AccountId) {
    let homes: HashMap<HouseholdId, usize> =
        making.rows.households.iter().enumerate().map(|(at, row)| (row.id, at)).collect();
    let today = Date(making.today);
    let answerable: Vec<(HouseholdId, CadreId, AccountId)> = making
        .rows
        .assignments
        .iter()
        .filter(|row| row.is_primary && row.starts_on <= today && row.ends_on.is_none_or(|end| end > today))
        .filter_map(|row| Some((row.household_id?, row.cadre_id?, by(row))))
        .collect();
    for (household, cadre, by) in answerable {
        let Some(&at) = homes.get(&household) else { continue };
        // Some are visited often, some never.
        let whole = season.to_a_hundred * 2;
        let times =
            making.dice.below(whole + 1) / 100 + usize::from(making.dice.below(100) < whole % 100 / 2);
        for _ in 0..times {
            let row = visit(making, season, at, by);
            let last = &mut making.rows.households[at].last_visit_on;
            *last = (*last).max(Some(row.visited_on));
            let took_part = visit_participation::Model {
                id: making.dice.id(),
                visit_id: row.id,
                cadre_id: cadre,
                method: row.method,
                visited_on: row.visited_on,
                nights: row.nights,
            };
            making.rows.participations.push(took_part);
            making.rows.visits.push(row);
        }
    }
}

fn visit(making: &mut Making, season: &Season, at: usize, by: AccountId) -> visit::Model {
    let day = making.once(1, season.days);
    let dice = &mut making.dice;
    let id: VisitId = dice.id();
    let method = dice.weighed(METHODS);
    let minute =
        if method == VisitMethod::Night { 19 * 60 + dice.below(120) } else { 8 * 60 + dice.below(600) };
    let began_at = DateTime(midnight(day).0 + Duration::minutes(i64::try_from(minute).unwrap_or_default()));
    let summary = (!dice.percent(6)).then(|| {
        let opening = dice.pick(&OPENINGS);
        let matter = dice.pick(&MATTERS);
        let closing = dice.pick(&CLOSINGS);
        format!("{opening}。{matter}。{closing}")
    });
    let given = method == VisitMethod::Door && dice.percent(4);
    let form = given.then(|| dice.weighed(&[(7, CondolenceForm::Goods), (3, CondolenceForm::Cash)]));
    let items = (form == Some(CondolenceForm::Goods)).then(|| dice.pick(&GIVEN).to_owned());
    let value = form.map(|_| Yuan(i64::from(dice.between(1, 5)) * 10_000));
    let minutes = dice.percent(70).then(|| dice.between(2, 12) * 5);
    let attendees = dice.percent(60).then(|| dice.between(1, 4));
    let home = &making.rows.households[at];
    visit::Model {
        id,
        method,
        household_id: Some(home.id),
        enterprise_id: None,
        region_id: None,
        county_id: home.county_id,
        township_id: Some(home.township_id),
        village_id: Some(home.village_id),
        group_id: home.group_id,
        grid_id: home.grid_id,
        began_at,
        visited_on: day,
        minutes,
        nights: None,
        attendees,
        complete: summary.is_some(),
        summary,
        latitude: None,
        longitude: None,
        condolence_form: form,
        condolence_items: items,
        condolence_value: value,
        recorded_by: by,
        recorder_id: None,
        recorded_at: DateTime(began_at.0 + Duration::hours(20)),
        withdrawn_at: None,
        withdrawn_reason: None,
        version: 1,
    }
}
