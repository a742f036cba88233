//! `Session` as it is spoken.

use crate::account::object::Account;
use crate::kernel::{
    directive::{DataClass, class},
    error::Result,
    node::{Filter, Node, Ordering},
    page::Run,
    payload::ctx,
    request::Ctx,
};
use async_graphql::{ComplexObject, Context, Enum, InputObject, SimpleObject};
use entity::{
    id::{AccountId, SessionId},
    scalar::DateTime,
    session,
};
use sea_orm::{ColumnTrait, Condition, DerivePartialModel};
use uuid::Uuid;

/// A signed-in device (会话). Seen by its owner and by whoever administers the account.
#[derive(Clone, Debug, SimpleObject, DerivePartialModel)]
#[sea_orm(entity = "session::Entity")]
#[graphql(complex)]
pub struct Session {
    /// Its id, which never changes (标识).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub id: SessionId,
    /// What the owner knows the device by (设备).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub device: String,
    /// When it was signed in (登录时间).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub created_at: DateTime,
    /// When it was last used (最近使用时间), roughly: written when its tokens are renewed.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub last_used_at: DateTime,
    /// When its owner was last seen to know the password (最近确认时间): at the sign-in, or by `sessionConfirm`.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub confirmed_at: DateTime,
    /// Whether its owner has shown a second factor (已通过双重验证).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub second_factor: bool,
    /// When it ends by itself unless its tokens are renewed before (到期时间).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub ends_at: DateTime,
    #[graphql(skip)]
    #[sea_orm(from_col = "ended_at")]
    stored_end: Option<DateTime>,
    #[graphql(skip)]
    account_id: AccountId,
    /// Just signed in: whoever asks has been nobody until now.
    #[graphql(skip)]
    #[sea_orm(skip)]
    fresh: bool,
}

/// The session that was just signed in, or on.
impl From<session::Model> for Session {
    fn from(row: session::Model) -> Self {
        let session::Model {
            id, account_id, device, created_at, ends_at, last_used_at, confirmed_at, ..
        } = row;
        Self {
            id,
            device,
            created_at,
            last_used_at,
            confirmed_at,
            second_factor: row.second_factor,
            ends_at,
            stored_end: row.ended_at,
            account_id,
            fresh: true,
        }
    }
}

#[ComplexObject]
impl Session {
    /// The account that is signed in. Null when it is outside the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn account(&self, gql: &Context<'_>) -> Option<Result<Account>> {
        let ctx = ctx(gql);
        if self.fresh {
            return super::own_account(ctx, self.account_id).await.transpose();
        }
        ctx.edge(Some(self.account_id)).await
    }

    /// Whether it is the one that asks (当前会话).
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn current(&self, gql: &Context<'_>) -> bool {
        self.fresh || ctx(gql).viewer().is_some_and(|viewer| viewer.via.session() == Some(self.id))
    }

    /// When it ended (结束时间): signed out, ended by somebody, or past its time. Null while it goes on.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn ended_at(&self, gql: &Context<'_>) -> Option<DateTime> {
        self.stored_end.or_else(|| (self.ends_at <= ctx(gql).now()).then_some(self.ends_at))
    }
}

/// Conditions on sessions, all of them to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct SessionWhere {
    /// True: those that go on; false: those that ended.
    #[graphql(default)]
    pub live: Option<bool>,
}

impl Filter for SessionWhere {
    async fn condition(&self, ctx: &Ctx) -> Result<Condition> {
        let on = || live(ctx.now());
        Ok(Condition::all().add_option(self.live.map(|live| if live { on() } else { on().not() })))
    }
}

/// What sessions are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum SessionOrderField {
    /// When it was signed in: the order of the ids.
    CreatedAt,
}

impl Ordering for SessionOrderField {
    fn column(self) -> Option<&'static str> {
        None
    }

    fn usual() -> Run {
        Run { column: None, descending: true }
    }
}

impl Node for Session {
    type Entity = session::Entity;
    type Where = SessionWhere;
    type Order = SessionOrderField;
    const NAME: &'static str = SessionId::PREFIX;

    fn uuid(&self) -> Uuid {
        self.id.0
    }
}

/// When a session goes on.
pub(super) fn live(now: DateTime) -> Condition {
    Condition::all().add(session::Column::EndedAt.is_null()).add(session::Column::EndsAt.gt(now))
}
