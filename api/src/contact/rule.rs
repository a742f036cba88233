//! What holds of an assignment by itself, for the commands and for sheets.

use crate::kernel::{
    door::{any_of, unscoped},
    place::Place,
    refusal::{Checks, Refusal, RefusalCode},
};
use entity::{
    account, assignment, cadre, grant,
    id::{CadreId, DepartmentId},
    kind::AssignmentKind,
    scalar::Date,
};
use sea_orm::{ColumnTrait, Condition, DbBackend, QueryFilter, QuerySelect, QueryTrait};

/// What is said of a second primary contact on some of the same days.
pub(super) const SECOND_PRIMARY: (&str, &str) = (
    "在这些日子里已有主要联系人；请先结束原包联，或改为非主要联系人。",
    "There is a primary contact on some of these days; end that assignment first, or make this one not primary.",
);

/// What is said of a holder who has the target already on some of the same days.
pub(super) const SAME_HOLDER: (&str, &str) = (
    "同一包联人对同一对象在这些日子里已有包联。",
    "The same holder has the same target already on some of these days.",
);

/// Where the target of an assignment is.
pub(super) fn place(row: &assignment::Model) -> Place {
    Place {
        county_id: Some(row.county_id),
        township_id: Some(row.township_id),
        village_id: row.village_id,
        group_id: row.group_id,
        grid_id: row.grid_id,
    }
}

/// Whether targets of a kind have a primary contact.
pub(super) fn may_be_primary(kind: AssignmentKind) -> bool {
    matches!(kind, AssignmentKind::Household | AssignmentKind::Enterprise | AssignmentKind::Group)
}

/// Only some kinds have a primary contact.
pub(super) fn check_primary(checks: &mut Checks, kind: AssignmentKind, is_primary: bool) {
    checks.require(!is_primary || may_be_primary(kind), || {
        Refusal::rule(
            "primary",
            "isPrimary",
            "只有联系户、联系企业、包组才有主要联系人。",
            "Only a household, enterprise or group has a primary contact.",
        )
    });
}

/// It holds on one day at least.
pub(super) fn check_dates(checks: &mut Checks, starts_on: Date, ends_on: Option<Date>) {
    checks.require(ends_on.is_none_or(|ends| ends > starts_on), || {
        Refusal::rule(
            "dates",
            "endsOn",
            "endsOn 是不再有效的第一天，应晚于 startsOn。",
            "endsOn is the first day without the right; it lies after startsOn.",
        )
    });
}

/// Whoever has left office is given nothing.
pub(super) fn check_in_office(checks: &mut Checks, cadre: &cadre::Model, today: Date) {
    checks.require(cadre.ends_on.is_none_or(|ends| ends > today), || {
        Refusal::rule("in-office", "cadreId", "该干部已离任。", "The cadre has left office.")
    });
}

/// What is past is not changed.
pub(super) fn over(before: &assignment::Model, today: Date) -> Option<Refusal> {
    before.ends_on.filter(|&ended| ended <= today).map(|_| {
        Refusal::new(
            RefusalCode::State,
            "id",
            "包联已经结束，历史不再改动。",
            "The assignment is over; what is past is not changed.",
        )
    })
}

/// On which days one that goes on may be ended.
pub(super) fn check_end(checks: &mut Checks, before: &assignment::Model, ends_on: Date, today: Date) {
    let earliest = std::cmp::max(before.starts_on, today);
    checks.require(ends_on >= earliest && before.ends_on.is_none_or(|set| ends_on <= set), || {
        Refusal::rule(
            "dates",
            "endsOn",
            format!("结束日不能早于 {}，也不能推迟已定的结束日。", earliest.0),
            format!("It ends on {} at the earliest, and not later than was set before.", earliest.0),
        )
    });
}

/// The accounts of holders: those of the cadres, and of the handlers of the departments.
pub(super) fn accounts_of(
    cadres: impl IntoIterator<Item = CadreId>,
    departments: impl IntoIterator<Item = DepartmentId>,
    backend: DbBackend,
) -> Condition {
    let cadres = any_of(account::Column::CadreId, cadres, backend);
    let departments: Vec<DepartmentId> = departments.into_iter().collect();
    let handlers = (!departments.is_empty()).then(|| {
        unscoped::<grant::Entity>()
            .select_only()
            .column(grant::Column::AccountId)
            .filter(any_of(grant::Column::DepartmentId, departments, backend))
            .into_query()
    });
    Condition::any()
        .add(cadres)
        .add_option(handlers.map(|handlers| account::Column::Id.in_subquery(handlers)))
}
