//! A sign-on that was begun and not come back from yet, by the hash of its state.

use crate::{id::AccountId, scalar::DateTime};
use sea_orm::entity::prelude::*;

/// A sign-on that was begun and not come back from yet, by the hash of its state.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sign_on")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub state_hash: Vec<u8>,
    /// Verifier, nonce, redirect URI and device.
    pub sealed: Vec<u8>,
    /// The account to which the identity is to be linked; none for signing in.
    pub account_id: Option<AccountId>,
    pub expires_at: DateTime,
}

impl ActiveModelBehavior for ActiveModel {}
