//! Regions become one: those that are merged are withdrawn, and what was theirs is the other's.

use super::{
    ids, level,
    plan::{Plan, Step, below, find, recoded},
};
use crate::{
    account, contact, department, household,
    kernel::{
        door::unscoped,
        error::{Error, Refusal, RefusalCode, Result},
        place::{Root, rewrite::Moved},
        refusal::{Checks, Detail},
        request::Ctx,
    },
    region::{
        area,
        naming::{free_code, free_name, short_name},
        succession::{Becomes, effective},
    },
};
use entity::{
    id::RegionId,
    kind::{RegionKind, SuccessionKind},
    region,
    scalar::{Date, RegionCode},
};
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter, QuerySelect};
use std::collections::{HashMap, HashSet};

/// Regions that are merged at once, at the most.
const MOST: usize = 20;

/// Merges villages of one county, groups or grids of one village, or townships of one county.
pub(super) async fn merge(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    from: &[RegionId],
    into: RegionId,
    day: Option<Date>,
) -> Result<Plan> {
    if from.len() > MOST {
        return Err(Refusal::new(
            RefusalCode::Limit,
            "fromIds",
            format!("一次最多并入 {MOST} 个区域。"),
            format!("{MOST} regions at the most."),
        )
        .with(Detail::Limit(i32::try_from(MOST).unwrap_or(i32::MAX)))
        .into());
    }
    let into = find(ctx, db, into, "intoId").await?;
    let mut leaving = Vec::new();
    for &id in from {
        leaving.push(find(ctx, db, id, "fromIds").await?);
    }
    let mut checks = Checks::default();
    check_alike(&mut checks, &leaving, &into);
    checks.done()?;
    let Some(at) = level(&into) else { return Err(Error::internal("a merge without a level")) };
    let mut checks = Checks::default();
    let under = below(ctx, db, &leaving).await?;
    let all: Vec<&region::Model> = under.iter().chain(&leaving).chain([&into]).collect();
    let day = effective(ctx, db, &mut checks, day, &all).await?;
    let regions = become_one(db, &mut checks, &leaving, under, &into).await?;
    checks.done()?;
    let roots = ids(&leaving);
    let mut plan = Plan::new(into.id, day);
    plan.regions = regions;
    plan.departments = department::clashes(db, ctx.backend(), &leaving, into.id).await?;
    plan.assignments = contact::succession::plan(ctx, db, &roots, into.id, day).await?;
    plan.grants = account::succession::plan(ctx, db, &roots, into.id, day).await?;
    match into.kind {
        RegionKind::Village => {
            plan.renumbered = household::succession::plan(ctx, db, &leaving, into.id).await?;
            plan.areas = area::areas_of(ctx, db, roots.iter().copied()).await?;
            plan.leaving.clone_from(&roots);
        }
        RegionKind::Township => plan.renamed_areas = area::clashes(ctx, db, &leaving, into.id).await?,
        _ => {}
    }
    plan.touched = vec![Root { level: at, id: into.id }];
    plan.step = Some(Step::Moved(Moved { level: at, roots: roots.clone(), to: into.clone(), through: at }));
    plan.withdrawn = roots;
    plan.into = Some(into);
    Ok(plan)
}

fn check_alike(checks: &mut Checks, leaving: &[region::Model], into: &region::Model) {
    let mut seen = HashSet::from([into.id]);
    checks.require(!leaving.is_empty() && leaving.iter().all(|region| seen.insert(region.id)), || {
        Refusal::rule(
            "each-once",
            "fromIds",
            "应至少给出一个区域，各一次，且不含并入的区域本身。",
            "At least one region, each once, and not the one that they are merged into.",
        )
    });
    let alike = |region: &region::Model| {
        region.kind == into.kind
            && match into.kind {
                RegionKind::Village | RegionKind::Township => region.county_id == into.county_id,
                RegionKind::Group | RegionKind::Grid => region.village_id == into.village_id,
                _ => false,
            }
    };
    checks.require(leaving.iter().all(alike), || {
        Refusal::rule(
            "alike",
            "fromIds",
            "只能合并同一县（市、区）的村或乡镇、同一村的组或网格。",
            "Villages or townships of one county, or groups or grids of one village.",
        )
    });
}

/// Those that leave are withdrawn; what lies directly below them gets a place, a code and, if need be, a name below the
/// other; what lies further down gets its code.
async fn become_one(
    db: &impl ConnectionTrait,
    checks: &mut Checks,
    leaving: &[region::Model],
    under: Vec<region::Model>,
    into: &region::Model,
) -> Result<Vec<Becomes>> {
    let there: Vec<(RegionCode, String)> = unscoped::<region::Entity>()
        .select_only()
        .columns([region::Column::Code, region::Column::Name])
        .filter(region::Column::ParentId.eq(into.id))
        .filter(region::Column::Until.is_null())
        .into_tuple()
        .all(db)
        .await?;
    let (codes, names): (Vec<RegionCode>, Vec<String>) = there.into_iter().unzip();
    let mut codes: HashSet<String> = codes.into_iter().map(|code| code.0).collect();
    let mut names: HashSet<String> = names.into_iter().collect();
    let mut all = Vec::new();
    let mut moved: HashMap<RegionId, (RegionCode, RegionCode)> = HashMap::new();
    for region in leaving {
        all.push(Becomes { to: into.id, ..Becomes::new(region.clone(), SuccessionKind::Merged) });
        for child in under.iter().filter(|child| child.parent_id == Some(region.id)) {
            let Some(code) = free_code(&into.code, &child.code, &codes) else {
                checks.refuse(Refusal::rule(
                    "codes-used-up",
                    "fromIds",
                    "并入后下级代码不够用。",
                    "There are not enough codes below the other region.",
                ));
                return Ok(all);
            };
            let name = free_name(&child.name, &short_name(&region.name), &names);
            codes.insert(code.0.clone());
            names.insert(name.clone());
            moved.insert(child.id, (child.code.clone(), code.clone()));
            let parent_id = Some(into.id);
            all.push(Becomes { code, name, parent_id, ..Becomes::new(child.clone(), SuccessionKind::Moved) });
        }
    }
    for further in under {
        if let Some((old, new)) = further.parent_id.and_then(|parent| moved.get(&parent)) {
            let code = recoded(&further.code, old, new);
            all.push(Becomes { code, ..Becomes::new(further, SuccessionKind::Moved) });
        }
    }
    Ok(all)
}
