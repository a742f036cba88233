//! Coverage (覆盖): which households have a contact, which villages a township cadre, who carries too many. A question,
//! never a stored figure.

use super::load::{CadreLoad, LoadOf};
use crate::{
    household::{
        list::{HouseholdWhere, has_contact},
        object::Household,
    },
    kernel::{
        connection::{Connection, Cursor},
        directive::{DataClass, auth, class, cost, see},
        door::{counted_assignments, counted_households, held_in_office, level_of, live, unscoped},
        error::{Error, Fault, Result},
        filter::ChoiceFilter,
        node::{Listing, list},
        page::{self, PageArgs},
        payload::ctx,
        place::Level,
        policy::Resource,
        request::Ctx,
        scope::Scope,
    },
    region::object::{Region, RegionWhere},
};
use async_graphql::{Context, MaybeUndefined, Object, SimpleObject};
use entity::{
    area_village, assignment, cadre, household,
    id::CadreId,
    kind::{AssignmentKind, CadreLevel, RegionKind},
    region,
    scalar::Date,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, FromQueryResult, JoinType, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, RelationDef,
    sea_query::{Expr, ExprTrait},
};

/// A part of a whole. The two numbers always travel with the rate (比率). To an integration both are told in whole steps (of 5
/// unless set otherwise), rounded down, and the rate is theirs.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct Share {
    /// How many of them (分子).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub numerator: i64,
    /// Of how many (分母).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub denominator: i64,
    /// The one divided by the other, 0 to 1; null when there is nothing to divide by.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub rate: Option<f64>,
}

impl Share {
    fn new(ctx: &Ctx, numerator: i64, denominator: i64) -> Self {
        let (numerator, denominator) = (ctx.told(numerator), ctx.told(denominator));
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
        let rate = (denominator > 0).then(|| numerator as f64 / denominator as f64);
        Self { numerator, denominator, rate }
    }
}

/// How many households have a contact of one level (按层级的覆盖).
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct LevelShare {
    /// The level of the contact (干部层级).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub level: CadreLevel,
    /// Households with a contact of that level (户数). One with contacts of two levels counts under each.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub households: i64,
}

/// Coverage of a region (覆盖情况), of what the viewer may see of it, on one day.
pub struct Coverage {
    pub(crate) region: Region,
    /// The day for which it is told.
    pub(crate) day: Date,
    past: bool,
}

impl Coverage {
    fn residents(&self) -> HouseholdWhere {
        HouseholdWhere {
            region: MaybeUndefined::Value(self.region.id),
            region_as_of: self.as_it_was(),
            resident_on: Some(self.day),
            ..HouseholdWhere::default()
        }
    }

    /// The day whose boundaries count: a day to come has those of today.
    fn as_it_was(&self) -> MaybeUndefined<Date> {
        if self.past { MaybeUndefined::Value(self.day) } else { MaybeUndefined::Undefined }
    }

    async fn count(&self, ctx: &Ctx, also: Condition) -> Result<i64> {
        use crate::kernel::node::Filter;
        let base = self.residents().condition(ctx).await?;
        let counted = unscoped::<household::Entity>()
            .filter(counted_households(ctx.scope(), ctx.backend()))
            .filter(base.add(also))
            .count(ctx.db().read())
            .await?;
        Ok(i64::try_from(counted).unwrap_or(i64::MAX))
    }

    fn below(&self) -> RegionWhere {
        let kind = ChoiceFilter {
            eq: MaybeUndefined::Value(RegionKind::Village),
            one_of: MaybeUndefined::Undefined,
        };
        RegionWhere {
            kind: Some(kind),
            within: MaybeUndefined::Value(self.region.id),
            ..RegionWhere::default()
        }
    }
}

/// Villages whose assignments the viewer sees, or whose households are counted: coverage tells nothing of others.
fn seen_villages(scope: &Scope) -> Condition {
    let roots = scope.assignment.roots.iter().chain(&scope.figures.roots).filter_map(|(root, _)| {
        let column = root.level.column::<region::Entity>()?;
        Some(column.eq(root.id))
    });
    roots.fold(Condition::any().add(Expr::val(1).eq(0)), Condition::add)
}

fn held_by_cadre() -> RelationDef {
    assignment::Entity::belongs_to(cadre::Entity)
        .from(assignment::Column::CadreId)
        .to(cadre::Column::Id)
        .into()
}

/// A village with a township cadre: by an assignment to it, to its area, or to the township.
fn has_township_cadre(today: Date) -> Condition {
    use assignment::Column::{AreaId, EndsOn, Kind, RegionId, StartsOn};
    let village = || Expr::col((region::Entity, region::Column::Id));
    let by = |target: Expr| {
        let township = [CadreLevel::TownshipLeader, CadreLevel::TownshipStaff];
        let select = unscoped::<assignment::Entity>()
            .select_only()
            .expr(Expr::val(1))
            .join(JoinType::InnerJoin, held_by_cadre())
            .filter(cadre::Column::Level.is_in(township))
            .filter(live(StartsOn, EndsOn, today))
            .filter(held_in_office(today))
            .filter(target);
        Expr::exists(select.into_query())
    };
    let areas = unscoped::<area_village::Entity>()
        .select_only()
        .column(area_village::Column::AreaId)
        .filter(Expr::col((area_village::Entity, area_village::Column::VillageId)).eq(village()))
        .into_query();
    let own = Expr::col((assignment::Entity, RegionId)).eq(village()).and(Kind.eq(AssignmentKind::Village));
    Condition::any().add(by(own)).add(by(AreaId.in_subquery(areas)))
}

#[derive(FromQueryResult)]
struct LevelRow {
    level: CadreLevel,
    n: i64,
}

#[derive(FromQueryResult)]
struct Loaded {
    cadre_id: Option<CadreId>,
}

/// Coverage of a region (覆盖情况), of what the viewer may see of it, on one day. Households count while they are
/// `RESIDENT`; one has a contact when an assignment in force on that day is to itself, its group or its grid, and its
/// holder is in office.
#[Object]
impl Coverage {
    /// The day for which it is told (统计日).
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn as_of(&self) -> Date {
        self.day
    }

    /// Households with a contact, of all households (联系户覆盖).
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn households(&self, gql: &Context<'_>) -> Result<Share, Error> {
        let ctx = ctx(gql);
        let all = self.count(ctx, Condition::all()).await?;
        let with = self.count(ctx, has_contact(self.day)).await?;
        Ok(Share::new(ctx, with, all))
    }

    /// The households without a contact (无联系人的户), by number.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn households_without(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Result<Connection<Household>, Error> {
        let filter = HouseholdWhere { without_contact: MaybeUndefined::Value(true), ..self.residents() };
        let page = PageArgs::new(first, after, last, before);
        list(gql, Listing { filter: Some(filter), order_by: None, page }).await
    }

    /// Households with a contact of each level of cadres (按干部层级), one entry for each level, at most 6.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn by_contact_level(&self, gql: &Context<'_>) -> Result<Vec<LevelShare>, Error> {
        use crate::kernel::node::Filter;
        let ctx = ctx(gql);
        let households = unscoped::<household::Entity>()
            .select_only()
            .column(household::Column::Id)
            .filter(counted_households(ctx.scope(), ctx.backend()))
            .filter(self.residents().condition(ctx).await?)
            .into_query();
        let rows = unscoped::<assignment::Entity>()
            .filter(counted_assignments(ctx.scope(), ctx.backend()))
            .select_only()
            .column_as(cadre::Column::Level, "level")
            .column_as(Expr::cust("count(DISTINCT \"contact_assignment\".\"household_id\")"), "n")
            .join(JoinType::InnerJoin, held_by_cadre())
            .filter(assignment::Column::HouseholdId.in_subquery(households))
            .filter(live(assignment::Column::StartsOn, assignment::Column::EndsOn, self.day))
            .filter(held_in_office(self.day))
            .group_by(cadre::Column::Level)
            .into_model::<LevelRow>()
            .all(ctx.db().read())
            .await?;
        let count = |level| rows.iter().find(|row| row.level == level).map_or(0, |row| ctx.told(row.n));
        Ok(CadreLevel::all().map(|level| LevelShare { level, households: count(level) }).collect())
    }

    /// Villages with a township cadre, of all villages (包村覆盖): by an assignment to the village or to its area.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn villages(&self, gql: &Context<'_>) -> Result<Share, Error> {
        use crate::kernel::node::Filter;
        let ctx = ctx(gql);
        let all = self.below().condition(ctx).await?.add(seen_villages(ctx.scope()));
        let with = all.clone().add(has_township_cadre(self.day));
        let with = page::count::<region::Entity>(ctx, with).await?;
        Ok(Share::new(ctx, with, page::count::<region::Entity>(ctx, all).await?))
    }

    /// The villages without a township cadre (无包村干部的村), by code; 200 at the most.
    #[graphql(directive = class::apply(DataClass::Internal), directive = cost::apply(200))]
    async fn villages_without(&self, gql: &Context<'_>) -> Result<Vec<Region>, Error> {
        use crate::kernel::node::Filter;
        use sea_orm::PartialModelTrait;
        let ctx = ctx(gql);
        let rows = Region::select_cols(ctx.throughout::<region::Entity>().select_only())
            .filter(self.below().condition(ctx).await?)
            .filter(seen_villages(ctx.scope()))
            .filter(has_township_cadre(self.day).not())
            .order_by_asc(region::Column::Code)
            .limit(200)
            .into_model::<Region>()
            .all(ctx.db().read())
            .await?;
        Ok(rows)
    }

    /// Cadres who carry more households than this, the most first (联系户过多的干部); 100 at the most. For evening out the
    /// work, not for comparing people.
    #[graphql(directive = class::apply(DataClass::Internal), directive = cost::apply(100))]
    async fn cadres_above(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The number of households that is still right.", default = 30)] households: i32,
    ) -> Result<Vec<CadreLoad>, Error> {
        let ctx = ctx(gql);
        let Some(column) = level_of(self.region.kind).and_then(Level::column::<assignment::Entity>) else {
            return Err(
                Fault::input("请给出县级或以下的区域。", "Name a county or a region below one.").into()
            );
        };
        let rows = ctx
            .throughout::<assignment::Entity>()
            .select_only()
            .column(assignment::Column::CadreId)
            .filter(column.eq(self.region.id))
            .filter(assignment::Column::Kind.eq(AssignmentKind::Household))
            .filter(assignment::Column::CadreId.is_not_null())
            .filter(live(assignment::Column::StartsOn, assignment::Column::EndsOn, self.day))
            .group_by(assignment::Column::CadreId)
            .having(Expr::cust("count(*)").gt(ctx.told_above(i64::from(households))))
            .order_by_desc(Expr::cust("count(*)"))
            .order_by_asc(assignment::Column::CadreId)
            .limit(100)
            .into_model::<Loaded>()
            .all(ctx.db().read())
            .await?;
        let loads = rows.into_iter().filter_map(|row| row.cadre_id).map(|cadre| async move {
            let load = ctx.load(LoadOf { cadre, day: self.day }).await?;
            Ok(load.unwrap_or_else(|| CadreLoad::none(cadre)))
        });
        futures_util::future::try_join_all(loads).await
    }

    /// The region that was asked for (区域).
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn region(&self) -> Option<&Region> {
        Some(&self.region)
    }
}

/// Questions about coverage.
#[derive(Debug, Default)]
pub struct CoverageQuery;

#[Object]
impl CoverageQuery {
    /// Coverage of a region: who has a contact and who has none. Requires sign-in; counts only what the viewer's grants
    /// and assignments cover. Null when there is no such region.
    #[graphql(directive = class::apply(DataClass::Internal), directive = cost::apply(20), directive = auth::apply(see(&[Resource::Household, Resource::Assignment])))]
    async fn coverage(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The region, by id or official code.")] region: crate::region::object::RegionBy,
        #[graphql(
            desc = "The day for which it is told, past or to come; today when absent. Who was answerable then, for the households that lived there then."
        )]
        as_of: Option<Date>,
    ) -> Option<Result<Coverage>> {
        let ctx = ctx(gql);
        if let Err(error) = ctx.signed_in() {
            return Some(Err(error));
        }
        let region = crate::region::object::look_up(ctx, region).await?;
        Some({
            let day = as_of.unwrap_or_else(|| ctx.today());
            region.map(|region| Coverage { region, day, past: day < ctx.today() })
        })
    }
}
