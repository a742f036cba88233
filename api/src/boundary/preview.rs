//! What a boundary change would do, to look at before it is made (预览).

use super::{
    object::RegionChangeInput,
    plan::{Change, Counts, Plan},
};
use crate::{
    account::grant::object::RoleGrant,
    contact::object::ContactAssignment,
    household::object::Household,
    kernel::{
        directive::{DataClass, auth, class, cost, everyone, may},
        error::{Error, Result, UserError},
        node::Node,
        payload::ctx,
        policy::May,
        request::Ctx,
    },
    region::{area, object::Region},
};
use async_graphql::{Context, Object, SimpleObject};
use entity::{
    id::{AssignmentId, GrantId, HouseholdId, RegionId},
    kind::SuccessionKind,
    scalar::{Date, RegionCode},
};
use futures_util::future::try_join_all;
use uuid::Uuid;

/// Regions that are listed at the most.
const REGIONS: usize = 500;
/// Households, assignments and roles that are listed at the most.
const LISTED: usize = 100;

/// What becomes of one region (区域变化).
#[derive(Clone, Debug, SimpleObject)]
#[graphql(complex)]
pub struct RegionChangeItem {
    /// What happens to it (变更类型).
    #[graphql(directive = class::apply(DataClass::Public))]
    pub kind: SuccessionKind,
    /// Its code until now (原代码).
    #[graphql(directive = class::apply(DataClass::Public))]
    pub old_code: RegionCode,
    /// Its code from then on (新代码); null when it is withdrawn.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub new_code: Option<RegionCode>,
    /// Its name until now (原名称).
    #[graphql(directive = class::apply(DataClass::Public))]
    pub old_name: String,
    /// Its name from then on (新名称); null when it is withdrawn.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub new_name: Option<String>,
    #[graphql(skip)]
    id: RegionId,
}

#[async_graphql::ComplexObject]
impl RegionChangeItem {
    /// The region as it is (区域).
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn region(&self, gql: &Context<'_>) -> Option<Result<Region>> {
        ctx(gql).edge(Some(self.id)).await
    }
}

/// How much moves (变动数量).
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct RegionChangeCounts {
    /// Households (户).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub households: i64,
    /// Enterprises (企业).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub enterprises: i64,
    /// Cadres (干部).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub cadres: i64,
    /// Party organisations (党组织).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub party_branches: i64,
    /// Departments (部门).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub departments: i64,
    /// Assignments whose target moves, past ones among them (包联).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub assignments: i64,
    /// Accounts (账号).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub accounts: i64,
}

impl From<Counts> for RegionChangeCounts {
    fn from(counts: Counts) -> Self {
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        Self {
            households: number(counts.households),
            enterprises: number(counts.enterprises),
            cadres: number(counts.cadres),
            party_branches: number(counts.branches),
            departments: number(counts.departments),
            assignments: number(counts.assignments),
            accounts: number(counts.accounts),
        }
    }
}

/// A household that gets another number (户编号变化).
#[derive(Clone, Debug, SimpleObject)]
#[graphql(complex)]
pub struct HouseholdRenumbering {
    /// Its number until now (原编号).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub old_number: String,
    /// Its number from then on (新编号).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub new_number: String,
    #[graphql(skip)]
    id: HouseholdId,
}

#[async_graphql::ComplexObject]
impl HouseholdRenumbering {
    /// The household (户).
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn household(&self, gql: &Context<'_>) -> Option<Result<Household>> {
        ctx(gql).edge(Some(self.id)).await
    }
}

/// What a boundary change would do (区划调整预览). It agrees with what the mutation then does, as long as nothing else changes.
#[derive(Clone, Debug, Default)]
pub struct RegionChangePlan {
    errors: Vec<UserError>,
    day: Option<Date>,
    regions: Vec<RegionChangeItem>,
    region_count: usize,
    moved: Counts,
    renumbered: Vec<HouseholdRenumbering>,
    come: Vec<RegionId>,
    go: Vec<RegionId>,
    more: Vec<AssignmentId>,
    less: Vec<AssignmentId>,
    roles: Vec<GrantId>,
}

impl RegionChangePlan {
    fn new(plan: Plan, moved: Counts) -> Self {
        let item = |becomes: &crate::region::succession::Becomes| {
            let stays = !becomes.vanishes();
            RegionChangeItem {
                kind: becomes.kind,
                old_code: becomes.before.code.clone(),
                new_code: stays.then(|| becomes.code.clone()),
                old_name: becomes.before.name.clone(),
                new_name: stays.then(|| becomes.name.clone()),
                id: becomes.before.id,
            }
        };
        let renumbered = plan.renumbered.into_iter().map(|one| HouseholdRenumbering {
            old_number: one.from,
            new_number: one.to,
            id: one.id,
        });
        let anew = plan.assignments.iter().filter(|carried| !carried.anew.is_empty());
        let roles = plan.grants.iter().filter(|carried| !carried.anew.is_empty());
        let leaves = |go: &[RegionId]| if plan.areas.is_empty() { Vec::new() } else { go.to_vec() };
        Self {
            day: Some(plan.day),
            region_count: plan.regions.len(),
            regions: plan.regions.iter().take(REGIONS).map(item).collect(),
            moved,
            renumbered: renumbered.collect(),
            go: leaves(&plan.leaving),
            more: anew.map(|carried| carried.before.id).collect(),
            roles: roles.map(|carried| carried.before.id).collect(),
            ..Self::default()
        }
    }

    fn refused(errors: Vec<crate::kernel::error::Refusal>) -> Self {
        Self { errors: errors.into_iter().map(Into::into).collect(), ..Self::default() }
    }
}

/// Nodes of a list that the viewer may see, as many as are listed.
async fn seen<N: Node>(ctx: &Ctx, ids: impl IntoIterator<Item = Uuid>) -> Result<Vec<N>> {
    let nodes = ids.into_iter().take(LISTED).map(|id| ctx.node::<N>(id));
    Ok(try_join_all(nodes).await?.into_iter().flatten().collect())
}

fn number(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// What a boundary change would do (区划调整预览). It agrees with what the mutation then does, as long as nothing else changes.
#[Object]
impl RegionChangePlan {
    /// Why it would be refused, as the mutation would say it; then the rest is empty.
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn errors(&self) -> &[UserError] {
        &self.errors
    }

    /// The day from which it would count (生效日期). Null when it would be refused, and for an area.
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn effective_on(&self) -> Option<Date> {
        self.day
    }

    /// What becomes of the regions (区域变化), 500 at the most; `regionCount` has them all.
    #[graphql(directive = class::apply(DataClass::Public), directive = cost::apply(50), directive = auth::apply(everyone()))]
    async fn regions(&self) -> &[RegionChangeItem] {
        &self.regions
    }

    /// How many regions change (区域数).
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn region_count(&self) -> i32 {
        number(self.region_count)
    }

    /// How much comes to another place (变动数量).
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn moved(&self) -> RegionChangeCounts {
        self.moved.into()
    }

    /// Households that get another number (户编号变化), of those that the viewer may see, 100 at the most; `renumberedCount`
    /// counts them all.
    #[graphql(directive = class::apply(DataClass::Internal), directive = cost::apply(20))]
    async fn renumbered(&self, gql: &Context<'_>) -> Result<Vec<HouseholdRenumbering>, Error> {
        let ids = self.renumbered.iter().map(|one| one.id.0);
        let seen: Vec<Household> = seen(ctx(gql), ids).await?;
        let shown = |one: &&HouseholdRenumbering| seen.iter().any(|household| household.id == one.id);
        Ok(self.renumbered.iter().take(LISTED).filter(shown).cloned().collect())
    }

    /// How many households get another number (户编号变化数).
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn renumbered_count(&self) -> i32 {
        number(self.renumbered.len())
    }

    /// Villages that come into the area (划入片区的村), 100 at the most.
    #[graphql(directive = class::apply(DataClass::Public), directive = cost::apply(20))]
    async fn villages_added(&self, gql: &Context<'_>) -> Result<Vec<Region>, Error> {
        seen(ctx(gql), self.come.iter().map(|id| id.0)).await
    }

    /// Villages that leave their area (划出片区的村), 100 at the most.
    #[graphql(directive = class::apply(DataClass::Public), directive = cost::apply(20))]
    async fn villages_removed(&self, gql: &Context<'_>) -> Result<Vec<Region>, Error> {
        seen(ctx(gql), self.go.iter().map(|id| id.0)).await
    }

    /// Assignments whose holders come to reach more (将扩大范围的包联), of those that the viewer may see, 100 at the most: those
    /// that are carried over, or those to the area.
    #[graphql(directive = class::apply(DataClass::Internal), directive = cost::apply(20))]
    async fn reach_more(&self, gql: &Context<'_>) -> Result<Vec<ContactAssignment>, Error> {
        seen(ctx(gql), self.more.iter().map(|id| id.0)).await
    }

    /// Assignments to the area whose holders come to reach less (将缩小范围的包联), 100 at the most, of those that the viewer
    /// may see.
    #[graphql(directive = class::apply(DataClass::Internal), directive = cost::apply(20))]
    async fn reach_less(&self, gql: &Context<'_>) -> Result<Vec<ContactAssignment>, Error> {
        seen(ctx(gql), self.less.iter().map(|id| id.0)).await
    }

    /// Roles that are carried over (将延续的授权), of those that the viewer may see, 100 at the most.
    #[graphql(directive = class::apply(DataClass::Internal), directive = cost::apply(20))]
    async fn roles_carried_over(&self, gql: &Context<'_>) -> Result<Vec<RoleGrant>, Error> {
        seen(ctx(gql), self.roles.iter().map(|id| id.0)).await
    }
}

/// Boundary changes to look at beforehand.
#[derive(Debug, Default)]
pub struct BoundaryQuery;

#[Object]
impl BoundaryQuery {
    /// What a boundary change, or other villages of an area, would do (预览), without doing it. Requires what the mutation
    /// requires.
    #[graphql(directive = class::apply(DataClass::Internal), directive = cost::apply(50), directive = auth::apply(may(May::ManageRegion)))]
    async fn region_change_preview(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The change, exactly one.")] change: RegionChangeInput,
    ) -> Option<Result<RegionChangePlan>> {
        let ctx = ctx(gql);
        if let Err(error) = ctx.signed_in() {
            return Some(Err(error));
        }
        Some(match preview(ctx, change).await {
            Err(Error::Refused(refusals)) => Ok(RegionChangePlan::refused(refusals)),
            planned => planned,
        })
    }
}

async fn preview(ctx: &Ctx, change: RegionChangeInput) -> Result<RegionChangePlan> {
    let db = ctx.db().read();
    let change: Change = match change {
        RegionChangeInput::Recode(change) => change.into(),
        RegionChangeInput::Merge(change) => change.into(),
        RegionChangeInput::Split(change) => change.into(),
        RegionChangeInput::Move(change) => change.into(),
        RegionChangeInput::Area(change) => {
            let resettled = area::preview(ctx, db, change.id, &change.village_ids).await?;
            let if_any = |villages: &[RegionId]| {
                if villages.is_empty() { Vec::new() } else { resettled.held.clone() }
            };
            return Ok(RegionChangePlan {
                more: if_any(&resettled.come),
                less: if_any(&resettled.go),
                come: resettled.come,
                go: resettled.go,
                ..RegionChangePlan::default()
            });
        }
    };
    let plan = super::of(ctx, db, &change).await?;
    let moved = plan.counts(ctx, db).await?;
    Ok(RegionChangePlan::new(plan, moved))
}
