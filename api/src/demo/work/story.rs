//! The story of a task, from the demand that it answers to where it stands on the day of loading.

use super::{Making, Office, after, matter::Matter};
use crate::{
    calendar::{
        reckon::{Calendar, Deadline},
        terms::PETITION_SETTLE,
    },
    kernel::clock::{civil, midnight},
};
use chrono::Duration;
use entity::{
    demand, feedback,
    id::{AccountId, CadreId, TaskPartId},
    kind::{
        DemandKind, DemandState, PartRole, PartState, Satisfaction, TaskAction, TaskRequestKind,
        TaskRequestState, TaskState,
    },
    scalar::{Date, DateTime},
    task, task_event, task_part, task_request,
};

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
        let today = midnight(Date(making.today));
        let next = after(self.at, making.dice.between(least, most));
        self.at = if next < today { next } else { DateTime(self.at.0 + Duration::minutes(1)) };
    }
}

pub(super) fn tasked(
    making: &mut Making,
    office: &Office,
    mut demand: demand::Model,
    matter: &Matter,
    decided: DateTime,
) -> (task::Model, Vec<task_event::Model>) {
    use TaskAction::{
        AskExtension, AskSuspension, Cancel, Claim, Close, Create, Dispatch, GrantExtension, GrantSuspension,
        Judge, Progress, Reopen, Resolve, Return, Urge,
    };
    let petition = demand.kind == DemandKind::PetitionBacklog;
    let calendar = Calendar::default();
    let from = if petition { decided } else { demand.registered_at };
    let deadline = if petition {
        calendar.deadline(PETITION_SETTLE, from, &[])
    } else {
        calendar.resolution(demand.urgency, from, &[])
    };
    let deadline =
        deadline.unwrap_or(Deadline { allotted: PETITION_SETTLE, half: from, amber: from, due: from });
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
            (part.state, part.live, part.ended_at, part.version) =
                (PartState::Returned, false, Some(story.at), 2);
            part.answer = Some("不属于本部门职责，建议转有关部门。".to_owned());
            let id = part.id;
            let note = part.answer.clone();
            story.step(making, (Return, TaskState::Returned), handler, Some(id), note.as_deref());
            return finish(making, demand, story, Some(part));
        }
        TaskState::Cancelled => {
            story.wait(making, 2, 12);
            (part.state, part.live, part.ended_at, part.version) =
                (PartState::Lapsed, false, Some(story.at), 2);
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
        let request = task_request::Model {
            id: making.dice.id(),
            task_id: story.row.id,
            kind: TaskRequestKind::Suspension,
            state: TaskRequestState::Granted,
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
        let request = task_request::Model {
            id: making.dice.id(),
            task_id: story.row.id,
            kind: TaskRequestKind::Extension,
            state: TaskRequestState::Granted,
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
