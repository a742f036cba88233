//! What an account is asked for beside the password: codes of an app that shares a secret with us (双重验证).

use crate::{id::AccountId, scalar::DateTime};
use sea_orm::entity::prelude::*;

/// What an account is asked for beside the password: codes of an app that shares a secret with us (双重验证).
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "second_factor")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: AccountId,
    /// Sealed: the secret.
    pub secret: Vec<u8>,
    pub started_at: DateTime,
    /// In force from this moment on; not before the owner has shown a first code.
    pub confirmed_at: Option<DateTime>,
    /// The last step of time whose code was shown: none is taken twice.
    pub last_step: i64,
}

impl ActiveModelBehavior for ActiveModel {}
