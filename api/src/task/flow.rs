//! The state machine of tasks (任务流转) as one pure table: action × position → from which states, to which, by what right. Nothing
//! here reads a clock or a database. It is printed as `client-schema/task-flow.md`, and every refusal tells what it says.

use crate::kernel::policy::{May, Policy};
use entity::kind::{
    PartRole, TaskAction,
    TaskState::{self, *},
};
use sea_orm::ActiveEnum;
use std::{collections::HashSet, fmt::Write};

/// In which position somebody acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum By {
    /// By a role, whatever their part in the task.
    Role,
    /// Who leads, or was offered it alone.
    Lead,
    /// One of several to whom it was offered, and nobody has claimed it.
    OneOfSeveral,
    /// A co-handler.
    CoHandler,
    /// The system, by the clock.
    System,
}

/// Where an action leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The state stays.
    Stay,
    /// To this state.
    To(TaskState),
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// What is done.
    pub action: TaskAction,
    /// In which position.
    pub by: By,
    /// By which right; none for the system.
    pub may: Option<May>,
    /// From which states.
    pub from: &'static [TaskState],
    /// To which.
    pub next: Next,
    /// Handlers of the task may not, whatever their roles.
    pub never_handler: bool,
    /// Only of a task that was returned twice, or only of the others.
    pub returned_twice: Option<bool>,
}

const fn line(action: TaskAction, by: By, may: Option<May>, from: &'static [TaskState], next: Next) -> Line {
    Line { action, by, may, from, next, never_handler: false, returned_twice: None }
}

const fn others(action: TaskAction, may: May, from: &'static [TaskState], next: Next) -> Line {
    Line { action, by: By::Role, may: Some(may), from, next, never_handler: true, returned_twice: None }
}

/// A dispatch, of what was returned twice or of the others.
const fn dispatch(may: May, returned_twice: bool) -> Line {
    let line = line(TaskAction::Dispatch, By::Role, Some(may), &[Pending, Returned], Next::To(Dispatched));
    Line { returned_twice: Some(returned_twice), ..line }
}

/// Not resolved yet.
const AT_WORK: &[TaskState] = &[Pending, Dispatched, InProgress, Returned, Suspended];
/// Not over.
const OPEN: &[TaskState] = &[Pending, Dispatched, InProgress, Returned, Suspended, Resolved];
/// Given to somebody.
const GIVEN: &[TaskState] = &[Dispatched, InProgress, Suspended];

const DISPATCH: Option<May> = Some(May::DispatchTask);
const HANDLE: Option<May> = Some(May::HandleTask);
const DECIDE: May = May::DecideTask;

/// The table.
pub const LINES: &[Line] = &[
    line(TaskAction::Create, By::Role, Some(May::AcceptDemand), &[], Next::To(Pending)),
    line(TaskAction::Join, By::Role, Some(May::AcceptDemand), AT_WORK, Next::Stay),
    dispatch(May::DispatchTask, false),
    dispatch(May::InstructTask, true),
    line(TaskAction::Claim, By::Lead, HANDLE, &[Dispatched], Next::To(InProgress)),
    line(TaskAction::Claim, By::OneOfSeveral, HANDLE, &[Dispatched], Next::To(InProgress)),
    line(TaskAction::Claim, By::CoHandler, HANDLE, GIVEN, Next::Stay),
    line(TaskAction::Return, By::Lead, HANDLE, &[Dispatched], Next::To(Returned)),
    line(TaskAction::Return, By::OneOfSeveral, HANDLE, &[Dispatched], Next::Stay),
    line(TaskAction::Return, By::CoHandler, HANDLE, GIVEN, Next::Stay),
    line(TaskAction::Progress, By::Lead, HANDLE, &[InProgress], Next::Stay),
    line(TaskAction::Progress, By::CoHandler, HANDLE, &[Dispatched, InProgress], Next::Stay),
    line(TaskAction::ReachMilestone, By::Lead, HANDLE, &[InProgress], Next::Stay),
    line(TaskAction::CompletePart, By::CoHandler, HANDLE, &[Dispatched, InProgress], Next::Stay),
    line(TaskAction::AskExtension, By::Lead, HANDLE, &[InProgress], Next::Stay),
    others(TaskAction::GrantExtension, DECIDE, &[InProgress], Next::Stay),
    others(TaskAction::RefuseExtension, DECIDE, &[InProgress], Next::Stay),
    line(TaskAction::AskSuspension, By::Lead, HANDLE, &[InProgress], Next::Stay),
    others(TaskAction::GrantSuspension, DECIDE, &[InProgress], Next::To(Suspended)),
    others(TaskAction::RefuseSuspension, DECIDE, &[InProgress], Next::Stay),
    line(TaskAction::Resume, By::Lead, HANDLE, &[Suspended], Next::To(InProgress)),
    line(TaskAction::Resume, By::Role, Some(DECIDE), &[Suspended], Next::To(InProgress)),
    line(TaskAction::Escalate, By::Role, DISPATCH, &[Pending, Returned], Next::To(Pending)),
    line(TaskAction::Escalate, By::Lead, HANDLE, &[Dispatched, InProgress], Next::To(Pending)),
    line(TaskAction::SendBack, By::Role, DISPATCH, &[Pending], Next::Stay),
    line(TaskAction::Urge, By::Role, Some(May::OverseeTask), AT_WORK, Next::Stay),
    line(TaskAction::Urge, By::System, None, AT_WORK, Next::Stay),
    line(TaskAction::Supervise, By::Role, Some(May::OverseeTask), AT_WORK, Next::Stay),
    line(TaskAction::AnswerSupervision, By::Lead, HANDLE, GIVEN, Next::Stay),
    line(TaskAction::AnswerSupervision, By::Role, DISPATCH, &[Pending, Returned], Next::Stay),
    line(TaskAction::Instruct, By::Role, Some(May::InstructTask), OPEN, Next::Stay),
    line(TaskAction::Resolve, By::Lead, HANDLE, &[InProgress], Next::To(Resolved)),
    others(TaskAction::AskFeedback, May::OverseeTask, &[Resolved], Next::Stay),
    others(TaskAction::Judge, May::JudgeResult, &[Resolved], Next::Stay),
    others(TaskAction::Judge, May::CheckTask, &[Resolved], Next::Stay),
    others(TaskAction::Check, May::CheckTask, &[Resolved], Next::Stay),
    others(TaskAction::Close, May::CloseTask, &[Resolved], Next::To(Closed)),
    line(TaskAction::Close, By::System, None, &[Resolved], Next::To(Closed)),
    others(TaskAction::Contest, May::JudgeResult, &[Closed], Next::To(Resolved)),
    others(TaskAction::Reopen, May::CheckTask, &[Resolved], Next::To(Dispatched)),
    line(TaskAction::Reopen, By::System, None, &[Resolved], Next::To(Dispatched)),
    line(TaskAction::Cancel, By::Role, Some(May::CancelTask), OPEN, Next::To(Cancelled)),
];

/// Returns from which the leader decides.
const TWICE: i32 = 2;

/// The lines of an action that hold of a task that was returned so often.
pub fn lines_after(action: TaskAction, returns: i32) -> impl Iterator<Item = &'static Line> {
    lines(action).filter(move |line| line.returned_twice.is_none_or(|twice| twice == (returns >= TWICE)))
}

/// The rights by which an action is taken on a task that was returned so often.
pub fn rights(action: TaskAction, returns: i32) -> impl Iterator<Item = May> {
    lines_after(action, returns).filter_map(|line| line.may)
}

/// The right by which a task is dispatched that was returned so often.
#[must_use]
pub fn dispatched_by(returns: i32) -> May {
    rights(TaskAction::Dispatch, returns).next().unwrap_or(May::DispatchTask)
}

/// The lines of an action.
pub fn lines(action: TaskAction) -> impl Iterator<Item = &'static Line> {
    LINES.iter().filter(move |line| line.action == action)
}

impl Line {
    /// The state that follows; none where it is not allowed.
    #[must_use]
    pub fn follow(&self, state: TaskState) -> Option<TaskState> {
        self.from.contains(&state).then_some(match self.next {
            Next::Stay => state,
            Next::To(next) => next,
        })
    }
}

impl By {
    /// The position of a part: of a lead, by whether others were offered it, too.
    #[must_use]
    pub fn of(role: PartRole, of_several: bool) -> Self {
        match (role, of_several) {
            (PartRole::CoHandler, _) => Self::CoHandler,
            (PartRole::Lead, false) => Self::Lead,
            (PartRole::Lead, true) => Self::OneOfSeveral,
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Role => "",
            Self::Lead => "lead (主办)",
            Self::OneOfSeveral => "one of several asked (多方待签收)",
            Self::CoHandler => "co-handler (协办)",
            Self::System => "the system (系统)",
        }
    }
}

/// The diagram and the table, as they are published.
#[must_use]
pub fn print(policy: &Policy) -> String {
    let mut text = String::from(
        "# How a task goes (任务流转)\n\nPrinted from the table that decides: `lianhu flow`. Whatever is in no line is refused with \
         `TransitionError`, which tells the state, the states that would allow it, and who may do it then; nothing is changed.\n\n\
         ```mermaid\nstateDiagram-v2\n  [*] --> PENDING : CREATE\n",
    );
    let mut drawn = HashSet::new();
    for line in LINES {
        let Next::To(next) = line.next else { continue };
        for from in line.from.iter().filter(|from| **from != next) {
            let arrow = format!("  {} --> {} : {}", from.to_value(), next.to_value(), line.action.to_value());
            if drawn.insert(arrow.clone()) {
                _ = writeln!(text, "{arrow}");
            }
        }
    }
    text.push_str("  CLOSED --> [*]\n  CANCELLED --> [*]\n```\n\n| action | by | from | to |\n| --- | --- | --- | --- |\n");
    for line in LINES {
        let roles = line.may.map(|may| policy.would_allow(may).join(", ")).unwrap_or_default();
        let by = match line.by {
            By::Role if line.never_handler => format!("{roles}; never a handler of the task"),
            By::Role if line.returned_twice == Some(true) => {
                format!("{roles}, of what was returned twice, and then nobody else")
            }
            By::Role => roles,
            by => by.words().to_owned(),
        };
        let from: Vec<String> = line.from.iter().map(ActiveEnum::to_value).collect();
        let next = match line.next {
            Next::Stay => "stays".to_owned(),
            Next::To(next) => next.to_value(),
        };
        _ = writeln!(text, "| `{}` | {by} | {} | {next} |", line.action.to_value(), from.join(" "));
    }
    text
}
