//! A roster that was taken in, or is being taken in, from an uploaded file (名册导入).

use crate::{
    id::{AccountId, ImportId, UploadId},
    kind::{ImportState, RosterKind},
    scalar::DateTime,
};
use sea_orm::entity::prelude::*;

/// A roster that was taken in, or is being taken in, from an uploaded file (名册导入).
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "roster_import")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ImportId,
    pub account_id: AccountId,
    pub upload_id: UploadId,
    pub file_name: String,
    /// What it was said to be; found out by its headings otherwise.
    pub kind: Option<RosterKind>,
    pub dry_run: bool,
    pub skip_bad: bool,
    pub state: ImportState,
    /// What became of it; stored together with what it brought.
    pub report: Option<Json>,
    pub started_at: DateTime,
    pub finished_at: Option<DateTime>,
    /// When the process that works on it was last known to live.
    pub beat_at: DateTime,
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
