//! The only way to start a question on a table: through the door of a scope, as SQL.
//!
//! A gate is a list of bounded branches, one for each root of the scope and one for the records that are tied singly:
//! a list reads the first rows of each branch by its index and merges them; a check of one row asks whether any holds.

use super::{
    place::{Level, Root},
    policy::Part,
    scope::{Doors, Scope},
};
use entity::{
    access_subject, account, account_identity, api_key, area, assignment, assignment_batch, branch, cadre,
    change, contact_card, correction, department, diary, enterprise, grant, household, member, membership,
    notice, position, region, region_succession, roster_import, scalar::Date, session, tag, upload, visit,
    visit_participation,
};
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

impl Guarded for region::Entity {
    fn gate(scope: &Scope, backend: DbBackend) -> Gate {
        Self::openings(scope, backend).gate::<Self>()
    }
}

impl Placed for region::Entity {
    fn openings(_: &Scope, _: DbBackend) -> Openings {
        Openings::EVERYTHING
    }
}

impl Guarded for region_succession::Entity {
    fn gate(_: &Scope, _: DbBackend) -> Gate {
        Gate::Everything
    }
}

impl Guarded for area::Entity {
    fn gate(_: &Scope, _: DbBackend) -> Gate {
        Gate::Everything
    }
}

impl Guarded for department::Entity {
    fn gate(_: &Scope, _: DbBackend) -> Gate {
        Gate::Everything
    }
}

impl Guarded for tag::Entity {
    fn gate(_: &Scope, _: DbBackend) -> Gate {
        Gate::Everything
    }
}

impl Guarded for branch::Entity {
    fn gate(scope: &Scope, backend: DbBackend) -> Gate {
        let mut gate = located::<Self>(&scope.staff, None);
        let Gate::Branches(branches) = &mut gate else { return gate };
        branches.extend(
            some(&scope.offices).map(|own| any_of(branch::Column::RegionId, own.iter().copied(), backend)),
        );
        branches.extend(
            some(&scope.staff.branches).map(|own| any_of(branch::Column::Id, own.iter().copied(), backend)),
        );
        gate
    }
}

/// Cadres of the subtrees, of the branches, and oneself.
fn staff(doors: &Doors, scope: &Scope, backend: DbBackend) -> Openings {
    let mut openings = Openings::new(doors, None);
    if let Some(own) = some(&doors.branches) {
        openings.rest.push(cadre::Column::Id.in_subquery(members_of(own, scope, backend)));
    }
    openings.rest.extend(scope.cadre.map(|own| cadre::Column::Id.eq(own)));
    openings
}

impl Guarded for cadre::Entity {
    fn gate(scope: &Scope, backend: DbBackend) -> Gate {
        Self::openings(scope, backend).gate::<Self>()
    }
}

impl Placed for cadre::Entity {
    /// Beside one's staff: those who hold a post in the offices above, not every party member who lives there.
    fn openings(scope: &Scope, backend: DbBackend) -> Openings {
        let mut openings = staff(&scope.staff, scope, backend);
        openings.rest.extend(some(&scope.offices).map(|own| {
            any_of(cadre::Column::RegionId, own.iter().copied(), backend)
                .and(cadre::Column::Level.ne(entity::kind::CadreLevel::PartyMember))
        }));
        openings
    }
}

fn members_of(branches: &[entity::id::BranchId], scope: &Scope, backend: DbBackend) -> SelectStatement {
    use sea_orm::{QueryFilter, QuerySelect, QueryTrait};
    unscoped::<membership::Entity>()
        .select_only()
        .column(membership::Column::CadreId)
        .filter(any_of(membership::Column::BranchId, branches.iter().copied(), backend))
        .filter(between(membership::Column::StartsOn, membership::Column::EndsOn, scope.membership_days))
        .into_query()
}

/// What belongs to a cadre is seen with the cadre.
fn of_cadre(gate: Gate, cadre: impl ColumnTrait) -> Gate {
    match gate {
        Gate::Everything => Gate::Everything,
        Gate::Branches(branches) => Gate::Branches(
            branches
                .into_iter()
                .map(|branch| cadre.in_subquery(select_id::<cadre::Entity>(Condition::all().add(branch))))
                .collect(),
        ),
    }
}

impl Guarded for membership::Entity {
    /// Of one's staff alone: nobody's membership is told to the households whom they serve.
    fn gate(scope: &Scope, backend: DbBackend) -> Gate {
        of_cadre(staff(&scope.staff, scope, backend).gate::<cadre::Entity>(), membership::Column::CadreId)
    }
}

impl Guarded for position::Entity {
    fn gate(scope: &Scope, backend: DbBackend) -> Gate {
        of_cadre(cadre::Entity::gate(scope, backend), position::Column::CadreId)
    }
}

/// The households of these doors.
fn households(doors: &Doors, backend: DbBackend) -> Gate {
    household_openings(doors, backend).gate::<household::Entity>()
}

fn household_openings(doors: &Doors, backend: DbBackend) -> Openings {
    let single = (!doors.households.is_empty())
        .then(|| any_of(household::Column::Id, sorted(doors.households.keys().copied()), backend));
    Openings::new(doors, single)
}

impl Guarded for household::Entity {
    fn gate(scope: &Scope, backend: DbBackend) -> Gate {
        households(&scope.household, backend)
    }
}

impl Placed for household::Entity {
    /// Those alone whose names are shown: what a household is found by is hidden of the others.
    fn openings(scope: &Scope, backend: DbBackend) -> Openings {
        household_openings(&scope.household.showing(Part::Names), backend)
    }
}

/// One order for one set, so that the same scope writes the same statement.
fn sorted<I: Ord>(ids: impl Iterator<Item = I>) -> Vec<I> {
    let mut ids: Vec<_> = ids.collect();
    ids.sort_unstable();
    ids
}

/// Rows of which a part is seen: what is hidden of a row cannot be found out by a condition or a count either. No
/// condition at all where every sight shows it.
fn showing(doors: &Doors, part: Part, gate: fn(&Doors, DbBackend) -> Gate, backend: DbBackend) -> Condition {
    let mut sights = doors
        .roots
        .iter()
        .map(|(_, sight)| sight)
        .chain(doors.households.values())
        .chain(doors.enterprises.values());
    if sights.all(|sight| sight.shows(part)) {
        return Condition::all();
    }
    gate(&doors.showing(part), backend).condition()
}

/// Households that are counted for the viewer, seen or not.
#[must_use]
pub fn counted_households(scope: &Scope, backend: DbBackend) -> Condition {
    households(&scope.figures, backend).condition()
}

/// Assignments that are counted for the viewer: those that are seen, and those of places whose households are counted.
#[must_use]
pub fn counted_assignments(scope: &Scope, backend: DbBackend) -> Condition {
    let seen = assignment::Entity::gate(scope, backend).condition();
    Condition::any().add(seen).add(located::<assignment::Entity>(&scope.figures, None).condition())
}

/// Households of which a part is seen.
#[must_use]
pub fn households_showing(part: Part, scope: &Scope, backend: DbBackend) -> Condition {
    showing(&scope.household, part, households, backend)
}

/// Enterprises of which a part is seen.
#[must_use]
pub fn enterprises_showing(part: Part, scope: &Scope, backend: DbBackend) -> Condition {
    showing(&scope.enterprise, part, enterprises, backend)
}

/// What belongs to a household is seen by who sees that.
fn of_household(gate: Gate, household: impl ColumnTrait) -> Gate {
    match gate {
        Gate::Everything => Gate::Everything,
        Gate::Branches(branches) => Gate::Branches(
            branches
                .into_iter()
                .map(|branch| {
                    household.in_subquery(select_id::<household::Entity>(Condition::all().add(branch)))
                })
                .collect(),
        ),
    }
}

impl Guarded for member::Entity {
    fn gate(scope: &Scope, backend: DbBackend) -> Gate {
        let households = households(&scope.household.showing(Part::Personal), backend);
        of_household(households, member::Column::HouseholdId)
    }
}

impl Guarded for contact_card::Entity {
    /// Of households of which what is personal is seen.
    fn gate(scope: &Scope, backend: DbBackend) -> Gate {
        let households = households(&scope.household.showing(Part::Personal), backend);
        of_household(households, contact_card::Column::HouseholdId)
    }
}

impl Guarded for correction::Entity {
    fn gate(scope: &Scope, backend: DbBackend) -> Gate {
        of_household(households(&scope.corrections, backend), correction::Column::HouseholdId)
    }
}

/// The enterprises of these doors.
fn enterprises(doors: &Doors, backend: DbBackend) -> Gate {
    enterprise_openings(doors, backend).gate::<enterprise::Entity>()
}

fn enterprise_openings(doors: &Doors, backend: DbBackend) -> Openings {
    let single = (!doors.enterprises.is_empty())
        .then(|| any_of(enterprise::Column::Id, sorted(doors.enterprises.keys().copied()), backend));
    Openings::new(doors, single)
}

impl Guarded for enterprise::Entity {
    fn gate(scope: &Scope, backend: DbBackend) -> Gate {
        enterprises(&scope.enterprise, backend)
    }
}

impl Placed for enterprise::Entity {
    fn openings(scope: &Scope, backend: DbBackend) -> Openings {
        enterprise_openings(&scope.enterprise, backend)
    }
}

impl Guarded for assignment::Entity {
    fn gate(scope: &Scope, backend: DbBackend) -> Gate {
        use assignment::Column::*;
        let doors = &scope.assignment;
        let mut gate = located::<Self>(doors, None);
        let Gate::Branches(branches) = &mut gate else { return gate };
        branches.extend(scope.cadre.map(|own| CadreId.eq(own)));
        if !doors.households.is_empty() {
            branches.push(any_of(HouseholdId, sorted(doors.households.keys().copied()), backend));
        }
        if !doors.enterprises.is_empty() {
            branches.push(any_of(EnterpriseId, sorted(doors.enterprises.keys().copied()), backend));
        }
        branches.extend(some(&scope.answered).map(|own| any_of(RegionId, own.iter().copied(), backend)));
        branches.extend(some(&scope.areas).map(|own| any_of(AreaId, own.iter().copied(), backend)));
        branches
            .extend(some(&scope.departments).map(|own| any_of(DepartmentId, own.iter().copied(), backend)));
        branches
            .extend(some(&doors.branches).map(|own| CadreId.in_subquery(members_of(own, scope, backend))));
        gate
    }
}

impl Guarded for visit::Entity {
    /// Visits to what stands in the places, and to the households and enterprises that are tied singly.
    fn gate(scope: &Scope, backend: DbBackend) -> Gate {
        use visit::Column::{EnterpriseId, HouseholdId};
        let doors = &scope.visits;
        let mut gate = located::<Self>(doors, None);
        let Gate::Branches(branches) = &mut gate else { return gate };
        if !doors.households.is_empty() {
            branches.push(any_of(HouseholdId, sorted(doors.households.keys().copied()), backend));
        }
        if !doors.enterprises.is_empty() {
            branches.push(any_of(EnterpriseId, sorted(doors.enterprises.keys().copied()), backend));
        }
        gate
    }
}

impl Guarded for visit_participation::Entity {
    /// One's own, and those of the cadres whom one leads.
    fn gate(scope: &Scope, backend: DbBackend) -> Gate {
        let led = staff(&scope.participations, scope, backend);
        of_cadre(led.gate::<cadre::Entity>(), visit_participation::Column::CadreId)
    }
}

impl Guarded for diary::Entity {
    /// One's own, and those of cadres who serve in a leader's places.
    fn gate(scope: &Scope, _: DbBackend) -> Gate {
        located::<Self>(&scope.diaries, scope.cadre.map(|own| diary::Column::CadreId.eq(own)))
    }
}

impl Guarded for assignment_batch::Entity {
    /// Who sees the assignments of the smallest place that holds them all, and who did it.
    fn gate(scope: &Scope, _: DbBackend) -> Gate {
        let own = scope.account.map(|own| assignment_batch::Column::MadeBy.eq(own));
        located::<Self>(&scope.assignment, own)
    }
}

impl Guarded for account::Entity {
    fn gate(scope: &Scope, _: DbBackend) -> Gate {
        located::<Self>(&scope.accounts, scope.account.map(|own| account::Column::Id.eq(own)))
    }
}

impl Guarded for access_subject::Entity {
    /// Looks at what stands in the places of the log's readers; a household's own, and sheets with all of a place that it
    /// stands in.
    fn gate(scope: &Scope, backend: DbBackend) -> Gate {
        use access_subject::Column::{EnterpriseId, HouseholdId, RegionId};
        let doors = &scope.access_log;
        let mut gate = located::<Self>(doors, None);
        let Gate::Branches(branches) = &mut gate else { return gate };
        if !doors.households.is_empty() {
            branches.push(any_of(HouseholdId, sorted(doors.households.keys().copied()), backend));
        }
        if !doors.enterprises.is_empty() {
            branches.push(any_of(EnterpriseId, sorted(doors.enterprises.keys().copied()), backend));
        }
        branches.extend(some(&doors.around).map(|own| any_of(RegionId, own.iter().copied(), backend)));
        gate
    }
}

impl Guarded for change::Entity {
    /// Changes of what stands in the places of the trail's readers.
    fn gate(scope: &Scope, _: DbBackend) -> Gate {
        located::<Self>(&scope.trail, None)
    }
}

impl Guarded for roster_import::Entity {
    /// Whoever began it, nobody else.
    fn gate(scope: &Scope, _: DbBackend) -> Gate {
        Gate::Branches(
            scope.account.map(|own| roster_import::Column::AccountId.eq(own)).into_iter().collect(),
        )
    }
}

impl Guarded for upload::Entity {
    /// Whose it is, and nobody else, whatever their rights.
    fn gate(scope: &Scope, _: DbBackend) -> Gate {
        Gate::Branches(scope.account.map(|own| upload::Column::AccountId.eq(own)).into_iter().collect())
    }
}

/// What belongs to an account is seen with the account.
fn of_account(gate: Gate, account: impl ColumnTrait) -> Gate {
    match gate {
        Gate::Everything => Gate::Everything,
        Gate::Branches(branches) => Gate::Branches(
            branches
                .into_iter()
                .map(|branch| account.in_subquery(select_id::<account::Entity>(Condition::all().add(branch))))
                .collect(),
        ),
    }
}

impl Guarded for grant::Entity {
    fn gate(scope: &Scope, backend: DbBackend) -> Gate {
        of_account(account::Entity::gate(scope, backend), grant::Column::AccountId)
    }
}

impl Guarded for session::Entity {
    fn gate(scope: &Scope, backend: DbBackend) -> Gate {
        of_account(account::Entity::gate(scope, backend), session::Column::AccountId)
    }
}

impl Guarded for notice::Entity {
    /// To whom it was told, nobody else.
    fn gate(scope: &Scope, _: DbBackend) -> Gate {
        Gate::Branches(scope.account.map(|own| notice::Column::AccountId.eq(own)).into_iter().collect())
    }
}

impl Guarded for account_identity::Entity {
    fn gate(scope: &Scope, backend: DbBackend) -> Gate {
        of_account(account::Entity::gate(scope, backend), account_identity::Column::AccountId)
    }
}

impl Guarded for api_key::Entity {
    fn gate(scope: &Scope, backend: DbBackend) -> Gate {
        of_account(account::Entity::gate(scope, backend), api_key::Column::AccountId)
    }
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
