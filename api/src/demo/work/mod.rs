//! What was asked for, and what became of it: demands of every kind and channel, tasks in every state with their ledger, as
//! if the offices had been at work until the day of loading.

mod matter;
mod story;

use super::{Making, visits::Season};
use crate::{
    calendar::reckon::Calendar,
    kernel::clock::{civil, midnight},
};
use chrono::{Datelike, Duration};
use entity::{
    demand,
    id::{AccountId, CadreId, DepartmentId, RegionId},
    kind::{Adoption, CadreLevel, DemandChannel, DemandKind, DemandState},
    scalar::DateTime,
    task, task_event, task_number,
};
use matter::MATTERS;
use std::collections::BTreeMap;
use story::tasked;

const CHANNELS: &[(usize, DemandChannel)] = &[
    (40, DemandChannel::Visit),
    (14, DemandChannel::Hotline),
    (10, DemandChannel::MiniProgram),
    (6, DemandChannel::App),
    (8, DemandChannel::Station),
    (4, DemandChannel::Box),
    (5, DemandChannel::Meeting),
    (5, DemandChannel::Reception),
    (3, DemandChannel::Superior),
    (2, DemandChannel::Sensor),
    (3, DemandChannel::Web),
];

/// Who is at work in a township.
struct Office {
    desk: AccountId,
    leader: CadreId,
    staff: Vec<CadreId>,
    departments: Vec<DepartmentId>,
}

/// Demands and tasks of all households that have been made so far and are not loaded yet: so many to a hundred households.
/// `codes` are those of their townships.
pub(super) fn work(
    making: &mut Making,
    season: &Season,
    to_a_hundred: usize,
    by: impl Fn(RegionId) -> AccountId,
    codes: &BTreeMap<RegionId, String>,
) {
    let offices = offices(making, by);
    let mut tasks: Vec<(task::Model, Vec<task_event::Model>)> = Vec::new();
    for at in 0..making.rows.households.len() {
        let township = making.rows.households[at].township_id;
        let Some(office) = offices.get(&township) else { continue };
        let times = to_a_hundred / 100 + usize::from(making.dice.below(100) < to_a_hundred % 100);
        for _ in 0..times {
            if let Some(made) = asked(making, season, office, at) {
                tasks.push(made);
            }
        }
    }
    number(making, tasks, codes);
}

/// Who is at work in each township: its leaders, its staff, its departments.
fn offices(making: &Making, by: impl Fn(RegionId) -> AccountId) -> BTreeMap<RegionId, Office> {
    let mut offices = BTreeMap::new();
    let townships: Vec<RegionId> = making.rows.departments.iter().filter_map(|row| row.township_id).collect();
    for township in townships {
        if offices.contains_key(&township) {
            continue;
        }
        let of = |level: CadreLevel| {
            let cadres = making.rows.cadres.iter();
            let cadres = cadres.filter(move |row| row.township_id == Some(township) && row.level == level);
            cadres.filter(|row| row.ends_on.is_none()).map(|row| row.id).collect::<Vec<CadreId>>()
        };
        let departments = making.rows.departments.iter().filter(|row| row.township_id == Some(township));
        let departments = departments.filter(|row| row.village_id.is_none()).map(|row| row.id).collect();
        let (leaders, staff) = (of(CadreLevel::TownshipLeader), of(CadreLevel::TownshipStaff));
        if let (Some(&leader), false) = (leaders.first(), staff.is_empty()) {
            offices.insert(township, Office { desk: by(township), leader, staff, departments });
        }
    }
    offices
}

fn after(moment: DateTime, hours: i32) -> DateTime {
    DateTime(moment.0 + Duration::hours(hours.into()))
}

/// One demand, and the task that came of it, if one did.
fn asked(
    making: &mut Making,
    season: &Season,
    office: &Office,
    at: usize,
) -> Option<(task::Model, Vec<task_event::Model>)> {
    let day = making.once(1, season.days);
    let old = (making.today - day.0).num_days();
    let dice = &mut making.dice;
    let matter = dice.one(&MATTERS);
    let registered_at =
        DateTime(midnight(day).0 + Duration::minutes(8 * 60 + i64::from(dice.between(0, 560))));
    let petition = dice.percent(1);
    let kind = if petition { DemandKind::PetitionBacklog } else { matter.kind };
    let channel = dice.weighed(CHANNELS);
    let anonymous = !petition
        && matches!(channel, DemandChannel::Box | DemandChannel::Hotline | DemandChannel::Web)
        && dice.percent(25);
    let own = matches!(channel, DemandChannel::MiniProgram | DemandChannel::App | DemandChannel::Web);
    let calendar = Calendar::default();
    let respond = calendar.response(matter.urgency, registered_at)?;
    let staff = dice.pick(&office.staff);
    let home = &making.rows.households[at];
    let mut demand = demand::Model {
        id: dice.id(),
        kind,
        channel,
        field: matter.field,
        category_id: None,
        urgency: matter.urgency,
        state: DemandState::Registered,
        household_id: (!anonymous).then_some(home.id),
        enterprise_id: None,
        region_id: anonymous.then_some(home.village_id),
        county_id: home.county_id,
        township_id: Some(home.township_id),
        village_id: Some(home.village_id),
        group_id: home.group_id.filter(|_| !anonymous),
        grid_id: home.grid_id.filter(|_| !anonymous),
        raised_village_id: Some(home.village_id),
        raised_group_id: home.group_id.filter(|_| !anonymous),
        content: Some(matter.said.to_owned()),
        spot: None,
        anonymous,
        spoken_for: !anonymous && !own,
        raiser_name: None,
        raiser_phone: None,
        raiser_phone_masked: None,
        other_household_id: None,
        leader_id: petition.then_some(office.leader),
        about_cadre_id: None,
        about_department_id: None,
        visit_id: None,
        diary_id: None,
        intake_point_id: None,
        box_opening_id: None,
        source_reference: None,
        split_from_id: None,
        merged_into_id: None,
        task_id: None,
        registered_by: office.desk,
        registrar_id: (!own).then_some(staff),
        registered_at,
        respond_amber_at: respond.amber,
        respond_due_at: respond.due,
        decided_at: None,
        decided_by: None,
        answer: None,
        objection: None,
        objected_at: None,
        adoption: None,
        adoption_reason: None,
        version: 1,
    };
    let decided = after(registered_at, dice.between(1, 20));
    let luck = dice.below(100);
    let mut answered = |state: DemandState, answer: &str| {
        (demand.state, demand.answer) = (state, Some(answer.to_owned()));
        (demand.decided_at, demand.decided_by, demand.version) = (Some(decided), Some(office.desk), 2);
    };
    if kind == DemandKind::Suggestion && luck < 80 {
        answered(DemandState::Settled, matter.result);
        demand.adoption = Some(if luck < 50 {
            Adoption::Adopted
        } else if luck < 65 {
            Adoption::PartlyAdopted
        } else {
            Adoption::NotAdopted
        });
    } else if !petition && luck < 22 {
        answered(DemandState::Settled, "已当面说明，并帮助办理。");
    } else if !petition && luck < 27 {
        answered(DemandState::Declined, "不属于本镇职责，已告知办理渠道。");
    } else if !petition && luck < 29 {
        demand.state = DemandState::Withdrawn;
        demand.version = 2;
    } else if old > 2 || luck >= 60 {
        return Some(tasked(making, office, demand, matter, decided));
    }
    making.rows.demands.push(demand);
    None
}

/// Gives the tasks their numbers, in the order in which they were made.
fn number(
    making: &mut Making,
    mut tasks: Vec<(task::Model, Vec<task_event::Model>)>,
    codes: &BTreeMap<RegionId, String>,
) {
    let mut last: BTreeMap<(String, i32), i32> = BTreeMap::new();
    tasks.sort_by_key(|(row, _)| (row.created_at, row.id));
    for (mut row, events) in tasks {
        let Some(code) = codes.get(&row.desk_id) else { continue };
        let year = civil(row.created_at).0.year();
        let next = last.entry((code.clone(), year)).or_default();
        *next += 1;
        row.number = format!("{code}-{year}-{next:06}");
        making.rows.tasks.push(row);
        making.rows.task_events.extend(events);
    }
    let numbers = last.into_iter().map(|((code, year), last)| task_number::Model { code, year, last });
    making.rows.task_numbers.extend(numbers);
}
