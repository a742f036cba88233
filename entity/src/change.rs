//! One change of one record: the log that feeds the audit trail and every reader. Only ever added to.

use crate::{
    id::{AccountId, ChangeId, RegionId},
    kind::ChangeKind,
    scalar::DateTime,
};
use sea_orm::entity::prelude::*;

/// One change of one record: the log that feeds the audit trail and every reader. Only ever added to.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "change")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub sequence: i64,
    /// Of the moment of the change: the order in which it is read.
    pub id: ChangeId,
    pub at: DateTime,
    /// Prefix of the record's id: `household`, `assignment` …
    pub entity: String,
    pub entity_id: Uuid,
    pub entity_version: i32,
    pub kind: ChangeKind,
    /// Names of the columns that changed, as a JSON list.
    pub columns: Json,
    /// New values, for columns of the internal class only.
    pub content: Json,
    pub actor: Option<AccountId>,
    pub idempotency_key: Option<Uuid>,
    pub request_id: String,
    /// Where the record stood then; nowhere for what belongs to the whole platform.
    pub county_id: Option<RegionId>,
    pub township_id: Option<RegionId>,
    pub village_id: Option<RegionId>,
}

impl ActiveModelBehavior for ActiveModel {}
