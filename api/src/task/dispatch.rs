//! Dispatching: who leads, who helps, by when, with which measures; handing up and sending back.

use super::{
    Party, clock, hold,
    input::{
        CoHandlerInput, HandlerInput, MilestoneInput, Note, TaskDispatchInput, TaskEscalateInput,
        TaskSendBackInput,
    },
    leave, parts, rule,
    step::{Step, allow, take},
    tell,
};
use crate::kernel::{
    clock::civil,
    door::{self, unscoped},
    error::{Refusal, RefusalCode, Result},
    refusal::Checks,
    work::Work,
};
use entity::{
    account, cadre, department, grant,
    id::{CadreId, DepartmentId, MilestoneId, TaskId, TaskPartId},
    kind::{CadreLevel, ChangeKind, PartRole, PartState, Role, TaskAction},
    scalar::DateTime,
    task, task_milestone, task_part,
};
use sea_orm::{ColumnTrait, Condition, QueryFilter, QuerySelect, QueryTrait, Set};
use std::collections::HashSet;
use uuid::Uuid;

/// Whoever has or had a part sees other things from now on.
pub(super) async fn raise(work: &Work, parties: impl IntoIterator<Item = Party>) -> Result<()> {
    let (departments, cadres): (Vec<_>, Vec<_>) = parties.into_iter().unzip();
    let departments: Vec<DepartmentId> = departments.into_iter().flatten().collect();
    let cadres: Vec<CadreId> = cadres.into_iter().flatten().collect();
    if departments.is_empty() && cadres.is_empty() {
        return Ok(());
    }
    let handlers = unscoped::<grant::Entity>()
        .select_only()
        .column(grant::Column::AccountId)
        .filter(grant::Column::Role.eq(Role::DepartmentHandler))
        .filter(door::any_of(grant::Column::DepartmentId, departments, work.ctx.backend()))
        .into_query();
    let whose = Condition::any()
        .add(door::any_of(account::Column::CadreId, cadres, work.ctx.backend()))
        .add(account::Column::Id.in_subquery(handlers));
    work.raise_rights(whose).await
}

/// Ends live parts of a task.
pub(super) async fn lapse(
    work: &Work,
    rows: &[task_part::Model],
    which: impl Fn(&task_part::Model) -> bool,
) -> Result<()> {
    let ended: Vec<_> = rows.iter().filter(|part| part.live && which(part)).collect();
    for part in &ended {
        let state = if part.state == PartState::Done { PartState::Done } else { PartState::Lapsed };
        let mut change = task_part::ActiveModel { id: Set(part.id), live: Set(false), ..Default::default() };
        if state != part.state {
            change.state = Set(state);
            change.ended_at = Set(Some(work.now()));
        }
        work.update(change, part.version, ChangeKind::Ended).await?;
    }
    raise(work, ended.iter().map(|part| (part.department_id, part.cadre_id))).await
}

/// Checks a handler: a department of the county, or a cadre in office whom the viewer sees.
async fn known(
    work: &Work,
    checks: &mut Checks,
    task: &task::Model,
    of: &HandlerInput,
    at: &str,
) -> Result<Party> {
    match *of {
        HandlerInput::DepartmentId(id) => {
            let row = unscoped::<department::Entity>().filter(department::Column::Id.eq(id));
            let row = row.one(&work.tx).await?;
            checks.require(row.is_some_and(|row| row.county_id == Some(task.county_id)), || {
                Refusal::not_found(&format!("{at}.departmentId"))
            });
            Ok((Some(id), None))
        }
        HandlerInput::CadreId(id) => {
            cadre_in_office(work, checks, id, &format!("{at}.cadreId")).await?;
            Ok((None, Some(id)))
        }
    }
}

/// A cadre whom the viewer sees, and who is in office.
async fn cadre_in_office(
    work: &Work,
    checks: &mut Checks,
    id: CadreId,
    field: &str,
) -> Result<Option<cadre::Model>> {
    let row = door::within::<cadre::Entity>(work.ctx.scope(), work.ctx.backend())
        .filter(cadre::Column::Id.eq(id))
        .one(&work.tx)
        .await?;
    checks.require(row.is_some(), || Refusal::not_found(field));
    let left = row.as_ref().and_then(|row| row.ends_on).is_some_and(|day| day <= work.ctx.today());
    checks.require(!left, || {
        Refusal::rule("in-office", field, "此干部已离任。", "This cadre has left office.")
    });
    Ok(row)
}

/// Dispatches a task: to one lead, or to several of whom the first to claim leads; with co-handlers.
pub async fn dispatch(work: &Work, input: TaskDispatchInput) -> Result<Uuid> {
    let TaskDispatchInput {
        idempotency_key: _,
        id,
        expected_version,
        leader_id,
        leads,
        co_handlers,
        measures,
        due_at,
        milestones,
        title,
        note,
    } = input;
    let mut task = hold(work, id, "id").await?;
    let old = parts(work, id).await?;
    let allowed = allow(work, &task, &old, TaskAction::Dispatch)?;
    work.stands::<task::Entity>(id.0, expected_version).await?;
    let mut checks = Checks::default();
    let leader = cadre_in_office(work, &mut checks, leader_id, "leaderId").await?;
    let leads_somewhere = |level| matches!(level, CadreLevel::CountyLeader | CadreLevel::TownshipLeader);
    checks.require(leader.is_none_or(|leader| leads_somewhere(leader.level)), || {
        Refusal::rule(
            "leader",
            "leaderId",
            "责任领导应为县级或乡镇领导。",
            "The responsible leader is a leader of the county or the township.",
        )
    });
    let co_handlers = co_handlers.unwrap_or_default();
    check_number(&mut checks, "leads", leads.len(), 1..=rule::PARTIES);
    check_number(&mut checks, "coHandlers", co_handlers.len(), 0..=rule::PARTIES);
    let due = due_at.unwrap_or(task.due_at);
    checks.require(due_at.is_none_or(|due| due > work.now() && due <= task.due_at), || {
        Refusal::rule(
            "due",
            "dueAt",
            format!("时限应晚于现在，且不晚于 {}。", civil(task.due_at).0),
            format!("The deadline is to come, and by {} at the latest.", civil(task.due_at).0),
        )
    });
    let mut once = HashSet::new();
    let mut all = Vec::new();
    let given = leads.iter().map(|lead| (lead, PartRole::Lead, None, "leads"));
    let helping = co_handlers
        .iter()
        .map(|CoHandlerInput { handler, due_at }| (handler, PartRole::CoHandler, *due_at, "coHandlers"));
    for (at, (handler, role, own_due, list)) in given.chain(helping).enumerate() {
        let at = if role == PartRole::Lead { at } else { at - leads.len() };
        let field =
            if role == PartRole::Lead { format!("{list}.{at}") } else { format!("{list}.{at}.handler") };
        let party = known(work, &mut checks, &task, handler, &field).await?;
        checks.require(once.insert(party), || {
            Refusal::rule("once", &field, "每个承办方只能出现一次。", "Each handler once.")
        });
        checks.require(own_due.is_none_or(|own| own > work.now() && own <= due), || {
            Refusal::rule(
                "due",
                &format!("{list}.{at}.dueAt"),
                "协办时限应晚于现在，且不晚于任务时限。",
                "The deadline of a part is to come, and not later than the task's.",
            )
        });
        all.push((party, role, own_due.unwrap_or(due)));
    }
    let measures = check_measures(&mut checks, &measures);
    let milestones = milestones.unwrap_or_default();
    check_milestones(&mut checks, &milestones, due);
    let title = title.map(|title| checks.text("title", &title, rule::TITLE));
    let note = checks.optional_text("note", note.as_deref(), rule::NOTE);
    checks.done()?;
    lapse(work, &old, |_| true).await?;
    for (party, role, due) in &all {
        offer(work, id, *party, *role, *due).await?;
    }
    plan(work, id, &milestones).await?;
    let mut change = task::ActiveModel { leader_id: Set(Some(leader_id)), ..Default::default() };
    change.measures = Set(serde_json::json!(measures));
    if due != task.due_at {
        clock::set_due(&mut change, task.clock_from, due);
    }
    if let Some(title) = title.filter(|title| *title != task.title) {
        change.title = Set(title);
    }
    lead(&mut change, &task, (leads.len() == 1).then(|| all.first().map(|(party, ..)| *party)).flatten());
    take(work, &mut task, change, Step::new(TaskAction::Dispatch, &allowed, note)).await?;
    let parties: Vec<Party> = all.into_iter().map(|(party, ..)| party).collect();
    raise(work, parties.iter().copied()).await?;
    tell::handlers(work, &task, parties, tell::GIVEN).await?;
    Ok(id.0)
}

/// Who leads, kept with the task for lists.
pub(super) fn lead(change: &mut task::ActiveModel, task: &task::Model, party: Option<Party>) {
    let (department, cadre) = party.unwrap_or_default();
    if department != task.lead_department_id {
        change.lead_department_id = Set(department);
    }
    if cadre != task.lead_cadre_id {
        change.lead_cadre_id = Set(cadre);
    }
}

fn check_number(checks: &mut Checks, field: &str, number: usize, range: std::ops::RangeInclusive<usize>) {
    checks.require(range.contains(&number), || {
        let (least, most) = (range.start(), range.end());
        Refusal::rule(
            "count",
            field,
            format!("应有 {least} 至 {most} 个。"),
            format!("From {least} to {most} are needed."),
        )
    });
}

fn check_measures(checks: &mut Checks, measures: &[String]) -> Vec<String> {
    check_number(checks, "measures", measures.len(), 1..=rule::MEASURES);
    measures
        .iter()
        .enumerate()
        .map(|(at, text)| checks.text(&format!("measures.{at}"), text, rule::MEASURE))
        .collect()
}

fn check_milestones(checks: &mut Checks, milestones: &[MilestoneInput], due: DateTime) {
    check_number(checks, "milestones", milestones.len(), 0..=rule::MEASURES);
    let last = crate::calendar::reckon::last_day(due);
    let mut before = None;
    for (at, milestone) in milestones.iter().enumerate() {
        checks.text(&format!("milestones.{at}.title"), &milestone.title, rule::MEASURE);
        let fits = milestone.due_on <= last && before.is_none_or(|day| day <= milestone.due_on);
        before = Some(milestone.due_on);
        checks.require(fits, || {
            Refusal::rule(
                "milestone",
                &format!("milestones.{at}.dueOn"),
                "节点应按先后排列，且不晚于任务时限。",
                "Milestones come in order, and none after the deadline.",
            )
        });
    }
}

/// Offers a part.
async fn offer(work: &Work, task: TaskId, party: Party, role: PartRole, due: DateTime) -> Result<()> {
    let row = task_part::ActiveModel {
        id: Set(TaskPartId(Uuid::now_v7())),
        task_id: Set(task),
        role: Set(role),
        department_id: Set(party.0),
        cadre_id: Set(party.1),
        state: Set(PartState::Offered),
        live: Set(true),
        offered_at: Set(work.now()),
        claimed_at: Set(None),
        ended_at: Set(None),
        due_at: Set(due),
        answer: Set(None),
        version: Set(1),
    };
    work.insert(row).await?;
    Ok(())
}

/// Writes the milestones of a dispatch; those of an earlier one that were not reached go.
async fn plan(work: &Work, task: TaskId, milestones: &[MilestoneInput]) -> Result<()> {
    use sea_orm::EntityTrait;
    task_milestone::Entity::delete_many()
        .filter(task_milestone::Column::TaskId.eq(task))
        .filter(task_milestone::Column::ReachedAt.is_null())
        .exec(&work.tx)
        .await?;
    for milestone in milestones {
        let row = task_milestone::ActiveModel {
            id: Set(MilestoneId(Uuid::now_v7())),
            task_id: Set(task),
            title: Set(milestone.title.trim().to_owned()),
            due_on: Set(milestone.due_on),
            reached_at: Set(None),
            version: Set(1),
        };
        work.insert(row).await?;
    }
    Ok(())
}

/// Hands a task up to the desk of the region above: from a township to its county.
pub async fn escalate(work: &Work, input: TaskEscalateInput) -> Result<Uuid> {
    let Note { id, expected_version, note } = input.into();
    let mut task = hold(work, id, "id").await?;
    let old = parts(work, id).await?;
    let allowed = allow(work, &task, &old, TaskAction::Escalate)?;
    work.stands::<task::Entity>(id.0, expected_version).await?;
    if task.desk_id == task.county_id {
        return Err(
            no_other_desk("任务已在县级，不能再上报。", "The task is with the county already.").into()
        );
    }
    let note = rule::noted(&note)?;
    lapse(work, &old, |_| true).await?;
    leave::lapse(work, id).await?;
    let mut change = task::ActiveModel { desk_id: Set(task.county_id), ..Default::default() };
    lead(&mut change, &task, None);
    take(work, &mut task, change, Step::new(TaskAction::Escalate, &allowed, Some(note))).await?;
    Ok(id.0)
}

/// Sends a task back to the desk of the township from which it was handed up.
pub async fn send_back(work: &Work, input: TaskSendBackInput) -> Result<Uuid> {
    let Note { id, expected_version, note } = input.into();
    let mut task = hold(work, id, "id").await?;
    let allowed = allow(work, &task, &parts(work, id).await?, TaskAction::SendBack)?;
    work.stands::<task::Entity>(id.0, expected_version).await?;
    let Some(township) = task.township_id.filter(|_| task.desk_id == task.county_id) else {
        return Err(no_other_desk("任务不是上报的，不能退回下级。", "The task was not handed up.").into());
    };
    let note = rule::noted(&note)?;
    let change = task::ActiveModel { desk_id: Set(township), ..Default::default() };
    take(work, &mut task, change, Step::new(TaskAction::SendBack, &allowed, Some(note))).await?;
    Ok(id.0)
}

fn no_other_desk(zh: &str, en: &str) -> Refusal {
    Refusal::new(RefusalCode::State, "id", zh, en)
}
