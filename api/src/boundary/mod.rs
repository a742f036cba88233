//! Boundary changes (区划调整): regions that get another code, lie in another region, are merged or parted.
//!
//! A region keeps its id, and one that is merged into another is withdrawn, never deleted: nothing that hangs on it is
//! lost, its code and the numbers of its households still lead to what they are now, and a past day keeps its tree. Whoever
//! administers every place that is touched, before and after, may do it. A change is planned and carried out in one step;
//! the plan alone is the preview (`regionChangePlan`), so the two agree.
//!
//! Offices, areas, intake points, assignments and roles of a region that is merged go over to the other. A village that is parted keeps its
//! offices and contacts; the new one is in the same area and begins with none of its own. The party tree is not
//! rearranged: which organisation stands below which is the party's to change.

mod join;
mod part;
mod shift;
pub mod object;
pub mod plan;
pub mod preview;

use self::plan::{Change, Plan, Step};
use crate::{
    account, branch, cadre, contact, department, household, intake,
    kernel::{
        door::{any_of, unscoped},
        error::Result,
        place::{Level, Root, rewrite, still},
        refusal::Checks,
        request::Ctx,
        work::Work,
    },
    region::{self, area, succession},
};
use entity::{
    account as accounts, assignment, branch as branches, department as departments, enterprise, grant,
    household as households, id::RegionId, region as regions,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait,
    sea_query::SelectStatement,
};
use uuid::Uuid;

/// What a change would do, or why not.
pub(crate) async fn of(ctx: &Ctx, db: &impl ConnectionTrait, change: &Change) -> Result<Plan> {
    match change {
        Change::Recode { id, code, day } => shift::recode(ctx, db, *id, code, *day).await,
        Change::Move { id, parent, code, day } => shift::relocate(ctx, db, *id, *parent, code, *day).await,
        Change::Merge { from, into, day } => join::merge(ctx, db, from, *into, *day).await,
        Change::Split { .. } => part::split(ctx, db, change).await,
    }
}

/// Plans a change and carries it out. The regions that it is about wait for each other: of two changes at once the second
/// sees what the first has done.
pub async fn make(
    work: &Work,
    change: &Change,
    expected: Option<(RegionId, i32)>,
    note: Option<&str>,
) -> Result<Uuid> {
    // Who may not is refused before anything is held from others.
    of(&work.ctx, &work.tx, change).await?;
    still::shift(&work.tx).await?;
    plan::hold(work, change).await?;
    let plan = of(&work.ctx, &work.tx, change).await?;
    let mut checks = Checks::default();
    let note = checks.optional_text("note", note, 100);
    checks.done()?;
    if let Some((id, version)) = expected {
        work.stands::<regions::Entity>(id.0, version).await?;
    }
    carry_out(work, plan, note.as_deref()).await
}

async fn carry_out(work: &Work, plan: Plan, note: Option<&str>) -> Result<Uuid> {
    let day = plan.day;
    if let Some(made) = &plan.made {
        region::insert(work, made.clone()).await?;
    }
    if let Some(Step::Moved(moved)) = &plan.step {
        // Their numbers are kept with their places before either changes.
        rewrite::remember_all(&work.tx, moved, day).await?;
    }
    let lines = succession::carry_out(work, &plan.regions, day, note).await?;
    household::succession::renumber(work, &plan.renumbered).await?;
    area::rename(work, &plan.renamed_areas).await?;
    area::resettle(work, &plan.areas, &plan.leaving, plan.made.as_ref().map(|made| made.id)).await?;
    match &plan.step {
        Some(Step::Moved(moved)) => rewrite::rewrite(&work.tx, moved).await?,
        Some(Step::Parted(parted)) => rewrite::part(&work.tx, parted, day).await?,
        None => {}
    }
    // What moved is told where it has come to.
    work.log_all::<regions::Entity>(lines).await?;
    if let Some(into) = plan.into.as_ref() {
        let from = &plan.withdrawn;
        branch::succeed(work, from, into.id).await?;
        department::succeed(work, from, into.id, &plan.departments).await?;
        cadre::succeed(work, from, into.id, day).await?;
        intake::succeed(work, from, into.id).await?;
        account::succession::carry_out(work, from, into.id, &plan.grants).await?;
        let reason = format!("区划调整：并入{}", into.name);
        contact::succession::carry_out(work, &plan.assignments, into, &reason).await?;
    }
    raise_rights(work, &plan).await?;
    Ok(plan.result.0)
}

/// Whoever has something to do with the places that moved reads anew what they may see, in one statement.
async fn raise_rights(work: &Work, plan: &Plan) -> Result<()> {
    let mut whose = Condition::any();
    for root in &plan.touched {
        whose = whose.add(bound_in(*root));
    }
    let backend = work.ctx.backend();
    if !plan.withdrawn.is_empty() {
        let from = || plan.withdrawn.iter().copied();
        whose = whose.add(granted(any_of(grant::Column::RegionId, from(), backend))).add(assigned(any_of(
            assignment::Column::RegionId,
            from(),
            backend,
        )));
    }
    if !plan.areas.is_empty() {
        let areas = plan.areas.iter().map(|area| area.id);
        whose = whose.add(assigned(any_of(assignment::Column::AreaId, areas, backend)));
    }
    if whose.is_empty() { Ok(()) } else { work.raise_rights(whose).await }
}

fn granted(grants: impl Into<Condition>) -> Condition {
    let grants = unscoped::<grant::Entity>().select_only().column(grant::Column::AccountId).filter(grants);
    Condition::all().add(accounts::Column::Id.in_subquery(grants.into_query()))
}

fn assigned(assignments: impl Into<Condition>) -> Condition {
    let held = unscoped::<assignment::Entity>()
        .select_only()
        .column(assignment::Column::CadreId)
        .filter(assignments)
        .filter(assignment::Column::CadreId.is_not_null());
    Condition::all().add(accounts::Column::CadreId.in_subquery(held.into_query()))
}

/// Accounts that are bound to something in a region.
fn bound_in(root: Root) -> Condition {
    fn lying<E: EntityTrait>(root: Root, id: E::Column) -> Option<SelectStatement> {
        let column = root.level.column::<E>()?;
        Some(unscoped::<E>().select_only().column(id).filter(column.eq(root.id)).into_query())
    }
    use grant::Column::{BranchId, DepartmentId, EnterpriseId, HouseholdId, RegionId};
    let bound = [
        (RegionId, lying::<regions::Entity>(root, regions::Column::Id)),
        (BranchId, lying::<branches::Entity>(root, branches::Column::Id)),
        (DepartmentId, lying::<departments::Entity>(root, departments::Column::Id)),
        (HouseholdId, lying::<households::Entity>(root, households::Column::Id)),
        (EnterpriseId, lying::<enterprise::Entity>(root, enterprise::Column::Id)),
    ];
    let grants = bound
        .into_iter()
        .filter_map(|(column, rows)| Some(column.in_subquery(rows?)))
        .fold(Condition::any(), Condition::add);
    let place = root.level.column::<assignment::Entity>().map(|column| column.eq(root.id));
    Condition::any().add(granted(grants)).add_option(place.map(assigned))
}

/// The level of the regions that a change moves.
fn level(region: &regions::Model) -> Option<Level> {
    crate::kernel::door::level_of(region.kind)
}

/// Ids of regions.
fn ids(regions: &[regions::Model]) -> Vec<RegionId> {
    regions.iter().map(|region| region.id).collect()
}
