//! The clocks of a task: when it is due, when amber, when it is urged.

use crate::{
    calendar::{
        self,
        reckon::{Calendar, Deadline, Pause},
        terms::{Allotment, PETITION_SETTLE},
    },
    kernel::{
        clock::{later, midnight},
        door::unscoped,
        error::{Error, Result},
        work::Work,
    },
};
use chrono::Duration;
use entity::{
    id::{RegionId, TaskId},
    kind::{TaskRequestKind, TaskRequestState, TaskState, Urgency},
    scalar::{Date, DateTime},
    task, task_request,
};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, Set};

/// What a resolution is allotted: by urgency, or by statute.
fn allotted(calendar: &Calendar, petition: bool, urgency: Urgency) -> Allotment {
    if petition { PETITION_SETTLE } else { calendar.terms_of(urgency).resolve }
}

/// By when it is to be resolved that is of an urgency and began at a moment.
pub(super) async fn resolution(
    work: &Work,
    county: RegionId,
    petition: bool,
    urgency: Urgency,
    from: DateTime,
) -> Result<Deadline> {
    let calendar = calendar::in_work(work, county).await?;
    let allotted = allotted(&calendar, petition, urgency);
    calendar.deadline(allotted, from, &[]).ok_or_else(|| Error::internal("a deadline that never comes"))
}

/// By when it is to be claimed.
pub(super) async fn response(
    work: &Work,
    county: RegionId,
    urgency: Urgency,
    from: DateTime,
) -> Result<DateTime> {
    let calendar = calendar::in_work(work, county).await?;
    let deadline = calendar.response(urgency, from);
    Ok(deadline.ok_or_else(|| Error::internal("a deadline that never comes"))?.due)
}

/// Sets the moments of a deadline.
pub(super) fn set(change: &mut task::ActiveModel, deadline: &Deadline) {
    change.allotted = Set(deadline.allotted.amount);
    change.allotted_unit = Set(deadline.allotted.unit);
    change.half_at = Set(deadline.half);
    change.amber_at = Set(deadline.amber);
    change.due_at = Set(deadline.due);
    change.urged_half = Set(false);
    change.urged_due = Set(false);
}

/// Sets a deadline that somebody decided: half and amber are shares of what lies between.
pub(super) fn set_due(change: &mut task::ActiveModel, from: DateTime, due: DateTime) {
    let whole = (due.0 - from.0).num_milliseconds();
    let share = |hundredths: i64| later(from, Duration::milliseconds(whole * hundredths / 100));
    change.half_at = Set(share(calendar::reckon::HALF));
    change.amber_at = Set(share(calendar::reckon::AMBER));
    change.due_at = Set(due);
    change.urged_half = Set(false);
    change.urged_due = Set(false);
}

/// The end of a day: the first moment that is too late.
pub(super) fn end_of(day: Date) -> DateTime {
    midnight(Date(day.0.succ_opt().unwrap_or(day.0)))
}

/// The pauses of a task of this round: suspensions that were granted.
async fn pauses(work: &Work, task: TaskId, since: DateTime) -> Result<Vec<Pause>> {
    let rows = unscoped::<task_request::Entity>()
        .filter(task_request::Column::TaskId.eq(task))
        .filter(task_request::Column::Kind.eq(TaskRequestKind::Suspension))
        .filter(task_request::Column::State.eq(TaskRequestState::Granted))
        .order_by_asc(task_request::Column::DecidedAt)
        .all(&work.tx)
        .await?;
    let spans = rows.into_iter().filter_map(|row| Some((row.decided_at?, row.ended_at)));
    Ok(spans.filter(|(from, _)| *from >= since).collect())
}

/// The deadline of a task that goes on after a pause: what was allotted, with the pauses taken out; one that somebody decided
/// moves by as long as the last pause was.
pub(super) async fn after_pause(
    work: &Work,
    task: &task::Model,
    change: &mut task::ActiveModel,
) -> Result<()> {
    let pauses = pauses(work, task.id, task.clock_from).await?;
    let allotment = Allotment { amount: task.allotted, unit: task.allotted_unit };
    let calendar = calendar::in_work(work, task.county_id).await?;
    let plain = calendar.deadline(allotment, task.clock_from, &[]).map(|deadline| deadline.due);
    let (before, now) = (pauses.split_last().map_or(&[][..], |(_, before)| before), &pauses[..]);
    let reckoned = calendar.deadline(allotment, task.clock_from, before).map(|deadline| deadline.due);
    if (reckoned == Some(task.due_at) || plain == Some(task.due_at))
        && let Some(deadline) = calendar.deadline(allotment, task.clock_from, now)
    {
        set(change, &deadline);
        return Ok(());
    }
    let last = pauses.last().and_then(|(from, until)| Some((*from, (*until)?)));
    let stood = last.map_or(Duration::zero(), |(from, until)| until.0 - from.0);
    set_due(change, task.clock_from, later(task.due_at, stood));
    Ok(())
}

/// States in which the clock of a task runs.
pub const RUNNING: [TaskState; 4] =
    [TaskState::Pending, TaskState::Dispatched, TaskState::InProgress, TaskState::Returned];

/// Whether the clock of a task runs in a state.
#[must_use]
pub fn is_running(state: TaskState) -> bool {
    RUNNING.contains(&state)
}
