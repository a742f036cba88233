//! What was asked for, and what became of it: demands of every kind and channel, tasks in every state with their ledger, as
//! if the offices had been at work until the day of loading.

use super::{Making, visits::Season};
use crate::{
    calendar::{
        reckon::{Calendar, Deadline},
        terms::PETITION_SETTLE,
    },
    kernel::clock::{civil, midnight},
};
use chrono::{Datelike, Duration};
use entity::{
    demand, feedback,
    id::{AccountId, CadreId, DepartmentId, RegionId, TaskPartId},
    kind::{
        Adoption, CadreLevel, DemandChannel, DemandField, DemandKind, DemandState, PartRole, PartState,
        Satisfaction, TaskAction, TaskState, Urgency,
    },
    scalar::{Date, DateTime},
    task, task_event, task_number, task_part,
};
use std::collections::BTreeMap;

/// What is asked: kind, field, urgency, what was said, what is done about it, and what came of it.
struct Matter {
    kind: DemandKind,
    field: DemandField,
    urgency: Urgency,
    said: &'static str,
    measures: [&'static str; 2],
    result: &'static str,
}

const fn matter(
    kind: DemandKind,
    field: DemandField,
    urgency: Urgency,
    said: &'static str,
    measures: [&'static str; 2],
    result: &'static str,
) -> Matter {
    Matter { kind, field, urgency, said, measures, result }
}

const MATTERS: [Matter; 14] = {
    use DemandField::{
        BasicLivelihood, Convenience, Governance, PovertyAlleviation, Prosperity, RuralRevitalisation,
    };
    use DemandKind::{Application, Complaint, Hazard, Request, Suggestion};
    use Urgency::{Blue, Orange, Red, Yellow};
    [
        matter(Request, BasicLivelihood, Red, "自来水停了两天，老人挑不动水。", ["抢修主管", "临时送水"], "主管已修复，恢复供水。"),
        matter(Request, BasicLivelihood, Yellow, "慢性病门诊卡办了半年还没有拿到。", ["核对资料", "上门送卡"], "卡已办好，送到家中。"),
        matter(Request, Convenience, Blue, "村口路灯有三盏不亮。", ["更换灯头", "检查线路"], "三盏路灯均已更换。"),
        matter(Request, Convenience, Yellow, "进组的路下雨积水，孩子上学不方便。", ["疏通边沟", "铺碎石"], "边沟已疏通，路面已铺平。"),
        matter(Hazard, Governance, Red, "屋后边坡有裂缝，雨季前请人看看。", ["现场勘查", "设警示牌并排水"], "已开沟排水，设监测桩。"),
        matter(Hazard, Governance, Orange, "电线离树太近，刮风就打火。", ["修剪树枝", "加绝缘"], "已修剪并加装绝缘护套。"),
        matter(Request, Prosperity, Blue, "想学养蜂，问有没有培训班。", ["联系农技站", "列入下月培训"], "已报名参加下月培训。"),
        matter(Request, RuralRevitalisation, Yellow, "水渠渗水，浇不到地。", ["查漏补缝", "更换闸门"], "渠道已补漏，闸门已换。"),
        matter(Application, PovertyAlleviation, Yellow, "申请低保复核。", ["入户核查", "提交评议"], "已通过评议，下月起执行。"),
        matter(Application, BasicLivelihood, Blue, "申请高龄补贴。", ["核对年龄", "录入系统"], "已录入，次月发放。"),
        matter(Complaint, Governance, Orange, "隔壁养殖场夜里排污，气味很大。", ["现场检查", "限期整改"], "养殖场已加盖沉淀池。"),
        matter(Suggestion, Convenience, Blue, "建议把垃圾池移到路口，方便清运。", ["征求意见", "选址"], "已移到路口。"),
        matter(Suggestion, Governance, Blue, "建议村务公开栏每月更新。", ["列入清单", "按月检查"], "已按月更新。"),
        matter(Request, Prosperity, Orange, "烤烟收购排队太久，烟叶受潮。", ["增设收购点", "分时预约"], "已分时预约收购。"),
    ]
};

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

/// Where a task ends that is told of.
const ENDS: &[(usize, TaskState)] = &[
    (78, TaskState::Closed),
    (8, TaskState::Resolved),
    (5, TaskState::InProgress),
    (3, TaskState::Suspended),
    (2, TaskState::Returned),
    (2, TaskState::Dispatched),
    (2, TaskState::Cancelled),
];
/// The same of what is a few days old.
const FRESH: &[(usize, TaskState)] = &[
    (20, TaskState::Pending),
    (25, TaskState::Dispatched),
    (35, TaskState::InProgress),
    (8, TaskState::Returned),
    (12, TaskState::Resolved),
];

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
    let registered_at = DateTime(midnight(day).0 + Duration::minutes(8 * 60 + i64::from(dice.between(0, 560))));
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

/// The story of a task, step by step.
struct Story {
    row: task::Model,
    events: Vec<task_event::Model>,
    at: DateTime,
}

impl Story {
    fn step(
        &mut self,
        making: &mut Making,
        (action, next): (TaskAction, TaskState),
        (account, cadre): (AccountId, Option<CadreId>),
        part: Option<TaskPartId>,
        note: Option<&str>,
    ) {
        let first = self.events.is_empty();
        let from = (!first).then_some(self.row.state);
        if !first {
            self.row.version += 1;
        }
        self.row.state = next;
        self.row.open = !matches!(next, TaskState::Closed | TaskState::Cancelled);
        self.events.push(task_event::Model {
            id: making.dice.id(),
            task_id: self.row.id,
            step: self.row.version,
            action,
            at: self.at,
            account_id: Some(account),
            cadre_id: cadre,
            from_state: from,
            to_state: next,
            part_id: part,
            note: note.map(str::to_owned),
        });
    }

    /// Later, but never after the day of loading.
    fn wait(&mut self, making: &mut Making, least: i32, most: i32) {
        let last = midnight(Date(making.today));
        let next = after(self.at, making.dice.between(least, most));
        self.at = if next < last { next } else { DateTime(self.at.0 + Duration::minutes(1)) };
    }
}

fn tasked(
    making: &mut Making,
    office: &Office,
    mut demand: demand::Model,
    matter: &Matter,
    decided: DateTime,
) -> (task::Model, Vec<task_event::Model>) {
    use TaskAction::{
        AskExtension, AskSuspension, Cancel, Claim, Close, Create, Dispatch, GrantExtension, GrantSuspension, Judge,
        Progress, Reopen, Resolve, Return, Urge,
    };
    let petition = demand.kind == DemandKind::PetitionBacklog;
    let calendar = Calendar::default();
    let from = if petition { decided } else { demand.registered_at };
    let deadline = if petition {
        calendar.deadline(PETITION_SETTLE, from, &[])
    } else {
        calendar.resolution(demand.urgency, from, &[])
    };
    let deadline = deadline.unwrap_or(Deadline {
        allotted: PETITION_SETTLE,
        half: from,
        amber: from,
        due: from,
    });
    let old = (making.today - civil(from).0).num_days();
    let end = making.dice.weighed(if old < 8 { FRESH } else { ENDS });
    let row = task::Model {
        id: making.dice.id(),
        number: String::new(),
        state: TaskState::Pending,
        open: true,
        field: demand.field,
        category_id: None,
        urgency: demand.urgency,
        petition,
        title: matter.said.trim_end_matches('。').to_owned(),
        content: Some(matter.said.to_owned()),
        measures: serde_json::json!([]),
        result: None,
        household_id: demand.household_id,
        enterprise_id: None,
        county_id: demand.county_id,
        township_id: demand.township_id,
        village_id: demand.village_id,
        group_id: demand.group_id,
        grid_id: demand.grid_id,
        raised_village_id: demand.raised_village_id,
        raised_group_id: demand.raised_group_id,
        desk_id: demand.township_id.unwrap_or(demand.county_id),
        list_id: None,
        leader_id: None,
        lead_department_id: None,
        lead_cadre_id: None,
        clock_from: from,
        respond_due_at: demand.respond_due_at,
        responded_at: None,
        allotted: deadline.allotted.amount,
        allotted_unit: deadline.allotted.unit,
        half_at: deadline.half,
        amber_at: deadline.amber,
        due_at: deadline.due,
        urged_half: old > 1,
        urged_due: old > 20,
        review_on: None,
        returns: 0,
        extensions: 0,
        round: 0,
        created_by: office.desk,
        created_at: decided,
        resolved_at: None,
        asked_at: None,
        calls: 0,
        checked_by: None,
        closed_at: None,
        closed_by: None,
        closed_silently: false,
        version: 1,
    };
    demand.state = DemandState::Accepted;
    demand.task_id = Some(row.id);
    (demand.decided_at, demand.decided_by, demand.version) = (Some(decided), Some(office.desk), 2);
    let mut story = Story { row, events: Vec::new(), at: decided };
    let desk = (office.desk, None);
    let staff = making.dice.pick(&office.staff);
    let handler = (office.desk, Some(staff));
    let leader = (office.desk, Some(office.leader));
    story.step(making, (Create, TaskState::Pending), desk, None, None);
    if end == TaskState::Pending {
        return finish(making, demand, story, None);
    }
    let mut part = task_part::Model {
        id: making.dice.id(),
        task_id: story.row.id,
        role: PartRole::Lead,
        department_id: office.departments.get(making.dice.below(office.departments.len())).copied(),
        cadre_id: None,
        state: PartState::Offered,
        live: true,
        offered_at: story.at,
        claimed_at: None,
        ended_at: None,
        due_at: deadline.due,
        answer: None,
        version: 1,
    };
    if part.department_id.is_none() {
        part.cadre_id = Some(staff);
    }
    story.wait(making, 1, 5);
    part.offered_at = story.at;
    story.row.leader_id = Some(office.leader);
    (story.row.lead_department_id, story.row.lead_cadre_id) = (part.department_id, part.cadre_id);
    story.row.measures = serde_json::json!(matter.measures);
    story.step(making, (Dispatch, TaskState::Dispatched), desk, None, None);
    match end {
        TaskState::Dispatched => return finish(making, demand, story, Some(part)),
        TaskState::Returned => {
            story.wait(making, 2, 12);
            story.row.returns = 1;
            (story.row.lead_department_id, story.row.lead_cadre_id) = (None, None);
            (part.state, part.live, part.ended_at, part.version) = (PartState::Returned, false, Some(story.at), 2);
            part.answer = Some("不属于本部门职责，建议转有关部门。".to_owned());
            let id = part.id;
            let note = part.answer.clone();
            story.step(making, (Return, TaskState::Returned), handler, Some(id), note.as_deref());
            return finish(making, demand, story, Some(part));
        }
        TaskState::Cancelled => {
            story.wait(making, 2, 12);
            (part.state, part.live, part.ended_at, part.version) = (PartState::Lapsed, false, Some(story.at), 2);
            story.row.closed_at = Some(story.at);
            (demand.state, demand.task_id, demand.decided_at, demand.decided_by) =
                (DemandState::Registered, None, None, None);
            story.step(making, (Cancel, TaskState::Cancelled), leader, None, Some("重复登记，作废。"));
            return finish(making, demand, story, Some(part));
        }
        _ => {}
    }
    let id = Some(part.id);
    story.wait(making, 1, 8);
    (part.state, part.claimed_at, part.version) = (PartState::Claimed, Some(story.at), 2);
    story.row.responded_at = Some(story.at);
    story.step(making, (Claim, TaskState::InProgress), handler, id, None);
    if making.dice.percent(60) {
        story.wait(making, 4, 40);
        story.step(making, (Progress, TaskState::InProgress), handler, id, Some("已到现场查看，正在安排。"));
    }
    if making.dice.percent(10) {
        story.wait(making, 4, 20);
        story.step(making, (Urge, TaskState::InProgress), leader, None, Some("群众等着用，请抓紧。"));
    }
    if end == TaskState::Suspended {
        story.wait(making, 4, 20);
        story.step(making, (AskSuspension, TaskState::InProgress), handler, id, Some("等上级资金下达。"));
        story.wait(making, 2, 10);
        story.row.review_on = Some(making.ago(-30));
        story.step(making, (GrantSuspension, TaskState::Suspended), leader, None, None);
        let asked = story.events.len() - 2;
        let request = entity::task_request::Model {
            id: making.dice.id(),
            task_id: story.row.id,
            kind: entity::kind::TaskRequestKind::Suspension,
            state: entity::kind::TaskRequestState::Granted,
            asked_by: office.desk,
            asked_at: story.events[asked].at,
            reason: "等上级资金下达。".to_owned(),
            until_on: story.row.review_on,
            decided_by: Some(office.desk),
            decided_at: Some(story.at),
            answer: None,
            ended_at: None,
            version: 2,
        };
        making.rows.task_requests.push(request);
        return finish(making, demand, story, Some(part));
    }
    if end == TaskState::InProgress {
        return finish(making, demand, story, Some(part));
    }
    if making.dice.percent(6) {
        story.wait(making, 4, 20);
        let until = Date(civil(story.row.due_at).0 + Duration::days(7));
        let asked_at = story.at;
        story.step(making, (AskExtension, TaskState::InProgress), handler, id, Some("等配件到货。"));
        story.wait(making, 1, 6);
        story.row.extensions = 1;
        story.row.due_at = midnight(until);
        story.step(making, (GrantExtension, TaskState::InProgress), leader, None, None);
        let request = entity::task_request::Model {
            id: making.dice.id(),
            task_id: story.row.id,
            kind: entity::kind::TaskRequestKind::Extension,
            state: entity::kind::TaskRequestState::Granted,
            asked_by: office.desk,
            asked_at,
            reason: "等配件到货。".to_owned(),
            until_on: Some(until),
            decided_by: Some(office.desk),
            decided_at: Some(story.at),
            answer: None,
            ended_at: None,
            version: 2,
        };
        making.rows.task_requests.push(request);
    }
    let mut rounds = 1 + usize::from(end == TaskState::Closed && making.dice.percent(7));
    while rounds > 0 {
        rounds -= 1;
        story.wait(making, 12, 120);
        (part.state, part.ended_at, part.version) = (PartState::Done, Some(story.at), part.version + 1);
        part.answer = Some(matter.result.to_owned());
        story.row.result = Some(matter.result.to_owned());
        (story.row.resolved_at, story.row.asked_at) = (Some(story.at), Some(story.at));
        story.step(making, (Resolve, TaskState::Resolved), handler, id, Some(matter.result));
        if end != TaskState::Closed {
            return finish(making, demand, story, Some(part));
        }
        if demand.anonymous {
            break;
        }
        story.wait(making, 4, 60);
        let settled = rounds == 0;
        let satisfaction = if settled {
            making.dice.weighed(&[
                (45, Satisfaction::VerySatisfied),
                (40, Satisfaction::Satisfied),
                (15, Satisfaction::Acceptable),
            ])
        } else {
            Satisfaction::Dissatisfied
        };
        let judged = feedback::Model {
            id: making.dice.id(),
            demand_id: demand.id,
            task_id: Some(story.row.id),
            round: story.row.round,
            settled,
            satisfaction,
            comment: None,
            by_phone: true,
            given_by: office.desk,
            given_at: story.at,
            version: 1,
        };
        making.rows.feedbacks.push(judged);
        story.step(making, (Judge, TaskState::Resolved), desk, None, None);
        if !settled {
            story.row.round += 1;
            (story.row.resolved_at, story.row.asked_at, story.row.responded_at) = (None, None, None);
            (part.state, part.claimed_at, part.ended_at) = (PartState::Offered, None, None);
            story.step(making, (Reopen, TaskState::Dispatched), desk, None, None);
            story.wait(making, 1, 8);
            (part.state, part.claimed_at) = (PartState::Claimed, Some(story.at));
            story.row.responded_at = Some(story.at);
            story.step(making, (Claim, TaskState::InProgress), handler, id, None);
        }
    }
    story.wait(making, 1, 20);
    if demand.anonymous {
        story.row.checked_by = Some(office.desk);
        story.step(making, (TaskAction::Check, TaskState::Resolved), desk, None, Some("现场核查属实。"));
        story.wait(making, 1, 20);
    }
    (story.row.closed_at, story.row.closed_by, part.live) = (Some(story.at), Some(office.desk), false);
    story.step(making, (Close, TaskState::Closed), desk, None, None);
    finish(making, demand, story, Some(part))
}

fn finish(
    making: &mut Making,
    demand: demand::Model,
    story: Story,
    part: Option<task_part::Model>,
) -> (task::Model, Vec<task_event::Model>) {
    making.rows.demands.push(demand);
    making.rows.task_parts.extend(part);
    (story.row, story.events)
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
