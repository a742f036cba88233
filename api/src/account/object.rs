//! `Account` as it is spoken.

use crate::kernel::{
    connection::{Connection, Cursor},
    directive::{DataClass, auth, class, cost, signed_in},
    error::Result,
    filter::{ChoiceFilter, IdFilter, StringFilter, in_region},
    node::{Filter, Listing, Node, OrderBy, Ordering, list},
    page::{PageArgs, Run},
    payload::ctx,
    place::Place,
    request::Ctx,
    vault::digest,
};
use async_graphql::{Context, Enum, ID, InputObject, MaybeUndefined, Object, OneofObject, SimpleObject};
use entity::{
    account,
    id::{AccountId, CadreId, RegionId},
    kind::AccountStatus,
    scalar::DateTime,
};
use sea_orm::{ColumnTrait, Condition, DerivePartialModel, QueryFilter, QuerySelect};
use uuid::Uuid;

/// A login (账号). Seen by itself, by the administrators of its region, and by `PLATFORM_ADMIN`.
#[derive(Clone, Debug, SimpleObject, DerivePartialModel)]
#[sea_orm(entity = "account::Entity")]
#[graphql(complex)]
pub struct Account {
    /// Its id, which never changes (标识).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub id: AccountId,
    /// Name to sign in by (登录名), lower case.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub name: String,
    /// Whether it may sign in (状态).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub status: AccountStatus,
    /// When it was made (创建时间).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub created_at: DateTime,
    /// Raised by each change; what a mutation expects.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub version: i32,
    #[graphql(skip)]
    pub(crate) cadre_id: Option<CadreId>,
    #[graphql(skip)]
    pub(crate) region_id: Option<RegionId>,
    #[graphql(skip)]
    pub(crate) county_id: Option<RegionId>,
    #[graphql(skip)]
    pub(crate) township_id: Option<RegionId>,
    #[graphql(skip)]
    pub(crate) village_id: Option<RegionId>,
}

impl Account {
    /// Where it is administered.
    pub(crate) fn place(&self) -> Place {
        Place {
            county_id: self.county_id,
            township_id: self.township_id,
            village_id: self.village_id,
            ..Place::default()
        }
    }
}

/// A login name as it is stored and signed in with.
pub(super) fn tidy(name: &str) -> String {
    name.trim().to_lowercase()
}

/// Conditions on accounts, all of them to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct AccountWhere {
    /// By login name.
    #[graphql(default)]
    pub name: Option<StringFilter>,
    /// By status.
    #[graphql(default)]
    pub status: Option<ChoiceFilter<AccountStatus>>,
    /// By the cadre behind it.
    #[graphql(default)]
    pub cadre_id: Option<IdFilter>,
    /// Administered anywhere in this region.
    pub region: MaybeUndefined<RegionId>,
}

impl Filter for AccountWhere {
    async fn condition(&self, ctx: &Ctx) -> Result<Condition> {
        let mut all = in_region::<account::Entity>(ctx, &self.region).await?;
        if let Some(name) = &self.name {
            all = all.add(name.on(account::Column::Name)?);
        }
        if let Some(status) = &self.status {
            all = all.add(status.on(account::Column::Status)?);
        }
        if let Some(cadre) = &self.cadre_id {
            all = all.add(cadre.on(ctx, account::Column::CadreId, CadreId::PREFIX)?);
        }
        Ok(all)
    }
}

/// What accounts are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum AccountOrderField {
    /// Login name.
    Name,
    /// When it was made: the order of the ids.
    CreatedAt,
}

impl Ordering for AccountOrderField {
    fn column(self) -> Option<&'static str> {
        match self {
            Self::Name => Some("name"),
            Self::CreatedAt => None,
        }
    }

    fn usual() -> Run {
        Run { column: Some("name"), descending: false }
    }
}

impl Node for Account {
    type Entity = account::Entity;
    type Where = AccountWhere;
    type Order = AccountOrderField;
    const NAME: &'static str = AccountId::PREFIX;

    fn uuid(&self) -> Uuid {
        self.id.0
    }
}

/// By what an account is looked up: exactly one of these.
#[derive(Clone, Debug, OneofObject)]
pub enum AccountBy {
    /// By its id, as `node` takes it.
    Id(AccountId),
    /// Its login name; case does not matter.
    Name(String),
}

/// Questions about accounts.
#[derive(Debug, Default)]
pub struct AccountQuery;

#[Object]
impl AccountQuery {
    /// One account by its id or login name. Null when there is none, or none within the viewer's scope. Requires
    /// `REGION_ADMIN` of its region or `PLATFORM_ADMIN`; everybody sees their own.
    #[graphql(directive = class::apply(DataClass::Internal), directive = cost::apply(1), directive = auth::apply(signed_in()))]
    async fn account(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which one.")] by: AccountBy,
    ) -> Option<Result<Account>> {
        let ctx = ctx(gql);
        match by {
            AccountBy::Id(id) => ctx.edge(Some(id)).await,
            AccountBy::Name(name) => by_name(ctx, &name).await.transpose(),
        }
    }

    /// Accounts within the viewer's scope, by login name unless another order is given. Requires `REGION_ADMIN` of their
    /// regions or `PLATFORM_ADMIN`; others see their own alone.
    #[graphql(directive = class::apply(DataClass::Internal), directive = cost::apply(1), directive = auth::apply(signed_in()))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn accounts(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<AccountWhere>,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<Vec<OrderBy<AccountOrderField>>>,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<Account>>> {
        Some(list(gql, Listing { filter, order_by, page: PageArgs::new(first, after, last, before) }).await)
    }
}

async fn by_name(ctx: &Ctx, name: &str) -> Result<Option<Account>> {
    let id: Option<Uuid> = ctx
        .within::<account::Entity>()
        .select_only()
        .column(account::Column::Id)
        .filter(account::Column::Name.eq(tidy(name)))
        .into_tuple()
        .one(ctx.db().read())
        .await?;
    match id {
        Some(id) => ctx.node(id).await,
        None => Ok(None),
    }
}

/// An account to make. It can do nothing until roles are given to it (`roleGrantCreate`), or its cadre has assignments.
#[derive(Clone, InputObject)]
pub struct AccountCreateInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Id minted by the client; made by the server otherwise.
    #[graphql(default)]
    pub id: Option<AccountId>,
    /// Name to sign in by: 3 to 40 of `a` to `z`, `0` to `9`, `.`, `_`, `-`. Capitals are read as small letters.
    pub name: String,
    /// First password: 8 to 128 characters, not among the most common ones, not containing the name. Its owner is to change
    /// it at the first sign-in.
    pub password: String,
    /// The cadre whose login it is: the account then reaches what the cadre is answerable for.
    #[graphql(default)]
    pub cadre_id: Option<CadreId>,
    /// The region that administers it: a village or what lies above it.
    pub region_id: RegionId,
    #[graphql(skip)]
    pub(super) password_hash: Option<String>,
}

/// What was given, for comparing one request with another: the password by its digest alone.
impl std::fmt::Debug for AccountCreateInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccountCreateInput")
            .field("idempotency_key", &self.idempotency_key)
            .field("id", &self.id)
            .field("name", &self.name)
            .field("cadre_id", &self.cadre_id)
            .field("region_id", &self.region_id)
            .field("password", &digest(&self.password))
            .finish_non_exhaustive()
    }
}

/// A change to an account. What is absent stays.
#[derive(Clone, InputObject)]
pub struct AccountUpdateInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Which account.
    pub id: AccountId,
    /// The version that the change is based on.
    pub expected_version: i32,
    /// Whether it may sign in; not null. `DISABLED` ends all its sessions.
    pub status: MaybeUndefined<AccountStatus>,
    /// New password, by the same rules as the first; not null. It ends all sessions of the account.
    pub password: MaybeUndefined<String>,
    /// The cadre whose login it is; null for none.
    pub cadre_id: MaybeUndefined<CadreId>,
    #[graphql(skip)]
    pub(super) password_hash: Option<String>,
}

/// What was given, for comparing one request with another: the password by its digest alone.
impl std::fmt::Debug for AccountUpdateInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccountUpdateInput")
            .field("idempotency_key", &self.idempotency_key)
            .field("id", &self.id)
            .field("expected_version", &self.expected_version)
            .field("status", &self.status)
            .field("cadre_id", &self.cadre_id)
            .field("password", &digest(self.password.value().map_or("", String::as_str)))
            .field("password_given", &!self.password.is_undefined())
            .finish_non_exhaustive()
    }
}
