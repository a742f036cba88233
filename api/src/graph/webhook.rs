//! Edges of `Webhook` and of its deliveries.

use crate::{
    account::{api_key::object::ApiKey, object::Account},
    kernel::{
        connection::{Connection, Cursor},
        directive::{DataClass, class},
        error::Result,
        live::cursor::{Mark, seal},
        log::Position,
        node::{Listing, OrderBy, children},
        page::PageArgs,
        payload::ctx,
    },
    webhook::{
        delivery::{WebhookDelivery, WebhookDeliveryOrderField, WebhookDeliveryWhere},
        object::Webhook,
    },
};
use async_graphql::{ComplexObject, Context};
use entity::kind::{WebhookDeliveryKind, WebhookState};

#[ComplexObject]
impl Webhook {
    /// Whether events are posted (状态).
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn state(&self) -> WebhookState {
        match self.set_to {
            WebhookState::Active if self.failing_since.is_some() => WebhookState::Failing,
            set_to => set_to,
        }
    }

    /// The account (账号) whose webhook it is.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn account(&self, gql: &Context<'_>) -> Option<Result<Account>> {
        ctx(gql).edge(Some(self.account_id)).await
    }

    /// The key (API 密钥) by whose rights it is told.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn api_key(&self, gql: &Context<'_>) -> Option<Result<ApiKey>> {
        ctx(gql).edge(Some(self.api_key_id)).await
    }

    /// The account (创建人) that set it up. Null when that is outside the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn created_by(&self, gql: &Context<'_>) -> Option<Result<Account>> {
        ctx(gql).edge(self.created_by).await
    }

    /// What was posted in the last 30 days, and what waits to be (投递记录), the latest first unless another order is given.
    #[graphql(directive = class::apply(DataClass::Internal))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn deliveries(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<
            WebhookDeliveryWhere,
        >,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<
            Vec<OrderBy<WebhookDeliveryOrderField>>,
        >,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<WebhookDelivery>>> {
        let listing = Listing { filter, order_by, page: PageArgs::new(first, after, last, before) };
        Some(children(gql, "webhook_id", self.id, listing).await)
    }
}

#[ComplexObject]
impl WebhookDelivery {
    /// The cursor of its event (游标): as `after` of the subscription `changes` it goes on with what follows. Null for a test.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn cursor(&self, gql: &Context<'_>) -> Option<Result<Cursor>> {
        let position = Position { transaction: self.line_transaction, sequence: self.line_sequence };
        let is_event = self.kind != WebhookDeliveryKind::Test;
        is_event.then(|| seal(ctx(gql).vault(), Mark { position, at: self.made_at }))
    }

    /// The webhook (回调) whose event it is.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn webhook(&self, gql: &Context<'_>) -> Option<Result<Webhook>> {
        ctx(gql).edge(Some(self.webhook_id)).await
    }
}
