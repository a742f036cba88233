//! A file that is being sent in, piece by piece (上传文件).

use crate::{
    id::{AccountId, UploadId},
    kind::UploadPurpose,
    scalar::DateTime,
};
use sea_orm::entity::prelude::*;

/// A file that is being sent in, piece by piece (上传文件).
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "upload")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: UploadId,
    pub account_id: AccountId,
    pub file_name: String,
    pub media_type: Option<String>,
    pub purpose: UploadPurpose,
    /// Bytes in all.
    pub length: i64,
    /// Bytes that are safely stored.
    pub received: i64,
    pub created_at: DateTime,
    pub expires_at: DateTime,
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
