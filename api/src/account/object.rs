//! `Account` as it is spoken.

use crate::kernel::{
    directive::{DataClass, class},
    error::Result,
    filter::{ChoiceFilter, StringFilter, in_region},
    node::{Filter, Node, Ordering},
    page::Run,
    request::Ctx,
};
use async_graphql::{Enum, InputObject, MaybeUndefined, SimpleObject};
use entity::{
    account,
    id::{AccountId, CadreId, RegionId},
    kind::AccountStatus,
    scalar::DateTime,
};
use sea_orm::{Condition, DerivePartialModel};
use uuid::Uuid;

/// A login (账号). Seen by itself, by the administrators of its region, and by `PLATFORM_ADMIN`.
#[derive(Clone, Debug, SimpleObject, DerivePartialModel)]
#[sea_orm(entity = "account::Entity")]
pub struct Account {
    /// Its id.
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

/// Conditions on accounts, all of them to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct AccountWhere {
    /// By login name.
    #[graphql(default)]
    pub name: Option<StringFilter>,
    /// By status.
    #[graphql(default)]
    pub status: Option<ChoiceFilter<AccountStatus>>,
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
