//! Where an integration wants to be told what happens (回调), and how far it was told.

use crate::{
    id::{AccountId, ApiKeyId, WebhookId},
    kind::{WebhookEnd, WebhookState},
    scalar::DateTime,
};
use sea_orm::entity::prelude::*;

/// Where an integration wants to be told what happens (回调), and how far it was told.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WebhookId,
    /// That of its key.
    pub account_id: AccountId,
    /// By whose rights it is told.
    pub api_key_id: ApiKeyId,
    pub name: String,
    pub url: String,
    /// GraphQL: one subscription.
    pub document: String,
    /// Values of its variables, a JSON object.
    pub variables: String,
    pub operation_name: Option<String>,
    /// Sealed: the secret, in base64.
    pub secret: Vec<u8>,
    /// Sealed: the one before, while it still signs.
    pub old_secret: Option<Vec<u8>>,
    pub old_secret_until: Option<DateTime>,
    /// As it was set; that it fails, `failing_since` tells.
    pub state: WebhookState,
    pub disabled_because: Option<WebhookEnd>,
    /// Of the first failure since the last success.
    pub failing_since: Option<DateTime>,
    /// The last line of the change log that was looked at.
    pub seen_transaction: i64,
    pub seen_sequence: i64,
    /// Which process posts its events, and until when nobody else does.
    pub leased_by: Option<Uuid>,
    pub leased_until: Option<DateTime>,
    pub created_at: DateTime,
    pub created_by: Option<AccountId>,
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
