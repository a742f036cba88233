//! What the clock does to tasks: it urges at half of the time and at the deadline, and strikes off after a week of silence.
//!
//! Any number of processes may do this at once, and at any time: each task is looked at anew in a transaction of its own that
//! holds it, so that each event comes once, whatever was restarted and whichever clock was put forward.

use super::{
    clock::RUNNING,
    dispatch,
    flow::{self, By},
    parts, rule,
    step::{Step, take},
    tell,
};
use crate::{
    demand::{self, feedback},
    kernel::{clock::later, door::unscoped, error::Result, request::Ctx, work::Work},
};
use chrono::Duration;
use entity::{
    id::TaskId,
    kind::{TaskAction, TaskState},
    scalar::DateTime,
    task, task_event,
};
use sea_orm::{
    ColumnTrait, Condition, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Set,
    sea_query::{ExprTrait, LockType},
};

/// Tasks that are looked at in one go.
const SOME: u64 = 100;

/// What the clock does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    /// Half of the time is gone.
    Half,
    /// All of it is.
    Deadline,
    /// Nobody has said anything for a week.
    Silence,
}

impl Due {
    /// Tasks that wait for it.
    fn waiting(self, now: DateTime) -> Condition {
        use task::Column::{AskedAt, ClosedBy, DueAt, HalfAt, Open, State, UrgedDue, UrgedHalf};
        let all = Condition::all().add(Open.eq(true));
        match self {
            Self::Half => {
                all.add(State.is_in(RUNNING)).add(UrgedHalf.eq(false)).add(HalfAt.lte(now)).add(DueAt.gt(now))
            }
            Self::Deadline => all.add(State.is_in(RUNNING)).add(UrgedDue.eq(false)).add(DueAt.lte(now)),
            Self::Silence => all
                .add(State.eq(TaskState::Resolved))
                .add(AskedAt.lte(later(now, -Duration::days(rule::SILENT_DAYS))))
                .add(ClosedBy.is_null()),
        }
    }
}

/// Does what the clock asks for now; tells how many events came of it.
pub async fn tick(ctx: &Ctx) -> Result<u64> {
    let mut done = 0;
    for due in [Due::Half, Due::Deadline, Due::Silence] {
        let mut after = None::<TaskId>;
        loop {
            let mut some = unscoped::<task::Entity>()
                .select_only()
                .column(task::Column::Id)
                .filter(due.waiting(ctx.now()))
                .order_by_asc(task::Column::Id)
                .limit(SOME);
            if let Some(after) = after {
                some = some.filter(task::Column::Id.gt(after));
            }
            let ids: Vec<TaskId> = some.into_tuple().all(ctx.db().read()).await?;
            let Some(&last) = ids.last() else { break };
            after = Some(last);
            for id in ids {
                done += u64::from(ctx.operate(async |work| one(work, id, due).await).await?);
            }
        }
    }
    Ok(done)
}

/// One task, held, as it stands now; whether anything was done.
async fn one(work: &Work, id: TaskId, due: Due) -> Result<bool> {
    let found = unscoped::<task::Entity>()
        .filter(task::Column::Id.eq(id).and(task::Column::Open.eq(true)))
        .filter(due.waiting(work.now()))
        .lock(LockType::NoKeyUpdate)
        .one(&work.tx)
        .await?;
    let Some(mut task) = found else { return Ok(false) };
    if due == Due::Silence {
        return silent(work, &mut task).await;
    }
    let mut change = task::ActiveModel { urged_half: Set(true), ..Default::default() };
    if due == Due::Deadline {
        change.urged_due = Set(true);
    }
    let line = flow::lines(TaskAction::Urge).find(|line| line.by == By::System);
    let Some(next) = line.and_then(|line| line.follow(task.state)) else { return Ok(false) };
    let note = if due == Due::Half {
        "时限过半，系统自动催办。"
    } else {
        "时限已到，系统自动催办。"
    };
    let step = Step { action: TaskAction::Urge, next, part: None, note: Some(note.to_owned()) };
    take(work, &mut task, change, step).await?;
    let rows = parts(work, id).await?;
    let handlers = rows.iter().filter(|part| part.live).map(|part| (part.department_id, part.cadre_id));
    tell::handlers(work, &task, handlers, tell::URGED).await?;
    Ok(true)
}

/// Whether it was contested since it was resolved.
async fn is_contested(work: &Work, task: &task::Model) -> Result<bool> {
    let contested = unscoped::<task_event::Entity>()
        .filter(task_event::Column::TaskId.eq(task.id))
        .filter(task_event::Column::Action.eq(TaskAction::Contest))
        .filter(task_event::Column::At.gte(task.resolved_at))
        .limit(1)
        .count(&work.tx)
        .await?;
    Ok(contested > 0)
}

/// Strikes a task off that nobody has said anything of: not one that was judged, and no anonymous or contested one, which a
/// supervisor checks.
async fn silent(work: &Work, task: &mut task::Model) -> Result<bool> {
    let demands = demand::of_task(work, task.id).await?;
    let judged = feedback::of_round(work, task.id, task.round).await?;
    let anonymous = demands.iter().any(|row| row.anonymous);
    let to_be_checked = anonymous || is_contested(work, task).await?;
    if !judged.is_empty() || to_be_checked && task.checked_by.is_none() {
        return Ok(false);
    }
    let line = flow::lines(TaskAction::Close).find(|line| line.by == By::System);
    let Some(next) = line.and_then(|line| line.follow(task.state)) else { return Ok(false) };
    let rows = parts(work, task.id).await?;
    dispatch::lapse(work, &rows, |_| true).await?;
    let change = task::ActiveModel {
        closed_at: Set(Some(work.now())),
        closed_silently: Set(true),
        ..Default::default()
    };
    let step = Step { action: TaskAction::Close, next, part: None, note: None };
    take(work, task, change, step).await?;
    tell::residents(work, task, &demands, tell::CLOSED).await?;
    Ok(true)
}
