//! Place columns are rewritten here alone, when regions move. All rows of a table move in a fixed number of statements,
//! however many there are.
//!
//! Their versions stay and the change log gets no line of theirs: the line of the region that moved stands for all that
//! lies in it, and whoever keeps a copy reads the place anew.

use super::{Level, Place};
use crate::kernel::door::{any_of, unscoped};
use entity::{
    account, area, assignment, assignment_batch, branch, cadre, demand, department, diary, enterprise,
    household,
    id::{HouseholdId, RegionId},
    intake_point, place_past, region,
    scalar::Date,
    search_gram, task, task_list, visit,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryFilter, QuerySelect,
    QueryTrait, Value,
    sea_query::{Expr, ExprTrait, InsertStatement},
};
use std::str::FromStr;
use uuid::Uuid;

/// The one list of tables with place columns: a new one adds its line. Households and enterprises come before what is
/// tied to them, so that a tie that is being made at the same moment is not missed.
macro_rules! every_table {
    ($set:ident($($argument:expr),*)) => {
        $set::<region::Entity>($($argument),*).await?;
        $set::<area::Entity>($($argument),*).await?;
        $set::<branch::Entity>($($argument),*).await?;
        $set::<department::Entity>($($argument),*).await?;
        $set::<cadre::Entity>($($argument),*).await?;
        $set::<account::Entity>($($argument),*).await?;
        $set::<household::Entity>($($argument),*).await?;
        $set::<enterprise::Entity>($($argument),*).await?;
        $set::<assignment::Entity>($($argument),*).await?;
        $set::<assignment_batch::Entity>($($argument),*).await?;
        $set::<intake_point::Entity>($($argument),*).await?;
        $set::<diary::Entity>($($argument),*).await?;
        $set::<visit::Entity>($($argument),*).await?;
        $set::<demand::Entity>($($argument),*).await?;
        $set::<task::Entity>($($argument),*).await?;
        $set::<task_list::Entity>($($argument),*).await?;
        $set::<search_gram::Entity>($($argument),*).await?;
    };
}

/// What is to lie elsewhere from now on: everything in these regions of one level.
#[derive(Clone, Debug)]
pub struct Moved {
    /// The level of the regions.
    pub level: Level,
    /// The regions.
    pub roots: Vec<RegionId>,
    /// The region that they lie in from now on, or that they become.
    pub to: region::Model,
    /// Down to which level the place is that of the new region: their own level when they become it.
    pub through: Level,
}

/// Keeps where households and enterprises of the regions have been until this day, before their places or numbers change.
pub async fn remember_all(db: &impl ConnectionTrait, moved: &Moved, day: Date) -> Result<(), DbErr> {
    remember::<household::Entity>(db, moved, day).await?;
    remember::<enterprise::Entity>(db, moved, day).await
}

/// Gives all rows in the regions their new place. Of the regions themselves, those that are withdrawn stay where they
/// were.
pub async fn rewrite(db: &impl ConnectionTrait, moved: &Moved) -> Result<(), DbErr> {
    every_table!(set(db, moved));
    Ok(())
}

/// The rows of a table that lie in the regions, if it is kept down to their level.
fn lying_in<E: EntityTrait>(moved: &Moved, backend: DbBackend) -> Option<Condition> {
    let column = moved.level.column::<E>()?;
    let mut rows = Condition::all().add(any_of(column, moved.roots.iter().copied(), backend));
    if let Ok(until) = E::Column::from_str("until") {
        rows = rows.add(until.is_null());
    }
    Some(rows)
}

async fn set<E: EntityTrait>(db: &impl ConnectionTrait, moved: &Moved) -> Result<(), DbErr> {
    let Some(rows) = lying_in::<E>(moved, db.get_database_backend()) else { return Ok(()) };
    let place = Place::from(&moved.to);
    let mut update = E::update_many();
    // Groups and grids stand side by side: the one says nothing of the other.
    let around = |level: &Level| *level <= Level::Village.min(moved.through) || *level == moved.through;
    for level in Level::ALL.into_iter().filter(around) {
        if let Some(column) = level.column::<E>() {
            update = update.col_expr(column, Expr::value(place.at(level)));
        }
    }
    for (name, id) in [("province_id", moved.to.province_id), ("city_id", moved.to.city_id)] {
        if let Ok(column) = E::Column::from_str(name) {
            update = update.col_expr(column, Expr::value(id));
        }
    }
    update.filter(rows).exec(db).await?;
    Ok(())
}

async fn remember<E: EntityTrait>(db: &impl ConnectionTrait, moved: &Moved, day: Date) -> Result<(), DbErr> {
    match lying_in::<E>(moved, db.get_database_backend()) {
        Some(rows) => keep::<E>(db, rows, day).await,
        None => Ok(()),
    }
}

/// Keeps where rows have been until this day.
async fn keep<E: EntityTrait>(db: &impl ConnectionTrait, rows: Condition, day: Date) -> Result<(), DbErr> {
    use place_past::Column;
    let Ok(id) = E::Column::from_str("id") else { return Ok(()) };
    let mut past = unscoped::<E>()
        .select_only()
        .expr(Expr::val(E::default().table_name().to_owned()))
        .column(id)
        .expr(Expr::val(Value::from(day)));
    for level in Level::ALL {
        past = match level.column::<E>() {
            Some(column) => past.column(column),
            None => past.expr(Expr::val(Option::<Uuid>::None)),
        };
    }
    past = match E::Column::from_str("number") {
        Ok(number) => past.column(number),
        Err(_) => past.expr(Expr::val(Option::<String>::None)),
    };
    let mut insert = InsertStatement::new();
    insert.into_table(place_past::Entity).columns([
        Column::Entity,
        Column::EntityId,
        Column::EndsOn,
        Column::CountyId,
        Column::TownshipId,
        Column::VillageId,
        Column::GroupId,
        Column::GridId,
        Column::Number,
    ]);
    insert.select_from(past.filter(rows).into_query()).map_err(|error| DbErr::Custom(error.to_string()))?;
    db.execute(&insert).await?;
    Ok(())
}

/// A part of a village that becomes another: whole groups and grids, and single households of the rest.
#[derive(Clone, Debug)]
pub struct Parted {
    /// The village.
    pub from: RegionId,
    /// The village that is made of the part.
    pub to: RegionId,
    /// Groups that go over.
    pub groups: Vec<RegionId>,
    /// Grids that go over.
    pub grids: Vec<RegionId>,
    /// Households that go over without their group.
    pub households: Vec<HouseholdId>,
}

impl Parted {
    /// The households of the village that go over. A grid takes with it those that belong to no group.
    #[must_use]
    pub fn going(&self, backend: DbBackend) -> Condition {
        let single = any_of(household::Column::Id, self.households.iter().copied(), backend);
        self.part::<household::Entity>(single, backend)
    }

    /// The assignments that go over with them, and those to the groups and grids themselves.
    #[must_use]
    pub fn ties(&self, backend: DbBackend) -> Condition {
        let single = any_of(assignment::Column::HouseholdId, self.households.iter().copied(), backend);
        self.part::<assignment::Entity>(single, backend)
    }

    fn part<E: EntityTrait>(&self, single: Expr, backend: DbBackend) -> Condition {
        let mut part = Condition::any().add(single);
        if let (Some(group), Some(grid)) = (Level::Group.column::<E>(), Level::Grid.column::<E>()) {
            part = part
                .add(any_of(group, self.groups.iter().copied(), backend))
                .add(group.is_null().and(any_of(grid, self.grids.iter().copied(), backend)));
        }
        Condition::all()
            .add_option(Level::Village.column::<E>().map(|village| village.eq(self.from)))
            .add(part)
    }
}

/// Parts a village: whatever goes over lies in the new one. A household keeps its group and its grid where they come
/// along, or stay with it; otherwise it has none.
pub async fn part(db: &impl ConnectionTrait, parted: &Parted, day: Date) -> Result<(), DbErr> {
    let backend = db.get_database_backend();
    let loses_grid = household::Column::VillageId.eq(parted.from).and(any_of(
        household::Column::GridId,
        parted.grids.iter().copied(),
        backend,
    ));
    keep::<household::Entity>(db, Condition::any().add(parted.going(backend)).add(loses_grid), day).await?;
    let single = any_of(household::Column::Id, parted.households.iter().copied(), backend);
    divide::<household::Entity>(db, parted, single).await?;
    let single = any_of(assignment::Column::HouseholdId, parted.households.iter().copied(), backend);
    divide::<assignment::Entity>(db, parted, single).await?;
    let own = parted.groups.iter().chain(&parted.grids).copied();
    region::Entity::update_many()
        .col_expr(region::Column::VillageId, Expr::value(parted.to))
        .filter(any_of(region::Column::Id, own.clone(), backend))
        .exec(db)
        .await?;
    let homes = unscoped::<household::Entity>()
        .select_only()
        .column(household::Column::Id)
        .filter(household::Column::VillageId.eq(parted.to))
        .into_query();
    let found = search_gram::Column::EntityId;
    search_gram::Entity::update_many()
        .col_expr(search_gram::Column::VillageId, Expr::value(parted.to))
        .filter(found.in_subquery(homes).or(any_of(found, own, backend)))
        .exec(db)
        .await?;
    Ok(())
}

async fn divide<E: EntityTrait>(
    db: &impl ConnectionTrait,
    parted: &Parted,
    single: Expr,
) -> Result<(), DbErr> {
    let (Some(village), Some(group), Some(grid)) =
        (Level::Village.column::<E>(), Level::Group.column::<E>(), Level::Grid.column::<E>())
    else {
        return Ok(());
    };
    let backend = db.get_database_backend();
    let own_grid = any_of(grid, parted.grids.iter().copied(), backend);
    let own_group = any_of(group, parted.groups.iter().copied(), backend);
    let none = || Expr::value(Option::<Uuid>::None);
    E::update_many()
        .col_expr(village, Expr::value(parted.to))
        .filter(parted.part::<E>(single, backend))
        .exec(db)
        .await?;
    let over = village.eq(parted.to);
    E::update_many()
        .col_expr(group, none())
        .filter(over.clone().and(group.is_not_null()).and(own_group.not()))
        .exec(db)
        .await?;
    E::update_many()
        .col_expr(grid, none())
        .filter(over.and(grid.is_not_null()).and(own_grid.clone().not()))
        .exec(db)
        .await?;
    E::update_many().col_expr(grid, none()).filter(village.eq(parted.from).and(own_grid)).exec(db).await?;
    Ok(())
}
