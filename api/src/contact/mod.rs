//! Contact assignments (包联): who is answerable for what, from which day to which.
//!
//! The assignment *is* the right: it opens the household to its holder at once and closes it on its last day. Assignments
//! are dated and never overwritten, so that who was answerable on a given day always has an answer. On any day a
//! household, enterprise or group has one primary contact at the most; the database itself refuses a second.

pub mod batch;
mod carry;
pub mod coverage;
mod hand_over;
mod list;
pub mod load;
pub mod object;
pub mod plan;
pub mod preview;
pub mod roster;
mod rule;
mod spread;
pub mod succession;
mod target;

use self::{
    object::{AssignmentCreateInput, AssignmentEndInput, ContactAssignment},
    target::{Target, target, wrong_target},
};
use crate::kernel::{
    door::{self, unscoped},
    error::{Error, Refusal, RefusalCode, Result},
    place::still,
    policy::May,
    record::Record,
    refusal::{Checks, Detail},
    scope::Facts,
    work::Work,
};
use entity::{
    assignment, assignment_batch, cadre, department,
    id::{AssignmentId, BatchId, BranchId, CadreId, DepartmentId},
    kind::ChangeKind,
    scalar::Date,
};
use sea_orm::{
    ColumnTrait, Condition, QueryFilter, QuerySelect, Set,
    sea_query::{Expr, ExprTrait, LockType},
};
use uuid::Uuid;

impl Record for assignment_batch::Entity {
    const NAME: &'static str = BatchId::PREFIX;
    const INTERNAL: &'static [&'static str] =
        &["kind", "effective_on", "from_cadre_id", "to_cadre_id", "ended", "started"];
}

impl Record for assignment::Entity {
    const NAME: &'static str = AssignmentId::PREFIX;
    const INTERNAL: &'static [&'static str] = &[
        "kind",
        "cadre_id",
        "department_id",
        "region_id",
        "area_id",
        "household_id",
        "enterprise_id",
        "is_primary",
        "starts_on",
        "ends_on",
    ];
}

/// The holder: a cadre in office, or a department for paired help.
async fn holder(
    work: &Work,
    cadre: Option<CadreId>,
    department: Option<DepartmentId>,
    today: Date,
) -> Result<Vec<BranchId>> {
    match (cadre, department) {
        (Some(id), None) => {
            let row = door::within::<cadre::Entity>(work.ctx.scope(), work.ctx.backend())
                .filter(cadre::Column::Id.eq(id))
                // Whoever gives the same cadre something waits, so that nobody is given the same twice.
                .lock(LockType::NoKeyUpdate)
                .one(&work.tx)
                .await?
                .ok_or_else(|| Refusal::not_found("cadreId"))?;
            let mut checks = Checks::default();
            rule::check_in_office(&mut checks, &row, today);
            checks.done()?;
            branches_of(work, id).await
        }
        (None, Some(id)) => {
            unscoped::<department::Entity>()
                .filter(department::Column::Id.eq(id))
                .one(&work.tx)
                .await?
                .ok_or_else(|| Refusal::not_found("departmentId"))?;
            Ok(Vec::new())
        }
        _ => Err(Refusal::rule(
            "one-holder",
            "cadreId",
            "包联人应为一名干部或一个部门，二者取一。",
            "The holder is one cadre or one department, not both.",
        )
        .into()),
    }
}

async fn branches_of(work: &Work, cadre: CadreId) -> Result<Vec<BranchId>> {
    let mut branches = plan::branches_of(&work.ctx, &work.tx, [cadre]).await?;
    Ok(branches.remove(&cadre).unwrap_or_default())
}

/// Makes a cadre or a department answerable for a target.
pub async fn create(work: &Work, input: AssignmentCreateInput) -> Result<Uuid> {
    still::hold(&work.tx).await?;
    let target = target(work, &input).await?;
    let AssignmentCreateInput { id, kind, cadre_id, department_id, is_primary, starts_on, ends_on, .. } =
        input;
    let branches = holder(work, cadre_id, department_id, work.ctx.today()).await?;
    work.ctx.must(May::Assign, &target.facts(&branches))?;
    // Who may assign only as the secretary of the holder's branch does not open doors to themselves.
    if !work.ctx.may(May::Assign, &target.facts(&[]))
        && cadre_id.is_some()
        && cadre_id == work.ctx.scope().cadre
    {
        return Err(work.ctx.forbidden(May::Assign));
    }
    let mut checks = Checks::default();
    rule::check_dates(&mut checks, starts_on, ends_on);
    rule::check_primary(&mut checks, kind, is_primary);
    checks.done()?;
    let (Some(county_id), Some(township_id)) = (target.place.county_id, target.place.township_id) else {
        return Err(wrong_target("regionId"));
    };
    if is_primary && let Some(existing) = overlapping(&target, starts_on, ends_on).one(&work.tx).await? {
        return Err(second_primary(work, existing).await);
    }
    // The rights are raised first: the account's row is the lock under which its holder is given targets.
    raise_rights(work, cadre_id, department_id).await?;
    let held = Condition::any()
        .add_option(cadre_id.map(|id| assignment::Column::CadreId.eq(id)))
        .add_option(department_id.map(|id| assignment::Column::DepartmentId.eq(id)));
    if let Some(same) = on_days(&target, starts_on, ends_on).filter(held).one(&work.tx).await? {
        return Err(already(work, same, "startsOn", rule::SAME_HOLDER).await);
    }
    let row = assignment::ActiveModel {
        id: Set(id.unwrap_or_else(|| AssignmentId(Uuid::now_v7()))),
        kind: Set(kind),
        cadre_id: Set(cadre_id),
        department_id: Set(department_id),
        region_id: Set(target.region),
        area_id: Set(target.area),
        household_id: Set(target.household),
        enterprise_id: Set(target.enterprise),
        county_id: Set(county_id),
        township_id: Set(township_id),
        village_id: Set(target.place.village_id),
        group_id: Set(target.place.group_id),
        grid_id: Set(target.place.grid_id),
        is_primary: Set(is_primary),
        starts_on: Set(starts_on),
        ends_on: Set(ends_on),
        assigned_by: Set(work.ctx.viewer().map(|viewer| viewer.account)),
        ended_reason: Set(None),
        started_batch_id: Set(None),
        ended_batch_id: Set(None),
        version: Set(1),
    };
    let made = match work.insert(row).await {
        // Somebody else was first by a moment: the database says so, and the winner is there to be named.
        Err(error) if Work::is_constraint(&error, "one_primary") => {
            let winner = overlapping(&target, starts_on, ends_on).one(work.ctx.db().read()).await?;
            return Err(match winner {
                Some(winner) => second_primary(work, winner).await,
                None => error,
            });
        }
        made => made?,
    };
    Ok(made)
}

/// Primary contacts of the same target on any of the same days.
fn overlapping(
    target: &Target,
    starts_on: Date,
    ends_on: Option<Date>,
) -> sea_orm::Select<assignment::Entity> {
    on_days(target, starts_on, ends_on).filter(assignment::Column::IsPrimary.eq(true))
}

/// Assignments of the same target on any of the same days.
fn on_days(target: &Target, starts_on: Date, ends_on: Option<Date>) -> sea_orm::Select<assignment::Entity> {
    use assignment::Column::{EndsOn, StartsOn};
    unscoped::<assignment::Entity>()
        .filter(target.same())
        .filter(Condition::any().add(EndsOn.is_null()).add(EndsOn.gt(starts_on)))
        .filter(Condition::all().add_option(ends_on.map(|ends| StartsOn.lt(ends))))
        // One that ends on the day on which it begins holds on no day.
        .filter(Condition::any().add(EndsOn.is_null()).add(Expr::col(EndsOn).gt(Expr::col(StartsOn))))
}

async fn second_primary(work: &Work, existing: assignment::Model) -> Error {
    already(work, existing, "isPrimary", rule::SECOND_PRIMARY).await
}

/// The refusal that names the assignment which stands in the way, if the viewer may see it.
async fn already(work: &Work, existing: assignment::Model, field: &str, (zh, en): (&str, &str)) -> Error {
    let seen = work.ctx.node::<ContactAssignment>(existing.id).await.ok().flatten();
    Refusal::new(RefusalCode::Duplicate, field, zh, en)
        .with(Detail::Existing(seen.map(|seen| seen.id.to_string())))
        .into()
}

/// Ends an assignment on a day: the first without the right.
pub async fn end(work: &Work, input: AssignmentEndInput) -> Result<Uuid> {
    let AssignmentEndInput { idempotency_key: _, id, expected_version, ends_on, reason } = input;
    let before = door::within::<assignment::Entity>(work.ctx.scope(), work.ctx.backend())
        .filter(assignment::Column::Id.eq(id))
        .one(&work.tx)
        .await?
        .ok_or_else(|| Refusal::not_found("id"))?;
    let branches = match before.cadre_id {
        Some(cadre) => branches_of(work, cadre).await?,
        None => Vec::new(),
    };
    let facts = Facts {
        place: rule::place(&before),
        household: before.household_id,
        enterprise: before.enterprise_id,
        branches: &branches,
        ..Facts::default()
    };
    work.ctx.must(May::Assign, &facts)?;
    let ends_on = ends_on.unwrap_or_else(|| work.ctx.today());
    let mut checks = Checks::default();
    let reason = checks.text("reason", &reason, 200);
    if let Some(refusal) = rule::over(&before, work.ctx.today()) {
        return Err(refusal.into());
    }
    rule::check_end(&mut checks, &before, ends_on, work.ctx.today());
    checks.done()?;
    let row = assignment::ActiveModel {
        id: Set(id),
        ends_on: Set(Some(ends_on)),
        ended_reason: Set(Some(reason)),
        ..Default::default()
    };
    work.update(row, expected_version, ChangeKind::Ended).await?;
    raise_rights(work, before.cadre_id, before.department_id).await?;
    Ok(id.0)
}

/// The holder's next request reads what it may see anew.
async fn raise_rights(work: &Work, cadre: Option<CadreId>, department: Option<DepartmentId>) -> Result<()> {
    work.raise_rights(rule::accounts_of(cadre, department, work.ctx.backend())).await
}
