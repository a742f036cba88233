//! Accepting demands into a task, a new one or one that is there; and its number.

use super::{
    clock, hold,
    input::{DemandAcceptInput, NewTaskInput},
    parts, rule,
    step::{Step, allow, event, take},
    tell,
};
use crate::{
    demand,
    kernel::{
        clock::civil,
        door::unscoped,
        error::{Error, Refusal, Result},
        policy::May,
        refusal::Checks,
        work::Work,
    },
};
use chrono::Datelike;
use entity::{
    demand as demand_row,
    id::{RegionId, TaskId},
    kind::{DemandKind, DemandState, TaskAction, TaskState},
    region, task, task_event, task_number,
};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect, Set,
    sea_query::{Expr, ExprTrait, OnConflict},
};
use std::collections::HashSet;
use uuid::Uuid;

/// The next number of a township and year. Whoever takes it holds it until the end of the transaction: none is skipped, none
/// given twice.
async fn number(work: &Work, desk: RegionId) -> Result<String> {
    let code: Option<String> = unscoped::<region::Entity>()
        .select_only()
        .column(region::Column::Code)
        .filter(region::Column::Id.eq(desk))
        .into_tuple()
        .one(&work.tx)
        .await?;
    let code = code.ok_or_else(|| Error::internal("a task without a township"))?;
    let year = civil(work.now()).0.year();
    let first = task_number::ActiveModel { code: Set(code.clone()), year: Set(year), last: Set(1) };
    let last = Expr::col((task_number::Entity, task_number::Column::Last));
    let next = OnConflict::columns([task_number::Column::Code, task_number::Column::Year])
        .value(task_number::Column::Last, last.add(1))
        .to_owned();
    let row = task_number::Entity::insert(first).on_conflict(next).exec_with_returning(&work.tx).await?;
    Ok(format!("{code}-{year}-{:06}", row.last))
}

/// The title of a task where nobody gave one: how what was asked begins.
fn titled(content: Option<&str>) -> String {
    let text = content.unwrap_or("诉求").split(['。', '\n', '；']).next().unwrap_or_default();
    text.chars().take(30).collect()
}

/// Accepts demands into a task.
pub async fn accept(work: &Work, input: DemandAcceptInput) -> Result<Uuid> {
    let DemandAcceptInput { idempotency_key: _, ids, expected_version, task_id, task: new } = input;
    let mut checks = Checks::default();
    let mut seen = HashSet::new();
    checks.require((1..=rule::DEMANDS).contains(&ids.len()), || {
        Refusal::rule(
            "count",
            "ids",
            format!("应受理 1 至 {} 项诉求。", rule::DEMANDS),
            format!("From one to {} demands are accepted.", rule::DEMANDS),
        )
    });
    for (at, id) in ids.iter().enumerate() {
        checks.require(seen.insert(*id), || {
            Refusal::rule("once", &format!("ids.{at}"), "不能重复。", "Each once.")
        });
    }
    checks.require(task_id.is_none() || new.is_none(), || {
        Refusal::rule("one-of", "task", "并入已有任务时不写明新任务。", "Name a task, or say a new one.")
    });
    checks.done()?;
    let mut sorted: Vec<_> = ids.iter().copied().enumerate().collect();
    sorted.sort_by_key(|(_, id)| *id);
    let mut held = Vec::new();
    for (at, id) in sorted {
        let field = format!("ids.{at}");
        let row = demand::hold(work, id, &field).await?;
        work.ctx.must(May::AcceptDemand, &demand::facts(&row))?;
        held.push((at, field, row));
    }
    held.sort_by_key(|(at, ..)| *at);
    if let Some((_, _, first)) = held.first() {
        work.stands::<demand_row::Entity>(first.id.0, expected_version).await?;
    }
    for (_, field, row) in &held {
        demand::must_be(row, &[DemandState::Registered], field)?;
    }
    let rows: Vec<demand_row::Model> = held.into_iter().map(|(.., row)| row).collect();
    match task_id {
        Some(id) => join(work, id, &rows).await,
        None => create(work, &rows, new).await,
    }
}

/// Refuses demands that lie elsewhere than the first, or than the task.
fn one_township(rows: &[demand_row::Model], (county, township): (RegionId, Option<RegionId>)) -> Result<()> {
    let mut checks = Checks::default();
    for (at, row) in rows.iter().enumerate() {
        checks.require(row.county_id == county && row.township_id == township, || {
            Refusal::rule("township", &format!("ids.{at}"), "应在同一乡镇。", "They are of one township.")
        });
    }
    checks.done()
}

async fn join(work: &Work, id: TaskId, rows: &[demand_row::Model]) -> Result<Uuid> {
    let mut task = hold(work, id, "taskId").await?;
    let allowed = allow(work, &task, &parts(work, id).await?, TaskAction::Join)?;
    one_township(rows, (task.county_id, task.township_id))?;
    demand::accept_into(work, rows, id).await?;
    let note = Some(format!("{} 项诉求", rows.len()));
    let change = <task::ActiveModel as Default>::default();
    take(work, &mut task, change, Step::new(TaskAction::Join, &allowed, note)).await?;
    tell::residents(work, &task, rows, tell::ACCEPTED).await?;
    Ok(id.0)
}

async fn create(work: &Work, rows: &[demand_row::Model], new: Option<NewTaskInput>) -> Result<Uuid> {
    let Some(first) = rows.first() else { return Err(Error::internal("a task of no demand")) };
    one_township(rows, (first.county_id, first.township_id))?;
    let new = new.unwrap_or_default();
    let mut checks = Checks::default();
    let title = match &new.title {
        Some(title) => checks.text("task.title", title, rule::TITLE),
        None => titled(first.content.as_deref()),
    };
    let content = checks.optional_text("task.content", new.content.as_deref(), rule::CONTENT);
    checks.done()?;
    // The most urgent of them, and the earliest, set the clocks.
    let urgency = rows.iter().map(|row| row.urgency).min().unwrap_or(first.urgency);
    let urgency = new.urgency.unwrap_or(urgency);
    let from = rows.iter().map(|row| row.registered_at).min().unwrap_or(work.now());
    let petition = rows.iter().any(|row| row.kind == DemandKind::PetitionBacklog);
    // A petition is settled in time from when it was taken up (信访工作条例 §34); anything else from when it was registered.
    let clock_from = if petition { work.now() } else { from };
    let deadline = clock::resolution(work, first.county_id, petition, urgency, clock_from).await?;
    let respond_due_at = clock::response(work, first.county_id, urgency, from).await?;
    let desk_id = first.township_id.unwrap_or(first.county_id);
    let number = number(work, desk_id).await?;
    let id = new.id.unwrap_or_else(|| TaskId(Uuid::now_v7()));
    let content = content.or_else(|| first.content.clone());
    let row = task::Model {
        id,
        number,
        state: TaskState::Pending,
        open: true,
        field: first.field,
        category_id: first.category_id,
        urgency,
        petition,
        title,
        content,
        measures: serde_json::json!([]),
        result: None,
        household_id: first.household_id,
        enterprise_id: first.enterprise_id,
        county_id: first.county_id,
        township_id: first.township_id,
        village_id: first.village_id,
        group_id: first.group_id,
        grid_id: first.grid_id,
        raised_village_id: first.raised_village_id,
        raised_group_id: first.raised_group_id,
        desk_id,
        list_id: None,
        leader_id: None,
        lead_department_id: None,
        lead_cadre_id: None,
        clock_from,
        respond_due_at,
        responded_at: None,
        allotted: deadline.allotted.amount,
        allotted_unit: deadline.allotted.unit,
        half_at: deadline.half,
        amber_at: deadline.amber,
        due_at: deadline.due,
        urged_half: false,
        urged_due: false,
        review_on: None,
        returns: 0,
        extensions: 0,
        round: 0,
        created_by: work.ctx.signed_in()?.account,
        created_at: work.now(),
        resolved_at: None,
        asked_at: None,
        calls: 0,
        checked_by: None,
        closed_at: None,
        closed_by: None,
        closed_silently: false,
        version: 1,
    };
    work.insert(IntoActiveModel::<task::ActiveModel>::into_active_model(row.clone()).reset_all()).await?;
    demand::accept_into(work, rows, id).await?;
    let step = Step { action: TaskAction::Create, next: TaskState::Pending, part: None, note: None };
    let who = (Some(row.created_by), work.ctx.scope().cadre);
    let event = event(&row, None, &step, work.now(), who);
    task_event::Entity::insert(event).exec_without_returning(&work.tx).await?;
    tell::residents(work, &row, rows, tell::ACCEPTED).await?;
    Ok(id.0)
}
