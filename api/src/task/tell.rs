//! Who is told of a step: handlers, residents, whoever asked.

use super::Party;
use crate::{
    account::notice::{self, holders},
    kernel::{error::Result, work::Work},
};
use entity::{
    demand,
    id::{AccountId, CadreId, DepartmentId},
    kind::NoticeKind,
    task,
};

/// What is told, and which words.
pub(super) type Told = NoticeKind;

pub(super) const ACCEPTED: Told = NoticeKind::DemandAccepted;
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
    let subject = Some(task.id.to_string());
    if what == URGED {
        return notice::gather(&work.tx, work.now(), to, what, subject, words).await;
    }
    notice::tell(&work.tx, work.now(), to, what, subject, words).await
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
    accounts(work, task, holders::of_handlers(work, departments, cadres).await?, what).await
}

/// Tells whoever raised the demands, where they have an account; whether anybody has.
pub(super) async fn residents(
    work: &Work,
    task: &task::Model,
    demands: &[demand::Model],
    what: Told,
) -> Result<bool> {
    let households = demands.iter().filter_map(|row| row.household_id);
    let enterprises = demands.iter().filter_map(|row| row.enterprise_id);
    let to = holders::of_served(work, households, enterprises).await?;
    let any = !to.is_empty();
    accounts(work, task, to, what).await?;
    Ok(any)
}
