//! Past days as conditions: which regions were there, what was true of them, who bore a code.

use crate::kernel::{door::unscoped, error::Result, place::past::in_force, request::Ctx};
use entity::{
    id::RegionId,
    region, region_succession,
    scalar::{Date, RegionCode},
};
use sea_orm::{
    ColumnTrait, Condition, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Alias, Expr, ExprTrait, Query},
};

/// Regions that were there on a day.
#[must_use]
pub(super) fn there_on(day: Date) -> Condition {
    use region::Column::{Since, Until};
    Condition::all().add(Since.is_null().or(Since.lte(day))).add(Until.is_null().or(Until.gt(day)))
}

/// Regions of which something was true on a day: `now` says it of their row as it is, `then` of what they were before a
/// change.
#[must_use]
pub(super) fn on_day(day: Date, now: impl Into<Condition>, then: impl Into<Condition>) -> Condition {
    use region_succession::Column::{EffectiveOn, FromId, Id};
    let later = || unscoped::<region_succession::Entity>().select_only().filter(EffectiveOn.gt(day));
    let own = Expr::col((region_succession::Entity, FromId)).equals((region::Entity, region::Column::Id));
    let changed_since = Expr::exists(later().expr(Expr::val(1)).filter(own).into_query());
    // Of several changes since that day, the first tells what it was.
    let of = |column| Expr::col((Alias::new("earlier"), column));
    let here = |column| Expr::col((region_succession::Entity, column));
    let earlier = Query::select()
        .expr(Expr::val(1))
        .from_as(region_succession::Entity, Alias::new("earlier"))
        .and_where(of(FromId).eq(here(FromId)))
        .and_where(of(EffectiveOn).gt(day))
        .and_where(Expr::tuple([of(EffectiveOn), of(Id)]).lt(Expr::tuple([here(EffectiveOn), here(Id)])))
        .take();
    let before = later().column(FromId).filter(then.into()).filter(Expr::exists(earlier).not()).into_query();
    Condition::any()
        .add(Condition::all().add(now.into()).add(changed_since.not()))
        .add(region::Column::Id.in_subquery(before))
}

/// The region that bore a code on a day.
pub(super) async fn bearer_on(ctx: &Ctx, code: &RegionCode, day: Date) -> Result<Option<RegionId>> {
    let bore = on_day(
        day,
        Condition::all().add(region::Column::Code.eq(code.0.as_str())),
        Condition::all().add(region_succession::Column::Code.eq(code.0.as_str())),
    );
    let select = ctx.within::<region::Entity>().select_only().column(region::Column::Id);
    Ok(select.filter(there_on(day)).filter(bore).into_tuple().one(ctx.db().read()).await?)
}

/// The region in force that a code leads to: the one that bears it, else what the last to bear it has become.
pub(super) async fn bearer(ctx: &Ctx, code: &RegionCode) -> Result<Option<RegionId>> {
    use region_succession::Column::{EffectiveOn, FromId, Id};
    let db = ctx.db().read();
    let found: Option<RegionId> = ctx
        .within::<region::Entity>()
        .select_only()
        .column(region::Column::Id)
        .filter(region::Column::Code.eq(code.0.as_str()))
        .filter(region::Column::Until.is_null())
        .into_tuple()
        .one(db)
        .await?;
    if found.is_some() {
        return Ok(found);
    }
    let last: Option<RegionId> = unscoped::<region_succession::Entity>()
        .select_only()
        .column(FromId)
        .filter(region_succession::Column::Code.eq(code.0.as_str()))
        .order_by_desc(EffectiveOn)
        .order_by_desc(Id)
        .limit(1)
        .into_tuple()
        .one(db)
        .await?;
    let Some(last) = last else { return Ok(None) };
    let row = unscoped::<region::Entity>().filter(region::Column::Id.eq(last)).one(db).await?;
    match row {
        Some(row) => Ok(Some(in_force(db, row).await?.id)),
        None => Ok(None),
    }
}
