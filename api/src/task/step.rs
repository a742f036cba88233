//! One step of a task: the right, the state, the change, the event.

use super::{
    desk_facts, facts,
    flow::{self, By, Line},
};
use crate::kernel::{
    error::{Refusal, RefusalCode, Result},
    policy::May,
    refusal::{Detail, Transition},
    work::Work,
};
use entity::{
    id::{AccountId, CadreId, TaskEventId, TaskPartId},
    kind::{ChangeKind, PartRole, PartState, TaskAction, TaskState},
    scalar::DateTime,
    task, task_event, task_part,
};
use sea_orm::{ActiveEnum, ActiveModelTrait, EntityTrait, Set, TryIntoModel};
use uuid::Uuid;

/// What may be done now, and where it leads.
#[derive(Clone, Debug)]
pub(super) struct Allowed {
    /// The state that follows.
    pub next: TaskState,
    /// The own part, for handlers.
    pub part: Option<task_part::Model>,
}

/// The viewer's live parts of a task: of the own departments, or as a cadre.
pub(super) fn own_parts<'a>(
    work: &Work,
    task: &task::Model,
    parts: &'a [task_part::Model],
) -> Vec<&'a task_part::Model> {
    let scope = work.ctx.scope();
    let given: Vec<_> = scope.bonds.iter().filter(|bond| bond.task == Some(task.id)).collect();
    let own = |part: &&task_part::Model| {
        part.live
            && given.iter().any(|bond| match part.department_id {
                Some(department) => bond.department == Some(department),
                None => bond.department.is_none() && part.cadre_id == scope.cadre,
            })
    };
    parts.iter().filter(own).collect()
}

/// Whether several are asked, and nobody has claimed it yet.
fn of_several(parts: &[task_part::Model]) -> bool {
    let offers = |part: &&task_part::Model| {
        part.live && part.role == PartRole::Lead && part.state == PartState::Offered
    };
    parts.iter().filter(offers).count() > 1
}

/// Whether a part is in a state for something to be done to it.
fn waits_for(part: &task_part::Model, action: TaskAction) -> bool {
    match action {
        TaskAction::Claim => part.state == PartState::Offered,
        TaskAction::CompletePart => part.state == PartState::Claimed,
        _ => part.state != PartState::Done,
    }
}

/// The refusal of what the state does not allow.
pub(super) fn transition(work: &Work, action: TaskAction, state: TaskState) -> Refusal {
    let lines: Vec<&Line> = flow::lines(action).collect();
    let mut from: Vec<TaskState> = lines.iter().flat_map(|line| line.from).copied().collect();
    from.sort_unstable();
    from.dedup();
    let names: Vec<String> = from.iter().map(ActiveEnum::to_value).collect();
    let mays: Vec<May> = lines.iter().filter_map(|line| line.may).collect();
    let roles = work.ctx.scope().would_allow_any(&mays);
    Refusal::new(
        RefusalCode::State,
        "id",
        format!("任务目前为 {}，不能进行此操作；应为 {}。", state.to_value(), names.join("、")),
        format!(
            "The task is {}, which does not allow this; it should be {}.",
            state.to_value(),
            names.join(" or ")
        ),
    )
    .with(Detail::State(Box::new(Transition { current: state.to_value(), allowed: names, roles })))
}

/// Decides whether the viewer may do something to a task now.
pub(super) fn allow(
    work: &Work,
    task: &task::Model,
    parts: &[task_part::Model],
    action: TaskAction,
) -> Result<Allowed> {
    let own = own_parts(work, task, parts);
    let handles = !own.is_empty() && work.ctx.may(May::HandleTask, &facts(task));
    let several = of_several(parts);
    let mut allowed: Vec<(&Line, Option<&task_part::Model>)> = Vec::new();
    let mut only_handler = false;
    for line in flow::lines_after(action, task.returns) {
        let Some(may) = line.may else { continue };
        match line.by {
            By::Role => {
                let at_its_desk = may == May::DispatchTask || action == TaskAction::Dispatch;
                let facts = if at_its_desk { desk_facts(task) } else { facts(task) };
                // Whose household shares the task with others has the right by the own demand: asked by who calls.
                if !work.ctx.may(may, &facts) {
                    continue;
                }
                if line.never_handler && handles {
                    only_handler = true;
                    continue;
                }
                allowed.push((line, None));
            }
            by => {
                // Whoever has several parts does to each what it waits for.
                let fitting = own.iter().filter(|part| By::of(part.role, several) == by);
                let fitting = fitting.min_by_key(|part| !waits_for(part, action));
                if let Some(part) = fitting.filter(|_| handles) {
                    allowed.push((line, Some(part)));
                }
            }
        }
    }
    if allowed.is_empty() {
        return Err(refused(work, task, parts, action, only_handler));
    }
    let fitting = allowed.iter().find_map(|(line, part)| Some((*part, line.follow(task.state)?)));
    let Some((part, next)) = fitting else { return Err(transition(work, action, task.state).into()) };
    Ok(Allowed { next, part: part.cloned() })
}

/// Why nobody but others may: a handler judges nothing, somebody else was first, or the right lacks.
fn refused(
    work: &Work,
    task: &task::Model,
    parts: &[task_part::Model],
    action: TaskAction,
    only_handler: bool,
) -> crate::kernel::error::Error {
    if only_handler {
        return Refusal::new(
            RefusalCode::Forbidden,
            "id",
            "承办人不能评判自己办理的任务。",
            "Whoever handles a task does not judge it.",
        )
        .with(Detail::Requires(vec!["NOT_HANDLER".to_owned()]))
        .into();
    }
    let scope = work.ctx.scope();
    let lapsed = parts.iter().any(|part| {
        part.state == PartState::Lapsed
            && (part.cadre_id.is_some() && part.cadre_id == scope.cadre
                || part.department_id.is_some_and(|own| scope.handling.contains(&own)))
    });
    if lapsed && action == TaskAction::Claim {
        let mut refusal = transition(work, action, task.state);
        "此任务已由其他承办方先签收。".clone_into(&mut refusal.zh);
        "Somebody else who was asked has claimed this task first.".clone_into(&mut refusal.en);
        return refusal.into();
    }
    let mays: Vec<May> = flow::rights(action, task.returns).collect();
    let (field, (zh, en)) = match action {
        TaskAction::Dispatch => ("id", WHO_DISPATCHES),
        _ => ("", NO_RIGHT),
    };
    let requires = scope.would_allow_any(&mays);
    Refusal::new(RefusalCode::Forbidden, field, zh, en).with(Detail::Requires(requires)).into()
}

const NO_RIGHT: (&str, &str) = ("您无权进行此操作。", "You do not have the right to do this here.");
const WHO_DISPATCHES: (&str, &str) = (
    "由受理派单员派单；任务两次退单后由领导决定派单。",
    "Its desk dispatches a task; the region's leader once it was returned twice.",
);

/// What a step writes into the ledger.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub action: TaskAction,
    pub next: TaskState,
    pub part: Option<TaskPartId>,
    pub note: Option<String>,
}

impl Step {
    /// What was allowed, with a note.
    pub(super) fn new(action: TaskAction, allowed: &Allowed, note: Option<String>) -> Self {
        Self { action, next: allowed.next, part: allowed.part.as_ref().map(|part| part.id), note }
    }
}

/// Takes a step: changes the task, and adds its event. The task is as it stands afterwards.
pub(super) async fn take(
    work: &Work,
    task: &mut task::Model,
    mut change: task::ActiveModel,
    step: Step,
) -> Result<()> {
    let from = task.state;
    change.id = Set(task.id);
    if step.next != from {
        change.state = Set(step.next);
        let open = !matches!(step.next, TaskState::Closed | TaskState::Cancelled);
        if open != task.open {
            change.open = Set(open);
        }
    }
    let kind = if change.open == Set(false) { ChangeKind::Ended } else { ChangeKind::Updated };
    let version = work.update_with(change.clone(), task.version, kind, &["events"]).await?;
    let mut whole: task::ActiveModel = task.clone().into();
    for column in <task::Column as sea_orm::Iterable>::iter() {
        if let sea_orm::ActiveValue::Set(value) = change.get(column) {
            whole.set(column, value);
        }
    }
    *task = whole.try_into_model()?;
    task.version = version;
    let actor = work.ctx.viewer().map(|viewer| viewer.account);
    let event = event(task, Some(from), &step, work.now(), (actor, work.ctx.scope().cadre));
    task_event::Entity::insert(event).exec_without_returning(&work.tx).await?;
    Ok(())
}

/// The line of the ledger for a step.
pub(super) fn event(
    task: &task::Model,
    from: Option<TaskState>,
    step: &Step,
    at: DateTime,
    (account, cadre): (Option<AccountId>, Option<CadreId>),
) -> task_event::ActiveModel {
    task_event::ActiveModel {
        id: Set(TaskEventId(Uuid::now_v7())),
        task_id: Set(task.id),
        step: Set(task.version),
        action: Set(step.action),
        at: Set(at),
        account_id: Set(account),
        cadre_id: Set(cadre),
        from_state: Set(from),
        to_state: Set(step.next),
        part_id: Set(step.part),
        note: Set(step.note.clone()),
    }
}
