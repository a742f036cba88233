//! Who is told of a step: handlers, residents, whoever asked.

use super::Party;
use crate::{
    account::notice,
    kernel::{
        door::{any_of, live, unscoped},
        error::Result,
        work::Work,
    },
};
use entity::{
    account, demand, grant,
    id::{AccountId, CadreId, DepartmentId},
    kind::{NoticeKind, Role},
    task,
};
use sea_orm::{ColumnTrait, Condition, QueryFilter, QuerySelect, QueryTrait};

/// What is told, and which words.
pub(super) type Told = NoticeKind;

pub(super) const GIVEN: Told = NoticeKind::TaskGiven;
pub(super) const URGED: Told = NoticeKind::TaskUrged;
pub(super) const SUPERVISED: Told = NoticeKind::TaskSupervised;
pub(super) const INSTRUCTED: Told = NoticeKind::TaskInstructed;
pub(super) const RETURNED: Told = NoticeKind::TaskReturned;
pub(super) const REOPENED: Told = NoticeKind::TaskReopened;
pub(super) const DECIDED: Told = NoticeKind::LeaveDecided;
pub(super) const ANSWERED: Told = NoticeKind::SupervisionAnswered;
pub(super) const TO_JUDGE: Told = NoticeKind::ResultToJudge;
pub(super) const CLOSED: Told = NoticeKind::TaskClosed;

/// Tells some accounts of a task, but not whoever acts.
pub(super) async fn accounts(
    work: &Work,
    task: &task::Model,
    to: impl IntoIterator<Item = AccountId>,
    what: Told,
) -> Result<()> {
    let own = work.ctx.viewer().map(|viewer| viewer.account);
    let to: Vec<AccountId> = to.into_iter().filter(|account| Some(*account) != own).collect();
    let words = serde_json::json!({ "number": task.number });
    notice::tell(&work.tx, work.now(), to, what, Some(task.id.to_string()), words).await
}

/// Tells the accounts of handlers: of cadres, and of who handles for the departments.
pub(super) async fn handlers(
    work: &Work,
    task: &task::Model,
    parties: impl IntoIterator<Item = Party>,
    what: Told,
) -> Result<()> {
    let (departments, cadres): (Vec<_>, Vec<_>) = parties.into_iter().unzip();
    let departments: Vec<DepartmentId> = departments.into_iter().flatten().collect();
    let cadres: Vec<CadreId> = cadres.into_iter().flatten().collect();
    if departments.is_empty() && cadres.is_empty() {
        return Ok(());
    }
    let backend = work.ctx.backend();
    let of_departments = unscoped::<grant::Entity>()
        .select_only()
        .column(grant::Column::AccountId)
        .filter(grant::Column::Role.eq(Role::DepartmentHandler))
        .filter(live(grant::Column::StartsOn, grant::Column::EndsOn, work.ctx.today()))
        .filter(any_of(grant::Column::DepartmentId, departments, backend))
        .into_query();
    let to: Vec<AccountId> = unscoped::<account::Entity>()
        .select_only()
        .column(account::Column::Id)
        .filter(
            Condition::any()
                .add(any_of(account::Column::CadreId, cadres, backend))
                .add(account::Column::Id.in_subquery(of_departments)),
        )
        .into_tuple()
        .all(&work.tx)
        .await?;
    accounts(work, task, to, what).await
}

/// Tells whoever raised the demands, where they have an account; whether anybody has.
pub(super) async fn residents(
    work: &Work,
    task: &task::Model,
    demands: &[demand::Model],
    what: Told,
) -> Result<bool> {
    let backend = work.ctx.backend();
    let households =
        any_of(grant::Column::HouseholdId, demands.iter().filter_map(|row| row.household_id), backend);
    let enterprises =
        any_of(grant::Column::EnterpriseId, demands.iter().filter_map(|row| row.enterprise_id), backend);
    let to: Vec<AccountId> = unscoped::<grant::Entity>()
        .select_only()
        .column(grant::Column::AccountId)
        .distinct()
        .filter(grant::Column::Role.is_in([Role::Resident, Role::EnterpriseRep]))
        .filter(live(grant::Column::StartsOn, grant::Column::EndsOn, work.ctx.today()))
        .filter(Condition::any().add(households).add(enterprises))
        .into_tuple()
        .all(&work.tx)
        .await?;
    let any = !to.is_empty();
    accounts(work, task, to, what).await?;
    Ok(any)
}
