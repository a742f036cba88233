//! The only way to start a question on a table: through the door of a scope, as SQL.
//!
//! A gate is a list of bounded branches, one for each root of the scope and one for the records that are tied singly:
//! a list reads the first rows of each branch by its index and merges them; a check of one row asks whether any holds.
//! The gates themselves stand by floor: `people`, `served`, and `own` for what belongs to an account.

mod own;
mod people;
mod served;

pub use served::{
    authored, counted_assignments, counted_households, enterprises_showing, households_showing,
};

use super::{
    place::{Level, Root},
    scope::{Doors, Scope},
};
use entity::{assignment, cadre, scalar::Date};
use sea_orm::{
    ColumnTrait, Condition, DbBackend, EntityTrait, Select, Value,
    sea_query::{Expr, ExprTrait, Query, SelectStatement, extension::postgres::PgFunc},
};
use std::str::FromStr;
use uuid::Uuid;

/// What a scope opens of one table.
#[derive(Clone, Debug)]
pub enum Gate {
    /// Public, or all of it.
    Everything,
    /// Rows for which any of these holds; none of them, no rows.
    Branches(Vec<Expr>),
}

impl Gate {
    /// All branches as one condition.
    #[must_use]
    pub fn condition(self) -> Condition {
        match self {
            Self::Everything => Condition::all(),
            Self::Branches(branches) if branches.is_empty() => Condition::all().add(Expr::val(1).eq(0)),
            Self::Branches(branches) => branches.into_iter().fold(Condition::any(), Condition::add),
        }
    }

    /// The same for a check of rows that are found by something else: their ids, a name, a parent.
    /// SQLite is told (by a plus sign) not to look for them by the place: without statistics it would rather read a whole
    /// county than twenty ids.
    #[must_use]
    pub fn check(self, backend: DbBackend) -> Condition {
        match (&self, backend) {
            (Self::Branches(_), DbBackend::Sqlite) => {
                Condition::all().add(Expr::cust_with_expr("+(?)", Expr::from(self.condition())))
            }
            _ => self.condition(),
        }
    }

    /// The branches for a list; a gate that opens everything is one branch without a condition.
    #[must_use]
    pub fn branches(self) -> Vec<Condition> {
        match self {
            Self::Everything => vec![Condition::all()],
            Self::Branches(branches) => {
                branches.into_iter().map(|branch| Condition::all().add(branch)).collect()
            }
        }
    }
}

/// A table that can be asked under a scope. Every table that a client can reach has its gate here.
pub trait Guarded: EntityTrait {
    /// What the scope opens of it.
    fn gate(scope: &Scope, backend: DbBackend) -> Gate;
}

/// Rows of a table under a scope, found by something else: an id, a name, a parent.
pub fn within<E: Guarded>(scope: &Scope, backend: DbBackend) -> Select<E> {
    use sea_orm::QueryFilter;
    unscoped::<E>().filter(E::gate(scope, backend).check(backend))
}

/// The same for a question that is answered by looking through the scope itself: counts and sums.
pub fn throughout<E: Guarded>(scope: &Scope, backend: DbBackend) -> Select<E> {
    use sea_orm::QueryFilter;
    unscoped::<E>().filter(E::gate(scope, backend).condition())
}

/// Rows of a table without regard to who asks: for rules that must hold over all rows (uniqueness, references, the
/// facts of rights themselves). Nothing that is read here may be shown.
#[must_use]
pub fn unscoped<E: EntityTrait>() -> Select<E> {
    E::find()
}

/// `column = ANY($1)` in PostgreSQL, so that the statement stays the same; a list in SQLite.
pub fn any_of<C: ColumnTrait, I: Into<Uuid>>(
    column: C,
    ids: impl IntoIterator<Item = I>,
    backend: DbBackend,
) -> Expr {
    let ids = ids.into_iter().map(Into::into);
    let column = Expr::col(column.as_column_ref());
    match backend {
        DbBackend::Postgres => column.eq(PgFunc::any(ids.collect::<Vec<Uuid>>())),
        _ => column.is_in(ids),
    }
}

/// Dated rows that are in force on a day: half-open.
pub fn live<C: ColumnTrait>(starts_on: C, ends_on: C, day: Date) -> Expr {
    between(starts_on, ends_on, (day, day))
}

/// Dated rows that have begun by the first day and not ended by the second.
fn between<C: ColumnTrait>(starts_on: C, ends_on: C, (first, last): (Date, Date)) -> Expr {
    let open = Expr::col(ends_on.as_column_ref()).is_null();
    let ends = open.or(Expr::col(ends_on.as_column_ref()).gt(last));
    Expr::col(starts_on.as_column_ref()).lte(first).and(ends)
}

/// Assignments whose holder is a department, or a cadre who is in office on a day: whoever has left answers for nothing,
/// though what they held may still be handed over.
#[must_use]
pub fn held_in_office(day: Date) -> Condition {
    let own = Expr::col((cadre::Entity, cadre::Column::Id));
    let own = own.equals((assignment::Entity, assignment::Column::CadreId));
    let left = select_id::<cadre::Entity>(Condition::all().add(own).add(cadre::Column::EndsOn.lte(day)));
    Condition::all().add(Expr::exists(left).not())
}

fn root_branch<E: EntityTrait>(root: Root) -> Option<Expr> {
    let column = root.level.column::<E>()?;
    Some(Expr::col(column.as_column_ref()).eq(Value::from(root.id.0)))
}

/// What a scope opens of a table with place columns: regions with all in them, and rows that are tied otherwise.
#[derive(Clone, Debug)]
pub struct Openings {
    /// Public, or all of it.
    pub everything: bool,
    /// Regions with everything in them.
    pub roots: Vec<Root>,
    /// Conditions on the table: few rows each, however large the place.
    pub rest: Vec<Expr>,
}

impl Openings {
    const EVERYTHING: Self = Self { everything: true, roots: Vec::new(), rest: Vec::new() };

    fn new(doors: &Doors, single: Option<Expr>) -> Self {
        let roots = doors.roots.iter().map(|&(root, _)| root);
        Self { everything: doors.everything, roots: roots.collect(), rest: single.into_iter().collect() }
    }

    /// A branch for each root, and one for each of the rest.
    fn gate<E: EntityTrait>(self) -> Gate {
        if self.everything {
            return Gate::Everything;
        }
        let roots = self.roots.into_iter().filter_map(root_branch::<E>);
        Gate::Branches(roots.chain(self.rest).collect())
    }
}

/// A guarded table whose openings are known apart: for searches, which have an index of their own to each place.
pub trait Placed: Guarded {
    /// What the scope opens of it to searches.
    fn openings(scope: &Scope, backend: DbBackend) -> Openings;
}

/// A branch for each root, and one for the single records.
fn located<E: EntityTrait>(doors: &Doors, single: Option<Expr>) -> Gate {
    Openings::new(doors, single).gate::<E>()
}

fn some<I>(list: &[I]) -> Option<&[I]> {
    (!list.is_empty()).then_some(list)
}

fn select_id<E: EntityTrait>(condition: impl Into<Condition>) -> SelectStatement {
    use sea_orm::{QueryFilter, QuerySelect, QueryTrait};
    let Ok(id) = E::Column::from_str("id") else { return Query::select().take() };
    unscoped::<E>().select_only().column(id).filter(condition).into_query()
}

/// One column of rows that fulfil a condition.
fn select_column<E: EntityTrait>(column: E::Column, condition: Expr) -> SelectStatement {
    use sea_orm::{QueryFilter, QuerySelect, QueryTrait};
    unscoped::<E>().select_only().column(column).filter(condition).into_query()
}

/// What belongs to rows of another table is seen with those.
fn through<E: EntityTrait>(gate: Gate, belongs_to: impl ColumnTrait) -> Gate {
    match gate {
        Gate::Everything => Gate::Everything,
        Gate::Branches(branches) => Gate::Branches(
            branches
                .into_iter()
                .map(|branch| belongs_to.in_subquery(select_id::<E>(Condition::all().add(branch))))
                .collect(),
        ),
    }
}

/// Rows of the households and enterprises that are tied singly.
fn tied<C: ColumnTrait>(doors: &Doors, household: C, enterprise: C, backend: DbBackend) -> Vec<Expr> {
    let households = (!doors.households.is_empty())
        .then(|| any_of(household, sorted(doors.households.keys().copied()), backend));
    let enterprises = (!doors.enterprises.is_empty())
        .then(|| any_of(enterprise, sorted(doors.enterprises.keys().copied()), backend));
    households.into_iter().chain(enterprises).collect()
}

/// One order for one set, so that the same scope writes the same statement.
fn sorted<I: Ord>(ids: impl Iterator<Item = I>) -> Vec<I> {
    let mut ids: Vec<_> = ids.collect();
    ids.sort_unstable();
    ids
}

/// The level at which a region of a kind holds rows; none for a province, and for a city that has counties.
#[must_use]
pub fn level_of(kind: entity::kind::RegionKind) -> Option<Level> {
    use entity::kind::RegionKind;
    match kind {
        RegionKind::Province => None,
        RegionKind::City | RegionKind::County => Some(Level::County),
        RegionKind::Township => Some(Level::Township),
        RegionKind::Village => Some(Level::Village),
        RegionKind::Group => Some(Level::Group),
        RegionKind::Grid => Some(Level::Grid),
    }
}
