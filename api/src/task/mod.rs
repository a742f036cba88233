//! Tasks (任务): the numbered pieces of work that answer demands, from dispatch to strike-off.
//!
//! `flow` is the one table of what may be done in which state, by whom. Every step changes the task, raises its version and
//! adds one event to the ledger in the same transaction; the ledger is never edited. A task's number has no gap in its
//! township and year. A task has a lead, co-handlers each with a part and a clock of their own, or is offered to several, of
//! whom the first to claim leads. Whoever handles it never judges it.

pub mod clock;
pub mod create;
pub mod dispatch;
pub mod erase;
pub mod finish;
pub mod flow;
pub mod handle;
pub mod input;
pub mod ledger;
pub mod leave;
pub mod mutation;
pub mod object;
pub mod oversee;
mod rule;
mod step;
mod tell;
pub mod upkeep;

use crate::kernel::{
    door,
    error::{Refusal, RefusalCode, Result},
    place::Place,
    policy::May,
    record::Record,
    refusal::Detail,
    request::Ctx,
    scope::Facts,
    work::Work,
};
use entity::{
    id::{CadreId, DepartmentId, MilestoneId, TaskEventId, TaskId, TaskPartId, TaskRequestId},
    task, task_event, task_milestone, task_part, task_request,
};
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::LockType};

/// A handler of a part: a department or a cadre.
type Party = (Option<DepartmentId>, Option<CadreId>);

impl Record for task::Entity {
    const NAME: &'static str = TaskId::PREFIX;
    const INTERNAL: &'static [&'static str] = &[
        "number",
        "state",
        "field",
        "category_id",
        "urgency",
        "household_id",
        "enterprise_id",
        "leader_id",
        "lead_department_id",
        "lead_cadre_id",
        "due_at",
        "returns",
        "extensions",
        "round",
        "resolved_at",
        "closed_at",
    ];
}

impl Record for task_part::Entity {
    const NAME: &'static str = TaskPartId::PREFIX;
    const INTERNAL: &'static [&'static str] =
        &["task_id", "role", "department_id", "cadre_id", "state", "due_at"];
}

impl Record for task_event::Entity {
    const NAME: &'static str = TaskEventId::PREFIX;
    const INTERNAL: &'static [&'static str] = &["task_id", "step", "action", "from_state", "to_state"];
}

impl Record for task_milestone::Entity {
    const NAME: &'static str = MilestoneId::PREFIX;
    const INTERNAL: &'static [&'static str] = &["task_id", "due_on", "reached_at"];
}

impl Record for task_request::Entity {
    const NAME: &'static str = TaskRequestId::PREFIX;
    const INTERNAL: &'static [&'static str] = &["task_id", "kind", "state", "until_on"];
}

/// Where what a task concerns stands.
#[must_use]
pub fn place(row: &task::Model) -> Place {
    Place {
        county_id: Some(row.county_id),
        township_id: row.township_id,
        village_id: row.village_id,
        group_id: row.group_id,
        grid_id: row.grid_id,
    }
}

/// What rights over a task are decided by.
#[must_use]
pub fn facts(row: &task::Model) -> Facts<'static> {
    Facts {
        place: place(row),
        household: row.household_id,
        enterprise: row.enterprise_id,
        task: Some(row.id),
        ..Facts::default()
    }
}

/// The same for what its desk alone may do: once it was handed up, the desk above.
#[must_use]
pub fn desk_facts(row: &task::Model) -> Facts<'static> {
    if row.township_id.is_none() || row.desk_id != row.county_id {
        return facts(row);
    }
    Facts {
        place: Place { county_id: Some(row.county_id), ..Place::default() },
        task: Some(row.id),
        ..Facts::default()
    }
}

/// A task that the viewer sees, held until the command is done.
pub async fn hold(work: &Work, id: TaskId, field: &str) -> Result<task::Model> {
    find(&work.ctx, &work.tx, id, field).await
}

async fn find(ctx: &Ctx, db: &impl ConnectionTrait, id: TaskId, field: &str) -> Result<task::Model> {
    ctx.within::<task::Entity>()
        .filter(task::Column::Id.eq(id))
        .lock(LockType::NoKeyUpdate)
        .one(db)
        .await?
        .ok_or_else(|| Refusal::not_found(field).into())
}

/// A step that the viewer may attach files to: they took it, may still take such a step, and the task is not over. The task is
/// held until the command is done.
pub async fn changeable(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    id: TaskEventId,
    field: &str,
) -> Result<task_event::Model> {
    let event = ctx
        .within::<task_event::Entity>()
        .filter(task_event::Column::Id.eq(id))
        .one(db)
        .await?
        .ok_or_else(|| Refusal::not_found(field))?;
    let row = find(ctx, db, event.task_id, field).await?;
    let own = ctx.viewer().is_some_and(|viewer| Some(viewer.account) == event.account_id);
    if !own {
        return Err(Refusal::new(
            RefusalCode::Forbidden,
            field,
            "只有本人办理的记录才能添加或删除附件。",
            "Files are attached to one's own steps, and removed from them.",
        )
        .with(Detail::Requires(vec!["AUTHOR".to_owned()]))
        .into());
    }
    let rights: Vec<May> = flow::lines(event.action).filter_map(|line| line.may).collect();
    if !rights.iter().any(|&may| ctx.may(may, &facts(&row))) {
        return Err(rights
            .first()
            .map_or_else(|| Refusal::not_found(field).into(), |&may| ctx.forbidden(may)));
    }
    if !row.open {
        return Err(
            Refusal::new(RefusalCode::State, field, "任务已经结束。", "The task is over already.").into()
        );
    }
    Ok(event)
}

/// The parts of a task, all of them, as they were offered.
pub async fn parts(work: &Work, id: TaskId) -> Result<Vec<task_part::Model>> {
    Ok(door::unscoped::<task_part::Entity>()
        .filter(task_part::Column::TaskId.eq(id))
        .order_by_asc(task_part::Column::OfferedAt)
        .order_by_asc(task_part::Column::Id)
        .all(&work.tx)
        .await?)
}
