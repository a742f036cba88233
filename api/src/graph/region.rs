//! Edges of `Region`.

use crate::{
    branch::object::{PartyBranch, PartyBranchOrderField, PartyBranchWhere},
    cadre::object::{Cadre, CadreOrderField, CadreWhere},
    contact::object::{ContactAssignment, ContactAssignmentOrderField, ContactAssignmentWhere},
    department::object::{Department, DepartmentOrderField, DepartmentWhere},
    enterprise::object::{Enterprise, EnterpriseOrderField, EnterpriseWhere},
    household::{
        list::{HouseholdOrderField, HouseholdWhere},
        object::Household,
    },
    kernel::{
        connection::{Connection, Cursor},
        directive::{DataClass, class},
        door::level_of,
        error::{Error, Result},
        node::{Listing, Node, OrderBy, at_hand, children},
        page::PageArgs,
        payload::{Permission, ctx},
        place::Level,
        policy::May,
        request::Ctx,
        scope::Facts,
    },
    region::{
        area::{Area, AreaOrderField, AreaWhere},
        object::{Region, RegionOrderField, RegionWhere, ancestors},
        past::ChildrenOn,
        setting::{CountySetting, SettingOf},
        succession::{RegionSuccession, RegionSuccessionOrderField, RegionSuccessionWhere},
    },
    visit::object::{Visit, VisitOrderField, VisitWhere},
};
use async_graphql::{ComplexObject, Context, SimpleObject};
use entity::{id::RegionId, kind::RegionKind, scalar::Date};
use std::sync::Arc;

/// What the viewer may do to a region (可否操作).
#[derive(Clone, Debug, SimpleObject)]
pub struct RegionViewerCan {
    /// Rename it (`regionUpdate`), or make regions and areas below it.
    pub update: Permission,
    /// Record a visit to its people (`visitRecord`).
    pub record_visit: Permission,
}

impl Region {
    /// Rows of a table that lie in it, by the place column that carries its id. A province, and a city with counties, hold
    /// nothing themselves; nor does a group or grid of a table whose rows are placed by village.
    async fn inside<N: Node>(&self, gql: &Context<'_>, listing: Listing<N>) -> Result<Connection<N>> {
        let level = level_of(self.kind).unwrap_or(Level::County);
        if level.column::<N::Entity>().is_none() {
            return at_hand(listing, Vec::new(), |_, _| None);
        }
        children(gql, level.column_name(), self.id, listing).await
    }
}

/// The region directly above on a day.
async fn above(ctx: &Ctx, region: &Region, as_of: Option<Date>) -> Result<Option<Region>> {
    let Some(region) = region.then(ctx, as_of).await? else { return Ok(None) };
    let Some(parent) = region.parent_id else { return Ok(None) };
    match ctx.node::<Region>(parent).await? {
        Some(parent) => parent.on(ctx, region.as_of).await,
        None => Ok(None),
    }
}

/// The regions directly below on a day.
async fn below_on(
    ctx: &Ctx,
    parent: RegionId,
    listing: Listing<Region>,
    day: Date,
) -> Result<Connection<Region>> {
    let filter = Arc::new(listing.filter.clone().unwrap_or_default());
    let rows = ctx.load(ChildrenOn { parent, day, filter }).await?;
    let rows = rows.map(|rows| rows.to_vec()).unwrap_or_default();
    at_hand(listing, rows, |region, column| {
        Some(if column == Some("name") { region.name.clone() } else { region.code.0.clone() })
    })
}

#[ComplexObject]
impl Region {
    /// What the viewer may do to it.
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn viewer_can(&self, gql: &Context<'_>) -> RegionViewerCan {
        let (ctx, facts) = (ctx(gql), Facts::from(self.place()));
        RegionViewerCan {
            update: ctx.permission(May::ManageRegion, &facts),
            record_visit: ctx.permission(May::RecordVisit, &facts),
        }
    }

    /// The region directly above (上级区域); null for a province.
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn parent(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "On this day; on the day that the region was asked for when nothing is said.")]
        as_of: Option<Date>,
    ) -> Option<Result<Region>> {
        above(ctx(gql), self, as_of).await.transpose()
    }

    /// The regions on the way from the province down to it, without itself: at most 6, for breadcrumbs.
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn ancestors(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "On this day; on the day that the region was asked for when nothing is said.")]
        as_of: Option<Date>,
    ) -> Result<Vec<Region>, Error> {
        let ctx = ctx(gql);
        match self.then(ctx, as_of).await? {
            Some(region) => ancestors(ctx, &region).await,
            None => Ok(Vec::new()),
        }
    }

    /// The boundary changes of the region (沿革): its new names, codes and places, and into what it was merged or what was
    /// made of it, the last first.
    #[graphql(directive = class::apply(DataClass::Public))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn successors(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<
            RegionSuccessionWhere,
        >,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<
            Vec<OrderBy<RegionSuccessionOrderField>>,
        >,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<RegionSuccession>>> {
        let page = PageArgs::new(first, after, last, before);
        Some(children(gql, "from_id", self.id, Listing { filter, order_by, page }).await)
    }

    /// The boundary changes that led to the region (由来): what it was before, what was merged into it, and of what it was
    /// made, the last first.
    #[graphql(directive = class::apply(DataClass::Public))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn predecessors(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<
            RegionSuccessionWhere,
        >,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<
            Vec<OrderBy<RegionSuccessionOrderField>>,
        >,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<RegionSuccession>>> {
        let page = PageArgs::new(first, after, last, before);
        Some(children(gql, "to_id", self.id, Listing { filter, order_by, page }).await)
    }

    /// The regions directly below (下级区域), by official code.
    #[graphql(directive = class::apply(DataClass::Public))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn children(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<RegionWhere>,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<Vec<OrderBy<RegionOrderField>>>,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
        #[graphql(desc = "On this day; on the day that the region was asked for when nothing is said.")]
        as_of: Option<Date>,
    ) -> Option<Result<Connection<Region>>> {
        let page = PageArgs::new(first, after, last, before);
        let Some(day) = as_of.or(self.as_of) else {
            return Some(children(gql, "parent_id", self.id, Listing { filter, order_by, page }).await);
        };
        let filter = Some(RegionWhere { as_of: Some(day), ..filter.unwrap_or_default() });
        Some(below_on(ctx(gql), self.id, Listing { filter, order_by, page }, day).await)
    }

    /// Areas (片区) of this township, by name; none for a region of another level.
    #[graphql(directive = class::apply(DataClass::Public))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn areas(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<AreaWhere>,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<Vec<OrderBy<AreaOrderField>>>,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<Area>>> {
        let page = PageArgs::new(first, after, last, before);
        Some(children(gql, "township_id", self.id, Listing { filter, order_by, page }).await)
    }

    /// Households anywhere in it that the viewer may see, by number. For a province, and a city with counties, ask `households(where: { region })`.
    #[graphql(directive = class::apply(DataClass::Internal))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn households(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<HouseholdWhere>,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<
            Vec<OrderBy<HouseholdOrderField>>,
        >,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<Household>>> {
        let page = PageArgs::new(first, after, last, before);
        Some(self.inside(gql, Listing { filter, order_by, page }).await)
    }

    /// Assignments to the region itself (township, village, group or grid), the newest first.
    #[graphql(directive = class::apply(DataClass::Internal))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn contact_assignments(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<
            ContactAssignmentWhere,
        >,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<
            Vec<OrderBy<ContactAssignmentOrderField>>,
        >,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<ContactAssignment>>> {
        let page = PageArgs::new(first, after, last, before);
        Some(children(gql, "region_id", self.id, Listing { filter, order_by, page }).await)
    }

    /// Party organisations (党组织) anywhere in it that the viewer may see, by name. None for a group or grid.
    #[graphql(directive = class::apply(DataClass::Internal))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn party_branches(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<
            PartyBranchWhere,
        >,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<
            Vec<OrderBy<PartyBranchOrderField>>,
        >,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<PartyBranch>>> {
        let page = PageArgs::new(first, after, last, before);
        Some(self.inside(gql, Listing { filter, order_by, page }).await)
    }

    /// Departments and stations (部门、站所) of this region itself, by name.
    #[graphql(directive = class::apply(DataClass::Public))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn departments(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<DepartmentWhere>,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<
            Vec<OrderBy<DepartmentOrderField>>,
        >,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<Department>>> {
        let page = PageArgs::new(first, after, last, before);
        Some(children(gql, "region_id", self.id, Listing { filter, order_by, page }).await)
    }

    /// Cadres (干部) anywhere in it that the viewer may see, by name. None for a group or grid.
    #[graphql(directive = class::apply(DataClass::Internal))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn cadres(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<CadreWhere>,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<Vec<OrderBy<CadreOrderField>>>,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<Cadre>>> {
        let page = PageArgs::new(first, after, last, before);
        Some(self.inside(gql, Listing { filter, order_by, page }).await)
    }

    /// Visits to whoever and whatever lies in it (走访), the latest first; those to the region itself among them. Empty for provinces, and for cities with counties. Requires what `visits` requires.
    #[graphql(directive = class::apply(DataClass::Internal))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn visits(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<VisitWhere>,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<Vec<OrderBy<VisitOrderField>>>,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<Visit>>> {
        let page = PageArgs::new(first, after, last, before);
        Some(self.inside(gql, Listing { filter, order_by, page }).await)
    }

    /// What the county decides for itself (县级设置). Null for all but counties and cities without counties.
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn settings(&self, gql: &Context<'_>) -> Option<Result<CountySetting>> {
        if self.kind != RegionKind::County && self.county_id != Some(self.id) {
            return None;
        }
        ctx(gql).load(SettingOf(self.id)).await.transpose()
    }

    /// Enterprises (企业) anywhere in it that the viewer may see, by name. None for a group or grid.
    #[graphql(directive = class::apply(DataClass::Internal))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn enterprises(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<EnterpriseWhere>,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<
            Vec<OrderBy<EnterpriseOrderField>>,
        >,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<Enterprise>>> {
        let page = PageArgs::new(first, after, last, before);
        Some(self.inside(gql, Listing { filter, order_by, page }).await)
    }
}
