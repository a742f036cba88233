//! Regions (区域): the administrative tree with its official codes, and the areas (片区) of townships.
//!
//! Everyone may read it, signed in or not. Level and parent are stored, never read off the code; a region's own id
//! never changes. Groups and grids are ours to number; the rest comes with the import of the official list.
//!
//! A region that was merged into another is withdrawn, never deleted: its code and its id still lead to what it became,
//! and a past day still has it (`succession`, `past`). What changes more than a name is the room `boundary`'s.

pub mod area;
mod history;
pub mod import;
pub mod lookup;
pub mod naming;
pub mod object;
pub mod past;
pub mod setting;
pub mod succession;

use self::{
    object::{RegionCreateInput, RegionUpdateInput},
    succession::{Becomes, effective},
};
use crate::kernel::{
    door::unscoped,
    error::{Error, Refusal, RefusalCode, Result},
    place::{Place, past::in_force},
    policy::May,
    record::Record,
    refusal::{Checks, Detail},
    scope::Facts,
    standards,
    work::Work,
};
use entity::{
    id::RegionId,
    kind::{ChangeKind, RegionKind, SuccessionKind},
    region, region_succession,
    scalar::{Date, RegionCode},
};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, IntoActiveModel, QueryFilter, QuerySelect, Set,
    sea_query::LockType,
};
use uuid::Uuid;

impl Record for region::Entity {
    const NAME: &'static str = RegionId::PREFIX;
    const INTERNAL: &'static [&'static str] = &["code", "name", "kind", "parent_id", "since"];
}

/// The region of an id, for commands: regions are public. It stays in force until the command is done; one that is
/// withdrawn is refused, and what it became is named.
pub async fn find(work: &Work, id: RegionId, field: &str) -> Result<region::Model> {
    held(work, id, field, LockType::KeyShare).await
}

async fn held(work: &Work, id: RegionId, field: &str, lock: LockType) -> Result<region::Model> {
    let region = unscoped::<region::Entity>()
        .filter(region::Column::Id.eq(id))
        .lock(lock)
        .one(&work.tx)
        .await?
        .ok_or_else(|| Refusal::not_found(field))?;
    match region.until {
        None => Ok(region),
        Some(until) => {
            Err(withdrawn(&region, &in_force(&work.tx, region.clone()).await?, until, field).into())
        }
    }
}

/// The region of an id as it stands, in force or not.
pub async fn of(db: &impl ConnectionTrait, id: RegionId, field: &str) -> Result<region::Model> {
    unscoped::<region::Entity>()
        .filter(region::Column::Id.eq(id))
        .one(db)
        .await?
        .ok_or_else(|| Refusal::not_found(field).into())
}

/// The refusal of a region that is withdrawn, with what it has become.
#[must_use]
pub fn withdrawn(region: &region::Model, now: &region::Model, until: Date, field: &str) -> Refusal {
    Refusal::rule(
        "withdrawn",
        field,
        format!("{}已于 {} 撤销，并入{}（{}，{}）。", region.name, until.0, now.name, now.code.0, now.id),
        format!(
            "{} was withdrawn on {} and is now part of {} ({}, {}).",
            region.name, until.0, now.name, now.code.0, now.id
        ),
    )
}

/// What may stand directly above what.
fn fits(kind: RegionKind, parent: RegionKind) -> bool {
    use RegionKind::{City, County, Grid, Group, Province, Township, Village};
    matches!(
        (parent, kind),
        (Province, City)
            | (City, County | Township)
            | (County, Township)
            | (Township, Village)
            | (Village, Group | Grid)
    )
}

/// The place columns of a region below its parent: the parent's, and itself at its level.
#[must_use]
pub fn placed(mut row: region::Model, parent: Option<&region::Model>) -> region::Model {
    if let Some(parent) = parent {
        row.parent_id = Some(parent.id);
        row.province_id = parent.province_id;
        row.city_id = parent.city_id;
        row.county_id = parent.county_id;
        row.township_id = parent.township_id;
        row.village_id = parent.village_id;
    }
    let own = Some(row.id);
    match row.kind {
        RegionKind::Province => row.province_id = own,
        RegionKind::City => row.city_id = own,
        RegionKind::County => row.county_id = own,
        RegionKind::Township => {
            // A city without counties stands in the county's column.
            row.county_id = row.county_id.or(row.city_id);
            row.township_id = own;
        }
        RegionKind::Village => row.village_id = own,
        RegionKind::Group => row.group_id = own,
        RegionKind::Grid => row.grid_id = own,
    }
    row
}

/// Whether a city would have counties and townships directly below it: it stands in the county's column or it does not.
async fn mixes(work: &Work, kind: RegionKind, parent: &region::Model) -> Result<bool> {
    Ok(match (parent.kind, kind) {
        (RegionKind::City, RegionKind::County) => parent.county_id.is_some(),
        (RegionKind::City, RegionKind::Township) => unscoped::<region::Entity>()
            .filter(region::Column::ParentId.eq(parent.id))
            .filter(region::Column::Kind.eq(RegionKind::County))
            .one(&work.tx)
            .await?
            .is_some(),
        _ => false,
    })
}

/// Makes a region below another. Requires the right over the parent.
pub async fn create(work: &Work, input: RegionCreateInput) -> Result<Uuid> {
    let RegionCreateInput { idempotency_key: _, id, code, name, kind, parent_id } = input;
    let mut parent = match parent_id {
        Some(parent) => Some(find(work, parent, "parentId").await?),
        None => None,
    };
    let place = parent.as_ref().map(Place::from).unwrap_or_default();
    work.ctx.must(May::ManageRegion, &Facts::from(place))?;
    let mut checks = Checks::default();
    let name = checks.text("name", &name, 60);
    if let Err(fault) = standards::check_region_code(kind, &code.0) {
        checks.refuse(Refusal::rule("region-code", "code", fault.zh(), fault.en()));
    }
    match &parent {
        None => checks.require(kind == RegionKind::Province, || {
            Refusal::rule(
                "parent",
                "parentId",
                "只有省没有上级区域。",
                "Only a province has no region above it.",
            )
        }),
        Some(parent) => {
            let mixed = mixes(work, kind, parent).await?;
            checks.require(fits(kind, parent.kind) && !mixed, || {
                Refusal::rule(
                    "parent",
                    "parentId",
                    "上级区域的级别不对。",
                    "A region of this kind does not stand directly below that one.",
                )
            });
            checks.require(code.0.starts_with(&parent.code.0), || {
                Refusal::rule(
                    "region-code-prefix",
                    "code",
                    format!("代码应以上级代码 {} 开头。", parent.code.0),
                    format!("The code begins with that of the region above, {}.", parent.code.0),
                )
            });
        }
    }
    checks.done()?;
    must_be_free(&work.tx, &code, "code").await?;
    let since = borne_before(work, &code).await?.then(|| work.ctx.today());
    if let Some(city) = parent.as_mut().filter(|above| {
        kind == RegionKind::Township && above.kind == RegionKind::City && above.county_id.is_none()
    }) {
        // It has no counties, and stands in the county's column from now on.
        city.county_id = Some(city.id);
        let row =
            region::ActiveModel { id: Set(city.id), county_id: Set(city.county_id), ..Default::default() };
        work.update(row, city.version, ChangeKind::Updated).await?;
    }
    let id = id.unwrap_or_else(|| RegionId(Uuid::now_v7()));
    let row = region::Model { since, ..placed(blank(id, code, name, kind), parent.as_ref()) };
    insert(work, row).await
}

/// Stores a new region with its place.
pub(crate) async fn insert(work: &Work, row: region::Model) -> Result<Uuid> {
    work.insert(row.into_active_model().reset_all()).await.map_err(succession::code_taken)
}

/// Refuses a code that a region in force has.
pub(crate) async fn must_be_free(db: &impl ConnectionTrait, code: &RegionCode, field: &str) -> Result<()> {
    let same = unscoped::<region::Entity>()
        .filter(region::Column::Code.eq(code.0.as_str()))
        .filter(region::Column::Until.is_null())
        .one(db)
        .await?;
    same.map_or(Ok(()), |same| Err(duplicate(field, same.id)))
}

/// Whether another region had the code once: then who has it now has it from now on, and past days keep the other.
async fn borne_before(work: &Work, code: &RegionCode) -> Result<bool> {
    let before = unscoped::<region_succession::Entity>()
        .filter(region_succession::Column::Code.eq(code.0.as_str()))
        .one(&work.tx)
        .await?;
    Ok(before.is_some())
}

/// A region without a place yet.
#[must_use]
pub fn blank(id: RegionId, code: RegionCode, name: String, kind: RegionKind) -> region::Model {
    region::Model {
        id,
        code,
        name,
        kind,
        parent_id: None,
        province_id: None,
        city_id: None,
        county_id: None,
        township_id: None,
        village_id: None,
        group_id: None,
        grid_id: None,
        version: 1,
        since: None,
        until: None,
    }
}

fn duplicate(field: &str, existing: RegionId) -> Error {
    Refusal::new(
        RefusalCode::Duplicate,
        field,
        "已有这个代码的区域。",
        "There is a region of this code already.",
    )
    .with(Detail::Existing(Some(existing.to_string())))
    .into()
}

/// Renames a region; the name that it had is kept for the days before.
pub async fn update(work: &Work, input: RegionUpdateInput) -> Result<Uuid> {
    let RegionUpdateInput { idempotency_key: _, id, expected_version, name, effective_on, note } = input;
    let region = held(work, id, "id", LockType::Update).await?;
    work.ctx.must(May::ManageRegion, &Facts::from(Place::from(&region)))?;
    let mut checks = Checks::default();
    let name = checks.text("name", &name, 60);
    let note = checks.optional_text("note", note.as_deref(), 100);
    let day = effective(&work.ctx, &work.tx, &mut checks, effective_on, &[&region]).await?;
    checks.done()?;
    work.stands::<region::Entity>(id.0, expected_version).await?;
    if name != region.name {
        let renamed = Becomes { name, ..Becomes::new(region, SuccessionKind::Renamed) };
        let lines = succession::carry_out(work, &[renamed], day, note.as_deref()).await?;
        work.log_all::<region::Entity>(lines).await?;
    }
    Ok(id.0)
}
