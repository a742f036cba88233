//! Sizes and bounds of what is said of a task.

use crate::kernel::{error::Result, refusal::Checks};

/// Characters of a title.
pub(super) const TITLE: usize = 60;
/// Characters of what is to be done, of a result, of an answer.
pub(super) const CONTENT: usize = 2000;
/// Characters of a note or a reason.
pub(super) const NOTE: usize = 1000;
/// Characters of a measure or a milestone.
pub(super) const MEASURE: usize = 200;
/// Measures and milestones of a task.
pub(super) const MEASURES: usize = 20;
/// Departments and cadres that are asked at once, as leads or as co-handlers.
pub(super) const PARTIES: usize = 10;
/// Demands that are accepted at once.
pub(super) const DEMANDS: usize = 20;
/// Days until the review date of a suspension at the most.
pub(super) const REVIEW_DAYS: i64 = 90;
/// Days within which a task can be contested that was struck off.
pub(super) const CONTEST_DAYS: i64 = 30;
/// Days of silence after which a task is struck off by the system.
pub(super) const SILENT_DAYS: i64 = 7;
/// Calls without an answer after which nobody has to be asked any more.
pub(super) const CALLS: i32 = 2;
/// Extensions from which a leader decides.
pub(super) const EXTENSIONS: i32 = 1;

/// A note that has to say something.
pub(super) fn noted(note: &str) -> Result<String> {
    let mut checks = Checks::default();
    let note = checks.text("note", note, NOTE);
    checks.done()?;
    Ok(note)
}
