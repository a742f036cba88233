//! What is posted of an event: made anew for each attempt, as a request of its own with the rights of that moment.

use std::slice;
use std::sync::Arc;
use std::time::Duration;

use chrono::SecondsFormat;
use futures_util::StreamExt;
use serde::Serialize;
use serde_json::json;

use super::super::answer::{self, Body};
use super::super::budget::Payer;
use super::super::errors::{self, Reader};
use super::order::Prepared;
use super::{REST, Worker};
use crate::account;
use crate::kernel::error::{Error, Fault};
use crate::kernel::live::cursor::{Mark, seal};
use crate::kernel::live::{Event, ResyncReason, Stage, What};
use crate::kernel::log;
use crate::kernel::request::Ctx;
use crate::webhook::queue;
use entity::kind::WebhookDeliveryKind;
use entity::scalar::DateTime;
use entity::{webhook, webhook_delivery};

/// The longest body.
const LONGEST: usize = 256 * 1024;

/// What is to be posted.
pub(super) enum Made {
    /// This.
    Body(String),
    /// Nothing that may be seen.
    Withheld,
    /// More than is posted.
    TooLarge,
    /// Something went wrong on our side.
    Failed,
    /// It can't be paid for yet.
    Rest(Duration),
    /// There are no rights to make it with, or something is in the way for now.
    Stopped(Fault),
}

/// A body as Standard Webhooks has it.
#[derive(Serialize)]
struct Envelope<T> {
    r#type: &'static str,
    timestamp: String,
    data: T,
}

fn envelope<T: Serialize>(kind: &'static str, at: DateTime, data: T) -> Made {
    let timestamp = at.0.to_rfc3339_opts(SecondsFormat::Millis, true);
    match serde_json::to_string(&Envelope { r#type: kind, timestamp, data }) {
        Ok(body) if body.len() > LONGEST => Made::TooLarge,
        Ok(body) => Made::Body(body),
        Err(_) => Made::Failed,
    }
}

/// What is posted to try the way.
pub(super) fn test(hook: &webhook::Model, delivery: &webhook_delivery::Model) -> Made {
    let data = json!({"webhookId": hook.id.to_string(), "name": hook.name});
    envelope("test", delivery.made_at, data)
}

/// What went wrong, logged here where it is ours.
pub(super) fn fault(error: Error, request_id: &str) -> Fault {
    match error {
        Error::Fault(fault) => *fault,
        Error::Refused(_) => errors::internal(),
        Error::Internal(cause) => {
            tracing::error!(request_id, cause = cause.0, "a webhook's event was not made");
            errors::internal()
        }
    }
}

impl Worker {
    /// What is told of an event now: its line is looked at anew, with its record as it stands.
    pub(super) async fn make(
        &self,
        hook: &webhook::Model,
        prepared: &Prepared,
        delivery: &webhook_delivery::Model,
    ) -> Made {
        let request_id = delivery.id.to_string();
        let made = async {
            let call = &prepared.ready.call;
            let ctx = account::enter(&self.state, &call.pass, None, call.locale, &request_id).await?;
            let event = match self.event(&ctx, prepared, delivery).await {
                Ok(Some(event)) => event,
                Ok(None) => return Ok(Made::Withheld),
                Err(error) => return Err(fault(error, &request_id)),
            };
            if let Err(refusal) = self.pipeline.spend(Payer::Listener(hook.account_id), prepared.price()) {
                return Ok(Made::Rest(refusal.fault.retry_after_ms.map_or(REST, Duration::from_millis)));
            }
            let at = event.at;
            let body = self.run(&ctx, prepared, event, &request_id).await?;
            self.pipeline.note(&ctx).await?;
            // Without data nothing was executed: that tells the other side nothing.
            Ok(if body.data.is_some() { envelope("changes", at, body) } else { Made::Failed })
        };
        match self.pipeline.in_time(&request_id, made).await {
            Ok(Ok(made)) => made,
            Ok(Err(fault)) | Err(fault) => Made::Stopped(fault),
        }
    }

    /// The event of a delivery, if it may be told.
    async fn event(
        &self,
        ctx: &Ctx,
        prepared: &Prepared,
        delivery: &webhook_delivery::Model,
    ) -> Result<Option<Event>, Error> {
        let position = queue::line(delivery);
        let (at, what) = if delivery.kind == WebhookDeliveryKind::Resync {
            (delivery.made_at, What::Resync(ResyncReason::CursorTooOld))
        } else {
            let Some(line) = log::at(ctx.db(), position).await?.map(Arc::new) else { return Ok(None) };
            if !prepared.teller.concerns(&line) {
                return Ok(None);
            }
            let told = prepared.teller.tell(ctx, slice::from_ref(&line)).await?;
            let Some((_, told)) = told.into_iter().next() else { return Ok(None) };
            (line.at, What::Told(told))
        };
        let cursor = seal(ctx.vault(), Mark { position, at })?;
        Ok(Some(Event { cursor, at, what }))
    }

    async fn run(
        &self,
        ctx: &Ctx,
        prepared: &Prepared,
        event: Event,
        request_id: &str,
    ) -> Result<Body, Fault> {
        let reader = Reader { locale: prepared.ready.call.locale, request_id, anonymous: false };
        let request = prepared.ready.request(ctx).data(Stage::Say(event));
        let response = self.state.schema.execute_stream(request).next().await;
        let mut response = response.ok_or_else(errors::internal)?;
        errors::review(&mut response, reader);
        Ok(answer::executed(response).body)
    }
}
