//! Boundary changes as they are spoken: mutations, and the plan that shows what one would do.

use super::{make, plan::Change};
use crate::{
    kernel::{
        directive::{auth, cost, may},
        error::Result,
        payload::{ctx, payload},
        policy::May,
        work::Work,
    },
    region::object::Region,
};
use async_graphql::{Context, ID, InputObject, Object, OneofObject};
use entity::{
    id::{AreaId, HouseholdId, RegionId},
    scalar::{Date, RegionCode},
};
use uuid::Uuid;

/// A village to make of a part of another.
#[derive(Clone, Debug, InputObject)]
pub struct NewVillage {
    /// Id minted by the client; made by the server otherwise.
    #[graphql(default)]
    pub id: Option<RegionId>,
    /// Official code; begins with that of the township.
    pub code: RegionCode,
    /// Name, at most 60 characters.
    pub name: String,
}

/// Another code for a region, a county or below.
#[derive(Clone, Debug, InputObject)]
pub struct RegionRecodeInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Which region.
    pub id: RegionId,
    /// The version that the change is based on.
    pub expected_version: i32,
    /// New official code; begins with that of the region above. Codes of all below begin with it from then on.
    pub code: RegionCode,
    /// First day of the new code: today or earlier, not before the last change; today when nothing is said.
    #[graphql(default)]
    pub effective_on: Option<Date>,
    /// Number of the official paper (文号), at most 100 characters.
    #[graphql(default)]
    pub note: Option<String>,
}

/// Regions to make one.
#[derive(Clone, Debug, InputObject)]
pub struct RegionMergeInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// The regions that are merged and withdrawn, 20 at the most.
    pub from_ids: Vec<RegionId>,
    /// The region that they are merged into, of the same kind; it stays.
    pub into_id: RegionId,
    /// First day on which they are one: today or earlier, not before the last change; today when nothing is said.
    #[graphql(default)]
    pub effective_on: Option<Date>,
    /// Number of the official paper (文号), at most 100 characters.
    #[graphql(default)]
    pub note: Option<String>,
}

/// A village to part.
#[derive(Clone, Debug, InputObject)]
pub struct RegionSplitInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Which village.
    pub id: RegionId,
    /// The version that the change is based on.
    pub expected_version: i32,
    /// The village that is made of the part.
    pub new_region: NewVillage,
    /// Groups and grids that go over with their households, 100 at the most. A grid takes along the households without a group.
    pub group_ids: Vec<RegionId>,
    /// Households that go over without their group, 500 at the most.
    #[graphql(default)]
    pub household_ids: Vec<HouseholdId>,
    /// First day of the new village: today or earlier, not before the last change; today when nothing is said.
    #[graphql(default)]
    pub effective_on: Option<Date>,
    /// Number of the official paper (文号), at most 100 characters.
    #[graphql(default)]
    pub note: Option<String>,
}

/// A region to lie in another.
#[derive(Clone, Debug, InputObject)]
pub struct RegionMoveInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Which region: a village or a township.
    pub id: RegionId,
    /// The version that the change is based on.
    pub expected_version: i32,
    /// The township or county that it lies in from then on.
    pub parent_id: RegionId,
    /// New official code; begins with that of the region above. Codes of all below begin with it from then on.
    pub code: RegionCode,
    /// First day of the new place: today or earlier, not before the last change; today when nothing is said.
    #[graphql(default)]
    pub effective_on: Option<Date>,
    /// Number of the official paper (文号), at most 100 characters.
    #[graphql(default)]
    pub note: Option<String>,
}

/// `regionRecode` to look at beforehand.
#[derive(Clone, Debug, InputObject)]
pub struct RegionRecodeChange {
    /// Which region.
    pub id: RegionId,
    /// New official code.
    pub code: RegionCode,
    /// First day of the new code; today when nothing is said.
    #[graphql(default)]
    pub effective_on: Option<Date>,
}

/// `regionMerge` to look at beforehand.
#[derive(Clone, Debug, InputObject)]
pub struct RegionMergeChange {
    /// The regions that are merged, 20 at the most.
    pub from_ids: Vec<RegionId>,
    /// The region that they are merged into.
    pub into_id: RegionId,
    /// First day on which they are one; today when nothing is said.
    #[graphql(default)]
    pub effective_on: Option<Date>,
}

/// `regionSplit` to look at beforehand.
#[derive(Clone, Debug, InputObject)]
pub struct RegionSplitChange {
    /// Which village.
    pub id: RegionId,
    /// The village that is made of the part.
    pub new_region: NewVillage,
    /// Groups and grids that go over, 100 at the most.
    pub group_ids: Vec<RegionId>,
    /// Households that go over without their group, 500 at the most.
    #[graphql(default)]
    pub household_ids: Vec<HouseholdId>,
    /// First day of the new village; today when nothing is said.
    #[graphql(default)]
    pub effective_on: Option<Date>,
}

/// `regionMove` to look at beforehand.
#[derive(Clone, Debug, InputObject)]
pub struct RegionMoveChange {
    /// Which region: a village or a township.
    pub id: RegionId,
    /// The region that it lies in from then on.
    pub parent_id: RegionId,
    /// New official code.
    pub code: RegionCode,
    /// First day of the new place; today when nothing is said.
    #[graphql(default)]
    pub effective_on: Option<Date>,
}

/// The villages of `areaUpdate` to look at beforehand.
#[derive(Clone, Debug, InputObject)]
pub struct AreaVillagesChange {
    /// Which area.
    pub id: AreaId,
    /// All its villages from then on, 100 at the most.
    pub village_ids: Vec<RegionId>,
}

/// A change to look at beforehand: exactly one of these.
#[derive(Clone, Debug, OneofObject)]
pub enum RegionChangeInput {
    /// Another code.
    Recode(RegionRecodeChange),
    /// Regions become one.
    Merge(RegionMergeChange),
    /// A village is parted.
    Split(RegionSplitChange),
    /// A region comes to lie in another.
    Move(RegionMoveChange),
    /// An area gets other villages.
    Area(AreaVillagesChange),
}

impl From<RegionRecodeChange> for Change {
    fn from(change: RegionRecodeChange) -> Self {
        Self::Recode { id: change.id, code: change.code, day: change.effective_on }
    }
}

impl From<RegionMergeChange> for Change {
    fn from(change: RegionMergeChange) -> Self {
        Self::Merge { from: change.from_ids, into: change.into_id, day: change.effective_on }
    }
}

impl From<RegionSplitChange> for Change {
    fn from(change: RegionSplitChange) -> Self {
        let NewVillage { id, code, name } = change.new_region;
        Self::Split {
            id: change.id,
            new: id.unwrap_or_else(|| RegionId(Uuid::now_v7())),
            code,
            name,
            groups: change.group_ids,
            households: change.household_ids,
            day: change.effective_on,
        }
    }
}

impl From<RegionMoveChange> for Change {
    fn from(change: RegionMoveChange) -> Self {
        Self::Move { id: change.id, parent: change.parent_id, code: change.code, day: change.effective_on }
    }
}

payload! {
    /// The region that a boundary change made or changed, or why not.
    RegionChangePayload, region: Region
}

/// Boundary changes.
#[derive(Debug, Default)]
pub struct BoundaryMutation;

#[Object]
impl BoundaryMutation {
    /// Gives a region another code (改码), and all below it codes that begin with it. The old ones still lead to them.
    /// Requires `REGION_ADMIN` of it, or `PLATFORM_ADMIN`. Errors: `INVALID` (code, day), `DUPLICATE` (a code), `LIMIT`,
    /// `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(50), directive = auth::apply(may(May::ManageRegion)))]
    async fn region_recode(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which region, and its code.")] input: RegionRecodeInput,
    ) -> Option<Result<RegionChangePayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("regionRecode", &input.idempotency_key, &input, recode).await;
        RegionChangePayload::of(ctx, written).await
    }

    /// Merges villages or townships of one county, or groups or grids of one village (合并). Those that are merged are
    /// withdrawn; what is below them, in them and theirs goes over: households (renumbered where the number is taken, and
    /// still found by the old one), offices, assignments and roles. Requires `REGION_ADMIN` of all of them, or `PLATFORM_ADMIN`.
    /// Errors: `INVALID` (`alike`, `each-once`, `withdrawn`, day), `LIMIT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(100), directive = auth::apply(may(May::ManageRegion)))]
    async fn region_merge(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which regions, and into which.")] input: RegionMergeInput,
    ) -> Option<Result<RegionChangePayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("regionMerge", &input.idempotency_key, &input, merge).await;
        RegionChangePayload::of(ctx, written).await
    }

    /// Makes a village of a part of another (分设): whole groups and grids, and single households. Answers with the new one.
    /// Requires `REGION_ADMIN` of the township, or `PLATFORM_ADMIN`. Errors: `INVALID` (code, `groups`, `households`, day),
    /// `DUPLICATE` (the code), `LIMIT`, `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(100), directive = auth::apply(may(May::ManageRegion)))]
    async fn region_split(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which village, and what goes over.")] input: RegionSplitInput,
    ) -> Option<Result<RegionChangePayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("regionSplit", &input.idempotency_key, &input, split).await;
        RegionChangePayload::of(ctx, written).await
    }

    /// Puts a village into another township, or a township into another county (调整隶属), with all in it. Requires
    /// `REGION_ADMIN` of where it lay and of where it goes, or `PLATFORM_ADMIN`. Errors: `INVALID` (`parent`, code, day), `DUPLICATE` (a
    /// code), `LIMIT`, `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(100), directive = auth::apply(may(May::ManageRegion)))]
    async fn region_move(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which region, and where it goes.")] input: RegionMoveInput,
    ) -> Option<Result<RegionChangePayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("regionMove", &input.idempotency_key, &input, relocate).await;
        RegionChangePayload::of(ctx, written).await
    }
}

async fn recode(work: &Work, input: RegionRecodeInput) -> Result<Uuid> {
    let RegionRecodeInput { idempotency_key: _, id, expected_version, code, effective_on: day, note } = input;
    let change = Change::Recode { id, code, day };
    make(work, &change, Some((id, expected_version)), note.as_deref()).await
}

async fn merge(work: &Work, input: RegionMergeInput) -> Result<Uuid> {
    let RegionMergeInput { idempotency_key: _, from_ids, into_id, effective_on: day, note } = input;
    make(work, &Change::Merge { from: from_ids, into: into_id, day }, None, note.as_deref()).await
}

async fn split(work: &Work, input: RegionSplitInput) -> Result<Uuid> {
    let RegionSplitInput {
        idempotency_key: _,
        id,
        expected_version,
        new_region,
        group_ids,
        household_ids,
        effective_on,
        note,
    } = input;
    let change = RegionSplitChange { id, new_region, group_ids, household_ids, effective_on };
    make(work, &change.into(), Some((id, expected_version)), note.as_deref()).await
}

async fn relocate(work: &Work, input: RegionMoveInput) -> Result<Uuid> {
    let RegionMoveInput {
        idempotency_key: _,
        id,
        expected_version,
        parent_id: parent,
        code,
        effective_on: day,
        note,
    } = input;
    let change = Change::Move { id, parent, code, day };
    make(work, &change, Some((id, expected_version)), note.as_deref()).await
}
