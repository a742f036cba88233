//! A region gets another code, or comes to lie in another region; all below it goes along.

use super::plan::{Plan, Step, above, below, check_code, find, recoded};
use crate::{
    kernel::{
        error::{Refusal, Result},
        place::{Level, Root, rewrite::Moved},
        refusal::Checks,
        request::Ctx,
    },
    region::{
        area::areas_of,
        succession::{Becomes, effective},
    },
};
use entity::{
    id::RegionId,
    kind::{RegionKind, SuccessionKind},
    region,
    scalar::{Date, RegionCode},
};
use sea_orm::ConnectionTrait;

/// Another code for a region from a county down; codes of all below it begin with the new one.
pub(super) async fn recode(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    id: RegionId,
    code: &RegionCode,
    day: Option<Date>,
) -> Result<Plan> {
    let region = find(ctx, db, id, "id").await?;
    let mut checks = Checks::default();
    let high = matches!(region.kind, RegionKind::Province | RegionKind::City);
    let Some(parent) = region.parent_id.filter(|_| !high) else {
        return Err(Refusal::rule(
            "county-or-below",
            "id",
            "省、市的代码不在此调整。",
            "Codes of provinces and cities are not changed here.",
        )
        .into());
    };
    let parent = crate::region::of(db, parent, "id").await?;
    check_code(db, &mut checks, "code", (region.kind, code), &parent).await?;
    let under = below(ctx, db, std::slice::from_ref(&region)).await?;
    let all: Vec<&region::Model> = under.iter().chain([&region]).collect();
    let day = effective(ctx, db, &mut checks, day, &all).await?;
    checks.done()?;
    let mut plan = Plan::new(id, day);
    plan.regions = becomes(&region, under, code, region.parent_id, SuccessionKind::Recoded);
    Ok(plan)
}

/// A region and all below it under a new code.
fn becomes(
    region: &region::Model,
    under: Vec<region::Model>,
    code: &RegionCode,
    parent_id: Option<RegionId>,
    kind: SuccessionKind,
) -> Vec<Becomes> {
    let own = Becomes { code: code.clone(), parent_id, ..Becomes::new(region.clone(), kind) };
    let rest = under
        .into_iter()
        .map(|below| Becomes { code: recoded(&below.code, &region.code, code), ..Becomes::new(below, kind) });
    std::iter::once(own).chain(rest).collect()
}

/// A village comes to another township, or a township to another county.
pub(super) async fn relocate(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    id: RegionId,
    parent: RegionId,
    code: &RegionCode,
    day: Option<Date>,
) -> Result<Plan> {
    let region = find(ctx, db, id, "id").await?;
    let parent = find(ctx, db, parent, "parentId").await?;
    let mut checks = Checks::default();
    let fits = match region.kind {
        RegionKind::Village => parent.kind == RegionKind::Township,
        RegionKind::Township => {
            parent.kind == RegionKind::County || parent.kind == RegionKind::City && parent.county_id.is_some()
        }
        _ => false,
    };
    if fits {
        above(ctx, db, &region).await?;
    }
    checks.require(fits && region.parent_id != Some(parent.id), || {
        Refusal::rule(
            "parent",
            "parentId",
            "村（社区）可划入另一乡镇，乡镇可划入另一县（市、区）。",
            "A village goes to another township, a township to another county.",
        )
    });
    check_code(db, &mut checks, "code", (region.kind, code), &parent).await?;
    let under = below(ctx, db, std::slice::from_ref(&region)).await?;
    let all: Vec<&region::Model> = under.iter().chain([&region, &parent]).collect();
    let day = effective(ctx, db, &mut checks, day, &all).await?;
    checks.done()?;
    let (level, through) = match region.kind {
        RegionKind::Village => (Level::Village, Level::Township),
        _ => (Level::Township, Level::County),
    };
    let mut plan = Plan::new(id, day);
    plan.regions = becomes(&region, under, code, Some(parent.id), SuccessionKind::Moved);
    if level == Level::Village {
        plan.areas = areas_of(ctx, db, [id]).await?;
        plan.leaving = vec![id];
    }
    plan.step = Some(Step::Moved(Moved { level, roots: vec![id], to: parent, through }));
    plan.touched = vec![Root { level, id }];
    Ok(plan)
}
