//! Places of past days: where something stood, and what a withdrawn region has become.

use super::Level;
use crate::kernel::door::unscoped;
use entity::{id::RegionId, kind::SuccessionKind, place_past, region, region_succession, scalar::Date};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect, QueryTrait,
    sea_query::{Alias, Expr, ExprTrait, Query},
};
use std::str::FromStr;

/// Rows of a table that stood in a region on a day. Known of households and enterprises; others stand where they are.
#[must_use]
pub fn stood_in<E: EntityTrait>(level: Level, root: RegionId, day: Date) -> Condition {
    use place_past::Column;
    let (Some(column), Some(then), Ok(id)) =
        (level.column::<E>(), level.column::<place_past::Entity>(), E::Column::from_str("id"))
    else {
        return Condition::all().add(Expr::val(1).eq(0));
    };
    let name = E::default().table_name().to_owned();
    let past = || {
        unscoped::<place_past::Entity>()
            .select_only()
            .filter(Column::Entity.eq(name.clone()))
            .filter(Column::EndsOn.gt(day))
    };
    let own = Expr::col((place_past::Entity, Column::EntityId)).equals((E::default(), id));
    let moved_since = Expr::exists(past().expr(Expr::val(1)).filter(own).into_query());
    // Of several moves since that day, the first tells.
    let other = Alias::new("earlier");
    let of = |column: Column| Expr::col((Alias::new("earlier"), column));
    let here = |column: Column| Expr::col((place_past::Entity, column));
    let earlier = Query::select()
        .expr(Expr::val(1))
        .from_as(place_past::Entity, other)
        .and_where(of(Column::Entity).eq(here(Column::Entity)))
        .and_where(of(Column::EntityId).eq(here(Column::EntityId)))
        .and_where(of(Column::EndsOn).gt(day))
        .and_where(of(Column::Sequence).lt(here(Column::Sequence)))
        .take();
    let first = past()
        .column(Column::EntityId)
        .filter(then.eq(root))
        .filter(Expr::exists(earlier).not())
        .into_query();
    Condition::any()
        .add(Condition::all().add(column.eq(root)).add(moved_since.not()))
        .add(id.in_subquery(first))
}

/// The region in force that a region has become: itself, or what it was merged into, however often.
pub async fn in_force(db: &impl ConnectionTrait, mut region: region::Model) -> Result<region::Model, DbErr> {
    while region.until.is_some() {
        let into = unscoped::<region_succession::Entity>()
            .select_only()
            .column(region_succession::Column::ToId)
            .filter(region_succession::Column::FromId.eq(region.id))
            .filter(region_succession::Column::Kind.eq(SuccessionKind::Merged))
            .into_query();
        let next = unscoped::<region::Entity>().filter(region::Column::Id.in_subquery(into)).one(db).await?;
        match next.filter(|next| next.id != region.id) {
            Some(next) => region = next,
            None => break,
        }
    }
    Ok(region)
}
