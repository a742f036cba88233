//! The mutations of attachments.

use super::{AttachmentRecord, add, allowed, remove};
use crate::{
    attachment::{
        self,
        object::{Attachment, AttachmentsOf},
    },
    kernel::{
        directive::{auth, cost, may_any_in_person},
        error::{Error, Refusal, Result, UserError},
        payload::ctx,
        request::Ctx,
        work::Written,
    },
    upload,
};
use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use entity::{
    id::{AttachmentId, UploadId},
    kind::UploadPurpose,
};

/// Files to attach to a record.
#[derive(Clone, Debug, InputObject)]
pub struct AttachmentsAddInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// To which record.
    pub record: AttachmentRecord,
    /// Uploads of one's own that are complete, of purpose `ATTACHMENT`; 1 to 9, each once. They are taken up: they are no
    /// uploads any more afterwards.
    pub upload_ids: Vec<UploadId>,
}

/// A file to remove.
#[derive(Clone, Debug, InputObject)]
pub struct AttachmentRemoveInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Which file.
    pub id: AttachmentId,
    /// The version that the change is based on.
    pub expected_version: i32,
}

/// Files that were attached, or why not.
#[derive(SimpleObject)]
pub struct AttachmentsAddPayload {
    /// All files of the record as they are now, at most 20. Null exactly when `errors` is not empty.
    pub attachments: Option<Vec<Attachment>>,
    /// Why it was refused; empty when it was done.
    pub errors: Vec<UserError>,
    /// Whether an earlier request with the same idempotency key had done it already.
    pub replayed: bool,
}

/// A file that is gone, or why not.
#[derive(SimpleObject)]
pub struct AttachmentRemovePayload {
    /// Id of the file that is gone. Null exactly when `errors` is not empty.
    pub attachment_id: Option<AttachmentId>,
    /// Why it was refused; empty when it was done.
    pub errors: Vec<UserError>,
    /// Whether an earlier request with the same idempotency key had done it already.
    pub replayed: bool,
}

/// Changes to attachments.
#[derive(Debug, Default)]
pub struct AttachmentMutation;

#[Object]
impl AttachmentMutation {
    /// Attaches files to a record (添加附件), all of them or none: JPEG, PNG, PDF, documents and sheets of Office Open XML without
    /// macros, told by their content. Pictures are turned upright and kept without anything beside the picture. A record
    /// has 20 files at the most, and 100 MiB; an account attaches 1 GiB within 24 hours. Not by a key. Requires to have recorded the
    /// visit, by a live assignment that reaches it or as `GRID_WORKER`, `LEADER` or `REGION_ADMIN` of its place; to have
    /// written the diary entry; to have registered or raised the demand, as `RESIDENT` or `ENTERPRISE_REP`, too, or as `DISPATCHER`,
    /// as long as one may register one for it; or to have taken the step of the task, as its handler or as `SUPERVISOR` (a check)
    /// as long as one may take such a step. Errors: `INVALID` (number, what the content is, size of a
    /// picture), `LIMIT`, `STATE` (an upload that is not complete, a visit that is withdrawn, a demand that was refused, a task
    /// that is over), `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(100), directive = auth::apply(may_any_in_person(upload::opened_by(UploadPurpose::Attachment))))]
    async fn attachments_add(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "To which record, and what.")] input: AttachmentsAddInput,
    ) -> Option<Result<AttachmentsAddPayload>> {
        let ctx = ctx(gql);
        let written = match allowed(ctx, &input).await {
            Ok(()) => {
                let (key, uploads) = (&input.idempotency_key, &input.upload_ids);
                attachment::write(ctx, "attachmentsAdd", key, &input, uploads, add).await
            }
            Err(error) => Err(error),
        };
        Some(added(ctx, &input.record, written).await)
    }

    /// Removes a file from its record (删除附件): its bytes and its name are gone for good. Requires what `attachmentsAdd` requires.
    /// Errors: `CONFLICT`, `FORBIDDEN`, `NOT_FOUND` (also of a visit that is withdrawn).
    #[graphql(directive = cost::apply(10), directive = auth::apply(may_any_in_person(upload::opened_by(UploadPurpose::Attachment))))]
    async fn attachment_remove(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which, and the version that it is based on.")] input: AttachmentRemoveInput,
    ) -> Option<Result<AttachmentRemovePayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("attachmentRemove", &input.idempotency_key, &input, remove).await;
        Some(removed(ctx, input.id, written).await)
    }
}

async fn added(
    ctx: &Ctx,
    record: &AttachmentRecord,
    written: Result<Written>,
) -> Result<AttachmentsAddPayload> {
    match written {
        Ok(Written { replayed, entity }) => {
            let asked = AttachmentsOf { kind: record.kind(), record: entity };
            let attachments = Some(ctx.load(asked).await?.unwrap_or_default());
            Ok(AttachmentsAddPayload { attachments, errors: Vec::new(), replayed })
        }
        Err(error) => {
            Ok(AttachmentsAddPayload { attachments: None, errors: refused(error)?, replayed: false })
        }
    }
}

/// The row says that it is gone: then the bytes go, too.
async fn removed(ctx: &Ctx, id: AttachmentId, written: Result<Written>) -> Result<AttachmentRemovePayload> {
    match written {
        Ok(Written { replayed, .. }) => {
            // Where that fails the store has told of it in the log, and upkeep comes by.
            drop(attachment::let_go(ctx, id).await);
            Ok(AttachmentRemovePayload { attachment_id: Some(id), errors: Vec::new(), replayed })
        }
        Err(error) => {
            Ok(AttachmentRemovePayload { attachment_id: None, errors: refused(error)?, replayed: false })
        }
    }
}

fn refused(error: Error) -> Result<Vec<UserError>> {
    match error {
        Error::Refused(refusals) => Ok(refusals.into_iter().map(Refusal::into).collect()),
        error => Err(error),
    }
}
