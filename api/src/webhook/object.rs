//! `Webhook` as it is spoken.

use super::{Creating, Rotating, Trial, Updating, delivery::WebhookDelivery, secret};
use crate::kernel::{
    connection::{Connection, Cursor},
    directive::{DataClass, auth, class, cost, may, see},
    error::{Error, Result, UserError},
    filter::operand,
    node::{Filter, Listing, Node, OrderBy, Ordering, list},
    page::{PageArgs, Run},
    payload::{Outcome, ctx, payload},
    policy::{May, Resource},
    request::Ctx,
    work::Written,
};
use async_graphql::{Context, Enum, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use entity::{
    id::{AccountId, ApiKeyId, WebhookDeliveryId, WebhookId},
    kind::{WebhookEnd, WebhookState},
    scalar::DateTime,
    webhook,
};
use sea_orm::{ColumnTrait, Condition, DerivePartialModel};
use std::sync::Arc;
use uuid::Uuid;

/// Where an integration is told what happens (回调): events are posted to its address as Standard Webhooks says, each with what
/// its document asks, by the rights of its key at that moment. Seen by whoever sees the account.
#[derive(Clone, Debug, SimpleObject, DerivePartialModel)]
#[sea_orm(entity = "webhook::Entity")]
#[graphql(complex)]
pub struct Webhook {
    /// Its id, which never changes (标识).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub id: WebhookId,
    /// What it is known by (名称).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub name: String,
    /// Where events are posted (地址).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub url: String,
    /// What is told of each event (订阅文档): GraphQL, one subscription to `changes`.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub document: String,
    /// Values of the document's variables (变量), a JSON object as text.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub variables: String,
    /// The operation of the document (操作名). Null when it is not named.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub operation_name: Option<String>,
    /// Why it was ended by itself (停用原因). Null unless it is `DISABLED`.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub disabled_because: Option<WebhookEnd>,
    /// The first failure since something was last taken (失败起始时间). Null when the last attempt did not fail. After five days
    /// it is ended.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub failing_since: Option<DateTime>,
    /// Until when the secret before the present one signs, too (旧密钥截止时间). Null when there was none.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub old_secret_until: Option<DateTime>,
    /// When it was set up (创建时间).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub created_at: DateTime,
    /// Raised by each change; what a mutation expects.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub version: i32,
    #[graphql(skip)]
    #[sea_orm(from_col = "state")]
    pub(crate) set_to: WebhookState,
    #[graphql(skip)]
    pub(crate) account_id: AccountId,
    #[graphql(skip)]
    pub(crate) api_key_id: ApiKeyId,
    #[graphql(skip)]
    pub(crate) created_by: Option<AccountId>,
}

/// Conditions on webhooks, all of them to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct WebhookWhere {
    /// Those of this account.
    pub account_id: MaybeUndefined<AccountId>,
    /// Those with the rights of this key.
    pub api_key_id: MaybeUndefined<ApiKeyId>,
    /// Those in this state.
    pub state: MaybeUndefined<WebhookState>,
}

impl Filter for WebhookWhere {
    async fn condition(&self, _: &Ctx) -> Result<Condition> {
        use webhook::Column::{AccountId, ApiKeyId, FailingSince, State};
        let mut all = Condition::all();
        if let Some(account) = operand(&self.account_id)? {
            all = all.add(AccountId.eq(account));
        }
        if let Some(key) = operand(&self.api_key_id)? {
            all = all.add(ApiKeyId.eq(key));
        }
        if let Some(state) = operand(&self.state)? {
            all = match state {
                WebhookState::Active => all.add(State.eq(state)).add(FailingSince.is_null()),
                WebhookState::Failing => {
                    all.add(State.eq(WebhookState::Active)).add(FailingSince.is_not_null())
                }
                _ => all.add(State.eq(state)),
            };
        }
        Ok(all)
    }
}

/// What webhooks are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum WebhookOrderField {
    /// When it was set up: the order of the ids.
    CreatedAt,
}

impl Ordering for WebhookOrderField {
    fn column(self) -> Option<&'static str> {
        None
    }

    fn usual() -> Run {
        Run { column: None, descending: true }
    }
}

impl Node for Webhook {
    type Entity = webhook::Entity;
    type Where = WebhookWhere;
    type Order = WebhookOrderField;
    const NAME: &'static str = WebhookId::PREFIX;

    fn uuid(&self) -> Uuid {
        self.id.0
    }
}

/// Questions about webhooks.
#[derive(Debug, Default)]
pub struct WebhookQuery;

#[Object]
impl WebhookQuery {
    /// One webhook by its id. Null when there is none that the viewer may see. Requires what seeing its account requires.
    #[graphql(directive = class::apply(DataClass::Internal), directive = cost::apply(1), directive = auth::apply(see(&[Resource::Account])))]
    async fn webhook(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which one.")] id: WebhookId,
    ) -> Option<Result<Webhook>> {
        ctx(gql).edge(Some(id)).await
    }

    /// Webhooks of the accounts that the viewer may see (回调), the latest first unless another order is given. Requires what
    /// seeing the accounts requires.
    #[graphql(directive = class::apply(DataClass::Internal), directive = cost::apply(1), directive = auth::apply(see(&[Resource::Account])))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn webhooks(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<WebhookWhere>,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<Vec<OrderBy<WebhookOrderField>>>,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<Webhook>>> {
        Some(list(gql, Listing { filter, order_by, page: PageArgs::new(first, after, last, before) }).await)
    }
}

/// A webhook to set up.
#[derive(Clone, Debug, InputObject)]
pub struct WebhookCreateInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Id minted by the client; made by the server otherwise.
    #[graphql(default)]
    pub id: Option<WebhookId>,
    /// The key by whose rights it is told. It ends with the key and with its account; another key of the account may take its
    /// place before.
    pub api_key_id: ApiKeyId,
    /// What it is known by, at most 60 characters.
    pub name: String,
    /// Where events are posted: an https address of the public network, or one in `webhook.allowed_networks`, which may be http.
    /// No user name, password or fragment.
    pub url: String,
    /// What is told of each event: GraphQL, exactly one operation, a subscription to `changes` without `after`.
    pub document: String,
    /// Values of its variables: a JSON object as text, at most 8 KiB.
    #[graphql(default)]
    pub variables: Option<String>,
    /// The name of the operation, if it has one.
    #[graphql(default)]
    pub operation_name: Option<String>,
    /// Whether it waits to be turned on by `webhookUpdate`.
    #[graphql(default)]
    pub paused: bool,
}

/// A change to a webhook. What is absent stays.
#[derive(Clone, Debug, InputObject)]
pub struct WebhookUpdateInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Which webhook.
    pub id: WebhookId,
    /// The version that the change is based on.
    pub expected_version: i32,
    /// Another key of the same account; not null.
    pub api_key_id: MaybeUndefined<ApiKeyId>,
    /// What it is known by; not null.
    pub name: MaybeUndefined<String>,
    /// Where events are posted; not null.
    pub url: MaybeUndefined<String>,
    /// What is told of each event; not null. It holds for what is posted from now on, attempts at earlier events among them.
    pub document: MaybeUndefined<String>,
    /// Values of its variables; null for none.
    pub variables: MaybeUndefined<String>,
    /// The name of the operation; null for none.
    pub operation_name: MaybeUndefined<String>,
    /// True pauses it; false turns it on, also when it was ended by itself. What happened meanwhile is told then, or that it is
    /// too much (`Resync`). Not null.
    pub paused: MaybeUndefined<bool>,
}

/// A new secret for a webhook.
#[derive(Clone, Debug, InputObject)]
pub struct WebhookRotateSecretInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Which webhook.
    pub id: WebhookId,
    /// The version that the change is based on.
    pub expected_version: i32,
}

/// The end of a webhook.
#[derive(Clone, Debug, InputObject)]
pub struct WebhookDeleteInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Which webhook.
    pub id: WebhookId,
    /// The version that the change is based on.
    pub expected_version: i32,
}

/// A test event to send.
#[derive(Clone, Debug, InputObject)]
pub struct WebhookTestInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Which webhook, in whatever state.
    pub webhook_id: WebhookId,
}

/// What to send again: one delivery, or all since a moment.
#[derive(Clone, Debug, InputObject)]
pub struct WebhookReplayInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Which webhook.
    pub webhook_id: WebhookId,
    /// This delivery, whatever became of it.
    #[graphql(default)]
    pub delivery_id: Option<WebhookDeliveryId>,
    /// All deliveries that were put down at this moment or later, at most 1000; tests are left out.
    #[graphql(default)]
    pub since: Option<DateTime>,
}

/// A webhook with its secret, shown once; or why not.
#[derive(SimpleObject)]
pub struct WebhookSecretPayload {
    /// The webhook as the viewer may see it now. Null exactly when `errors` is not empty.
    pub webhook: Option<Webhook>,
    /// The secret, `whsec_…`, by which the other side knows that it is us. Shown here and never again; null when it was
    /// refused, and when an earlier request made it: then make another by `webhookRotateSecret`.
    pub secret: Option<String>,
    /// Why it was refused; empty when it was done.
    pub errors: Vec<UserError>,
    /// Whether an earlier request with the same idempotency key had done it already.
    pub replayed: bool,
}

/// A webhook that is gone, or why not.
#[derive(SimpleObject)]
pub struct WebhookDeletePayload {
    /// The id of what is gone. Null exactly when `errors` is not empty.
    pub webhook_id: Option<WebhookId>,
    /// Why it was refused; empty when it was done.
    pub errors: Vec<UserError>,
    /// Whether an earlier request with the same idempotency key had done it already.
    pub replayed: bool,
}

payload! {
    /// A webhook that was changed, or why not.
    WebhookPayload, webhook: Webhook
}

payload! {
    /// A delivery that was put down to be sent, or why not.
    WebhookDeliveryPayload, delivery: WebhookDelivery
}

/// Changes to webhooks.
#[derive(Debug, Default)]
pub struct WebhookMutation;

#[Object]
impl WebhookMutation {
    /// Sets up a webhook for a key, and shows its secret once. Requires what making the key requires: `REGION_ADMIN` of the region
    /// of its account and of all that it reaches, or `PLATFORM_ADMIN`. Errors: `INVALID` (`url`, `url-parts`, `port`, `address`,
    /// `variables`, `document`), `STATE` (the key is over), `LIMIT` (20 of the account), `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(20), directive = auth::apply(may(May::ManageAccount)))]
    async fn webhook_create(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to set up.")] input: WebhookCreateInput,
    ) -> Option<Result<WebhookSecretPayload>> {
        Some(Box::pin(make(gql, input)).await)
    }

    /// Changes, pauses or turns on a webhook. Requires what making its key requires: `REGION_ADMIN` of the region of its account
    /// and of all that it reaches, or `PLATFORM_ADMIN`. Errors: `INVALID` (`required`, `url`, `url-parts`, `port`, `address`,
    /// `variables`, `document`, `same-account`), `STATE` (the key is over), `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(20), directive = auth::apply(may(May::ManageAccount)))]
    async fn webhook_update(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to change.")] input: WebhookUpdateInput,
    ) -> Option<Result<WebhookPayload>> {
        let trial = match trial(gql) {
            Ok(trial) => trial,
            Err(error) => return Some(Err(error)),
        };
        let ctx = ctx(gql);
        let written = ctx.write("webhookUpdate", &input.idempotency_key, &input, Updating(trial)).await;
        WebhookPayload::of(ctx, written).await
    }

    /// Gives a webhook another secret, and shows it once. For 24 hours the one before signs, too. Requires what making its key
    /// requires: `REGION_ADMIN` of the region of its account and of all that it reaches, or `PLATFORM_ADMIN`. Errors: `CONFLICT`,
    /// `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::ManageAccount)))]
    async fn webhook_rotate_secret(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Of which one.")] input: WebhookRotateSecretInput,
    ) -> Option<Result<WebhookSecretPayload>> {
        Some(Box::pin(turn(ctx(gql), input)).await)
    }

    /// Takes a webhook out, with the log of its deliveries. Requires what making its key requires: `REGION_ADMIN` of the region of
    /// its account and of all that it reaches, or `PLATFORM_ADMIN`. Errors: `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::ManageAccount)))]
    async fn webhook_delete(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which one.")] input: WebhookDeleteInput,
    ) -> Option<Result<WebhookDeletePayload>> {
        let written = ctx(gql).write("webhookDelete", &input.idempotency_key, &input, super::delete).await;
        Some(gone(input.id, written))
    }

    /// Posts an event of the type `test` at once, whatever the state of the webhook, without retries; what became of it stands in
    /// `Webhook.deliveries`. Requires what making its key requires: `REGION_ADMIN` of the region of its account and of all that it
    /// reaches, or `PLATFORM_ADMIN`. Errors: `LIMIT` (five wait already), `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(20), directive = auth::apply(may(May::ManageAccount)))]
    async fn webhook_test(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which one.")] input: WebhookTestInput,
    ) -> Option<Result<WebhookDeliveryPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("webhookTest", &input.idempotency_key, &input, super::test).await;
        WebhookDeliveryPayload::of(ctx, written).await
    }

    /// Posts deliveries again, under the ids that they had: one, or all since a moment. What may not be seen any more is
    /// withheld. Requires what making its key requires: `REGION_ADMIN` of the region of its account and of all that it reaches, or
    /// `PLATFORM_ADMIN`. Errors: `INVALID` (`one-of`), `LIMIT` (more than 1000), `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(50), directive = auth::apply(may(May::ManageAccount)))]
    async fn webhook_replay(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which ones.")] input: WebhookReplayInput,
    ) -> Option<Result<WebhookPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("webhookReplay", &input.idempotency_key, &input, super::replay).await;
        WebhookPayload::of(ctx, written).await
    }
}

/// Whoever tries documents out for this request.
fn trial(gql: &Context<'_>) -> Result<Arc<dyn Trial>> {
    let trial = gql.data_opt::<Arc<dyn Trial>>().map(Arc::clone);
    trial.ok_or_else(|| Error::internal("a request in which no document can be tried"))
}

async fn make(gql: &Context<'_>, input: WebhookCreateInput) -> Result<WebhookSecretPayload> {
    let (ctx, trial, secret) = (ctx(gql), trial(gql)?, secret::fresh()?);
    let command = Creating { trial, secret: secret.clone() };
    let written = ctx.write("webhookCreate", &input.idempotency_key, &input, command).await;
    shown(ctx, written, &secret).await
}

async fn turn(ctx: &Ctx, input: WebhookRotateSecretInput) -> Result<WebhookSecretPayload> {
    let secret = secret::fresh()?;
    let command = Rotating(secret.clone());
    let written = ctx.write("webhookRotateSecret", &input.idempotency_key, &input, command).await;
    shown(ctx, written, &secret).await
}

async fn shown(ctx: &Ctx, written: Result<Written>, secret: &str) -> Result<WebhookSecretPayload> {
    let outcome = Outcome::<Webhook>::of(ctx, written).await?;
    let is_new = outcome.node.is_some() && !outcome.replayed;
    Ok(WebhookSecretPayload {
        webhook: outcome.node,
        secret: is_new.then(|| secret::shown(secret)),
        errors: outcome.refusals.into_iter().map(Into::into).collect(),
        replayed: outcome.replayed,
    })
}

fn gone(id: WebhookId, written: Result<Written>) -> Result<WebhookDeletePayload> {
    match written {
        Ok(Written { replayed, .. }) => {
            Ok(WebhookDeletePayload { webhook_id: Some(id), errors: Vec::new(), replayed })
        }
        Err(Error::Refused(refusals)) => {
            let errors = refusals.into_iter().map(Into::into).collect();
            Ok(WebhookDeletePayload { webhook_id: None, errors, replayed: false })
        }
        Err(error) => Err(error),
    }
}
