//! Assignments of a region that was merged into another: they end on that day, and the same are made of the other.

use crate::kernel::{
    bulk,
    days::{Span, left, meet},
    door::{any_of, unscoped},
    error::Result,
    request::Ctx,
    work::{Line, Work},
};
use entity::{
    assignment,
    id::{AssignmentId, RegionId},
    kind::ChangeKind,
    region,
    scalar::Date,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait},
};
use uuid::Uuid;

/// An assignment that is carried over.
#[derive(Clone, Debug)]
pub struct Carried {
    /// As it is.
    pub before: assignment::Model,
    /// First day without it.
    pub ends_on: Date,
    /// The days of the same assignment of the other region, and whether it is primary on them: none when the holder has
    /// it already.
    pub anew: Vec<(Span, bool)>,
}

/// What is carried over from regions to the one that they are merged into.
pub async fn plan(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    from: &[RegionId],
    into: RegionId,
    day: Date,
) -> Result<Vec<Carried>> {
    use assignment::Column::{EndsOn, Id, RegionId as Region, StartsOn};
    let rows = unscoped::<assignment::Entity>()
        .filter(any_of(Region, from.iter().copied().chain([into]), ctx.backend()))
        .filter(Condition::any().add(EndsOn.is_null()).add(EndsOn.gt(day)))
        .order_by_asc(StartsOn)
        .order_by_asc(Id)
        // Nobody ends one of them while it is carried over.
        .lock(sea_orm::sea_query::LockType::NoKeyUpdate)
        .all(db)
        .await?;
    let (mut there, leaving): (Vec<assignment::Model>, Vec<assignment::Model>) =
        rows.into_iter().partition(|row| row.region_id == Some(into));
    let mut carried = Vec::new();
    for before in leaving {
        let ends_on = std::cmp::max(before.starts_on, day);
        let span = (ends_on, before.ends_on);
        let holder = |row: &assignment::Model| (row.kind, row.cadre_id, row.department_id);
        let taken: Vec<Span> = there
            .iter()
            .filter(|row| holder(row) == holder(&before))
            .map(|row| (row.starts_on, row.ends_on))
            .collect();
        let spans = if meet(span, span) { left(span, &taken) } else { Vec::new() };
        let mut anew = Vec::new();
        for span in spans {
            let second = there.iter().any(|row| row.is_primary && meet((row.starts_on, row.ends_on), span));
            let is_primary = before.is_primary && !second;
            anew.push((span, is_primary));
            there.push(assignment::Model {
                starts_on: span.0,
                ends_on: span.1,
                is_primary,
                ..before.clone()
            });
        }
        carried.push(Carried { before, ends_on, anew });
    }
    Ok(carried)
}

/// Carries them over. The rights of their holders are raised by who moves the region.
pub async fn carry_out(work: &Work, all: &[Carried], into: &region::Model, reason: &str) -> Result<()> {
    use assignment::Column::{EndedReason, EndsOn, Id, StartsOn, Version};
    if all.is_empty() {
        return Ok(());
    }
    // Most end on the same day; those that have not begun end on their own first day.
    let mut days: Vec<Date> = all.iter().map(|carried| carried.ends_on).collect();
    days.sort_unstable();
    days.dedup();
    for day in days {
        let ending = all.iter().filter(|carried| carried.ends_on == day).map(|carried| carried.before.id);
        assignment::Entity::update_many()
            .col_expr(EndsOn, Expr::value(day))
            .col_expr(EndedReason, Expr::value(reason))
            .col_expr(Version, Expr::col(Version).add(1))
            .filter(any_of(Id, ending, work.ctx.backend()))
            .filter(StartsOn.lte(day))
            .exec(&work.tx)
            .await?;
    }
    let mut lines: Vec<Line> = all
        .iter()
        .map(|carried| Line {
            id: carried.before.id.0,
            version: carried.before.version + 1,
            kind: ChangeKind::Ended,
            columns: vec!["ends_on", "ended_reason"],
            content: serde_json::json!({"ends_on": carried.ends_on.0.to_string()}),
            place: None,
        })
        .collect();
    let mut rows = Vec::new();
    for carried in all {
        for &((starts_on, ends_on), is_primary) in &carried.anew {
            rows.push(assignment::Model {
                id: AssignmentId(Uuid::now_v7()),
                region_id: Some(into.id),
                county_id: into.county_id.unwrap_or(carried.before.county_id),
                township_id: into.township_id.unwrap_or(carried.before.township_id),
                village_id: into.village_id,
                group_id: into.group_id,
                grid_id: into.grid_id,
                is_primary,
                starts_on,
                ends_on,
                assigned_by: work.ctx.viewer().map(|viewer| viewer.account),
                ended_reason: None,
                version: 1,
                ..carried.before.clone()
            });
        }
    }
    lines.extend(rows.iter().map(|row| Line {
        id: row.id.0,
        version: 1,
        kind: ChangeKind::Created,
        columns: vec!["kind", "cadre_id", "department_id", "region_id", "is_primary", "starts_on", "ends_on"],
        content: serde_json::json!({
            "region_id": into.id.0.to_string(),
            "cadre_id": row.cadre_id.map(|id| id.0.to_string()),
            "department_id": row.department_id.map(|id| id.0.to_string()),
            "is_primary": row.is_primary,
            "starts_on": row.starts_on.0.to_string(),
            "ends_on": row.ends_on.map(|day| day.0.to_string()),
        }),
        place: Some(super::rule::place(row)),
    }));
    bulk::insert::<assignment::Entity>(&work.tx, rows).await?;
    work.log_all::<assignment::Entity>(lines).await
}
