//! Comparators: the small typed operands of which every `where` is made. A null operand is refused, because elsewhere
//! it has matched whole tables.

use super::{
    clock::midnight,
    door::any_of,
    error::{Error, Fault, Result},
    place::{
        Level,
        past::{in_force, stood_in},
    },
    request::Ctx,
};
use async_graphql::{ID, InputObject, InputType, MaybeUndefined, TypeName};
use entity::{id, region, scalar::Date};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, Value,
    sea_query::{Expr, ExprTrait},
};
use std::{borrow::Cow, hash::Hash};
use uuid::Uuid;

fn no_null() -> Error {
    Fault::input(
        "筛选条件的值不能为 null；不需要的条件请省去。",
        "An operand of a filter must not be null; leave out what is not needed.",
    )
    .into()
}

/// The operand, if there is one.
pub fn operand<T: Clone>(value: &MaybeUndefined<T>) -> Result<Option<T>> {
    match value {
        MaybeUndefined::Undefined => Ok(None),
        MaybeUndefined::Null => Err(no_null()),
        MaybeUndefined::Value(value) => Ok(Some(value.clone())),
    }
}

/// Values that a condition may name at once.
const MOST: usize = 100;

/// The values, if there are any and not too many.
fn list<T: Clone>(values: &MaybeUndefined<Vec<T>>) -> Result<Option<Vec<T>>> {
    let values = operand(values)?;
    if values.as_ref().is_some_and(|values| values.len() > MOST) {
        return Err(
            Fault::input(format!("最多 {MOST} 个取值。"), format!("{MOST} values at the most.")).into()
        );
    }
    Ok(values)
}

/// One of the values of a closed set (取值).
#[derive(Clone, Debug, PartialEq, Eq, Hash, InputObject)]
#[graphql(name_type)]
pub struct ChoiceFilter<T: InputType> {
    /// Exactly this one.
    pub eq: MaybeUndefined<T>,
    /// Any of these, 100 at the most; an empty list matches nothing.
    #[graphql(name = "in")]
    pub one_of: MaybeUndefined<Vec<T>>,
}

impl<T: InputType> TypeName for ChoiceFilter<T> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Filter", T::type_name()).into()
    }
}

impl<T: InputType + Clone + Into<Value>> ChoiceFilter<T> {
    /// As SQL.
    pub fn on(&self, column: impl ColumnTrait) -> Result<Condition> {
        let column = Expr::col(column.as_column_ref());
        let eq = operand(&self.eq)?.map(|value| column.clone().eq(value.into()));
        let one_of =
            operand(&self.one_of)?.map(|values| column.is_in(values.into_iter().map(Into::<Value>::into)));
        Ok(Condition::all().add_option(eq).add_option(one_of))
    }
}

/// A text, compared exactly (文本).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct StringFilter {
    /// Exactly this one.
    pub eq: MaybeUndefined<String>,
    /// Any of these, 100 at the most; an empty list matches nothing.
    #[graphql(name = "in")]
    pub one_of: MaybeUndefined<Vec<String>>,
}

impl StringFilter {
    /// As SQL.
    pub fn on(&self, column: impl ColumnTrait) -> Result<Condition> {
        let eq = operand(&self.eq)?.map(|value| column.eq(value));
        let one_of = list(&self.one_of)?.map(|values| column.is_in(values));
        Ok(Condition::all().add_option(eq).add_option(one_of))
    }
}

/// Ids, compared exactly (标识).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct IdFilter {
    /// Exactly this one.
    pub eq: MaybeUndefined<ID>,
    /// Any of these, 100 at the most; an empty list matches nothing.
    #[graphql(name = "in")]
    pub one_of: MaybeUndefined<Vec<ID>>,
}

impl IdFilter {
    /// As SQL; the ids must be of this prefix.
    pub fn on(&self, ctx: &Ctx, column: impl ColumnTrait, prefix: &'static str) -> Result<Condition> {
        let eq = operand(&self.eq)?.map(|id| read(&id, prefix)).transpose()?;
        let eq = eq.map(|id| column.eq(id));
        let one_of = operand(&self.one_of)?.map(|ids| -> Result<_> {
            if ids.len() > 100 {
                return Err(Fault::input("最多 100 个标识。", "100 ids at the most.").into());
            }
            let ids = ids.iter().map(|id| read(id, prefix)).collect::<Result<Vec<Uuid>>>()?;
            Ok(any_of(column, ids, ctx.backend()))
        });
        Ok(Condition::all().add_option(eq).add_option(one_of.transpose()?))
    }
}

fn read(text: &ID, prefix: &'static str) -> Result<Uuid> {
    id::read(text).filter(|(found, _)| found == prefix).map(|(_, uuid)| uuid).ok_or_else(|| {
        Fault::input(
            format!("应为形如 {prefix}_01jd3k… 的标识。"),
            format!("An id of the form {prefix}_01jd3k… is needed."),
        )
        .into()
    })
}

/// Dates of a range, half-open (日期范围).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct DateFilter {
    /// Exactly this day.
    pub eq: MaybeUndefined<Date>,
    /// This day or later.
    pub gte: MaybeUndefined<Date>,
    /// Before this day.
    pub lt: MaybeUndefined<Date>,
}

impl DateFilter {
    /// As SQL.
    pub fn on(&self, column: impl ColumnTrait) -> Result<Condition> {
        Ok(Condition::all()
            .add_option(operand(&self.eq)?.map(|day| column.eq(day)))
            .add_option(operand(&self.gte)?.map(|day| column.gte(day)))
            .add_option(operand(&self.lt)?.map(|day| column.lt(day))))
    }
}

impl DateFilter {
    /// As SQL on a moment: by the civil date in which it lies.
    pub fn on_moment(&self, column: impl ColumnTrait) -> Result<Condition> {
        let next = |day: Date| midnight(Date(day.0.succ_opt().unwrap_or(day.0)));
        Ok(Condition::all()
            .add_option(operand(&self.eq)?.map(|day| column.gte(midnight(day)).and(column.lt(next(day)))))
            .add_option(operand(&self.gte)?.map(|day| column.gte(midnight(day))))
            .add_option(operand(&self.lt)?.map(|day| column.lt(midnight(day)))))
    }
}

/// Rows of a table with place columns that lie in a region of any level.
pub async fn in_region<E: EntityTrait>(
    ctx: &Ctx,
    region: &MaybeUndefined<id::RegionId>,
) -> Result<Condition> {
    let Some(region) = operand(region)? else { return Ok(Condition::all()) };
    let (found, level) = standing(ctx, region).await?;
    let region = found.id;
    if let Some(column) = level.and_then(Level::column::<E>) {
        return Ok(Condition::all().add(Expr::col(column.as_column_ref()).eq(region)));
    }
    above::<E>(&found)
}

/// Rows of a table that stood in a region on a day, for those whose past places are kept.
pub async fn in_region_on<E: EntityTrait>(
    ctx: &Ctx,
    region: &MaybeUndefined<id::RegionId>,
    day: Date,
) -> Result<Condition> {
    let Some(wanted) = operand(region)? else { return Ok(Condition::all()) };
    // A region that was withdrawn since is asked for by itself: on that day it was there.
    let found = find(ctx, wanted).await?;
    match level(&found).filter(|level| level.column::<E>().is_some()) {
        Some(level) => Ok(Condition::all().add(stood_in::<E>(level, wanted, day))),
        None => in_region::<E>(ctx, region).await,
    }
}

/// The region of an id as it stands: one that was merged into another answers as that does.
async fn standing(ctx: &Ctx, region: id::RegionId) -> Result<(region::Model, Option<Level>)> {
    let found = in_force(ctx.db().read(), find(ctx, region).await?).await?;
    let level = level(&found);
    Ok((found, level))
}

/// The level at which rows carry a region; none for a province, and for a city with counties.
fn level(region: &region::Model) -> Option<Level> {
    super::door::level_of(region.kind).filter(|_| region.county_id.is_some())
}

async fn find(ctx: &Ctx, region: id::RegionId) -> Result<region::Model> {
    ctx.within::<region::Entity>()
        .filter(region::Column::Id.eq(region))
        .one(ctx.db().read())
        .await?
        .ok_or_else(|| Error::from(Fault::input("没有这个区域。", "There is no such region.")))
}

/// Rows in a province, or a city with counties: those of its counties.
fn above<E: EntityTrait>(found: &region::Model) -> Result<Condition> {
    let region = found.id;
    let upper =
        if found.city_id == Some(region) { region::Column::CityId } else { region::Column::ProvinceId };
    let counties = counties_of(upper.eq(region));
    let county = Level::County.column::<E>().ok_or_else(|| Error::internal("no county column"))?;
    Ok(Condition::all().add(county.in_subquery(counties)))
}

/// Ids of the rows that stand at the level of counties.
fn counties_of(above: Expr) -> sea_orm::sea_query::SelectStatement {
    use sea_orm::{QuerySelect, QueryTrait};
    super::door::unscoped::<region::Entity>()
        .select_only()
        .column(region::Column::Id)
        .filter(above)
        .filter(Expr::col(region::Column::CountyId).eq(Expr::col(region::Column::Id)))
        .into_query()
}
