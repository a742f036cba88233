//! Demands (诉求): what somebody asked for, suggested, complained of or warned of, by which way it came in, and what was
//! decided.
//!
//! Registered by a resident for the own household, by an enterprise's representative, by contacts and grid workers, at a
//! desk, or by another system. It is settled on the spot, accepted into a task (`task`), or declined with a reason; whoever
//! raised it is told, and may object once. Likely duplicates are shown to whoever accepts (`alike`), and merged by nobody
//! else. An anonymous demand has no household and no name; nobody can be asked about it. A suggestion or complaint that is
//! about somebody is shown to them without its author.

pub mod alike;
pub mod decide;
pub mod erase;
pub mod feedback;
pub mod input;
pub mod mutation;
pub mod object;
pub mod register;
mod rule;
mod tell;

use crate::kernel::{
    door,
    error::{Error, Refusal, RefusalCode, Result},
    place::Place,
    policy::May,
    record::Record,
    refusal::{Detail, Transition},
    request::Ctx,
    scope::Facts,
    work::Work,
};
use entity::{
    demand,
    id::{DemandId, FeedbackId, TaskId},
    kind::{ChangeKind, DemandState},
};
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter, QueryOrder, QuerySelect, Set, sea_query::LockType};

impl Record for demand::Entity {
    const NAME: &'static str = DemandId::PREFIX;
    const INTERNAL: &'static [&'static str] = &[
        "kind",
        "channel",
        "field",
        "category_id",
        "urgency",
        "state",
        "household_id",
        "enterprise_id",
        "region_id",
        "task_id",
        "merged_into_id",
        "adoption",
    ];
}

impl Record for entity::feedback::Entity {
    const NAME: &'static str = FeedbackId::PREFIX;
    const INTERNAL: &'static [&'static str] =
        &["demand_id", "task_id", "round", "settled", "satisfaction", "by_phone"];
}

/// Where what a demand is of stands.
#[must_use]
pub fn place(row: &demand::Model) -> Place {
    Place {
        county_id: Some(row.county_id),
        township_id: row.township_id,
        village_id: row.village_id,
        group_id: row.group_id,
        grid_id: row.grid_id,
    }
}

/// What rights over a demand are decided by.
#[must_use]
pub fn facts(row: &demand::Model) -> Facts<'static> {
    Facts {
        place: place(row),
        household: row.household_id,
        enterprise: row.enterprise_id,
        task: row.task_id,
        ..Facts::default()
    }
}

/// A demand that the viewer sees, held until the command is done.
pub async fn hold(work: &Work, id: DemandId, field: &str) -> Result<demand::Model> {
    find(&work.ctx, &work.tx, id, field).await
}

async fn find(ctx: &Ctx, db: &impl ConnectionTrait, id: DemandId, field: &str) -> Result<demand::Model> {
    ctx.within::<demand::Entity>()
        .filter(demand::Column::Id.eq(id))
        .lock(LockType::NoKeyUpdate)
        .one(db)
        .await?
        .ok_or_else(|| Refusal::not_found(field).into())
}

/// The same, if the viewer may attach files to it: they registered or raised it, and it was not refused or withdrawn.
pub async fn changeable(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    id: DemandId,
    field: &str,
) -> Result<demand::Model> {
    let row = find(ctx, db, id, field).await?;
    ctx.must(May::RegisterDemand, &facts(&row))?;
    if ctx.viewer().is_none_or(|viewer| viewer.account != row.registered_by) && !is_author(ctx, &row) {
        return Err(not_author(field));
    }
    must_be(&row, &[DemandState::Registered, DemandState::Accepted], field)?;
    Ok(row)
}

/// The demands of a task, held until the command is done.
pub async fn of_task(work: &Work, task: TaskId) -> Result<Vec<demand::Model>> {
    Ok(door::unscoped::<demand::Entity>()
        .filter(demand::Column::TaskId.eq(task))
        .order_by_asc(demand::Column::RegisteredAt)
        .order_by_asc(demand::Column::Id)
        .lock(LockType::NoKeyUpdate)
        .all(&work.tx)
        .await?)
}

/// Lets demands belong to a task from now on. Whoever calls has the right, and holds them.
pub async fn accept_into(work: &Work, rows: &[demand::Model], task: TaskId) -> Result<()> {
    let by = work.ctx.signed_in()?.account;
    for row in rows {
        let change = demand::ActiveModel {
            id: Set(row.id),
            state: Set(DemandState::Accepted),
            task_id: Set(Some(task)),
            decided_at: Set(Some(work.now())),
            decided_by: Set(Some(by)),
            ..Default::default()
        };
        work.update(change, row.version, ChangeKind::Updated).await?;
    }
    Ok(())
}

/// Lets the demands of a task that was cancelled be open again.
pub async fn free(work: &Work, task: TaskId) -> Result<()> {
    for row in of_task(work, task).await? {
        let change = demand::ActiveModel {
            id: Set(row.id),
            state: Set(DemandState::Registered),
            task_id: Set(None),
            decided_at: Set(None),
            decided_by: Set(None),
            ..Default::default()
        };
        work.update(change, row.version, ChangeKind::Updated).await?;
    }
    Ok(())
}

/// Refuses unless the demand is in one of these states.
pub fn must_be(row: &demand::Model, allowed: &[DemandState], field: &str) -> Result<()> {
    use sea_orm::ActiveEnum;
    if allowed.contains(&row.state) {
        return Ok(());
    }
    let names: Vec<String> = allowed.iter().map(ActiveEnum::to_value).collect();
    Err(Refusal::new(
        RefusalCode::State,
        field,
        format!("诉求目前的状态不允许此操作；应为 {}。", names.join("、")),
        format!("The state of the demand does not allow this; it should be {}.", names.join(" or ")),
    )
    .with(Detail::State(Box::new(Transition {
        current: row.state.to_value(),
        allowed: names,
        roles: Vec::new(),
    })))
    .into())
}

/// Whether the viewer is who raised it: whoever registered it for themselves, or the household or enterprise itself.
#[must_use]
pub fn is_author(ctx: &Ctx, row: &demand::Model) -> bool {
    let own = ctx.viewer().is_some_and(|viewer| viewer.account == row.registered_by);
    own && !row.spoken_for || ctx.may(May::JudgeResult, &facts(row))
}

/// The refusal of what only the author may do.
pub(crate) const NOT_AUTHOR: (&str, &str) =
    ("只有提出诉求的人可以进行此操作。", "This is for whoever raised the demand.");

/// Refuses unless the viewer is who raised it.
pub(crate) fn must_be_author(work: &Work, row: &demand::Model) -> Result<()> {
    if is_author(&work.ctx, row) { Ok(()) } else { Err(not_author("id")) }
}

fn not_author(field: &str) -> Error {
    Refusal::new(RefusalCode::Forbidden, field, NOT_AUTHOR.0, NOT_AUTHOR.1)
        .with(Detail::Requires(vec!["AUTHOR".to_owned()]))
        .into()
}
