//! Contact assignments (包联): who is answerable for what, from which day to which.
//!
//! The assignment *is* the right: it opens the household to its holder at once and closes it on its last day. Assignments
//! are dated and never overwritten, so that who was answerable on a given day always has an answer. On any day a
//! household, enterprise or group has one primary contact at the most; the database itself refuses a second.

pub mod coverage;
pub mod object;
pub mod roster;
mod rule;

use self::object::{AssignmentCreateInput, AssignmentEndInput, ContactAssignment};
use crate::{
    household,
    kernel::{
        door::{self, live, unscoped},
        error::{Error, Refusal, RefusalCode, Result},
        place::Place,
        policy::May,
        refusal::{Checks, Detail},
        scope::Facts,
        work::{Record, Work},
    },
    region,
};
use entity::{
    area, assignment, cadre, department, enterprise,
    id::{AreaId, AssignmentId, BranchId, CadreId, DepartmentId, EnterpriseId, HouseholdId, RegionId},
    kind::{AssignmentKind, ChangeKind, RegionKind},
    membership,
    scalar::Date,
};
use sea_orm::{
    ColumnTrait, Condition, QueryFilter, QuerySelect, Set,
    sea_query::{Expr, ExprTrait},
};
use uuid::Uuid;

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

/// What an assignment is for, with where it is.
struct Target {
    region: Option<RegionId>,
    area: Option<AreaId>,
    household: Option<HouseholdId>,
    enterprise: Option<EnterpriseId>,
    place: Place,
}

impl Target {
    fn at(place: Place) -> Self {
        Self { region: None, area: None, household: None, enterprise: None, place }
    }

    fn facts<'a>(&self, branches: &'a [BranchId]) -> Facts<'a> {
        Facts { place: self.place, household: self.household, enterprise: self.enterprise, branches }
    }

    /// Who else has the same target: what the rule of the one primary contact compares.
    fn same(&self) -> Condition {
        Condition::any()
            .add_option(self.household.map(|id| assignment::Column::HouseholdId.eq(id)))
            .add_option(self.enterprise.map(|id| assignment::Column::EnterpriseId.eq(id)))
            .add_option(self.region.map(|id| assignment::Column::RegionId.eq(id)))
            .add_option(self.area.map(|id| assignment::Column::AreaId.eq(id)))
    }
}

fn wrong_target(field: &str) -> Error {
    Refusal::rule(
        "target",
        "kind",
        format!("此类包联的对象应由 {field} 给出，其他对象字段应留空。"),
        format!("The target of this kind is given by {field} alone."),
    )
    .into()
}

/// The target that fits the kind: exactly one of the four is given, and it is of the right level.
async fn target(work: &Work, input: &AssignmentCreateInput) -> Result<Target> {
    let AssignmentCreateInput { kind, region_id, area_id, household_id, enterprise_id, .. } = input;
    let given = [region_id.is_some(), area_id.is_some(), household_id.is_some(), enterprise_id.is_some()];
    let alone = given.iter().filter(|&&given| given).count() == 1;
    match (kind, region_id, area_id, household_id, enterprise_id) {
        (AssignmentKind::Area, _, &Some(id), _, _) if alone => area_target(work, id).await,
        (AssignmentKind::Household, _, _, &Some(id), _) if alone => {
            let row = household::find(work, id, "householdId").await?;
            Ok(Target { household: Some(id), ..Target::at(household::place(&row)) })
        }
        (AssignmentKind::Enterprise, _, _, _, &Some(id)) if alone => enterprise_target(work, id).await,
        (AssignmentKind::Township | AssignmentKind::Village | AssignmentKind::Group, &Some(id), _, _, _)
            if alone =>
        {
            region_target(work, *kind, id).await
        }
        (AssignmentKind::Area, ..) => Err(wrong_target("areaId")),
        (AssignmentKind::Household, ..) => Err(wrong_target("householdId")),
        (AssignmentKind::Enterprise, ..) => Err(wrong_target("enterpriseId")),
        _ => Err(wrong_target("regionId")),
    }
}

async fn region_target(work: &Work, kind: AssignmentKind, id: RegionId) -> Result<Target> {
    let region = region::find(work, id, "regionId").await?;
    let fits = match kind {
        AssignmentKind::Township => region.kind == RegionKind::Township,
        AssignmentKind::Village => region.kind == RegionKind::Village,
        _ => matches!(region.kind, RegionKind::Group | RegionKind::Grid),
    };
    if !fits {
        return Err(Refusal::rule(
            "target-level",
            "regionId",
            "区域的级别与包联类型不符。",
            "The level of the region does not fit the kind of assignment.",
        )
        .into());
    }
    Ok(Target { region: Some(id), ..Target::at(Place::from(&region)) })
}

async fn area_target(work: &Work, id: AreaId) -> Result<Target> {
    let area = unscoped::<area::Entity>()
        .filter(area::Column::Id.eq(id))
        .one(&work.tx)
        .await?
        .ok_or_else(|| Refusal::not_found("areaId"))?;
    let place =
        Place { county_id: Some(area.county_id), township_id: Some(area.township_id), ..Place::default() };
    Ok(Target { area: Some(id), ..Target::at(place) })
}

async fn enterprise_target(work: &Work, id: EnterpriseId) -> Result<Target> {
    let row = door::within::<enterprise::Entity>(work.ctx.scope(), work.ctx.backend())
        .filter(enterprise::Column::Id.eq(id))
        .one(&work.tx)
        .await?
        .ok_or_else(|| Refusal::not_found("enterpriseId"))?;
    let place = Place {
        county_id: Some(row.county_id),
        township_id: Some(row.township_id),
        village_id: row.village_id,
        ..Place::default()
    };
    Ok(Target { enterprise: Some(id), ..Target::at(place) })
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
    let rows: Vec<(BranchId, Option<BranchId>)> = unscoped::<membership::Entity>()
        .select_only()
        .columns([membership::Column::BranchId, membership::Column::GroupId])
        .filter(membership::Column::CadreId.eq(cadre))
        .filter(live(membership::Column::StartsOn, membership::Column::EndsOn, work.ctx.today()))
        .into_tuple()
        .all(&work.tx)
        .await?;
    Ok(rows.into_iter().flat_map(|(branch, group)| std::iter::once(branch).chain(group)).collect())
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
