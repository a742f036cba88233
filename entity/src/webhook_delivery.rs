//! One event of a webhook, and what became of it (投递). What was sent is not kept: each attempt makes it anew.

use crate::{
    id::{WebhookDeliveryId, WebhookId},
    kind::{WebhookDeliveryKind, WebhookDeliveryState, WebhookError},
    scalar::DateTime,
};
use sea_orm::entity::prelude::*;

/// One event of a webhook, and what became of it (投递).
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_delivery")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WebhookDeliveryId,
    pub webhook_id: WebhookId,
    pub kind: WebhookDeliveryKind,
    /// The line of the change log that it tells of, or after which it goes on.
    pub line_transaction: i64,
    pub line_sequence: i64,
    pub state: WebhookDeliveryState,
    pub attempts: i32,
    /// While it waits for an attempt.
    pub next_attempt_at: Option<DateTime>,
    pub status_code: Option<i32>,
    pub error: Option<WebhookError>,
    /// How long the last attempt took.
    pub milliseconds: Option<i32>,
    pub made_at: DateTime,
    pub delivered_at: Option<DateTime>,
}

impl ActiveModelBehavior for ActiveModel {}
