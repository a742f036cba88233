//! What those above do: urge, supervise, instruct, cancel.

use super::{
    dispatch, hold,
    input::{Note, TaskCancelInput, TaskInstructInput, TaskSuperviseInput, TaskUrgeInput},
    leave, parts, rule,
    step::{Step, allow, take},
    tell,
};
use crate::{
    demand,
    kernel::{error::Result, work::Work},
};
use entity::{
    kind::{TaskAction, TaskRequestKind},
    task,
};
use uuid::Uuid;

/// Urges the handlers.
pub async fn urge(work: &Work, input: TaskUrgeInput) -> Result<Uuid> {
    press(work, input.into(), TaskAction::Urge, tell::URGED).await
}

/// Supervises: an answer is owed.
pub async fn supervise(work: &Work, input: TaskSuperviseInput) -> Result<Uuid> {
    press(work, input.into(), TaskAction::Supervise, tell::SUPERVISED).await
}

/// Instructs.
pub async fn instruct(work: &Work, input: TaskInstructInput) -> Result<Uuid> {
    press(work, input.into(), TaskAction::Instruct, tell::INSTRUCTED).await
}

async fn press(work: &Work, input: Note, action: TaskAction, told: tell::Told) -> Result<Uuid> {
    let Note { id, expected_version, note } = input;
    let mut task = hold(work, id, "id").await?;
    let rows = parts(work, id).await?;
    let allowed = allow(work, &task, &rows, action)?;
    work.stands::<task::Entity>(id.0, expected_version).await?;
    let note = rule::noted(&note)?;
    if action == TaskAction::Supervise {
        leave::must_be_answered(work, id).await?;
        leave::ask(work, id, TaskRequestKind::Supervision, &note, None).await?;
    }
    take(work, &mut task, task::ActiveModel::default(), Step::new(action, &allowed, Some(note))).await?;
    let live = rows.iter().filter(|part| part.live).map(|part| (part.department_id, part.cadre_id));
    tell::handlers(work, &task, live, told).await?;
    Ok(id.0)
}

/// Cancels a task that was entered in error. Its demands are open again.
pub async fn cancel(work: &Work, input: TaskCancelInput) -> Result<Uuid> {
    let Note { id, expected_version, note } = input.into();
    let mut task = hold(work, id, "id").await?;
    let rows = parts(work, id).await?;
    let allowed = allow(work, &task, &rows, TaskAction::Cancel)?;
    work.stands::<task::Entity>(id.0, expected_version).await?;
    let note = rule::noted(&note)?;
    dispatch::lapse(work, &rows, |_| true).await?;
    leave::lapse(work, id).await?;
    demand::free(work, id).await?;
    let change = task::ActiveModel {
        review_on: sea_orm::Set(None),
        closed_at: sea_orm::Set(Some(work.now())),
        ..Default::default()
    };
    take(work, &mut task, change, Step::new(TaskAction::Cancel, &allowed, Some(note))).await?;
    Ok(id.0)
}
