//! Webhooks (回调): an integration is told what happens by a request to an address of its own. What it is told is a
//! subscription of GraphQL that it has stored, run for each event with the rights of that moment.
//!
//! - here: the commands. Whoever may make keys for an account makes its webhooks; one has the rights of a key and ends
//!   with it.
//! - [`queue`]: how far each webhook was told, and what waits to be posted. `http/hooks` posts it.
//! - [`address`]: where may be posted to. [`secret`]: what signs it. [`retry`]: when it is tried again.

pub mod address;
pub mod delivery;
pub mod object;
pub mod queue;
pub mod retry;
pub mod secret;
pub mod upkeep;

use crate::{
    account::over,
    kernel::{
        clock::later,
        door::unscoped,
        error::{Fault, Locale, Refusal, RefusalCode, Result},
        log,
        patch::{patched, set},
        record::Record,
        refusal::{Checks, Detail},
        work::{Command, Work},
    },
};
use chrono::Duration;
use entity::{
    account, api_key,
    id::{AccountId, ApiKeyId, WebhookDeliveryId, WebhookId},
    kind::{AccountStatus, ChangeKind, WebhookDeliveryKind, WebhookDeliveryState, WebhookState},
    webhook, webhook_delivery,
};
use futures_util::{FutureExt, future::BoxFuture};
use ipnet::IpNet;
use object::{
    WebhookCreateInput, WebhookDeleteInput, WebhookReplayInput, WebhookRotateSecretInput, WebhookTestInput,
    WebhookUpdateInput,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QuerySelect, Set,
    sea_query::{Expr, ExprTrait, LockType},
};
use std::sync::Arc;
use uuid::Uuid;

/// Characters of a name.
const NAME: usize = 60;
/// Webhooks of one account.
const MOST: u64 = 20;
/// Bytes of variables.
const VARIABLES: usize = 8 * 1024;
/// Tests that wait at once.
const TESTS: u64 = 5;
/// Deliveries that are sent again in one step.
const REPLAYED: u64 = 1_000;
/// Days for which deliveries are kept.
pub const KEPT_DAYS: u32 = 30;

impl Record for webhook::Entity {
    const NAME: &'static str = WebhookId::PREFIX;
    const INTERNAL: &'static [&'static str] =
        &["account_id", "api_key_id", "name", "operation_name", "state", "disabled_because", "created_by"];
}

/// What a webhook wants to be told.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// By whose rights.
    pub key: ApiKeyId,
    /// GraphQL: one subscription.
    pub document: &'a str,
    /// Values of its variables, a JSON object.
    pub variables: &'a str,
    /// Which operation, where it has a name.
    pub operation_name: Option<&'a str>,
    /// The language of messages.
    pub locale: Locale,
}

impl<'a> Order<'a> {
    /// That of a stored one.
    #[must_use]
    pub fn of(hook: &'a webhook::Model, locale: Locale) -> Self {
        Self {
            key: hook.api_key_id,
            document: &hook.document,
            variables: &hook.variables,
            operation_name: hook.operation_name.as_deref(),
            locale,
        }
    }
}

/// Whoever knows how an order is carried out, and whether it can be.
pub trait Trial: Send + Sync {
    /// Networks that are not public and may be posted to all the same.
    fn networks(&self) -> &[IpNet];

    /// Whether the order is one that can be carried out: one subscription to `changes`, not too costly, valid for the key.
    fn try_out<'a>(&'a self, order: Order<'a>) -> BoxFuture<'a, std::result::Result<(), Fault>>;
}

/// Sets up a webhook.
pub(crate) struct Creating {
    pub(crate) trial: Arc<dyn Trial>,
    pub(crate) secret: String,
}

impl<'a> Command<'a, WebhookCreateInput> for Creating {
    type Running = BoxFuture<'a, Result<Uuid>>;

    fn run(&self, work: &'a Work, input: WebhookCreateInput) -> Self::Running {
        let (trial, secret) = (Arc::clone(&self.trial), self.secret.clone());
        async move { create(work, input, &*trial, &secret).await }.boxed()
    }
}

/// Changes a webhook.
pub(crate) struct Updating(pub(crate) Arc<dyn Trial>);

impl<'a> Command<'a, WebhookUpdateInput> for Updating {
    type Running = BoxFuture<'a, Result<Uuid>>;

    fn run(&self, work: &'a Work, input: WebhookUpdateInput) -> Self::Running {
        let trial = Arc::clone(&self.0);
        async move { update(work, input, &*trial).await }.boxed()
    }
}

/// Gives a webhook another secret.
pub(crate) struct Rotating(pub(crate) String);

impl<'a> Command<'a, WebhookRotateSecretInput> for Rotating {
    type Running = BoxFuture<'a, Result<Uuid>>;

    fn run(&self, work: &'a Work, input: WebhookRotateSecretInput) -> Self::Running {
        let secret = self.0.clone();
        async move { rotate(work, input, &secret).await }.boxed()
    }
}

/// A key that the viewer may hang a webhook on, and that lives.
async fn key(work: &Work, id: ApiKeyId) -> Result<api_key::Model> {
    let found = work.ctx.within::<api_key::Entity>().filter(api_key::Column::Id.eq(id)).one(&work.tx).await?;
    let key = found.ok_or_else(|| Refusal::not_found("apiKeyId"))?;
    over::manages(work, key.account_id, "apiKeyId").await?;
    if is_live(work, &key).await? {
        return Ok(key);
    }
    Err(Refusal::new(
        RefusalCode::State,
        "apiKeyId",
        "这个密钥或其账号已失效。",
        "This key or its account is over.",
    )
    .into())
}

async fn is_live(work: &Work, key: &api_key::Model) -> Result<bool> {
    let of = account::Column::Id.eq(key.account_id).and(account::Column::Status.eq(AccountStatus::Active));
    let active = work.ctx.within::<account::Entity>().filter(of).count(&work.tx).await?;
    Ok(active > 0 && key.revoked_at.is_none() && key.expires_at > work.now())
}

/// A webhook that the viewer may change, held until the end.
async fn changeable(work: &Work, id: WebhookId, field: &str) -> Result<webhook::Model> {
    let found = work
        .ctx
        .within::<webhook::Entity>()
        .filter(webhook::Column::Id.eq(id))
        .lock(LockType::NoKeyUpdate)
        .one(&work.tx)
        .await?;
    let hook = found.ok_or_else(|| Refusal::not_found(field))?;
    over::manages(work, hook.account_id, field).await?;
    Ok(hook)
}

fn check_url(checks: &mut Checks, url: &str, trial: &dyn Trial) -> String {
    match address::check(url, trial.networks()) {
        Ok(url) => url.into(),
        Err(refusal) => {
            checks.refuse(refusal);
            String::new()
        }
    }
}

fn check_variables(checks: &mut Checks, variables: &str) {
    let fits = variables.len() <= VARIABLES
        && serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(variables).is_ok();
    checks.require(fits, || {
        Refusal::rule(
            "variables",
            "variables",
            format!("应为 JSON 对象，最多 {VARIABLES} 字节。"),
            format!("A JSON object of at most {VARIABLES} bytes."),
        )
    });
}

/// What is wrong with the document is told as the engine tells it.
async fn try_out(order: Order<'_>, trial: &dyn Trial) -> Result<()> {
    let tried = trial.try_out(order).await;
    tried.map_err(|fault| Refusal::rule("document", "document", fault.zh, fault.en).into())
}

async fn few(work: &Work, account: AccountId) -> Result<()> {
    let of = webhook::Column::AccountId.eq(account);
    if unscoped::<webhook::Entity>().filter(of).count(&work.tx).await? < MOST {
        return Ok(());
    }
    let (zh, en) =
        (format!("每个账号最多 {MOST} 个回调。"), format!("An account has at most {MOST} webhooks."));
    let limit = i32::try_from(MOST).unwrap_or(i32::MAX);
    Err(Refusal::new(RefusalCode::Limit, "apiKeyId", zh, en).with(Detail::Limit(limit)).into())
}

async fn create(work: &Work, input: WebhookCreateInput, trial: &dyn Trial, secret: &str) -> Result<Uuid> {
    let WebhookCreateInput {
        idempotency_key: _,
        id,
        api_key_id,
        name,
        url,
        document,
        variables,
        operation_name,
        paused,
    } = input;
    let key = key(work, api_key_id).await?;
    few(work, key.account_id).await?;
    let mut checks = Checks::default();
    let name = checks.text("name", &name, NAME);
    let url = check_url(&mut checks, &url, trial);
    let variables = variables.unwrap_or_else(|| "{}".to_owned());
    check_variables(&mut checks, &variables);
    checks.done()?;
    let seen = log::head(work.ctx.db()).await?;
    let row = webhook::Model {
        id: id.unwrap_or_else(|| WebhookId(Uuid::now_v7())),
        account_id: key.account_id,
        api_key_id,
        name,
        url,
        document,
        variables,
        operation_name,
        secret: work.ctx.vault().seal(secret)?,
        old_secret: None,
        old_secret_until: None,
        state: if paused { WebhookState::Paused } else { WebhookState::Active },
        disabled_because: None,
        failing_since: None,
        seen_transaction: seen.transaction,
        seen_sequence: seen.sequence,
        leased_by: None,
        leased_until: None,
        created_at: work.now(),
        created_by: work.ctx.viewer().map(|viewer| viewer.account),
        version: 1,
    };
    try_out(Order::of(&row, work.ctx.locale()), trial).await?;
    let row = IntoActiveModel::<webhook::ActiveModel>::into_active_model(row);
    work.insert(sea_orm::ActiveModelTrait::reset_all(row)).await
}

async fn update(work: &Work, input: WebhookUpdateInput, trial: &dyn Trial) -> Result<Uuid> {
    let WebhookUpdateInput {
        idempotency_key: _,
        id,
        expected_version,
        api_key_id,
        name,
        url,
        document,
        variables,
        operation_name,
        paused,
    } = input;
    let old = changeable(work, id, "id").await?;
    work.stands::<webhook::Entity>(id.0, expected_version).await?;
    let mut checks = Checks::default();
    let mut row = webhook::ActiveModel { id: Set(id), ..Default::default() };
    let mut new = old.clone();
    if let Some(name) = checks.given("name", name) {
        row.name = Set(checks.text("name", &name, NAME));
    }
    if let Some(url) = checks.given("url", url) {
        row.url = Set(check_url(&mut checks, &url, trial));
    }
    if let Some(document) = checks.given("document", document) {
        row.document = Set(document.clone());
        new.document = document;
    }
    if let Some(variables) = patched(variables, |given| given.unwrap_or_else(|| "{}".to_owned())) {
        check_variables(&mut checks, &variables);
        row.variables = Set(variables.clone());
        new.variables = variables;
    }
    let named = patched(operation_name, |name| name);
    if let Some(name) = &named {
        new.operation_name.clone_from(name);
    }
    row.operation_name = set(named);
    let turned = checks.given("paused", paused);
    let other = checks.given("apiKeyId", api_key_id).filter(|key| *key != old.api_key_id);
    checks.done()?;
    let runs = match turned {
        Some(true) => {
            row.state = Set(WebhookState::Paused);
            row.disabled_because = Set(None);
            false
        }
        Some(false) => {
            row.state = Set(WebhookState::Active);
            row.disabled_because = Set(None);
            row.failing_since = Set(None);
            true
        }
        None => old.state == WebhookState::Active,
    };
    let told_anew = (&new.document, &new.variables, &new.operation_name)
        != (&old.document, &old.variables, &old.operation_name);
    if other.is_some() || runs || told_anew {
        let key = key(work, other.unwrap_or(old.api_key_id)).await?;
        if key.account_id != old.account_id {
            return Err(Refusal::rule(
                "same-account",
                "apiKeyId",
                "应为同一账号的密钥。",
                "A key of the same account is needed.",
            )
            .into());
        }
        if other.is_some() {
            row.api_key_id = Set(key.id);
        }
        new.api_key_id = key.id;
        try_out(Order::of(&new, work.ctx.locale()), trial).await?;
    }
    work.update(row, expected_version, ChangeKind::Updated).await?;
    Ok(id.0)
}

/// The secret until now signs on for a day.
async fn rotate(work: &Work, input: WebhookRotateSecretInput, secret: &str) -> Result<Uuid> {
    let WebhookRotateSecretInput { idempotency_key: _, id, expected_version } = input;
    let old = changeable(work, id, "id").await?;
    let row = webhook::ActiveModel {
        id: Set(id),
        secret: Set(work.ctx.vault().seal(secret)?),
        old_secret: Set(Some(old.secret)),
        old_secret_until: Set(Some(later(work.now(), secret::OVERLAP))),
        ..Default::default()
    };
    work.update(row, expected_version, ChangeKind::Updated).await?;
    Ok(id.0)
}

/// Takes a webhook out, with its log.
async fn delete(work: &Work, input: WebhookDeleteInput) -> Result<Uuid> {
    let WebhookDeleteInput { idempotency_key: _, id, expected_version } = input;
    changeable(work, id, "id").await?;
    let version = work.stands::<webhook::Entity>(id.0, expected_version).await?;
    let nothing = serde_json::json!({});
    let ended = ChangeKind::Ended;
    work.log(<webhook::Entity as Record>::NAME, id.0, version + 1, ended, Vec::new(), nothing).await?;
    let deliveries = webhook_delivery::Column::WebhookId.eq(id);
    webhook_delivery::Entity::delete_many().filter(deliveries).exec(&work.tx).await?;
    webhook::Entity::delete_many().filter(webhook::Column::Id.eq(id)).exec(&work.tx).await?;
    Ok(id.0)
}

/// Has a test event posted, whatever the state of the webhook.
async fn test(work: &Work, input: WebhookTestInput) -> Result<Uuid> {
    use webhook_delivery::Column::{Kind, NextAttemptAt, WebhookId};
    let hook = changeable(work, input.webhook_id, "webhookId").await?;
    let waiting = unscoped::<webhook_delivery::Entity>()
        .filter(WebhookId.eq(hook.id))
        .filter(Kind.eq(WebhookDeliveryKind::Test))
        .filter(NextAttemptAt.is_not_null());
    if waiting.count(&work.tx).await? >= TESTS {
        let (zh, en) = (
            format!("最多 {TESTS} 次测试同时等待投递，请稍后再试。"),
            format!("At most {TESTS} tests wait at once; try again later."),
        );
        let limit = Detail::Limit(i32::try_from(TESTS).unwrap_or(i32::MAX));
        return Err(Refusal::new(RefusalCode::Limit, "webhookId", zh, en).with(limit).into());
    }
    let row = queue::row(hook.id, WebhookDeliveryKind::Test, log::Position::default(), work.now());
    let id: WebhookDeliveryId = row.id.clone().unwrap();
    webhook_delivery::Entity::insert(row).exec_without_returning(&work.tx).await?;
    Ok(id.0)
}

/// Has deliveries posted again, under their ids: one, or all since a moment.
async fn replay(work: &Work, input: WebhookReplayInput) -> Result<Uuid> {
    use webhook_delivery::Column::{Attempts, Id, Kind, MadeAt, NextAttemptAt, State};
    let WebhookReplayInput { idempotency_key: _, webhook_id, delivery_id, since } = input;
    let hook = changeable(work, webhook_id, "webhookId").await?;
    let of = Condition::all().add(webhook_delivery::Column::WebhookId.eq(hook.id));
    let which = match (delivery_id, since) {
        (Some(id), None) => of.add(Id.eq(id)),
        (None, Some(since)) => of.add(MadeAt.gte(since)).add(Kind.ne(WebhookDeliveryKind::Test)),
        _ => {
            return Err(Refusal::rule(
                "one-of",
                "deliveryId",
                "deliveryId 与 since 须且只须给出一项。",
                "Give either deliveryId or since.",
            )
            .into());
        }
    };
    let count = unscoped::<webhook_delivery::Entity>().filter(which.clone()).limit(REPLAYED + 1);
    match count.count(&work.tx).await? {
        0 if delivery_id.is_some() => return Err(Refusal::not_found("deliveryId").into()),
        found if found > REPLAYED => {
            let (zh, en) = (
                format!("一次最多重发 {REPLAYED} 条，请给出更晚的时间。"),
                format!("At most {REPLAYED} are sent again in one step; give a later moment."),
            );
            let limit = Detail::Limit(i32::try_from(REPLAYED).unwrap_or(i32::MAX));
            return Err(Refusal::new(RefusalCode::Limit, "since", zh, en).with(limit).into());
        }
        _ => {}
    }
    webhook_delivery::Entity::update_many()
        .col_expr(State, Expr::value(WebhookDeliveryState::Pending))
        .col_expr(Attempts, Expr::value(0))
        .col_expr(NextAttemptAt, Expr::value(work.now()))
        .filter(which)
        .exec(&work.tx)
        .await?;
    Ok(hook.id.0)
}

/// How long a webhook may fail before it is ended.
pub(crate) const PATIENCE: Duration = Duration::days(5);
