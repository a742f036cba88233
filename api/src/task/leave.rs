//! Leave and answers: extensions and suspensions that are asked for and decided, supervisions that are owed an answer.

use super::{
    clock, hold,
    input::{
        ExtensionAskInput, Leave, LeaveDecideInput, Note, SupervisionAnswerInput, SuspensionAskInput,
        TaskResumeInput,
    },
    parts, rule,
    step::{Step, allow, take},
    tell,
};
use crate::kernel::{
    door::unscoped,
    error::{Refusal, RefusalCode, Result},
    policy::May,
    refusal::{Checks, Detail},
    work::Work,
};
use chrono::Duration;
use entity::{
    id::{TaskId, TaskRequestId},
    kind::{ChangeKind, TaskAction, TaskRequestKind, TaskRequestState},
    scalar::Date,
    task, task_request,
};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, Set};
use uuid::Uuid;

/// What is open of a kind.
async fn open(work: &Work, task: TaskId, kind: TaskRequestKind) -> Result<Option<task_request::Model>> {
    Ok(unscoped::<task_request::Entity>()
        .filter(task_request::Column::TaskId.eq(task))
        .filter(task_request::Column::Kind.eq(kind))
        .filter(task_request::Column::State.eq(TaskRequestState::Asked))
        .one(&work.tx)
        .await?)
}

fn state(zh: &str, en: &str) -> Refusal {
    Refusal::new(RefusalCode::State, "id", zh, en)
}

/// Refuses while a supervision waits for its answer.
pub(super) async fn must_be_answered(work: &Work, task: TaskId) -> Result<()> {
    match open(work, task, TaskRequestKind::Supervision).await? {
        None => Ok(()),
        Some(_) => Err(state("有督办未回复，应先回复。", "A supervision waits for its answer.").into()),
    }
}

/// Lets go what was asked and is open, but for supervisions.
pub(super) async fn lapse(work: &Work, task: TaskId) -> Result<()> {
    for kind in [TaskRequestKind::Extension, TaskRequestKind::Suspension] {
        if let Some(row) = open(work, task, kind).await? {
            let change = task_request::ActiveModel {
                id: Set(row.id),
                state: Set(TaskRequestState::Lapsed),
                ..Default::default()
            };
            work.update(change, row.version, ChangeKind::Ended).await?;
        }
    }
    Ok(())
}

/// Asks for something in a task.
pub(super) async fn ask(
    work: &Work,
    task: TaskId,
    kind: TaskRequestKind,
    reason: &str,
    until_on: Option<Date>,
) -> Result<()> {
    let row = task_request::ActiveModel {
        id: Set(TaskRequestId(Uuid::now_v7())),
        task_id: Set(task),
        kind: Set(kind),
        state: Set(TaskRequestState::Asked),
        asked_by: Set(work.ctx.signed_in()?.account),
        asked_at: Set(work.now()),
        reason: Set(reason.to_owned()),
        until_on: Set(until_on),
        decided_by: Set(None),
        decided_at: Set(None),
        answer: Set(None),
        ended_at: Set(None),
        version: Set(1),
    };
    work.insert(row).await?;
    Ok(())
}

/// Asks for a later deadline.
pub async fn ask_extension(work: &Work, input: ExtensionAskInput) -> Result<Uuid> {
    ask_leave(work, input.into(), TaskRequestKind::Extension, TaskAction::AskExtension).await
}

/// Asks for a suspension until a review date.
pub async fn ask_suspension(work: &Work, input: SuspensionAskInput) -> Result<Uuid> {
    ask_leave(work, input.into(), TaskRequestKind::Suspension, TaskAction::AskSuspension).await
}

async fn ask_leave(work: &Work, input: Leave, kind: TaskRequestKind, action: TaskAction) -> Result<Uuid> {
    let Leave { id, expected_version, until_on, reason } = input;
    let mut task = hold(work, id, "id").await?;
    let allowed = allow(work, &task, &parts(work, id).await?, action)?;
    work.stands::<task::Entity>(id.0, expected_version).await?;
    let mut checks = Checks::default();
    check_until(&mut checks, work, &task, kind, until_on);
    let reason = checks.text("reason", &reason, rule::NOTE);
    checks.done()?;
    if open(work, id, kind).await?.is_some() {
        return Err(state("已有待审批的申请。", "There is one that waits to be decided already.").into());
    }
    ask(work, id, kind, &reason, Some(until_on)).await?;
    take(work, &mut task, task::ActiveModel::default(), Step::new(action, &allowed, Some(reason))).await?;
    Ok(id.0)
}

fn check_until(checks: &mut Checks, work: &Work, task: &task::Model, kind: TaskRequestKind, until: Date) {
    let most = work.ctx.today().0 + Duration::days(rule::REVIEW_DAYS);
    match kind {
        TaskRequestKind::Suspension => {
            checks.require(until > work.ctx.today() && until.0 <= most, || {
                Refusal::rule(
                    "review",
                    "untilOn",
                    format!("复核日期应在明天至 {} 天内。", rule::REVIEW_DAYS),
                    format!("The day of review is to come, within {} days.", rule::REVIEW_DAYS),
                )
            });
        }
        _ => {
            let longest = if task.petition { crate::calendar::terms::PETITION_EXTEND_DAYS } else { 365 };
            let last = crate::calendar::reckon::last_day(task.due_at).0;
            let most = last + Duration::days(i64::from(longest));
            checks.require(clock::end_of(until) > task.due_at && until.0 <= most, || {
                Refusal::rule(
                    "extension",
                    "untilOn",
                    format!("新时限应晚于 {last}，且最多延长 {longest} 天。"),
                    format!("The new last day is after {last}, by {longest} days at the most."),
                )
            });
        }
    }
}

/// Grants or refuses what waits to be decided.
pub async fn decide(work: &Work, input: LeaveDecideInput) -> Result<Uuid> {
    let LeaveDecideInput { idempotency_key: _, id, expected_version, kind, grant, until_on, note } = input;
    let mut task = hold(work, id, "id").await?;
    let kind = kind.of();
    let action = match (kind, grant) {
        (TaskRequestKind::Suspension, true) => TaskAction::GrantSuspension,
        (TaskRequestKind::Suspension, false) => TaskAction::RefuseSuspension,
        (_, true) => TaskAction::GrantExtension,
        (_, false) => TaskAction::RefuseExtension,
    };
    let allowed = allow(work, &task, &parts(work, id).await?, action)?;
    work.stands::<task::Entity>(id.0, expected_version).await?;
    let Some(asked) = open(work, id, kind).await? else {
        return Err(state("没有待审批的申请。", "Nothing waits to be decided.").into());
    };
    let until = until_on.or(asked.until_on).unwrap_or(work.ctx.today());
    let mut checks = Checks::default();
    if grant {
        check_until(&mut checks, work, &task, kind, until);
    }
    let note = checks.optional_text("note", note.as_deref(), rule::NOTE);
    checks.done()?;
    let again = kind == TaskRequestKind::Extension && task.extensions >= rule::EXTENSIONS;
    if grant && again && (task.petition || !work.ctx.may(May::InstructTask, &super::facts(&task))) {
        return Err(Refusal::new(
            RefusalCode::Forbidden,
            "id",
            "已延期一次；再次延期由领导决定，信访事项不得再延。",
            "It was extended once; a leader decides on another, and a petition has none.",
        )
        .with(Detail::Requires(work.ctx.scope().would_allow(May::InstructTask)))
        .into());
    }
    let change = task_request::ActiveModel {
        id: Set(asked.id),
        state: Set(if grant { TaskRequestState::Granted } else { TaskRequestState::Refused }),
        until_on: Set(Some(until)),
        decided_by: Set(Some(work.ctx.signed_in()?.account)),
        decided_at: Set(Some(work.now())),
        answer: Set(note.clone()),
        ..Default::default()
    };
    work.update(change, asked.version, ChangeKind::Updated).await?;
    let mut change = task::ActiveModel::default();
    match (kind, grant) {
        (TaskRequestKind::Suspension, true) => change.review_on = Set(Some(until)),
        (_, true) => {
            change.extensions = Set(task.extensions + 1);
            clock::set_due(&mut change, task.clock_from, clock::end_of(until));
        }
        (_, false) => {}
    }
    take(work, &mut task, change, Step::new(action, &allowed, note)).await?;
    tell::accounts(work, &task, [asked.asked_by], tell::DECIDED).await?;
    Ok(id.0)
}

/// Lets work go on after a suspension: the deadline moves by what it took.
pub async fn resume(work: &Work, input: TaskResumeInput) -> Result<Uuid> {
    let Note { id, expected_version, note } = input.into();
    let mut task = hold(work, id, "id").await?;
    let allowed = allow(work, &task, &parts(work, id).await?, TaskAction::Resume)?;
    work.stands::<task::Entity>(id.0, expected_version).await?;
    let note = rule::noted(&note)?;
    let paused = unscoped::<task_request::Entity>()
        .filter(task_request::Column::TaskId.eq(id))
        .filter(task_request::Column::Kind.eq(TaskRequestKind::Suspension))
        .filter(task_request::Column::State.eq(TaskRequestState::Granted))
        .filter(task_request::Column::EndedAt.is_null())
        .order_by_desc(task_request::Column::DecidedAt)
        .one(&work.tx)
        .await?;
    if let Some(row) = paused {
        let change = task_request::ActiveModel {
            id: Set(row.id),
            ended_at: Set(Some(work.now())),
            ..Default::default()
        };
        work.update(change, row.version, ChangeKind::Ended).await?;
    }
    let mut change = task::ActiveModel { review_on: Set(None), ..Default::default() };
    clock::after_pause(work, &task, &mut change).await?;
    take(work, &mut task, change, Step::new(TaskAction::Resume, &allowed, Some(note))).await?;
    Ok(id.0)
}

/// Answers a supervision.
pub async fn answer(work: &Work, input: SupervisionAnswerInput) -> Result<Uuid> {
    let SupervisionAnswerInput { idempotency_key: _, id, expected_version, answer } = input;
    let mut task = hold(work, id, "id").await?;
    let action = TaskAction::AnswerSupervision;
    let allowed = allow(work, &task, &parts(work, id).await?, action)?;
    work.stands::<task::Entity>(id.0, expected_version).await?;
    let Some(row) = open(work, id, TaskRequestKind::Supervision).await? else {
        return Err(state("没有待回复的督办。", "No supervision waits for an answer.").into());
    };
    let mut checks = Checks::default();
    let answer = checks.text("answer", &answer, rule::NOTE);
    checks.done()?;
    let change = task_request::ActiveModel {
        id: Set(row.id),
        state: Set(TaskRequestState::Answered),
        decided_by: Set(Some(work.ctx.signed_in()?.account)),
        decided_at: Set(Some(work.now())),
        answer: Set(Some(answer.clone())),
        ..Default::default()
    };
    work.update(change, row.version, ChangeKind::Updated).await?;
    take(work, &mut task, task::ActiveModel::default(), Step::new(action, &allowed, Some(answer))).await?;
    tell::accounts(work, &task, [row.asked_by], tell::ANSWERED).await?;
    Ok(id.0)
}
