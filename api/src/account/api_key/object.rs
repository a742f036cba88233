//! `ApiKey` as it is spoken.

use crate::kernel::{
    directive::{DataClass, auth, class, cost, may},
    error::{Result, UserError},
    filter::{StringFilter, operand},
    node::{Filter, Node, Ordering},
    page::Run,
    payload::{Outcome, ctx, payload},
    policy::May,
    request::Ctx,
    vault,
    work::Written,
};
use async_graphql::{Context, Enum, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use entity::{
    api_key,
    id::{AccountId, ApiKeyId, RegionId},
    kind::ApiScope,
    scalar::DateTime,
};
use sea_orm::{ColumnTrait, Condition, DerivePartialModel};
use uuid::Uuid;

/// A key by which another system comes in (API 密钥), for an account with the role `INTEGRATION`. It opens what the role,
/// the region and the scopes all open, and only reads. Seen by whoever sees the account.
#[derive(Clone, Debug, SimpleObject, DerivePartialModel)]
#[sea_orm(entity = "api_key::Entity")]
#[graphql(complex)]
pub struct ApiKey {
    /// Its id, which never changes (标识).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub id: ApiKeyId,
    /// What it is known by (名称): the system that uses it.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub name: String,
    /// What it may spend in a minute (每分钟成本额度).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub cost_per_minute: i32,
    /// When it was made (创建时间).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub created_at: DateTime,
    /// When it ends by itself (到期时间).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub expires_at: DateTime,
    /// When it was used last, to the minute (最近使用). Null when it never was.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub last_used_at: Option<DateTime>,
    /// When it was revoked (吊销时间). Null while it is not.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub revoked_at: Option<DateTime>,
    /// Raised by each change; what a mutation expects.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub version: i32,
    #[graphql(skip)]
    pub(crate) account_id: AccountId,
    #[graphql(skip)]
    pub(crate) region_id: RegionId,
    #[graphql(skip)]
    pub(crate) created_by: Option<AccountId>,
    #[graphql(skip)]
    scopes: String,
    #[graphql(skip)]
    addresses: String,
}

impl ApiKey {
    /// What it opens.
    pub(crate) fn scope_list(&self) -> Vec<ApiScope> {
        super::scopes(&self.scopes)
    }

    /// From where it is taken.
    pub(crate) fn address_list(&self) -> Vec<String> {
        self.addresses.split_whitespace().map(str::to_owned).collect()
    }
}

/// Conditions on keys, all of them to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct ApiKeyWhere {
    /// By what it is known by.
    #[graphql(default)]
    pub name: Option<StringFilter>,
    /// True for those that can be used now, false for those that are revoked or over.
    pub live: MaybeUndefined<bool>,
}

impl Filter for ApiKeyWhere {
    async fn condition(&self, ctx: &Ctx) -> Result<Condition> {
        let mut all = Condition::all();
        if let Some(name) = &self.name {
            all = all.add(name.on(api_key::Column::Name)?);
        }
        if let Some(live) = operand(&self.live)? {
            let usable = Condition::all()
                .add(api_key::Column::RevokedAt.is_null())
                .add(api_key::Column::ExpiresAt.gt(ctx.now()));
            all = all.add(if live { usable } else { usable.not() });
        }
        Ok(all)
    }
}

/// What keys are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum ApiKeyOrderField {
    /// When it was made: the order of the ids.
    CreatedAt,
}

impl Ordering for ApiKeyOrderField {
    fn column(self) -> Option<&'static str> {
        None
    }

    fn usual() -> Run {
        Run { column: None, descending: true }
    }
}

impl Node for ApiKey {
    type Entity = api_key::Entity;
    type Where = ApiKeyWhere;
    type Order = ApiKeyOrderField;
    const NAME: &'static str = ApiKeyId::PREFIX;

    fn uuid(&self) -> Uuid {
        self.id.0
    }
}

/// A key to make.
#[derive(Clone, Debug, InputObject)]
pub struct ApiKeyCreateInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// For which account; it has the role `INTEGRATION`.
    pub account_id: AccountId,
    /// What it is known by, at most 60 characters. Two keys of one name may live at once: the old one and the one that
    /// replaces it.
    pub name: String,
    /// What it opens; one at the least.
    pub scopes: Vec<ApiScope>,
    /// The region that it reaches, within what the role is bound to.
    pub region_id: RegionId,
    /// Addresses and networks from which it is taken, as `203.0.113.7` or `10.20.0.0/16`, at most 20; from anywhere when there
    /// are none.
    #[graphql(default)]
    pub addresses: Vec<String>,
    /// When it ends by itself: within a year.
    pub expires_at: DateTime,
    /// What it may spend in a minute: 1000 to 6000000, 60000 when nothing is said. The dearest operation that the server takes
    /// can always be paid for.
    #[graphql(default)]
    pub cost_per_minute: Option<i32>,
    #[graphql(skip)]
    pub(super) secret_hash: SecretHash,
}

/// The hash of a new secret, made anew for each request: what tells one request from another does not hold it.
#[derive(Clone, Default)]
pub(super) struct SecretHash(pub(super) Vec<u8>);

impl std::fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

/// A change to a key. What is absent stays.
#[derive(Clone, Debug, InputObject)]
pub struct ApiKeyUpdateInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Which key.
    pub id: ApiKeyId,
    /// The version that the change is based on.
    pub expected_version: i32,
    /// What it opens; not null, one at the least.
    pub scopes: MaybeUndefined<Vec<ApiScope>>,
    /// Addresses and networks from which it is taken, at most 20; null or none for anywhere.
    pub addresses: MaybeUndefined<Vec<String>>,
    /// What it may spend in a minute: 1000 to 6000000; not null.
    pub cost_per_minute: MaybeUndefined<i32>,
}

/// The end of a key.
#[derive(Clone, Debug, InputObject)]
pub struct ApiKeyRevokeInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Which key.
    pub id: ApiKeyId,
    /// The version that the change is based on.
    pub expected_version: i32,
}

/// A key with its secret, shown once; or why not.
#[derive(SimpleObject)]
pub struct ApiKeyCreatePayload {
    /// The key as the viewer may see it now. Null exactly when `errors` is not empty.
    pub api_key: Option<ApiKey>,
    /// The whole key, for `Authorization: Bearer lh_…`. Shown here and never again; null when it was refused, and when an
    /// earlier request made it: then revoke it and make another.
    pub secret: Option<String>,
    /// Why it was refused; empty when it was done.
    pub errors: Vec<UserError>,
    /// Whether an earlier request with the same idempotency key had done it already.
    pub replayed: bool,
}

payload! {
    /// A key that was changed or revoked, or why not.
    ApiKeyPayload, api_key: ApiKey
}

/// Changes to keys.
#[derive(Debug, Default)]
pub struct ApiKeyMutation;

#[Object]
impl ApiKeyMutation {
    /// Makes a key for the account of an integration, and shows it once. Requires what changing the account
    /// requires: `REGION_ADMIN` of its region and of all that it reaches, or `PLATFORM_ADMIN`. Errors: `INVALID` (`required`,
    /// `integration-grant`, `within-grant`, `address`, `expiry`, `cost`), `LIMIT` (two of the name live already), `FORBIDDEN`,
    /// `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::ManageAccount)))]
    async fn api_key_create(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to make.")] input: ApiKeyCreateInput,
    ) -> Option<Result<ApiKeyCreatePayload>> {
        Some(make(ctx(gql), input).await)
    }

    /// Changes scopes, addresses or budget of a key, from its next request on. Requires what changing the account requires:
    /// `REGION_ADMIN` of its region and of all that it reaches, or `PLATFORM_ADMIN`. Errors: `INVALID` (`required`, `address`,
    /// `cost`), `STATE` (it is revoked), `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::ManageAccount)))]
    async fn api_key_update(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to change.")] input: ApiKeyUpdateInput,
    ) -> Option<Result<ApiKeyPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("apiKeyUpdate", &input.idempotency_key, &input, super::update).await;
        ApiKeyPayload::of(ctx, written).await
    }

    /// Ends a key: its next request is refused. Requires what changing the account requires: `REGION_ADMIN` of its region
    /// and of all that it reaches, or `PLATFORM_ADMIN`. Errors: `STATE` (it is revoked), `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::ManageAccount)))]
    async fn api_key_revoke(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to end.")] input: ApiKeyRevokeInput,
    ) -> Option<Result<ApiKeyPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("apiKeyRevoke", &input.idempotency_key, &input, super::revoke).await;
        ApiKeyPayload::of(ctx, written).await
    }
}

async fn make(ctx: &Ctx, mut input: ApiKeyCreateInput) -> Result<ApiKeyCreatePayload> {
    let secret = vault::token()?;
    input.secret_hash = SecretHash(vault::digest(&secret));
    let written = ctx.write("apiKeyCreate", &input.idempotency_key, &input, super::create).await;
    let made = written.as_ref().ok().map(|written: &Written| ApiKeyId(written.entity));
    let outcome = Outcome::<ApiKey>::of(ctx, written).await?;
    let shown = made.filter(|_| outcome.node.is_some() && !outcome.replayed);
    Ok(ApiKeyCreatePayload {
        api_key: outcome.node,
        secret: shown.map(|id| super::enter::spell(id, &secret)),
        errors: outcome.refusals.into_iter().map(Into::into).collect(),
        replayed: outcome.replayed,
    })
}
