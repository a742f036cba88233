//! What handlers do: claim, return, tell how far it is, reach milestones, complete a part, resolve.

use super::{
    dispatch::{self, lead},
    hold,
    input::{
        MilestoneReachInput, Note, TaskClaimInput, TaskPartCompleteInput, TaskProgressInput,
        TaskResolveInput, TaskReturnInput,
    },
    leave, parts, rule,
    step::{Allowed, Step, allow, take},
    tell,
};
use crate::{
    demand,
    kernel::{
        door::unscoped,
        error::{Error, Refusal, RefusalCode, Result},
        refusal::Checks,
        work::Work,
    },
};
use entity::{
    kind::{ChangeKind, PartRole, PartState, TaskAction},
    task, task_milestone, task_part,
};
use sea_orm::{ColumnTrait, QueryFilter, Set};
use uuid::Uuid;

/// The own part that a step is about.
fn own(allowed: &Allowed) -> Result<&task_part::Model> {
    allowed.part.as_ref().ok_or_else(|| Error::internal("a handler without a part"))
}

fn must_be(part: &task_part::Model, states: &[PartState], zh: &str, en: &str) -> Result<()> {
    if states.contains(&part.state) {
        return Ok(());
    }
    Err(Refusal::new(RefusalCode::State, "id", zh, en).into())
}

/// Claims the own part. Of several who were asked, the first leads, and the others are free.
pub async fn claim(work: &Work, input: TaskClaimInput) -> Result<Uuid> {
    let TaskClaimInput { idempotency_key: _, id, expected_version } = input;
    let mut task = hold(work, id, "id").await?;
    let rows = parts(work, id).await?;
    let allowed = allow(work, &task, &rows, TaskAction::Claim)?;
    work.stands::<task::Entity>(id.0, expected_version).await?;
    let part = own(&allowed)?;
    must_be(part, &[PartState::Offered], "您已签收。", "You have claimed it already.")?;
    let row = task_part::ActiveModel {
        id: Set(part.id),
        state: Set(PartState::Claimed),
        claimed_at: Set(Some(work.now())),
        ..Default::default()
    };
    work.update(row, part.version, ChangeKind::Updated).await?;
    let mut change = task::ActiveModel::default();
    if part.role == PartRole::Lead {
        dispatch::lapse(work, &rows, |other| other.role == PartRole::Lead && other.id != part.id).await?;
        lead(&mut change, &task, Some((part.department_id, part.cadre_id)));
        if task.responded_at.is_none() {
            change.responded_at = Set(Some(work.now()));
        }
    }
    take(work, &mut task, change, Step::new(TaskAction::Claim, &allowed, None)).await?;
    Ok(id.0)
}

/// Returns the own part, with a reason. A lead's return returns the task, unless others are still asked; a co-handler's frees
/// its part alone.
pub async fn give_back(work: &Work, input: TaskReturnInput) -> Result<Uuid> {
    let Note { id, expected_version, note } = input.into();
    let mut task = hold(work, id, "id").await?;
    let rows = parts(work, id).await?;
    let allowed = allow(work, &task, &rows, TaskAction::Return)?;
    work.stands::<task::Entity>(id.0, expected_version).await?;
    let part = own(&allowed)?;
    must_be(
        part,
        &[PartState::Offered, PartState::Claimed],
        "您的部分已完成，不能退回。",
        "Your part is done, and cannot be returned.",
    )?;
    let note = rule::noted(&note)?;
    let row = task_part::ActiveModel {
        id: Set(part.id),
        state: Set(PartState::Returned),
        live: Set(false),
        ended_at: Set(Some(work.now())),
        answer: Set(Some(note.clone())),
        ..Default::default()
    };
    work.update(row, part.version, ChangeKind::Ended).await?;
    dispatch::raise(work, [(part.department_id, part.cadre_id)]).await?;
    let mut change = task::ActiveModel::default();
    let before = task.state;
    if allowed.next != before {
        change.returns = Set(task.returns + 1);
        dispatch::lapse(work, &rows, |other| other.id != part.id).await?;
        lead(&mut change, &task, None);
    }
    let returned = allowed.next != before;
    take(work, &mut task, change, Step::new(TaskAction::Return, &allowed, Some(note))).await?;
    if returned {
        tell::accounts(work, &task, [task.created_by], tell::RETURNED).await?;
    }
    Ok(id.0)
}

/// Tells how far it is.
pub async fn progress(work: &Work, input: TaskProgressInput) -> Result<Uuid> {
    let Note { id, expected_version, note } = input.into();
    let mut task = hold(work, id, "id").await?;
    let allowed = allow(work, &task, &parts(work, id).await?, TaskAction::Progress)?;
    work.stands::<task::Entity>(id.0, expected_version).await?;
    let note = rule::noted(&note)?;
    take(
        work,
        &mut task,
        task::ActiveModel::default(),
        Step::new(TaskAction::Progress, &allowed, Some(note)),
    )
    .await?;
    Ok(id.0)
}

/// Notes that a milestone was reached.
pub async fn reach(work: &Work, input: MilestoneReachInput) -> Result<Uuid> {
    let MilestoneReachInput { idempotency_key: _, id, expected_version, milestone_id, note } = input;
    let mut task = hold(work, id, "id").await?;
    let allowed = allow(work, &task, &parts(work, id).await?, TaskAction::ReachMilestone)?;
    work.stands::<task::Entity>(id.0, expected_version).await?;
    let row = unscoped::<task_milestone::Entity>()
        .filter(task_milestone::Column::Id.eq(milestone_id))
        .filter(task_milestone::Column::TaskId.eq(id))
        .one(&work.tx)
        .await?
        .ok_or_else(|| Refusal::not_found("milestoneId"))?;
    let mut checks = Checks::default();
    let note = checks.optional_text("note", note.as_deref(), rule::NOTE);
    checks.require(row.reached_at.is_none(), || {
        Refusal::new(
            RefusalCode::State,
            "milestoneId",
            "此节点已完成。",
            "This milestone was reached already.",
        )
    });
    checks.done()?;
    let change = task_milestone::ActiveModel {
        id: Set(row.id),
        reached_at: Set(Some(work.now())),
        ..Default::default()
    };
    work.update(change, row.version, ChangeKind::Updated).await?;
    let note = note.map_or_else(|| row.title.clone(), |note| format!("{}：{note}", row.title));
    let step = Step::new(TaskAction::ReachMilestone, &allowed, Some(note));
    take(work, &mut task, task::ActiveModel::default(), step).await?;
    Ok(id.0)
}

/// Completes the own part as a co-handler, with what came of it.
pub async fn complete(work: &Work, input: TaskPartCompleteInput) -> Result<Uuid> {
    let TaskPartCompleteInput { idempotency_key: _, id, expected_version, answer } = input;
    let mut task = hold(work, id, "id").await?;
    let allowed = allow(work, &task, &parts(work, id).await?, TaskAction::CompletePart)?;
    work.stands::<task::Entity>(id.0, expected_version).await?;
    let part = own(&allowed)?;
    must_be(
        part,
        &[PartState::Claimed],
        "应先签收，且未完成。",
        "Claim it first; and it is completed once.",
    )?;
    let mut checks = Checks::default();
    let answer = checks.text("answer", &answer, rule::CONTENT);
    checks.done()?;
    done(work, part, &answer).await?;
    let step = Step::new(TaskAction::CompletePart, &allowed, Some(answer));
    take(work, &mut task, task::ActiveModel::default(), step).await?;
    Ok(id.0)
}

async fn done(work: &Work, part: &task_part::Model, answer: &str) -> Result<()> {
    let row = task_part::ActiveModel {
        id: Set(part.id),
        state: Set(PartState::Done),
        ended_at: Set(Some(work.now())),
        answer: Set(Some(answer.to_owned())),
        ..Default::default()
    };
    work.update(row, part.version, ChangeKind::Updated).await?;
    Ok(())
}

/// Resolves a task, with its result: once all co-handlers are done, and every supervision is answered.
pub async fn resolve(work: &Work, input: TaskResolveInput) -> Result<Uuid> {
    let TaskResolveInput { idempotency_key: _, id, expected_version, result } = input;
    let mut task = hold(work, id, "id").await?;
    let rows = parts(work, id).await?;
    let allowed = allow(work, &task, &rows, TaskAction::Resolve)?;
    work.stands::<task::Entity>(id.0, expected_version).await?;
    let part = own(&allowed)?;
    let open = |other: &&task_part::Model| {
        other.live && other.role == PartRole::CoHandler && other.state != PartState::Done
    };
    let waiting = rows.iter().filter(open).count();
    if waiting > 0 {
        return Err(Refusal::new(
            RefusalCode::State,
            "id",
            format!("还有 {waiting} 个协办方未完成。"),
            format!("{waiting} co-handlers are not done yet."),
        )
        .into());
    }
    leave::must_be_answered(work, id).await?;
    let mut checks = Checks::default();
    let result = checks.text("result", &result, rule::CONTENT);
    checks.done()?;
    leave::lapse(work, id).await?;
    done(work, part, &result).await?;
    let demands = demand::of_task(work, id).await?;
    let asked = tell::residents(work, &task, &demands, tell::TO_JUDGE).await?;
    let change = task::ActiveModel {
        result: Set(Some(result.clone())),
        resolved_at: Set(Some(work.now())),
        asked_at: Set(asked.then(|| work.now())),
        ..Default::default()
    };
    take(work, &mut task, change, Step::new(TaskAction::Resolve, &allowed, Some(result))).await?;
    Ok(id.0)
}
