//! What a webhook wants to be told: its document made ready, with whoever tells.

use std::sync::Arc;

use async_graphql::Variables;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use ipnet::IpNet;

use super::super::errors::{self, Reader};
use super::super::pipeline::{Call, Pipeline, Ready};
use crate::account::{self, Pass};
use crate::kernel::error::Fault;
use crate::kernel::live::{BEGIN, Slot, Stage, Teller};
use crate::webhook::{Order, Trial};

/// The request id of what is done before there is an event.
const REQUEST: &str = "webhook";
/// The one root field that may be asked.
const ROOT: &str = "changes";

/// An order that can be carried out.
pub(super) struct Prepared {
    pub(super) ready: Ready,
    pub(super) teller: Arc<dyn Teller>,
}

impl Prepared {
    /// What one event costs.
    pub(super) fn price(&self) -> u64 {
        self.ready.cost.saturating_sub(BEGIN.unsigned_abs().into()).max(1)
    }
}

fn wrong(zh: &'static str, en: &'static str) -> Fault {
    Fault::input(zh, en)
}

impl Pipeline {
    /// Parses, guards and weighs a document, and lets its field begin with the rights of the key.
    pub(super) async fn prepare(&self, order: Order<'_>) -> Result<Prepared, Fault> {
        let Order { key, document, variables, operation_name, locale } = order;
        let variables = serde_json::from_str(variables)
            .map_err(|_| wrong("variables 应为 JSON 对象。", "The variables are a JSON object."))?;
        let call = Call {
            query: document.to_owned(),
            operation_name: operation_name.map(str::to_owned),
            variables: Variables::from_json(variables),
            read_only: false,
            key: None,
            export: None,
            pass: Pass::Key(key),
            locale,
            request_id: REQUEST.to_owned(),
            address: None,
        };
        let reader = Reader { locale, request_id: REQUEST, anonymous: false };
        let mut kind = "unknown";
        let ready = self.ready(call, true, &mut kind).map_err(|refusal| *refusal.fault)?;
        let field = ready.told().filter(|field| field.name.node == ROOT).ok_or_else(|| {
            wrong(
                "文档须且只须含一个 changes 订阅。",
                "The document has exactly one operation, a subscription to `changes`.",
            )
        })?;
        if field.arguments.iter().any(|(name, _)| name.node == "after") {
            return Err(wrong(
                "changes 不能带 after：投递进度由系统保存。",
                "`changes` takes no `after` here: how far it was told is kept for it.",
            ));
        }
        let ctx = account::enter(&self.state, &ready.call.pass, None, locale, REQUEST).await?;
        let slot = Arc::new(Slot::default());
        let request = ready.request(&ctx).data(Stage::Begin(Arc::clone(&slot)));
        let mut responses = self.state.schema.execute_stream(request);
        if let Some(mut response) = self.in_time(REQUEST, responses.next()).await? {
            errors::review(&mut response, reader);
            let message = response.errors.into_iter().next().map(|error| error.message).unwrap_or_default();
            return Err(Fault::input(message.clone(), message));
        }
        drop(responses);
        let opening = slot.take().ok_or_else(errors::internal)?;
        Ok(Prepared { ready, teller: opening.teller })
    }
}

impl Trial for Pipeline {
    fn networks(&self) -> &[IpNet] {
        &self.state.config.webhook.allowed_networks
    }

    fn try_out<'a>(&'a self, order: Order<'a>) -> BoxFuture<'a, Result<(), Fault>> {
        async move { self.prepare(order).await.map(drop) }.boxed()
    }
}
