//! Who is told of a demand: the desk that another one waits, and whoever raised it what was answered.

use crate::{
    account::notice::{self, holders},
    kernel::{error::Result, work::Work},
};
use entity::{demand, kind::NoticeKind};
use std::collections::BTreeSet;

/// Tells the desk that a demand waits; all that wait together, until that is read.
pub(super) async fn desk(work: &Work, row: &demand::Model) -> Result<()> {
    let own = work.ctx.viewer().map(|viewer| viewer.account);
    let to = holders::of_desk(work, row.township_id.unwrap_or(row.county_id)).await?;
    let to = to.into_iter().filter(|account| Some(*account) != own);
    let subject = Some(row.id.to_string());
    notice::gather(&work.tx, work.now(), to, NoticeKind::DemandRegistered, subject, serde_json::json!({}))
        .await
}

/// Tells the household or enterprise, and whoever registered it, but not whoever acts.
pub(super) async fn answered(work: &Work, row: &demand::Model) -> Result<()> {
    let own = work.ctx.viewer().map(|viewer| viewer.account);
    let of = holders::of_served(work, row.household_id, row.enterprise_id).await?;
    let to: BTreeSet<_> = of.into_iter().chain([row.registered_by]).filter(|id| Some(*id) != own).collect();
    let subject = Some(row.id.to_string());
    notice::tell(&work.tx, work.now(), to, NoticeKind::DemandAnswered, subject, serde_json::json!({})).await
}
