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
mod plan;
pub mod preview;
mod spread;
mod target;
pub mod succession;

use self::{
    object::{AssignmentCreateInput, AssignmentEndInput, ContactAssignment},
    target::{Target, target, wrong_target},
};
use crate::kernel::{
    door::{self, unscoped},
    error::{Error, Refusal, RefusalCode, Result},
    place::Place,
    policy::May,
    refusal::{Checks, Detail},
    scope::Facts,
    work::{Record, Work},
};
use entity::{
    account, assignment, assignment_batch, cadre, department, grant,
    id::{AssignmentId, BatchId, BranchId, CadreId, DepartmentId},
    kind::{AssignmentKind, ChangeKind},
    scalar::Date,
};
use sea_orm::{
    ColumnTrait, Condition, QueryFilter, QuerySelect, QueryTrait, Set,
    sea_query::{Expr, ExprTrait},
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
                .one(&work.tx)
                .await?
                .ok_or_else(|| Refusal::not_found("cadreId"))?;
            if row.ends_on.is_some_and(|ends| ends <= today) {
                return Err(Refusal::rule(
                    "in-office",
                    "cadreId",
                    "该干部已离任。",
                    "The cadre has left office.",
                )
                .into());
            }
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
    check_dates(&mut checks, starts_on, ends_on);
    let may_be_primary =
        matches!(kind, AssignmentKind::Household | AssignmentKind::Enterprise | AssignmentKind::Group);
    checks.require(!is_primary || may_be_primary, || {
        Refusal::rule(
            "primary",
            "isPrimary",
            "只有联系户、联系企业、包组才有主要联系人。",
            "Only a household, enterprise or group has a primary contact.",
        )
    });
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
        return Err(already(
            work,
            same,
            "startsOn",
            "同一包联人对同一对象在这些日子里已有包联。",
            "The same holder has the same target already on some of these days.",
        )
        .await);
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

fn check_dates(checks: &mut Checks, starts_on: Date, ends_on: Option<Date>) {
    checks.require(ends_on.is_none_or(|ends| ends > starts_on), || {
        Refusal::rule(
            "dates",
            "endsOn",
            "endsOn 是不再有效的第一天，应晚于 startsOn。",
            "endsOn is the first day without the right; it lies after startsOn.",
        )
    });
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
    already(
        work,
        existing,
        "isPrimary",
        "在这些日子里已有主要联系人；请先结束原包联，或改为非主要联系人。",
        "There is a primary contact on some of these days; end that assignment first, or make this one not primary.",
    )
    .await
}

/// The refusal that names the assignment which stands in the way, if the viewer may see it.
async fn already(work: &Work, existing: assignment::Model, field: &str, zh: &str, en: &str) -> Error {
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
    let place = Place {
        county_id: Some(before.county_id),
        township_id: Some(before.township_id),
        village_id: before.village_id,
        group_id: before.group_id,
        grid_id: before.grid_id,
    };
    let facts = Facts {
        place,
        household: before.household_id,
        enterprise: before.enterprise_id,
        branches: &branches,
    };
    work.ctx.must(May::Assign, &facts)?;
    let ends_on = ends_on.unwrap_or_else(|| work.ctx.today());
    let mut checks = Checks::default();
    let reason = checks.text("reason", &reason, 200);
    if before.ends_on.is_some_and(|ended| ended <= work.ctx.today()) {
        return Err(Refusal::new(
            RefusalCode::State,
            "id",
            "包联已经结束，历史不再改动。",
            "The assignment is over; what is past is not changed.",
        )
        .into());
    }
    let earliest = std::cmp::max(before.starts_on, work.ctx.today());
    checks.require(ends_on >= earliest && before.ends_on.is_none_or(|set| ends_on <= set), || {
        Refusal::rule(
            "dates",
            "endsOn",
            format!("结束日不能早于 {}，也不能推迟已定的结束日。", earliest.0),
            format!("It ends on {} at the earliest, and not later than was set before.", earliest.0),
        )
    });
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
    if let Some(cadre) = cadre {
        work.raise_rights(account::Column::CadreId.eq(cadre)).await?;
    }
    if let Some(department) = department {
        let handlers = unscoped::<grant::Entity>()
            .select_only()
            .column(grant::Column::AccountId)
            .filter(grant::Column::DepartmentId.eq(department))
            .into_query();
        work.raise_rights(account::Column::Id.in_subquery(handlers)).await?;
    }
    Ok(())
}
