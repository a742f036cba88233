//! Gates of whom we serve, of who answers for them and what was done there, and of the logs about them.

use super::{
    Gate, Guarded, Openings, Placed, any_of, located,
    people::{members_of, staff},
    select_column, select_id, some, sorted, through, tied,
};
use crate::kernel::{
    policy::{Part, Sight},
    scope::{Doors, Scope},
};
use entity::{
    access_subject, assignment, assignment_batch, attachment, box_opening, cadre, change, contact_card,
    correction, demand, diary, enterprise, feedback, household,
    id::TaskId,
    intake_point,
    kind::{RecordKind, TaskAction},
    member, task, task_event, task_milestone, task_part, task_request, visit, visit_participation,
};
use sea_orm::{
    ColumnTrait, Condition, DbBackend, EntityTrait,
    sea_query::{Expr, ExprTrait},
};

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

impl Guarded for member::Entity {
    fn gate(scope: &Scope, backend: DbBackend) -> Gate {
        let households = households(&scope.household.showing(Part::Personal), backend);
        through::<household::Entity>(households, member::Column::HouseholdId)
    }
}

impl Guarded for contact_card::Entity {
    /// Of households of which what is personal is seen.
    fn gate(scope: &Scope, backend: DbBackend) -> Gate {
        let households = households(&scope.household.showing(Part::Personal), backend);
        through::<household::Entity>(households, contact_card::Column::HouseholdId)
    }
}

impl Guarded for correction::Entity {
    fn gate(scope: &Scope, backend: DbBackend) -> Gate {
        through::<household::Entity>(households(&scope.corrections, backend), correction::Column::HouseholdId)
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
        branches.extend(tied(doors, HouseholdId, EnterpriseId, backend));
        branches.extend(some(&scope.answered).map(|own| any_of(RegionId, own.iter().copied(), backend)));
        branches.extend(some(&scope.areas).map(|own| any_of(AreaId, own.iter().copied(), backend)));
        branches
            .extend(some(&scope.departments).map(|own| any_of(DepartmentId, own.iter().copied(), backend)));
        branches
            .extend(some(&doors.branches).map(|own| CadreId.in_subquery(members_of(own, scope, backend))));
        gate
    }
}

impl Guarded for intake_point::Entity {
    fn gate(_: &Scope, _: DbBackend) -> Gate {
        Gate::Everything
    }
}

impl Guarded for box_opening::Entity {
    /// Of boxes that stand in the places.
    fn gate(scope: &Scope, _: DbBackend) -> Gate {
        let points = located::<intake_point::Entity>(&scope.box_openings, None);
        through::<intake_point::Entity>(points, box_opening::Column::IntakePointId)
    }
}

/// Visits to what stands in the places of these doors, and to the households and enterprises that are tied singly.
fn visits(doors: &Doors, backend: DbBackend) -> Gate {
    use visit::Column::{EnterpriseId, HouseholdId};
    let mut gate = located::<visit::Entity>(doors, None);
    let Gate::Branches(branches) = &mut gate else { return gate };
    branches.extend(tied(doors, HouseholdId, EnterpriseId, backend));
    gate
}

impl Guarded for visit::Entity {
    fn gate(scope: &Scope, backend: DbBackend) -> Gate {
        visits(&scope.visits, backend)
    }
}

/// Demands of what stands in the places of these doors, of the households and enterprises that are tied singly, and of these
/// tasks.
fn demands(doors: &Doors, given: &[TaskId], backend: DbBackend) -> Gate {
    use demand::Column::{EnterpriseId, HouseholdId, TaskId};
    let mut gate = located::<demand::Entity>(doors, None);
    let Gate::Branches(branches) = &mut gate else { return gate };
    branches.extend(tied(doors, HouseholdId, EnterpriseId, backend));
    branches.extend((!given.is_empty()).then(|| any_of(TaskId, given.iter().copied(), backend)));
    gate
}

/// Demands of which the viewer is shown what is personal, and who raised them.
fn demands_with_author(scope: &Scope, backend: DbBackend) -> Condition {
    let shown = scope.given.iter().filter(|(_, (_, demands))| demands.shows(Part::Personal));
    let gate = demands(&scope.demands.showing(Part::Personal), &sorted(shown.map(|(id, _)| *id)), backend);
    let sender = scope.sender.filter(|sender| sender.demands.shows(Part::Personal));
    let shown = Condition::any()
        .add(gate.condition())
        .add_option(sender.map(|sender| demand::Column::RegisteredBy.eq(sender.account)));
    Condition::all().add(shown).add(authored(scope))
}

/// Demands of which the viewer is told who raised them: those that are not about themselves or their office.
#[must_use]
pub fn authored(scope: &Scope) -> Condition {
    use demand::Column::{AboutCadreId, AboutDepartmentId};
    let about_own = scope.cadre.map(|own| AboutCadreId.is_null().or(AboutCadreId.ne(own)));
    let office = some(&scope.handling)
        .map(|own| AboutDepartmentId.is_null().or(AboutDepartmentId.is_not_in(own.iter().copied())));
    Condition::all().add_option(about_own).add_option(office)
}

impl Guarded for demand::Entity {
    /// Demands of what stands in the places, of the households and enterprises that are tied singly, of tasks that were given,
    /// those that are about oneself or one's department, and those that a system has sent.
    fn gate(scope: &Scope, backend: DbBackend) -> Gate {
        use demand::Column::{AboutCadreId, AboutDepartmentId, RegisteredBy};
        let mut gate = demands(&scope.demands, &sorted(scope.given.keys().copied()), backend);
        let Gate::Branches(branches) = &mut gate else { return gate };
        branches.extend(scope.cadre.map(|own| AboutCadreId.eq(own)));
        branches
            .extend(some(&scope.handling).map(|own| any_of(AboutDepartmentId, own.iter().copied(), backend)));
        let sender = scope.sender.filter(|sender| !sender.demands.is_hidden());
        branches.extend(sender.map(|sender| RegisteredBy.eq(sender.account)));
        gate
    }
}

impl Guarded for feedback::Entity {
    fn gate(scope: &Scope, backend: DbBackend) -> Gate {
        through::<demand::Entity>(demand::Entity::gate(scope, backend), feedback::Column::DemandId)
    }
}

impl Guarded for task::Entity {
    /// Tasks of what stands in the places, of the households and enterprises that are tied singly (also where they share it
    /// with others), those that came of what a system has sent, and those that oneself or one's department has or had a part in.
    fn gate(scope: &Scope, backend: DbBackend) -> Gate {
        use task::Column::{EnterpriseId, HouseholdId, Id};
        let doors = &scope.tasks;
        let mut gate = located::<Self>(doors, None);
        let Gate::Branches(branches) = &mut gate else { return gate };
        branches.extend(tied(doors, HouseholdId, EnterpriseId, backend));
        let sender = scope.sender.filter(|sender| !sender.tasks.is_hidden());
        let shared = tied(doors, demand::Column::HouseholdId, demand::Column::EnterpriseId, backend);
        branches.extend(
            shared
                .into_iter()
                .chain(sender.map(|sender| demand::Column::RegisteredBy.eq(sender.account)))
                .map(|own| Id.in_subquery(select_column::<demand::Entity>(demand::Column::TaskId, own))),
        );
        let handled = [
            scope.cadre.map(|own| task_part::Column::CadreId.eq(own)),
            some(&scope.handling)
                .map(|own| any_of(task_part::Column::DepartmentId, own.iter().copied(), backend)),
        ];
        branches.extend(
            handled.into_iter().flatten().map(|own| {
                Id.in_subquery(select_column::<task_part::Entity>(task_part::Column::TaskId, own))
            }),
        );
        gate
    }
}

/// Tasks of which a part is shown that is hidden of those that are seen for another reason than their place, their household or
/// having them: `Scope::task_sight` as SQL.
fn tasks_showing(part: Part, scope: &Scope, backend: DbBackend) -> Condition {
    use task::Column::{EnterpriseId, HouseholdId, Id, LeadCadreId, LeadDepartmentId};
    if Sight::OWN.shows(part) {
        return task::Entity::gate(scope, backend).condition();
    }
    let doors = scope.tasks.showing(part);
    let mut gate = located::<task::Entity>(&doors, None);
    if let Gate::Branches(branches) = &mut gate {
        branches.extend(tied(&doors, HouseholdId, EnterpriseId, backend));
        let given = scope.given.iter().filter(|(_, (task, _))| task.shows(part)).map(|(id, _)| *id);
        branches.extend(some(&sorted(given)).map(|own| any_of(Id, own.iter().copied(), backend)));
        if Sight::SERVED.shows(part) {
            branches.extend(scope.cadre.map(|own| LeadCadreId.eq(own)));
            branches.extend(
                some(&scope.handling).map(|own| any_of(LeadDepartmentId, own.iter().copied(), backend)),
            );
        }
    }
    gate.condition()
}

/// Steps of tasks whose files are shown: those of the result to everybody who sees the task, the others are offices' own.
fn events_with_files(scope: &Scope, backend: DbBackend) -> Condition {
    use task_event::Column::{Action, TaskId};
    let of = |part| TaskId.in_subquery(select_id::<task::Entity>(tasks_showing(part, scope, backend)));
    Condition::any()
        .add(of(Part::Internal))
        .add(Condition::all().add(Action.eq(TaskAction::Resolve)).add(of(Part::Personal)))
}

impl Guarded for task_part::Entity {
    fn gate(scope: &Scope, backend: DbBackend) -> Gate {
        through::<task::Entity>(task::Entity::gate(scope, backend), task_part::Column::TaskId)
    }
}

impl Guarded for task_event::Entity {
    fn gate(scope: &Scope, backend: DbBackend) -> Gate {
        through::<task::Entity>(task::Entity::gate(scope, backend), task_event::Column::TaskId)
    }
}

impl Guarded for task_milestone::Entity {
    fn gate(scope: &Scope, backend: DbBackend) -> Gate {
        through::<task::Entity>(task::Entity::gate(scope, backend), task_milestone::Column::TaskId)
    }
}

impl Guarded for task_request::Entity {
    fn gate(scope: &Scope, backend: DbBackend) -> Gate {
        through::<task::Entity>(task::Entity::gate(scope, backend), task_request::Column::TaskId)
    }
}

impl Guarded for visit_participation::Entity {
    /// One's own, and those of the cadres whom one leads.
    fn gate(scope: &Scope, backend: DbBackend) -> Gate {
        let led = staff(&scope.participations, scope, backend);
        through::<cadre::Entity>(led.gate::<cadre::Entity>(), visit_participation::Column::CadreId)
    }
}

impl Guarded for diary::Entity {
    /// One's own, and those of cadres who serve in a leader's places.
    fn gate(scope: &Scope, _: DbBackend) -> Gate {
        located::<Self>(&scope.diaries, scope.cadre.map(|own| diary::Column::CadreId.eq(own)))
    }
}

impl Guarded for attachment::Entity {
    /// Files that stand, of records of which what is personal is seen: a line for each kind of record.
    fn gate(scope: &Scope, backend: DbBackend) -> Gate {
        use attachment::Column::{RecordKind as Kind, RemovedAt};
        let visits = visits(&scope.visits.showing(Part::Personal), backend);
        let standing = Condition::all().add(visits.condition()).add(visit::Column::WithdrawnAt.is_null());
        let records = [
            (RecordKind::Visit, attached_to::<visit::Entity>(visit::Column::Id, standing)),
            (
                RecordKind::Diary,
                attached_to::<diary::Entity>(
                    diary::Column::Id,
                    diary::Entity::gate(scope, backend).condition(),
                ),
            ),
            (
                RecordKind::Demand,
                attached_to::<demand::Entity>(demand::Column::Id, demands_with_author(scope, backend)),
            ),
            (
                RecordKind::TaskEvent,
                attached_to::<task_event::Entity>(task_event::Column::Id, events_with_files(scope, backend)),
            ),
        ];
        let branch = |(kind, seen)| Kind.eq(kind).and(RemovedAt.is_null()).and(seen);
        Gate::Branches(records.into_iter().map(branch).collect())
    }
}

/// The record of a file is one of these: looked up by its id, however many there are.
fn attached_to<E: EntityTrait>(id: E::Column, those: Condition) -> Expr {
    let own = Expr::col(id.as_column_ref());
    let own = own.equals((attachment::Entity, attachment::Column::RecordId));
    Expr::exists(select_id::<E>(Condition::all().add(own).add(those)))
}

impl Guarded for assignment_batch::Entity {
    /// Who sees the assignments of the smallest place that holds them all, and who did it.
    fn gate(scope: &Scope, _: DbBackend) -> Gate {
        let own = scope.account.map(|own| assignment_batch::Column::MadeBy.eq(own));
        located::<Self>(&scope.assignment, own)
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
        branches.extend(tied(doors, HouseholdId, EnterpriseId, backend));
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
