//! Party organisations (党组织): the party tree, from the committee down to the group.
//!
//! Each is the organisation of one region and carries the place of it. What stands below another belongs to the same
//! region or to one inside it, and fits it by kind. Whoever administers the place makes and renames them; a secretary
//! sees the own organisation and all below it.

pub mod object;
pub mod roster;

use self::object::{PartyBranchCreateInput, PartyBranchUpdateInput};
use crate::{
    kernel::{
        door::{any_of, unscoped},
        error::{Refusal, Result},
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
    account, branch, grant,
    id::{BranchId, RegionId},
    kind::{BranchKind, ChangeKind},
    region,
};
use sea_orm::{ColumnTrait, Condition, QueryFilter, QuerySelect, QueryTrait, Set};
use uuid::Uuid;

impl Record for branch::Entity {
    const NAME: &'static str = BranchId::PREFIX;
    const INTERNAL: &'static [&'static str] = &["name", "kind", "parent_id", "region_id"];
}

impl From<&branch::Model> for Place {
    fn from(branch: &branch::Model) -> Self {
        Self {
            county_id: branch.county_id,
            township_id: branch.township_id,
            village_id: branch.village_id,
            ..Self::default()
        }
    }
}

/// The party organisation of an id, for commands: one outside the scope answers as if it did not exist.
pub async fn find(work: &Work, id: BranchId, field: &str) -> Result<branch::Model> {
    work.ctx
        .within::<branch::Entity>()
        .filter(branch::Column::Id.eq(id))
        .one(&work.tx)
        .await?
        .ok_or_else(|| Refusal::not_found(field).into())
}

/// The place of what belongs to a region and is kept down to the village.
#[must_use]
pub fn seat(region: &region::Model) -> Place {
    Place { group_id: None, grid_id: None, ..Place::from(region) }
}

/// Whether a region is another one, or lies in it.
#[must_use]
pub fn lies_in(region: &region::Model, upper: RegionId) -> bool {
    [region.province_id, region.city_id]
        .into_iter()
        .flatten()
        .chain(Place::from(region).path())
        .any(|id| id == upper)
}

/// What may stand directly above what.
fn fits(kind: BranchKind, parent: BranchKind) -> bool {
    use BranchKind::{Branch, Committee, GeneralBranch, Group};
    matches!(
        (parent, kind),
        (Committee, Committee | GeneralBranch | Branch) | (GeneralBranch, Branch) | (Branch, Group)
    )
}

/// The rules for what stands above.
fn check_parent(
    checks: &mut Checks,
    kind: BranchKind,
    region: &region::Model,
    parent: Option<&branch::Model>,
) {
    match parent {
        None => checks.require(kind != BranchKind::Group, || {
            Refusal::rule(
                "parent",
                "parentId",
                "党小组应设在党支部之下。",
                "A party group stands below a branch.",
            )
        }),
        Some(parent) => {
            checks.require(fits(kind, parent.kind), || {
                Refusal::rule(
                    "parent",
                    "parentId",
                    "上级党组织的类型不对：党委下设党委、党总支或党支部，党总支下设党支部，党支部下设党小组。",
                    "Below a committee stands a committee, a general branch or a branch, below a general branch a \
                     branch, below a branch a group.",
                )
            });
            checks.require(lies_in(region, parent.region_id), || {
                Refusal::rule(
                    "region",
                    "regionId",
                    "应为上级党组织所在的区域，或其下的区域。",
                    "The region is that of the organisation above, or lies in it.",
                )
            });
        }
    }
}

/// Makes a party organisation. Requires the right over the place of its region.
pub async fn create(work: &Work, input: PartyBranchCreateInput) -> Result<Uuid> {
    let PartyBranchCreateInput { idempotency_key: _, id, name, kind, parent_id, region_id } = input;
    let region = find_region(work, region_id, "regionId").await?;
    let parent = match parent_id {
        Some(parent) => Some(find(work, parent, "parentId").await?),
        None => None,
    };
    let place = seat(&region);
    work.ctx.must(May::ManageBranch, &Facts::from(place))?;
    let mut checks = Checks::default();
    let name = checks.text("name", &name, 60);
    check_parent(&mut checks, kind, &region, parent.as_ref());
    checks.done()?;
    let id = id.unwrap_or_else(|| BranchId(Uuid::now_v7()));
    let row = branch::ActiveModel {
        id: Set(id),
        name: Set(name),
        kind: Set(kind),
        parent_id: Set(parent_id),
        region_id: Set(region_id),
        county_id: Set(place.county_id),
        township_id: Set(place.township_id),
        village_id: Set(place.village_id),
        version: Set(1),
    };
    work.insert(row).await?;
    if let Some(parent) = &parent {
        refresh_rights(work, parent).await?;
    }
    Ok(id.0)
}

/// Renames a party organisation.
pub async fn update(work: &Work, input: PartyBranchUpdateInput) -> Result<Uuid> {
    let PartyBranchUpdateInput { idempotency_key: _, id, expected_version, name } = input;
    let branch = find(work, id, "id").await?;
    work.ctx.must(May::ManageBranch, &Facts::from(Place::from(&branch)))?;
    let mut checks = Checks::default();
    let name = checks.text("name", &name, 60);
    checks.done()?;
    let mut row = branch::ActiveModel { id: Set(id), ..Default::default() };
    if name != branch.name {
        row.name = Set(name);
    }
    work.update(row, expected_version, ChangeKind::Updated).await?;
    Ok(id.0)
}

/// The organisations of regions that were merged into another are that one's now.
pub async fn succeed(work: &Work, from: &[RegionId], into: RegionId) -> Result<()> {
    work.refer::<branch::Entity>(branch::Column::RegionId, from, into, Condition::all()).await
}

/// Secretaries of the organisations above reach one more now.
async fn refresh_rights(work: &Work, parent: &branch::Model) -> Result<()> {
    let mut above = vec![parent.id];
    let mut next = parent.parent_id;
    while let Some(id) = next.filter(|id| !above.contains(id)) {
        above.push(id);
        next = unscoped::<branch::Entity>()
            .select_only()
            .column(branch::Column::ParentId)
            .filter(branch::Column::Id.eq(id))
            .into_tuple::<Option<BranchId>>()
            .one(&work.tx)
            .await?
            .flatten();
    }
    let holders = unscoped::<grant::Entity>()
        .select_only()
        .column(grant::Column::AccountId)
        .filter(any_of(grant::Column::BranchId, above, work.ctx.backend()))
        .into_query();
    work.raise_rights(account::Column::Id.in_subquery(holders)).await
}
