//! A file that is attached to a record (附件): a photo of a visit, a document.

use crate::{
    id::{AccountId, AttachmentId},
    kind::RecordKind,
    scalar::DateTime,
};
use sea_orm::entity::prelude::*;

/// A file that is attached to a record (附件): a photo of a visit, a document. It stands where its record does.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "attachment")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AttachmentId,
    pub record_kind: RecordKind,
    pub record_id: Uuid,
    /// Empty once it was removed.
    pub file_name: String,
    /// What the content was found to be.
    pub media_type: String,
    /// Of what is stored.
    pub bytes: i64,
    pub sha256: Vec<u8>,
    /// Of a picture, upright.
    pub width: Option<i32>,
    pub height: Option<i32>,
    pub store_key: String,
    /// Of a picture.
    pub thumbnail_key: Option<String>,
    pub created_at: DateTime,
    pub created_by: AccountId,
    pub removed_at: Option<DateTime>,
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
