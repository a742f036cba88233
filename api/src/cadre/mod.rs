//! Cadres (党员干部、网格员): who can be answerable, with the party memberships and the posts they hold.
//!
//! A cadre belongs to one office, a county, township or village, and carries the place of it; whoever administers that
//! place makes and changes them. Memberships and posts are dated, never overwritten: each ends on the first day that no
//! longer counts. A cadre is a member of one party organisation at a time.

pub mod membership;
pub mod object;
pub mod position;
pub mod roster;

use self::object::{CadreCreateInput, CadreUpdateInput};
use crate::{
    branch::{lies_in, seat},
    department::{find as find_department, phone},
    kernel::{
        error::{Refusal, RefusalCode, Result},
        patch::{patched, set},
        place::Place,
        policy::May,
        record::Record,
        refusal::Checks,
        scope::Facts,
        work::Work,
    },
    region::find as find_region,
};
use entity::{
    cadre, department,
    id::{CadreId, RegionId},
    kind::{CadreLevel, ChangeKind},
    region,
    scalar::Date,
};
use sea_orm::{ColumnTrait, Condition, QueryFilter, Set};
use uuid::Uuid;

impl Record for cadre::Entity {
    const NAME: &'static str = CadreId::PREFIX;
    const INTERNAL: &'static [&'static str] =
        &["level", "region_id", "department_id", "work_phone", "starts_on", "ends_on"];
}

impl From<&cadre::Model> for Place {
    fn from(cadre: &cadre::Model) -> Self {
        Self {
            county_id: cadre.county_id,
            township_id: cadre.township_id,
            village_id: cadre.village_id,
            ..Self::default()
        }
    }
}

/// The cadre of an id, for commands: one outside the scope answers as if there were none.
pub async fn find(work: &Work, id: CadreId, field: &str) -> Result<cadre::Model> {
    work.ctx
        .within::<cadre::Entity>()
        .filter(cadre::Column::Id.eq(id))
        .one(&work.tx)
        .await?
        .ok_or_else(|| Refusal::not_found(field).into())
}

/// What begins cannot end before.
fn check_end(checks: &mut Checks, starts_on: Date, ends_on: Option<Date>) {
    checks.require(ends_on.is_none_or(|ends_on| ends_on >= starts_on), || {
        Refusal::rule(
            "dates",
            "endsOn",
            format!("不能早于开始日期 {}。", starts_on.0),
            format!("Not before the day it began, {}.", starts_on.0),
        )
    });
}

/// What is over stays as it was.
fn must_go_on(work: &Work, ends_on: Option<Date>) -> Result<()> {
    match ends_on.filter(|&ends_on| ends_on <= work.ctx.today()) {
        None => Ok(()),
        Some(_) => Err(Refusal::new(
            RefusalCode::State,
            "id",
            "已经结束，历史不再改动。",
            "It is over; what is past is not changed.",
        )
        .into()),
    }
}

/// The office is one that has cadres.
fn check_office(checks: &mut Checks, office: &region::Model) {
    checks.require(seat(office).path().any(|id| id == office.id), || {
        Refusal::rule(
            "office",
            "regionId",
            "应为县（市、区）、乡镇（街道）或村（社区）。",
            "The office is that of a county, township or village.",
        )
    });
}

/// A department is of the office itself or of a place around it.
fn check_department(checks: &mut Checks, office: &region::Model, department: &department::Model) {
    checks.require(lies_in(office, department.region_id), || {
        Refusal::rule(
            "department",
            "departmentId",
            "应为本单位所在区域或其上级区域的部门。",
            "A department of the region that the cadre belongs to, or of one above it.",
        )
    });
}

/// Only a post has a telephone of its own; a party member without one is never listed with a number.
fn check_post(checks: &mut Checks, level: CadreLevel, work_phone: Option<&String>) {
    checks.require(level != CadreLevel::PartyMember || work_phone.is_none(), || {
        Refusal::rule(
            "work-phone",
            "workPhone",
            "没有职务的党员不登记工作电话。",
            "A party member without a post has no work telephone.",
        )
    });
}

/// Makes a cadre. Requires the right over the place of the office.
pub async fn create(work: &Work, input: CadreCreateInput) -> Result<Uuid> {
    let CadreCreateInput {
        idempotency_key: _,
        id,
        name,
        sex,
        level,
        region_id,
        department_id,
        work_phone,
        starts_on,
    } = input;
    let region = find_region(work, region_id, "regionId").await?;
    let place = seat(&region);
    work.ctx.must(May::ManageCadre, &Facts::from(place))?;
    let department = match department_id {
        Some(department) => Some(find_department(work, department, "departmentId").await?),
        None => None,
    };
    let mut checks = Checks::default();
    let name = checks.text("name", &name, 40);
    check_office(&mut checks, &region);
    if let Some(department) = &department {
        check_department(&mut checks, &region, department);
    }
    let work_phone = phone(&mut checks, "workPhone", work_phone);
    check_post(&mut checks, level, work_phone.as_ref());
    checks.done()?;
    let row = cadre::ActiveModel {
        id: Set(id.unwrap_or_else(|| CadreId(Uuid::now_v7()))),
        name: Set(name),
        sex: Set(sex),
        level: Set(level),
        region_id: Set(region_id),
        county_id: Set(place.county_id),
        township_id: Set(place.township_id),
        village_id: Set(place.village_id),
        department_id: Set(department_id),
        work_phone: Set(work_phone),
        starts_on: Set(starts_on),
        ends_on: Set(None),
        version: Set(1),
    };
    work.insert(row).await
}

/// Changes a cadre's name, level, department, telephone or last day.
pub async fn update(work: &Work, input: CadreUpdateInput) -> Result<Uuid> {
    let CadreUpdateInput {
        idempotency_key: _,
        id,
        expected_version,
        name,
        level,
        department_id,
        work_phone,
        ends_on,
    } = input;
    let cadre = find(work, id, "id").await?;
    work.ctx.must(May::ManageCadre, &Facts::from(Place::from(&cadre)))?;
    let mut checks = Checks::default();
    let name = name.map(|name| checks.text("name", &name, 40)).filter(|name| *name != cadre.name);
    let level = level.filter(|level| *level != cadre.level);
    let department_id = patched(department_id, |department| department)
        .filter(|department| *department != cadre.department_id);
    if let Some(Some(department)) = department_id {
        let office = find_region(work, cadre.region_id, "id").await?;
        let department = find_department(work, department, "departmentId").await?;
        check_department(&mut checks, &office, &department);
    }
    let work_phone = patched(work_phone, |given| phone(&mut checks, "workPhone", given))
        .filter(|phone| *phone != cadre.work_phone);
    let kept = work_phone.as_ref().unwrap_or(&cadre.work_phone);
    check_post(&mut checks, level.unwrap_or(cadre.level), kept.as_ref());
    let ends_on = patched(ends_on, |day| day).filter(|day| *day != cadre.ends_on);
    check_end(&mut checks, cadre.starts_on, ends_on.flatten());
    checks.done()?;
    let row = cadre::ActiveModel {
        id: Set(id),
        name: set(name),
        level: set(level),
        department_id: set(department_id),
        work_phone: set(work_phone),
        ends_on: set(ends_on),
        ..Default::default()
    };
    let leaves = row.ends_on.is_set();
    work.update(row, expected_version, ChangeKind::Updated).await?;
    if leaves {
        // Whoever is out of office reaches nothing by an assignment.
        work.raise_rights(entity::account::Column::CadreId.eq(id)).await?;
    }
    Ok(id.0)
}

/// The cadres of regions that were merged into another are of that office now, and so are the posts there that last.
pub async fn succeed(work: &Work, from: &[RegionId], into: RegionId, day: Date) -> Result<()> {
    use entity::position;
    work.refer::<cadre::Entity>(cadre::Column::RegionId, from, into, Condition::all()).await?;
    let lasting =
        Condition::any().add(position::Column::EndsOn.is_null()).add(position::Column::EndsOn.gt(day));
    work.refer::<position::Entity>(position::Column::RegionId, from, into, lasting).await
}
