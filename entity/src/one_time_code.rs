//! A code that was sent to somebody's phone, by its keyed hash (一次性验证码).

use crate::{id::CodeId, kind::CodePurpose, scalar::DateTime};
use sea_orm::entity::prelude::*;

/// A code that was sent to somebody's phone, by its keyed hash (一次性验证码).
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "one_time_code")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CodeId,
    pub purpose: CodePurpose,
    /// Whose it is; what kind of record that is, the purpose says.
    pub subject_id: Uuid,
    pub hash: Vec<u8>,
    pub created_at: DateTime,
    pub expires_at: DateTime,
    pub tries_left: i32,
    pub used_at: Option<DateTime>,
}

impl ActiveModelBehavior for ActiveModel {}
