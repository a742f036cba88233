//! `Upload` as it is spoken.

use super::{announce, delete, opened_by, store::Store, url};
use crate::kernel::{
    connection::{Connection, Cursor},
    directive::{DataClass, auth, class, cost, may_any_in_person, signed_in},
    error::{Error, Result, UserError},
    filter::operand,
    node::{Filter, Listing, Node, OrderBy, Ordering, list},
    page::{PageArgs, Run},
    payload::{ctx, payload},
    request::Ctx,
    work::Written,
};
use async_graphql::{ComplexObject, Context, Enum, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use entity::{id::UploadId, kind::UploadPurpose, scalar::DateTime, upload};
use sea_orm::{
    Condition, DerivePartialModel,
    sea_query::{Expr, ExprTrait},
};
use uuid::Uuid;

/// A file that is sent in, piece by piece (上传文件). Only the account that announced it sees it. It can be sent on and
/// used until `expiresAt`, and is taken away after that.
#[derive(Clone, Debug, SimpleObject, DerivePartialModel)]
#[sea_orm(entity = "upload::Entity")]
#[graphql(complex)]
pub struct Upload {
    /// Its id, which never changes (标识).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub id: UploadId,
    /// Name of the file on the sender's side (文件名).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub file_name: String,
    /// Media type (媒体类型), as the sender gave it: `text/csv`. Null when none was given.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub media_type: Option<String>,
    /// What it is sent in for (用途).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub purpose: UploadPurpose,
    /// Bytes in all (总字节数).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub length: i64,
    /// Bytes that are safely stored (已收字节数): from here the sender goes on.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub received: i64,
    /// When it was announced (创建时间).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub created_at: DateTime,
    /// When it ends, complete or not (过期时间).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub expires_at: DateTime,
    /// Raised by each change, also by each piece that arrives; what a mutation expects.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub version: i32,
}

#[ComplexObject]
impl Upload {
    /// Whether all of it is here (是否传完).
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn complete(&self) -> bool {
        self.received >= self.length
    }

    /// Where its bytes are sent, by tus 1.0.0 (上传地址): a path on this server, with the same bearer token.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn url(&self) -> String {
        url(self.id)
    }
}

/// Conditions on uploads, all of them to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct UploadWhere {
    /// Whether all of it is here.
    pub complete: MaybeUndefined<bool>,
}

impl Filter for UploadWhere {
    async fn condition(&self, _: &Ctx) -> Result<Condition> {
        let (received, length) = (Expr::col(upload::Column::Received), Expr::col(upload::Column::Length));
        let complete = operand(&self.complete)?;
        Ok(Condition::all().add_option(
            complete.map(|complete| if complete { received.gte(length) } else { received.lt(length) }),
        ))
    }
}

/// What uploads are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum UploadOrderField {
    /// When it was announced: the order of the ids.
    CreatedAt,
}

impl Ordering for UploadOrderField {
    fn column(self) -> Option<&'static str> {
        None
    }

    fn usual() -> Run {
        Run { column: None, descending: true }
    }
}

impl Node for Upload {
    type Entity = upload::Entity;
    type Where = UploadWhere;
    type Order = UploadOrderField;
    const NAME: &'static str = UploadId::PREFIX;

    fn uuid(&self) -> Uuid {
        self.id.0
    }
}

/// Questions about uploads.
#[derive(Debug, Default)]
pub struct UploadQuery;

#[Object]
impl UploadQuery {
    /// The viewer's own uploads, the latest first. Requires a sign-in; empty without one.
    #[graphql(directive = class::apply(DataClass::Internal), directive = cost::apply(1), directive = auth::apply(signed_in()))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn uploads(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<UploadWhere>,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<Vec<OrderBy<UploadOrderField>>>,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<Upload>>> {
        Some(list(gql, Listing { filter, order_by, page: PageArgs::new(first, after, last, before) }).await)
    }
}

/// A file to send in.
#[derive(Clone, Debug, InputObject)]
pub struct UploadCreateInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Id minted by the client; made by the server otherwise.
    #[graphql(default)]
    pub id: Option<UploadId>,
    /// What it is sent in for.
    pub purpose: UploadPurpose,
    /// Name of the file, at most 200 characters, without `/`, `\` and control characters.
    pub file_name: String,
    /// Media type, `text/csv`; at most 100 characters.
    #[graphql(default)]
    pub media_type: Option<String>,
    /// Bytes in all: at least 1, at most what the server takes (`Tus-Max-Size`, 256 MiB as a rule; of an `ATTACHMENT`, 20 MiB).
    pub length: i64,
}

/// An upload to take away.
#[derive(Clone, Debug, InputObject)]
pub struct UploadDeleteInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Which upload.
    pub id: UploadId,
    /// The version that the change is based on.
    pub expected_version: i32,
}

payload! {
    /// An upload that was announced, or why not.
    UploadPayload, upload: Upload
}

/// An upload that is gone, or why not.
#[derive(SimpleObject)]
pub struct UploadDeletePayload {
    /// Id of the upload that is gone. Null exactly when `errors` is not empty.
    pub upload_id: Option<UploadId>,
    /// Why it was refused; empty when it was done.
    pub errors: Vec<UserError>,
    /// Whether an earlier request with the same idempotency key had done it already.
    pub replayed: bool,
}

/// Changes to uploads.
#[derive(Debug, Default)]
pub struct UploadMutation;

#[Object]
impl UploadMutation {
    /// Announces a file (上传文件); its bytes then go to `url`, by tus 1.0.0. Requires for `ROSTER` the permission
    /// `IMPORT_ROSTER` somewhere: `REGION_ADMIN`; for `ATTACHMENT` `RECORD_VISIT`, `KEEP_DIARY`, `REGISTER_DEMAND`, `HANDLE_TASK` or `CHECK_TASK`: a live
    /// assignment, a task that was given, `GRID_WORKER`, `LEADER`, `DISPATCHER`, `SUPERVISOR`, `REGION_ADMIN`, `RESIDENT` or
    /// `ENTERPRISE_REP`. Not by a key. An account may have 20 uploads that are not complete, and in all as many
    /// bytes as four files of the greatest length. Errors: `INVALID`, `DUPLICATE`, `LIMIT`, `FORBIDDEN`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may_any_in_person(&UploadPurpose::all().flat_map(opened_by).copied().collect::<Vec<_>>())))]
    async fn upload_create(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to announce.")] input: UploadCreateInput,
    ) -> Option<Result<UploadPayload>> {
        let ctx = ctx(gql);
        UploadPayload::of(ctx, announce(ctx, &input).await).await
    }

    /// Takes an upload away, complete or not, with what has arrived of it. Requires that it is the viewer's own. Errors:
    /// `CONFLICT`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(signed_in()))]
    async fn upload_delete(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which, and the version that it is based on.")] input: UploadDeleteInput,
    ) -> Option<Result<UploadDeletePayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("uploadDelete", &input.idempotency_key, &input, delete).await;
        Some(gone(ctx, input.id, written).await)
    }
}

/// The row is gone for good: then the file goes, too.
async fn gone(ctx: &Ctx, id: UploadId, written: Result<Written>) -> Result<UploadDeletePayload> {
    match written {
        Ok(Written { replayed, .. }) => {
            Store::new(ctx.keep()?).remove(id).await?;
            Ok(UploadDeletePayload { upload_id: Some(id), errors: Vec::new(), replayed })
        }
        Err(Error::Refused(refusals)) => {
            let errors = refusals.into_iter().map(Into::into).collect();
            Ok(UploadDeletePayload { upload_id: None, errors, replayed: false })
        }
        Err(error) => Err(error),
    }
}
