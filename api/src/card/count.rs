//! How many cards were filled and how many issued, for a region and the regions in it.

use crate::{
    kernel::{
        directive::{DataClass, auth, class, cost, see},
        door::{counted_households, level_of, unscoped},
        error::{Fault, Result},
        payload::ctx,
        place::Level,
        policy::Resource,
        request::Ctx,
    },
    region::object::{Region, RegionBy, look_up},
};
use async_graphql::{Context, Object, SimpleObject};
use entity::{
    contact_card, household,
    id::RegionId,
    kind::{CardKind, HouseholdStatus, RegionKind},
};
use sea_orm::{
    ColumnTrait, EntityTrait, FromQueryResult, JoinType, QueryFilter, QuerySelect, RelationDef,
    sea_query::{Expr, ExprTrait},
};

/// Parts of a region that are told at the most.
const MOST: u64 = 1000;

/// How many cards of a kind were filled, and how many issued (填写数、发放数): two things, counted apart. Cards of households that
/// live there, one of each kind. To an integration both are told in whole steps.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct CardCount {
    /// Which of the two cards (类型).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub kind: CardKind,
    /// Cards that were filled (填写数).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub filled: i64,
    /// Cards that were issued (发放数), the void ones among them until another takes their place.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub issued: i64,
}

#[derive(Clone, Copy, FromQueryResult)]
struct Row {
    part: Option<RegionId>,
    kind: CardKind,
    filled: i64,
    issued: i64,
}

/// Counts by kind: of one part, or of all.
fn counts(ctx: &Ctx, rows: &[Row], part: Option<RegionId>) -> Vec<CardCount> {
    let count = |kind| {
        let of = rows.iter().filter(|row| row.kind == kind && (part.is_none() || row.part == part));
        let (filled, issued) =
            of.fold((0, 0), |(filled, issued), row| (filled + row.filled, issued + row.issued));
        CardCount { kind, filled: ctx.told(filled), issued: ctx.told(issued) }
    };
    CardKind::all().map(count).collect()
}

/// The counts of one region in the region that was asked for (分区域计数).
pub struct CardCountsPart {
    part: RegionId,
    counts: Vec<CardCount>,
}

/// The counts of one region in the region that was asked for (分区域计数).
#[Object]
impl CardCountsPart {
    /// The region (区域). Null when it is no longer there.
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn region(&self, gql: &Context<'_>) -> Option<Result<Region>> {
        ctx(gql).edge(Some(self.part)).await
    }

    /// Its counts (计数), one entry for each kind, at most 2.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn counts(&self) -> &[CardCount] {
        &self.counts
    }
}

/// How many cards were filled and issued in a region (联系卡填写与发放情况), of the households that count for the viewer.
pub struct CardCounts {
    region: Region,
    rows: Vec<Row>,
}

/// How many cards were filled and issued in a region (联系卡填写与发放情况), of the households that count for the viewer.
#[Object]
impl CardCounts {
    /// The region that was asked for (区域).
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn region(&self) -> Option<&Region> {
        Some(&self.region)
    }

    /// Its counts (计数), one entry for each kind, at most 2.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn counts(&self, gql: &Context<'_>) -> Vec<CardCount> {
        counts(ctx(gql), &self.rows, None)
    }

    /// The same for the regions directly in it that have any card (下级区域): townships of a county, villages of a township, groups
    /// of a village; at most 1000.
    #[graphql(directive = class::apply(DataClass::Internal), directive = cost::apply(100))]
    async fn parts(&self, gql: &Context<'_>) -> Vec<CardCountsPart> {
        let mut parts: Vec<RegionId> = self.rows.iter().filter_map(|row| row.part).collect();
        parts.sort_unstable();
        parts.dedup();
        let of = |part| CardCountsPart { part, counts: counts(ctx(gql), &self.rows, Some(part)) };
        parts.into_iter().map(of).collect()
    }
}

/// The level directly below that of a region.
fn below(kind: RegionKind) -> Option<Level> {
    match kind {
        RegionKind::City | RegionKind::County => Some(Level::Township),
        RegionKind::Township => Some(Level::Village),
        RegionKind::Village => Some(Level::Group),
        RegionKind::Province | RegionKind::Group | RegionKind::Grid => None,
    }
}

/// Everything in one statement: by the regions below, and by kind.
async fn count(ctx: &Ctx, region: Region) -> Result<CardCounts> {
    let Some(within) = level_of(region.kind).and_then(Level::column::<household::Entity>) else {
        return Err(Fault::input("请给出县级或以下的区域。", "Name a county or a region below one.").into());
    };
    let part = below(region.kind).and_then(Level::column::<household::Entity>);
    let part = part.map_or_else(
        || Expr::val(Option::<uuid::Uuid>::None),
        |column| Expr::col((household::Entity, column)),
    );
    let household: RelationDef = contact_card::Entity::belongs_to(household::Entity)
        .from(contact_card::Column::HouseholdId)
        .to(household::Column::Id)
        .into();
    let mut rows = unscoped::<contact_card::Entity>()
        .join(JoinType::InnerJoin, household)
        .select_only()
        .column(contact_card::Column::Kind)
        .expr_as(part.clone(), "part")
        .expr_as(Expr::col(contact_card::Column::FilledOn).count(), "filled")
        .expr_as(Expr::col(contact_card::Column::IssuedOn).count(), "issued")
        .filter(contact_card::Column::ReplacedOn.is_null())
        .filter(household::Column::Status.eq(HouseholdStatus::Resident))
        .filter(within.eq(region.id))
        .filter(counted_households(ctx.scope(), ctx.backend()))
        .group_by(contact_card::Column::Kind)
        .limit(MOST * 2);
    if below(region.kind).is_some() {
        rows = rows.group_by(part);
    }
    let rows = rows.into_model::<Row>().all(ctx.db().read()).await?;
    Ok(CardCounts { region, rows })
}

/// Counts of cards.
#[derive(Debug, Default)]
pub struct CardCountQuery;

#[Object]
impl CardCountQuery {
    /// How many cards were filled and issued in a region, and in the regions in it. Requires sign-in; counts only households that
    /// the viewer's grants and assignments cover. Null when there is no such region.
    #[graphql(directive = class::apply(DataClass::Internal), directive = cost::apply(20), directive = auth::apply(see(&[Resource::Figures])))]
    async fn card_counts(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The region, by id or official code.")] region: RegionBy,
    ) -> Option<Result<CardCounts>> {
        let ctx = ctx(gql);
        if let Err(error) = ctx.signed_in() {
            return Some(Err(error));
        }
        match look_up(ctx, region).await? {
            Ok(region) => Some(count(ctx, region).await),
            Err(error) => Some(Err(error)),
        }
    }
}
