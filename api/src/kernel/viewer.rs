//! The bonds of an account on a day, read from the grants and the assignments as they stand, in one statement for
//! most people: those bound to a province, an area or a party branch need one more.

use super::{
    clock::civil,
    db::Db,
    door::{any_of, unscoped},
    error::Result,
    place::{Level, Place, Root},
    policy::{Dates, Policy, Relation},
    scope::{Bond, Scope},
};
use entity::{
    account, area_village, branch,
    id::{AccountId, AreaId, BranchId, CadreId, DepartmentId, EnterpriseId, HouseholdId, RegionId, TaskId},
    kind::{ApiScope, AssignmentKind, Role},
    region,
    scalar::DateTime,
};
use sea_orm::{
    ColumnTrait, FromQueryResult, QueryFilter, QuerySelect, Statement,
    sea_query::{Expr, ExprTrait},
};
use std::sync::Arc;

const BONDS: &str = "
SELECT g.role, NULL AS kind, CAST(NULL AS timestamptz) AS until, g.region_id, NULL AS area_id, g.household_id, g.enterprise_id, g.branch_id, g.department_id,
  coalesce(r.county_id, h.county_id, e.county_id, b.county_id, d.county_id) AS county_id,
  coalesce(r.township_id, h.township_id, e.township_id, b.township_id, d.township_id) AS township_id,
  coalesce(r.village_id, h.village_id, e.village_id, b.village_id, d.village_id) AS village_id,
  coalesce(r.group_id, h.group_id) AS group_id,
  coalesce(r.grid_id, h.grid_id) AS grid_id, CAST(NULL AS uuid) AS task_id
FROM role_grant g
LEFT JOIN region r ON r.id = g.region_id
LEFT JOIN household h ON h.id = g.household_id
LEFT JOIN enterprise e ON e.id = g.enterprise_id
LEFT JOIN branch b ON b.id = g.branch_id
LEFT JOIN department d ON d.id = g.department_id
WHERE g.account_id = $1 AND g.starts_on <= $3 AND (g.ends_on IS NULL OR g.ends_on > $4)
UNION ALL
SELECT 'CADRE', a.kind, NULL, a.region_id, a.area_id, a.household_id, a.enterprise_id, NULL, NULL,
  a.county_id, a.township_id, a.village_id, a.group_id, a.grid_id, NULL
FROM contact_assignment a
JOIN cadre c ON c.id = a.cadre_id AND (c.ends_on IS NULL OR c.ends_on > $7)
WHERE a.cadre_id = $2 AND a.starts_on <= $5 AND (a.ends_on IS NULL OR a.ends_on > $6)
UNION ALL
SELECT x.role, NULL, x.closes_at, NULL, NULL, x.household_id, NULL, NULL, NULL,
  h.county_id, h.township_id, h.village_id, h.group_id, h.grid_id, NULL
FROM emergency x JOIN household h ON h.id = x.household_id
WHERE x.account_id = $1 AND x.closes_at > $8
UNION ALL
SELECT 'CADRE', NULL, NULL, NULL, NULL, t.household_id, t.enterprise_id, NULL, NULL,
  t.county_id, t.township_id, t.village_id, t.group_id, t.grid_id, t.id
FROM task_part p JOIN task t ON t.id = p.task_id
JOIN cadre c ON c.id = p.cadre_id AND (c.ends_on IS NULL OR c.ends_on > $7)
WHERE p.cadre_id = $2 AND p.live
UNION ALL
SELECT g.role, NULL, NULL, NULL, NULL, t.household_id, t.enterprise_id, NULL, g.department_id,
  t.county_id, t.township_id, t.village_id, t.group_id, t.grid_id, t.id
FROM role_grant g JOIN task_part p ON p.department_id = g.department_id AND p.live
JOIN task t ON t.id = p.task_id
WHERE g.account_id = $1 AND g.starts_on <= $3 AND (g.ends_on IS NULL OR g.ends_on > $4)";

#[derive(FromQueryResult)]
struct Row {
    role: Role,
    kind: Option<AssignmentKind>,
    /// Until when, within the day; for what was opened in an emergency.
    until: Option<DateTime>,
    region_id: Option<RegionId>,
    area_id: Option<AreaId>,
    household_id: Option<HouseholdId>,
    enterprise_id: Option<EnterpriseId>,
    branch_id: Option<BranchId>,
    department_id: Option<DepartmentId>,
    task_id: Option<TaskId>,
    #[sea_orm(nested)]
    place: Place,
}

/// What an account reaches on a day.
pub async fn scope(
    db: &Db,
    policy: &Arc<Policy>,
    account: AccountId,
    cadre: Option<CadreId>,
    now: DateTime,
) -> Result<Scope> {
    let (bonds, until) = bonds(db, policy, account, cadre, now).await?;
    let mut scope = Scope::new(Arc::clone(policy), Some(account), cadre, civil(now), bonds);
    scope.until = until;
    Ok(scope)
}

/// All bonds of an account at a moment, and until when they hold within the day.
async fn bonds(
    db: &Db,
    policy: &Policy,
    account: AccountId,
    cadre: Option<CadreId>,
    now: DateTime,
) -> Result<(Vec<Bond>, Option<DateTime>)> {
    let today = civil(now);
    // A cadre that is none matches nothing.
    let cadre_or_none = cadre.map_or_else(uuid::Uuid::nil, Into::into);
    let (granted, kept) = policy.grants.on(today);
    let (assigned, held) = policy.assignments.on(today);
    let in_office = Dates { from: true, until: policy.in_office }.on(today).1;
    let open = if policy.emergencies_close { now } else { DateTime::new(chrono::DateTime::UNIX_EPOCH) };
    let days = [granted, kept, assigned, held, in_office].map(|day| day.0.into());
    let values = [account.0.into(), cadre_or_none.into()].into_iter().chain(days).chain([open.into()]);
    let statement = Statement::from_sql_and_values(db.backend(), BONDS, values);
    let rows = Row::find_by_statement(statement).all(db.read()).await?;
    let until = rows.iter().filter_map(|row| row.until).min();
    let mut bonds = Vec::with_capacity(rows.len());
    for row in rows {
        let mut bond = bond(db, row).await?;
        if policy.widened.contains(&bond.relation) {
            bond.widen();
        }
        bonds.push(bond);
    }
    Ok((standing(bonds), until))
}

/// What was opened in an emergency stands on the role by which it was opened, and closes with that.
fn standing(bonds: Vec<Bond>) -> Vec<Bond> {
    let (opened, mut held): (Vec<_>, Vec<_>) =
        bonds.into_iter().partition(|bond| bond.relation == Relation::Emergency);
    let stands = |bond: &Bond| {
        let place = Place { county_id: bond.offices.first().copied(), ..Place::default() };
        held.iter().any(|own| own.role == bond.role && own.is_in_county(&place))
    };
    let opened: Vec<_> = opened.into_iter().filter(stands).collect();
    held.extend(opened);
    held
}

/// What another system reaches by a key of an account at a moment: its roles as an integration, no further than the region
/// of the key. Nothing of the account is its own.
pub async fn integration(
    db: &Db,
    policy: &Arc<Policy>,
    account: AccountId,
    (region, place): (RegionId, Place),
    scopes: &[ApiScope],
    now: DateTime,
) -> Result<Scope> {
    let within = match place.root() {
        Some(root) if root.id == region => vec![root],
        _ => counties(db, region).await?,
    };
    let (mut bonds, _) = bonds(db, policy, account, None, now).await?;
    bonds.retain(|bond| bond.role == Role::Integration);
    for bond in &mut bonds {
        narrow(bond, &within, &place);
    }
    bonds.retain(|bond| !bond.roots.is_empty());
    let granted =
        |bond: &Bond, &scope: &ApiScope| Bond { relation: Relation::Granted(scope), ..bond.clone() };
    let bonds = bonds.iter().flat_map(|bond| scopes.iter().map(move |scope| granted(bond, scope)));
    Ok(Scope::new(Arc::clone(policy), None, None, civil(now), bonds.collect()).sending(account))
}

/// Takes from a bond what lies outside some regions; `place` is where they lie themselves.
fn narrow(bond: &mut Bond, within: &[Root], place: &Place) {
    let granted = std::mem::take(&mut bond.roots);
    let inside = |root: &&Root| granted.contains(root) || granted.iter().any(|own| own.holds(place));
    bond.roots = within.iter().filter(inside).copied().collect();
    if bond.roots.is_empty() {
        let around = |own: &Root| within.iter().any(|root| root == own || bond.offices.contains(&root.id));
        bond.roots = granted.into_iter().filter(around).collect();
    } else {
        bond.offices.extend(place.path());
    }
}

async fn bond(db: &Db, row: Row) -> Result<Bond> {
    let mut bond = Bond::new(row.role, relation(&row));
    bond.offices = row.place.path().collect();
    bond.household = row.household_id;
    bond.enterprise = row.enterprise_id;
    bond.department = row.department_id;
    bond.area = row.area_id;
    bond.task = row.task_id;
    if let Some(region) = row.region_id {
        bond.roots = match row.place.root() {
            Some(root) if root.id == region => vec![root],
            _ => counties(db, region).await?,
        };
    }
    if let Some(area) = row.area_id {
        bond.roots = villages(db, area).await?;
        bond.offices.extend(bond.roots.iter().map(|root| root.id));
    }
    if let Some(branch) = row.branch_id {
        bond.branches = branches(db, branch).await?;
    }
    Ok(bond)
}

/// How a row ties: an assignment by its kind, a grant by what it is bound to.
fn relation(row: &Row) -> Relation {
    use AssignmentKind::{Area, Enterprise, Group, Household, Township, Village};
    match row.kind {
        Some(Household | Enterprise | Group) => return Relation::Contact,
        Some(Township | Area | Village) => return Relation::PlaceContact,
        None => {}
    }
    let bound = [
        (row.until.is_some(), Relation::Emergency),
        (row.task_id.is_some(), Relation::Given),
        (row.region_id.is_some(), Relation::Region),
        (row.branch_id.is_some(), Relation::Branch),
        (row.department_id.is_some(), Relation::Department),
        (row.household_id.is_some() || row.enterprise_id.is_some(), Relation::Own),
    ];
    bound.into_iter().find(|(bound, _)| *bound).map_or(Relation::Everywhere, |(_, relation)| relation)
}

/// A province or a city stands for its counties.
async fn counties(db: &Db, above: RegionId) -> Result<Vec<Root>> {
    let ids: Vec<RegionId> = unscoped::<region::Entity>()
        .select_only()
        .column(region::Column::Id)
        .filter(region::Column::ProvinceId.eq(above).or(region::Column::CityId.eq(above)))
        .filter(Expr::col(region::Column::CountyId).eq(Expr::col(region::Column::Id)))
        .into_tuple()
        .all(db.read())
        .await?;
    Ok(ids.into_iter().map(|id| Root { level: Level::County, id }).collect())
}

async fn villages(db: &Db, area: AreaId) -> Result<Vec<Root>> {
    let ids: Vec<RegionId> = unscoped::<area_village::Entity>()
        .select_only()
        .column(area_village::Column::VillageId)
        .filter(area_village::Column::AreaId.eq(area))
        .into_tuple()
        .all(db.read())
        .await?;
    Ok(ids.into_iter().map(|id| Root { level: Level::Village, id }).collect())
}

/// A party organisation and all below it: the tree has four levels.
async fn branches(db: &Db, top: BranchId) -> Result<Vec<BranchId>> {
    let mut all = vec![top];
    let mut level = vec![top];
    while !level.is_empty() && all.len() < 10_000 {
        level = unscoped::<branch::Entity>()
            .select_only()
            .column(branch::Column::Id)
            .filter(any_of(branch::Column::ParentId, level, db.backend()))
            .into_tuple()
            .all(db.read())
            .await?;
        all.extend(&level);
    }
    Ok(all)
}

/// Whether anybody has an account: an empty database may be filled, another must not.
pub async fn has_accounts(db: &Db) -> Result<bool> {
    let any = unscoped::<account::Entity>().limit(1).one(db.read()).await?;
    Ok(any.is_some())
}
