//! A part of a village becomes a village: whole groups and grids, and single households.

use super::plan::{Change, Plan, Step, above, check_code, find};
use crate::{
    kernel::{
        door::{any_of, unscoped},
        error::{Error, Refusal, RefusalCode, Result},
        place::{Level, Root, rewrite::Parted},
        refusal::{Checks, Detail},
        request::Ctx,
    },
    region::{
        self as rooms,
        area::areas_of,
        succession::{Becomes, effective},
    },
};
use entity::{
    household,
    id::{HouseholdId, RegionId},
    kind::{RegionKind, SuccessionKind},
    region,
    scalar::RegionCode,
};
use sea_orm::{ColumnTrait, ConnectionTrait, PaginatorTrait, QueryFilter};
use std::collections::HashSet;

/// Groups and grids that go over at once, at the most.
const GROUPS: usize = 100;
/// Households that go over singly, at the most.
const HOUSEHOLDS: usize = 500;

fn within(checks: &mut Checks, field: &str, count: usize, most: usize) {
    checks.require(count <= most, || {
        Refusal::new(
            RefusalCode::Limit,
            field,
            format!("一次最多 {most} 个。"),
            format!("{most} at the most."),
        )
        .with(Detail::Limit(i32::try_from(most).unwrap_or(i32::MAX)))
    });
}

/// Parts a village.
pub(super) async fn split(ctx: &Ctx, db: &impl ConnectionTrait, change: &Change) -> Result<Plan> {
    let Change::Split { id, new, code, name, groups, households, day } = change else {
        return Err(Error::internal("a split that is none"));
    };
    let village = find(ctx, db, *id, "id").await?;
    let mut checks = Checks::default();
    within(&mut checks, "groupIds", groups.len(), GROUPS);
    within(&mut checks, "householdIds", households.len(), HOUSEHOLDS);
    let name = checks.text("newRegion.name", name, 60);
    checks.require(village.kind == RegionKind::Village, || {
        Refusal::rule("village", "id", "只有村（社区）可以分设。", "Only a village can be parted.")
    });
    checks.done()?;
    let mut checks = Checks::default();
    let parent = above(ctx, db, &village).await?;
    check_code(db, &mut checks, "newRegion.code", (RegionKind::Village, code), &parent).await?;
    let going = going(ctx, db, &mut checks, &village, groups).await?;
    check_households(ctx, db, &mut checks, &village, households).await?;
    let all: Vec<&region::Model> = going.iter().chain([&village]).collect();
    let day = effective(ctx, db, &mut checks, *day, &all).await?;
    checks.done()?;
    let made = rooms::blank(*new, code.clone(), name, RegionKind::Village);
    let made = region::Model { since: Some(day), ..rooms::placed(made, Some(&parent)) };
    let of = |kind: RegionKind| {
        going.iter().filter(|region| region.kind == kind).map(|region| region.id).collect::<Vec<_>>()
    };
    let parted = Parted {
        from: village.id,
        to: made.id,
        groups: of(RegionKind::Group),
        grids: of(RegionKind::Grid),
        households: households.clone(),
    };
    let mut plan = Plan::new(made.id, day);
    plan.regions.push(Becomes { to: made.id, ..Becomes::new(village.clone(), SuccessionKind::Split) });
    plan.regions.extend(going.iter().map(|region| Becomes {
        code: RegionCode(format!(
            "{}{}",
            code.0,
            region.code.0.get(village.code.0.len()..).unwrap_or_default()
        )),
        parent_id: Some(made.id),
        ..Becomes::new(region.clone(), SuccessionKind::Moved)
    }));
    plan.areas = areas_of(ctx, db, [village.id]).await?;
    plan.touched = [village.id, made.id].into_iter().map(|id| Root { level: Level::Village, id }).collect();
    plan.made = Some(made);
    plan.step = Some(Step::Parted(parted));
    Ok(plan)
}

/// The groups and grids that go over: of this village, in force, each once.
async fn going(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    checks: &mut Checks,
    village: &region::Model,
    groups: &[RegionId],
) -> Result<Vec<region::Model>> {
    let going = unscoped::<region::Entity>()
        .filter(any_of(region::Column::Id, groups.iter().copied(), ctx.backend()))
        .filter(region::Column::ParentId.eq(village.id))
        .filter(region::Column::Until.is_null())
        .all(db)
        .await?;
    checks.require(going.len() == groups.len(), || {
        Refusal::rule(
            "groups",
            "groupIds",
            "应为本村的组或网格，各一次。",
            "Groups and grids of the village, each once.",
        )
    });
    Ok(going)
}

async fn check_households(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    checks: &mut Checks,
    village: &region::Model,
    households: &[HouseholdId],
) -> Result<()> {
    if households.is_empty() {
        return Ok(());
    }
    let distinct: HashSet<_> = households.iter().collect();
    let found = ctx
        .within::<household::Entity>()
        .filter(any_of(household::Column::Id, households.iter().copied(), ctx.backend()))
        .filter(household::Column::VillageId.eq(village.id))
        .count(db)
        .await?;
    checks.require(distinct.len() == households.len() && found == households.len() as u64, || {
        Refusal::rule(
            "households",
            "householdIds",
            "应为本村的户，各一次。",
            "Households of the village, each once.",
        )
    });
    Ok(())
}
