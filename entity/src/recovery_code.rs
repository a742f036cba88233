//! A code in place of a lost second factor, by its hash. It goes when it is used.

use crate::id::AccountId;
use sea_orm::entity::prelude::*;

/// A code in place of a lost second factor, by its hash. It goes when it is used.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "recovery_code")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub hash: Vec<u8>,
    pub account_id: AccountId,
}

impl ActiveModelBehavior for ActiveModel {}
