//! `Attachment` as it is spoken.

use crate::kernel::{
    directive::{DataClass, class},
    door::any_of,
    error::Result,
    node::{Filter, Node, Ordering},
    page::Run,
    request::Ctx,
    rows::Key,
};
use async_graphql::{Enum, SimpleObject};
use entity::{attachment, id::AttachmentId, kind::RecordKind, scalar::DateTime};
use sea_orm::{Condition, DerivePartialModel, QueryFilter, QueryOrder, QuerySelect};
use std::collections::HashMap;
use uuid::Uuid;

/// A file that is attached to a record (附件): a photo, a document. Seen by whoever is shown what is personal of its record.
/// Its type is what its content was found to be; of a picture nothing but the picture is kept: no position, no time, no
/// device.
#[derive(Clone, Debug, SimpleObject, DerivePartialModel)]
#[sea_orm(entity = "attachment::Entity")]
#[graphql(complex)]
pub struct Attachment {
    /// Its id, which never changes (标识).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub id: AttachmentId,
    /// What it is by its content (媒体类型): `image/jpeg`, `image/png`, `application/pdf`, or a document or sheet of Office Open
    /// XML.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub media_type: String,
    /// Bytes as it is stored (字节数).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub bytes: i64,
    /// Width in dots, upright (宽). Null when it is no picture.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub width: Option<i32>,
    /// Height in dots, upright (高). Null when it is no picture.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub height: Option<i32>,
    /// When it was attached (添加时间).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub created_at: DateTime,
    /// Raised by each change; what a mutation expects.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub version: i32,
    #[graphql(skip)]
    pub(crate) file_name: String,
    #[graphql(skip)]
    pub(crate) record_kind: RecordKind,
    #[graphql(skip)]
    pub(crate) record_id: Uuid,
    #[graphql(skip)]
    pub(crate) sha256: Vec<u8>,
    #[graphql(skip)]
    pub(crate) store_key: String,
    #[graphql(skip)]
    pub(crate) thumbnail_key: Option<String>,
}

/// Attachments are listed with their record alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct AttachmentWhere;

impl Filter for AttachmentWhere {
    async fn condition(&self, _: &Ctx) -> Result<Condition> {
        Ok(Condition::all())
    }
}

/// What attachments are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum AttachmentOrderField {
    /// When it was attached: the order of the ids.
    CreatedAt,
}

impl Ordering for AttachmentOrderField {
    fn column(self) -> Option<&'static str> {
        None
    }

    fn usual() -> Run {
        Run { column: None, descending: false }
    }
}

impl Node for Attachment {
    type Entity = attachment::Entity;
    type Where = AttachmentWhere;
    type Order = AttachmentOrderField;
    const NAME: &'static str = AttachmentId::PREFIX;

    fn uuid(&self) -> Uuid {
        self.id.0
    }
}

/// The question for the files of a record.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct AttachmentsOf {
    /// What kind of record.
    pub kind: RecordKind,
    /// Which.
    pub record: Uuid,
}

impl Key for AttachmentsOf {
    type Value = Vec<Attachment>;

    async fn load(ctx: Ctx, keys: Vec<Self>) -> Result<HashMap<Self, Vec<Attachment>>> {
        use attachment::Column::{Id, RecordId};
        use sea_orm::PartialModelTrait;
        let rows = Attachment::select_cols(ctx.within::<attachment::Entity>().select_only())
            .filter(any_of(RecordId, keys.iter().map(|key| key.record), ctx.backend()))
            .order_by_asc(Id)
            .into_model::<Attachment>()
            .all(ctx.db().read())
            .await?;
        let mut of: HashMap<_, Vec<_>> = HashMap::new();
        for row in rows {
            let key = Self { kind: row.record_kind, record: row.record_id };
            of.entry(key).or_default().push(row);
        }
        Ok(of)
    }
}
