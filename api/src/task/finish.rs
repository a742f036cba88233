//! How a task ends: judged, checked, struck off, contested, opened again.

use super::{
    clock, dispatch, hold,
    input::{DemandJudgeInput, Note, TaskCallNoteInput, TaskCheckInput, TaskCloseInput, TaskContestInput},
    parts, rule,
    step::{Allowed, Step, allow, take},
    tell,
};
use crate::{
    demand::{
        self,
        feedback::{self, Judgement},
    },
    kernel::{
        clock::later,
        error::{Error, Refusal, RefusalCode, Result},
        policy::May,
        refusal::{Checks, Detail},
        work::Work,
    },
};
use chrono::Duration;
use entity::{
    demand as demand_row,
    kind::{ChangeKind, DemandState, PartRole, PartState, Satisfaction, TaskAction, TaskState},
    task, task_part,
};
use sea_orm::Set;
use uuid::Uuid;

/// Judges what became of a demand: as whoever raised it, or as a supervisor who called them. What is not settled opens the
/// task again at once, or the demand that was settled on the spot.
pub async fn judge(work: &Work, input: DemandJudgeInput) -> Result<Uuid> {
    let DemandJudgeInput {
        idempotency_key: _,
        id,
        expected_version,
        settled,
        satisfaction,
        comment,
        by_phone,
    } = input;
    let old = demand::hold(work, id, "id").await?;
    let by_phone = by_phone.unwrap_or_default();
    let right = if by_phone { May::CheckTask } else { May::JudgeResult };
    work.ctx.must(right, &demand::facts(&old))?;
    work.stands::<demand_row::Entity>(id.0, expected_version).await?;
    demand::must_be(&old, &[DemandState::Accepted, DemandState::Settled], "id")?;
    let judgement = Judgement { settled, satisfaction, comment, by_phone };
    let Some(task) = old.task_id else {
        let round = feedback::rounds(work, id).await?;
        let standing = old.decided_by != work.ctx.viewer().map(|viewer| viewer.account);
        if !standing {
            return Err(own_work());
        }
        feedback::give(work, &old, None, round, &judgement).await?;
        if !settled || satisfaction == Satisfaction::Dissatisfied {
            demand::decide::open_again(work, &old, None).await?;
        }
        return Ok(id.0);
    };
    let mut task = hold(work, task, "id").await?;
    let rows = parts(work, task.id).await?;
    let allowed = by_right(work, &task, &rows, TaskAction::Judge, right)?;
    feedback::give(work, &old, Some(task.id), task.round, &judgement).await?;
    let note = format!("{}，{}", if settled { "已解决" } else { "未解决" }, word(satisfaction));
    let step = Step::new(TaskAction::Judge, &allowed, Some(note));
    take(work, &mut task, task::ActiveModel::default(), step).await?;
    if !settled {
        let allowed = Allowed { next: TaskState::Dispatched, ..allowed };
        again(work, &mut task, &rows, &allowed, None).await?;
    }
    Ok(id.0)
}

fn own_work() -> Error {
    Refusal::new(
        RefusalCode::Forbidden,
        "id",
        "承办人不能评判自己办理的事项。",
        "Whoever settled it does not judge it.",
    )
    .with(Detail::Requires(vec!["NOT_HANDLER".to_owned()]))
    .into()
}

/// The same decision where the right follows from a demand of the task: its household may share the task with others.
fn by_right(
    work: &Work,
    task: &task::Model,
    rows: &[task_part::Model],
    action: TaskAction,
    right: May,
) -> Result<Allowed> {
    match allow(work, task, rows, action) {
        Err(Error::Refused(refusals))
            if right == May::JudgeResult
                && refusals.iter().any(|one| one.code == RefusalCode::Forbidden)
                && super::step::own_parts(work, task, rows).is_empty() =>
        {
            let mut lines = super::flow::lines(action).filter(|line| line.may == Some(right));
            let next = lines.find_map(|line| line.follow(task.state));
            next.map(|next| Allowed { next, part: None })
                .ok_or_else(|| super::step::transition(work, action, task.state).into())
        }
        other => other,
    }
}

/// Opens a task again: another round, with clocks of its own; who led it is asked anew.
async fn again(
    work: &Work,
    task: &mut task::Model,
    rows: &[task_part::Model],
    allowed: &Allowed,
    note: Option<String>,
) -> Result<()> {
    let lead = rows.iter().rev().find(|part| part.role == PartRole::Lead && part.state == PartState::Done);
    let now = work.now();
    let deadline = clock::resolution(work, task.county_id, false, task.urgency, now).await?;
    if let Some(part) = lead {
        let change = task_part::ActiveModel {
            id: Set(part.id),
            state: Set(PartState::Offered),
            live: Set(true),
            claimed_at: Set(None),
            ended_at: Set(None),
            due_at: Set(deadline.due),
            ..Default::default()
        };
        work.update(change, part.version, ChangeKind::Updated).await?;
        dispatch::raise(work, [(part.department_id, part.cadre_id)]).await?;
    }
    let mut change = task::ActiveModel {
        round: Set(task.round + 1),
        clock_from: Set(now),
        respond_due_at: Set(clock::response(work, task.county_id, task.urgency, now).await?),
        responded_at: Set(None),
        resolved_at: Set(None),
        asked_at: Set(None),
        calls: Set(0),
        checked_by: Set(None),
        closed_at: Set(None),
        closed_by: Set(None),
        closed_silently: Set(false),
        ..Default::default()
    };
    clock::set(&mut change, &deadline);
    take(work, task, change, Step::new(TaskAction::Reopen, allowed, note)).await?;
    let leaders = lead.map(|part| (part.department_id, part.cadre_id));
    tell::handlers(work, task, leaders, tell::REOPENED).await
}

/// Notes a call that nobody answered.
pub async fn call(work: &Work, input: TaskCallNoteInput) -> Result<Uuid> {
    let TaskCallNoteInput { idempotency_key: _, id, expected_version, note } = input;
    let mut task = hold(work, id, "id").await?;
    let allowed = allow(work, &task, &parts(work, id).await?, TaskAction::AskFeedback)?;
    work.stands::<task::Entity>(id.0, expected_version).await?;
    let mut checks = Checks::default();
    let note = checks.optional_text("note", note.as_deref(), rule::NOTE);
    checks.done()?;
    let mut change = task::ActiveModel { calls: Set(task.calls + 1), ..Default::default() };
    if task.asked_at.is_none() && task.calls + 1 >= rule::CALLS {
        change.asked_at = Set(Some(work.now()));
    }
    take(work, &mut task, change, Step::new(TaskAction::AskFeedback, &allowed, note)).await?;
    Ok(id.0)
}

/// Checks a result in place of whoever cannot be asked: good, or to be done again.
pub async fn check(work: &Work, input: TaskCheckInput) -> Result<Uuid> {
    let TaskCheckInput { idempotency_key: _, id, expected_version, passed, note } = input;
    let mut task = hold(work, id, "id").await?;
    let rows = parts(work, id).await?;
    let action = if passed { TaskAction::Check } else { TaskAction::Reopen };
    let allowed = allow(work, &task, &rows, action)?;
    work.stands::<task::Entity>(id.0, expected_version).await?;
    let own = work.ctx.signed_in()?.account;
    must_be_another(&task, own)?;
    let note = rule::noted(&note)?;
    if !passed {
        again(work, &mut task, &rows, &allowed, Some(note)).await?;
        return Ok(id.0);
    }
    let change = task::ActiveModel { checked_by: Set(Some(own)), ..Default::default() };
    take(work, &mut task, change, Step::new(action, &allowed, Some(note))).await?;
    Ok(id.0)
}

/// What was contested is checked and struck off by another person.
fn must_be_another(task: &task::Model, own: entity::id::AccountId) -> Result<()> {
    if task.closed_by != Some(own) {
        return Ok(());
    }
    Err(Refusal::new(
        RefusalCode::Forbidden,
        "id",
        "群众申请复核的任务由另一人核查、销号。",
        "What was contested is checked by another person.",
    )
    .with(Detail::Requires(vec!["ANOTHER_PERSON".to_owned()]))
    .into())
}

/// Strikes a task off, once each of its demands was judged well, or a supervisor has checked it.
pub async fn close(work: &Work, input: TaskCloseInput) -> Result<Uuid> {
    let TaskCloseInput { idempotency_key: _, id, expected_version, note } = input;
    let mut task = hold(work, id, "id").await?;
    let rows = parts(work, id).await?;
    let allowed = allow(work, &task, &rows, TaskAction::Close)?;
    work.stands::<task::Entity>(id.0, expected_version).await?;
    let own = work.ctx.signed_in()?.account;
    must_be_another(&task, own)?;
    if task.checked_by.is_none() {
        let contested = task.closed_by.is_some();
        if contested || !judged_well(work, &task).await? {
            return Err(Refusal::new(
                RefusalCode::State,
                "id",
                "诉求人尚未评价满意，或应由督查员核查后销号。",
                "It is struck off when all who asked for it judged it well, or after a supervisor's check.",
            )
            .into());
        }
    }
    let mut checks = Checks::default();
    let note = checks.optional_text("note", note.as_deref(), rule::NOTE);
    checks.done()?;
    dispatch::lapse(work, &rows, |_| true).await?;
    let change = task::ActiveModel {
        closed_at: Set(Some(work.now())),
        closed_by: Set(Some(own)),
        ..Default::default()
    };
    take(work, &mut task, change, Step::new(TaskAction::Close, &allowed, note)).await?;
    let demands = demand::of_task(work, id).await?;
    tell::residents(work, &task, &demands, tell::CLOSED).await?;
    Ok(id.0)
}

/// Whether each demand of a task was judged settled and not dissatisfied in this round.
async fn judged_well(work: &Work, task: &task::Model) -> Result<bool> {
    let demands = demand::of_task(work, task.id).await?;
    let judged = feedback::of_round(work, task.id, task.round).await?;
    let well = |row: &demand_row::Model| {
        judged.iter().any(|given| {
            given.demand_id == row.id && given.settled && given.satisfaction != Satisfaction::Dissatisfied
        })
    };
    Ok(!demands.is_empty() && demands.iter().all(well))
}

/// Contests a task that was struck off, within 30 days: another person checks it.
pub async fn contest(work: &Work, input: TaskContestInput) -> Result<Uuid> {
    let Note { id, expected_version, note } = input.into();
    let mut task = hold(work, id, "id").await?;
    let demands = demand::of_task(work, id).await?;
    let right = May::JudgeResult;
    if !demands.iter().any(|row| work.ctx.may(right, &demand::facts(row))) {
        return Err(work.ctx.forbidden(right));
    }
    let rows = parts(work, id).await?;
    let allowed = by_right(work, &task, &rows, TaskAction::Contest, right)?;
    work.stands::<task::Entity>(id.0, expected_version).await?;
    let until = task.closed_at.map(|at| later(at, Duration::days(rule::CONTEST_DAYS)));
    if until.is_some_and(|until| work.now() >= until) {
        return Err(Refusal::new(
            RefusalCode::State,
            "id",
            "销号超过 30 天，不能再申请复核；可重新提出诉求。",
            "It was struck off more than 30 days ago; raise a demand anew.",
        )
        .into());
    }
    let note = rule::noted(&note)?;
    let lead = rows.iter().rev().find(|part| part.role == PartRole::Lead && part.state == PartState::Done);
    // Whoever handled it is its handler again, and judges it as little as before.
    let handled = |part: &&task_part::Model| {
        part.state == PartState::Done && lead.is_some_and(|lead| lead.offered_at == part.offered_at)
    };
    let handled: Vec<_> = rows.iter().filter(handled).collect();
    for part in &handled {
        let change = task_part::ActiveModel { id: Set(part.id), live: Set(true), ..Default::default() };
        work.update(change, part.version, ChangeKind::Updated).await?;
    }
    dispatch::raise(work, handled.iter().map(|part| (part.department_id, part.cadre_id))).await?;
    let change = task::ActiveModel {
        checked_by: Set(None),
        asked_at: Set(None),
        closed_at: Set(None),
        closed_silently: Set(false),
        ..Default::default()
    };
    take(work, &mut task, change, Step::new(TaskAction::Contest, &allowed, Some(note))).await?;
    Ok(id.0)
}

/// How satisfied, as the ledger has it.
fn word(satisfaction: Satisfaction) -> &'static str {
    match satisfaction {
        Satisfaction::VerySatisfied => "非常满意",
        Satisfaction::Satisfied => "满意",
        Satisfaction::Acceptable => "基本满意",
        Satisfaction::Dissatisfied => "不满意",
    }
}
