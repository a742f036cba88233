//! Departments and stations (部门、站所): who can be made responsible for a task.
//!
//! Everyone may read them with the telephone of the office, signed in or not. Whoever administers the place makes and
//! changes them. A name stands once in a region.

pub mod object;

use self::object::{DepartmentCreateInput, DepartmentUpdateInput};
use crate::{
    kernel::{
        door::{any_of, unscoped},
        error::{Error, Refusal, RefusalCode, Result},
        patch::{patched, set},
        place::Place,
        policy::May,
        record::Record,
        refusal::{Checks, Detail},
        scope::Facts,
        standards,
        work::Work,
    },
    region::{
        find as find_region,
        naming::{free_name, short_name},
    },
};
use entity::{
    department,
    id::{DepartmentId, RegionId},
    kind::ChangeKind,
    region,
    scalar::PhoneNumber,
};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbBackend, QueryFilter, QueryOrder, Set};
use std::collections::HashSet;
use uuid::Uuid;

/// What PostgreSQL calls the rule that a name stands once in a region.
const NAME_IN_REGION: &str = "department_region_id_name_key";

impl Record for department::Entity {
    const NAME: &'static str = DepartmentId::PREFIX;
    const INTERNAL: &'static [&'static str] = &["name", "region_id", "office_phone"];
}

impl From<&department::Model> for Place {
    fn from(department: &department::Model) -> Self {
        Self {
            county_id: department.county_id,
            township_id: department.township_id,
            village_id: department.village_id,
            ..Self::default()
        }
    }
}

/// The department of an id, for commands: departments are public.
pub async fn find(work: &Work, id: DepartmentId, field: &str) -> Result<department::Model> {
    unscoped::<department::Entity>()
        .filter(department::Column::Id.eq(id))
        .one(&work.tx)
        .await?
        .ok_or_else(|| Refusal::not_found(field).into())
}

/// Checks a telephone number that may be absent; the digits alone are kept.
pub fn phone(checks: &mut Checks, field: &str, given: Option<PhoneNumber>) -> Option<String> {
    match standards::check_phone(&given?.0) {
        Ok(phone) => Some(phone.digits),
        Err(fault) => {
            checks.refuse(Refusal::rule("phone", field, fault.zh(), fault.en()));
            None
        }
    }
}

fn duplicate(existing: Option<DepartmentId>) -> Error {
    Refusal::new(
        RefusalCode::Duplicate,
        "name",
        "该区域已有同名的部门。",
        "There is a department of this name in the region already.",
    )
    .with(Detail::Existing(existing.map(|id| id.to_string())))
    .into()
}

/// Refuses a name that stands in the region already.
async fn must_be_free(work: &Work, region: RegionId, name: &str) -> Result<()> {
    let same = unscoped::<department::Entity>()
        .filter(department::Column::RegionId.eq(region))
        .filter(department::Column::Name.eq(name))
        .one(&work.tx)
        .await?;
    same.map_or(Ok(()), |same| Err(duplicate(Some(same.id))))
}

/// Two who take the same name at the same moment: the database lets one through.
fn or_duplicate(error: Error) -> Error {
    if Work::is_constraint(&error, NAME_IN_REGION) { duplicate(None) } else { error }
}

/// Makes a department. Requires the right over the place of its region.
pub async fn create(work: &Work, input: DepartmentCreateInput) -> Result<Uuid> {
    let DepartmentCreateInput { idempotency_key: _, id, region_id, name, office_phone } = input;
    let region = find_region(work, region_id, "regionId").await?;
    let place = Place { group_id: None, grid_id: None, ..Place::from(&region) };
    work.ctx.must(May::ManageDepartment, &Facts::from(place))?;
    let mut checks = Checks::default();
    let name = checks.text("name", &name, 60);
    let office_phone = phone(&mut checks, "officePhone", office_phone);
    checks.done()?;
    must_be_free(work, region_id, &name).await?;
    let row = department::ActiveModel {
        id: Set(id.unwrap_or_else(|| DepartmentId(Uuid::now_v7()))),
        name: Set(name),
        region_id: Set(region_id),
        county_id: Set(place.county_id),
        township_id: Set(place.township_id),
        village_id: Set(place.village_id),
        office_phone: Set(office_phone),
        version: Set(1),
    };
    work.insert(row).await.map_err(or_duplicate)
}

/// Renames a department or changes its telephone.
pub async fn update(work: &Work, input: DepartmentUpdateInput) -> Result<Uuid> {
    let DepartmentUpdateInput { idempotency_key: _, id, expected_version, name, office_phone } = input;
    let department = find(work, id, "id").await?;
    work.ctx.must(May::ManageDepartment, &Facts::from(Place::from(&department)))?;
    let mut checks = Checks::default();
    let name = name.map(|name| checks.text("name", &name, 60)).filter(|name| *name != department.name);
    let office_phone = patched(office_phone, |given| phone(&mut checks, "officePhone", given))
        .filter(|phone| *phone != department.office_phone);
    checks.done()?;
    if let Some(name) = &name {
        must_be_free(work, department.region_id, name).await?;
    }
    let row = department::ActiveModel {
        id: Set(id),
        name: set(name),
        office_phone: set(office_phone),
        ..Default::default()
    };
    work.update(row, expected_version, ChangeKind::Updated).await.map_err(or_duplicate)?;
    Ok(id.0)
}

/// Departments of regions that are merged into another, with the names that they get there: one that is taken gets the
/// region's name in front.
pub async fn clashes(
    db: &impl ConnectionTrait,
    backend: DbBackend,
    from: &[region::Model],
    into: RegionId,
) -> Result<Vec<(department::Model, String)>> {
    let regions = from.iter().map(|region| region.id).chain([into]);
    let rows = unscoped::<department::Entity>()
        .filter(any_of(department::Column::RegionId, regions, backend))
        .order_by_asc(department::Column::Id)
        .all(db)
        .await?;
    let (there, coming): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.region_id == into);
    let mut taken: HashSet<String> = there.into_iter().map(|row| row.name).collect();
    let mut clashes = Vec::new();
    for region in from {
        for row in coming.iter().filter(|row| row.region_id == region.id) {
            let name = free_name(&row.name, &short_name(&region.name), &taken);
            taken.insert(name.clone());
            if name != row.name {
                clashes.push((row.clone(), name));
            }
        }
    }
    Ok(clashes)
}

/// The departments of regions that were merged into another are that one's now, under the names that `clashes` gave.
pub async fn succeed(
    work: &Work,
    from: &[RegionId],
    into: RegionId,
    clashes: &[(department::Model, String)],
) -> Result<()> {
    for (department, name) in clashes {
        let row =
            department::ActiveModel { id: Set(department.id), name: Set(name.clone()), ..Default::default() };
        work.update(row, department.version, ChangeKind::Updated).await?;
    }
    work.refer::<department::Entity>(department::Column::RegionId, from, into, Condition::all()).await
}
