//! Attaching files to records, and handing them out: what is the same for every kind of record. Whoever may change a
//! record attaches files to it and removes them; whoever is shown what is personal of it fetches them.

pub mod object;
mod record;

pub use record::AttachmentRecord;

use self::object::{AttachmentRemoveInput, AttachmentsAddInput};
use crate::{
    attachment::{self, AT_ONCE, Files, object::Attachment},
    kernel::{
        error::{Refusal, Result},
        refusal::Checks,
        request::Ctx,
        work::Work,
    },
};
use entity::id::AttachmentId;
use std::collections::HashSet;
use uuid::Uuid;

/// Some uploads, each once.
fn check(input: &AttachmentsAddInput) -> Result<()> {
    let mut checks = Checks::default();
    checks.require((1..=AT_ONCE).contains(&input.upload_ids.len()), || {
        Refusal::rule(
            "number",
            "uploadIds",
            format!("一次添加 1 至 {AT_ONCE} 个附件。"),
            format!("From 1 to {AT_ONCE} files are attached at once."),
        )
    });
    let mut seen = HashSet::new();
    for (at, id) in input.upload_ids.iter().enumerate() {
        checks.require(seen.insert(*id), || {
            Refusal::rule("twice", &format!("uploadIds.{at}"), "重复。", "It is named twice.")
        });
    }
    checks.done()
}

/// What can be said before the files are looked at: nobody has pictures read for a record that is not theirs.
async fn allowed(ctx: &Ctx, input: &AttachmentsAddInput) -> Result<()> {
    ctx.in_person()?;
    check(input)?;
    record::changeable(ctx, ctx.db().read(), &input.record).await.map(drop)
}

/// Attaches files to a record.
async fn add(work: &Work, input: AttachmentsAddInput, files: Files) -> Result<Uuid> {
    let (kind, id) = record::changeable(&work.ctx, &work.tx, &input.record).await?;
    attachment::attach(work, kind, id, &files).await?;
    Ok(id)
}

/// Removes a file from its record.
async fn remove(work: &Work, input: AttachmentRemoveInput) -> Result<Uuid> {
    let AttachmentRemoveInput { idempotency_key: _, id, expected_version } = input;
    let row = attachment::find(work, id).await?;
    record::changeable_of(&work.ctx, &work.tx, row.record_kind, row.record_id).await?;
    attachment::remove(work, id, expected_version).await
}

/// A file for whoever fetches it, which is noted; none where there is none, or none that they may see.
pub async fn fetched(ctx: &Ctx, id: AttachmentId, field: &'static str) -> Result<Option<Attachment>> {
    let Some(file) = ctx.node::<Attachment>(id).await? else { return Ok(None) };
    Ok(file.shows(ctx, field).await?.then_some(file))
}
