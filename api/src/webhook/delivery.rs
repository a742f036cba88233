//! `WebhookDelivery` as it is spoken.

use crate::kernel::{
    directive::{DataClass, class},
    error::Result,
    filter::ChoiceFilter,
    node::{Filter, Node, Ordering},
    page::Run,
    request::Ctx,
};
use async_graphql::{Enum, InputObject, SimpleObject};
use entity::{
    id::{WebhookDeliveryId, WebhookId},
    kind::{WebhookDeliveryKind, WebhookDeliveryState, WebhookError},
    scalar::DateTime,
    webhook_delivery,
};
use sea_orm::{Condition, DerivePartialModel};
use uuid::Uuid;

/// One event of a webhook, and what became of it (投递). Kept for 30 days. What was sent is not kept: each attempt makes it
/// anew, with the rights of that moment.
#[derive(Clone, Debug, SimpleObject, DerivePartialModel)]
#[sea_orm(entity = "webhook_delivery::Entity")]
#[graphql(complex)]
pub struct WebhookDelivery {
    /// Its id (标识): the header `webhook-id`, the same for all attempts.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub id: WebhookDeliveryId,
    /// What it tells (内容).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub kind: WebhookDeliveryKind,
    /// What became of it (状态).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub state: WebhookDeliveryState,
    /// How often it was tried (尝试次数), since it was last sent again.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub attempts: i32,
    /// When it is tried next (下次尝试). Null when it is not.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub next_attempt_at: Option<DateTime>,
    /// The HTTP status that the last attempt was answered with (状态码). Null when there was no answer.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub status_code: Option<i32>,
    /// Why the last attempt failed (失败原因). Null when it did not.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub error: Option<WebhookError>,
    /// How long the last attempt took, in milliseconds (耗时). Null before the first.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub milliseconds: Option<i32>,
    /// When it was put down to be sent (生成时间).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub made_at: DateTime,
    /// When it was taken (送达时间). Null while it was not.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub delivered_at: Option<DateTime>,
    #[graphql(skip)]
    pub(crate) webhook_id: WebhookId,
    #[graphql(skip)]
    pub(crate) line_transaction: i64,
    #[graphql(skip)]
    pub(crate) line_sequence: i64,
}

/// Conditions on deliveries, all of them to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct WebhookDeliveryWhere {
    /// By what became of them.
    #[graphql(default)]
    pub state: Option<ChoiceFilter<WebhookDeliveryState>>,
}

impl Filter for WebhookDeliveryWhere {
    async fn condition(&self, _: &Ctx) -> Result<Condition> {
        match &self.state {
            Some(state) => Ok(Condition::all().add(state.on(webhook_delivery::Column::State)?)),
            None => Ok(Condition::all()),
        }
    }
}

/// What deliveries are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum WebhookDeliveryOrderField {
    /// When it was put down to be sent: the order of the ids.
    MadeAt,
}

impl Ordering for WebhookDeliveryOrderField {
    fn column(self) -> Option<&'static str> {
        None
    }

    fn usual() -> Run {
        Run { column: None, descending: true }
    }
}

impl Node for WebhookDelivery {
    type Entity = webhook_delivery::Entity;
    type Where = WebhookDeliveryWhere;
    type Order = WebhookDeliveryOrderField;
    const NAME: &'static str = WebhookDeliveryId::PREFIX;

    fn uuid(&self) -> Uuid {
        self.id.0
    }
}
