//! Edges of `Account`.

use crate::{
    account::{
        api_key::object::{ApiKey, ApiKeyOrderField, ApiKeyWhere},
        factor::HasSecondFactor,
        grant::{
            self,
            object::{RoleGrant, RoleGrantOrderField, RoleGrantWhere},
        },
        object::Account,
        over,
        session::object::{Session, SessionOrderField, SessionWhere},
        sign_on::object::{AccountIdentity, AccountIdentityOrderField},
    },
    cadre::object::Cadre,
    kernel::{
        connection::{Connection, Cursor},
        directive::{DataClass, class},
        error::Result,
        node::{Listing, OrderBy, children},
        page::PageArgs,
        payload::{Permission, ctx},
    },
    region::object::Region,
    webhook::object::{Webhook, WebhookOrderField, WebhookWhere},
};
use async_graphql::{ComplexObject, Context, SimpleObject};

/// What the viewer may do to an account (可否操作).
#[derive(Clone, Debug, SimpleObject)]
pub struct AccountViewerCan {
    /// Change it (`accountUpdate`).
    pub update: Permission,
    /// Give roles to it (`roleGrantCreate`); what the role is bound to must be the viewer's to give too.
    pub grant: Permission,
}

#[ComplexObject]
impl Account {
    /// The region (区域) that administers it. Null when the platform does.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn region(&self, gql: &Context<'_>) -> Option<Result<Region>> {
        ctx(gql).edge(self.region_id).await
    }

    /// The person whose login it is (本人). Null when it is nobody's own, and when the person is outside the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn cadre(&self, gql: &Context<'_>) -> Option<Result<Cadre>> {
        ctx(gql).edge(self.cadre_id).await
    }

    /// Roles given to it (角色授权), ended ones among them, the latest first unless another order is given.
    #[graphql(directive = class::apply(DataClass::Internal))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn grants(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<RoleGrantWhere>,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<
            Vec<OrderBy<RoleGrantOrderField>>,
        >,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<RoleGrant>>> {
        let listing = Listing { filter, order_by, page: PageArgs::new(first, after, last, before) };
        Some(children(gql, "account_id", self.id, listing).await)
    }

    /// Whether it has a second factor in force (双重验证).
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn has_second_factor(&self, gql: &Context<'_>) -> Result<bool> {
        Ok(ctx(gql).load(HasSecondFactor(self.id)).await?.unwrap_or_default())
    }

    /// Its signed-in devices (登录设备), the latest first. Null unless it is the viewer's own or the viewer may change it
    /// (`accountUpdate`).
    #[graphql(directive = class::apply(DataClass::Internal))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn sessions(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<SessionWhere>,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<Vec<OrderBy<SessionOrderField>>>,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Result<Option<Connection<Session>>> {
        let listing = Listing { filter, order_by, page: PageArgs::new(first, after, last, before) };
        // Both at once, so that all accounts of a list ask together, whatever their rights take to be read.
        let devices = children(gql, "account_id", self.id, listing);
        let (may, devices) =
            futures_util::future::try_join(over::may_update(ctx(gql), self), devices).await?;
        Ok((over::is_own(ctx(gql), self.id) || may.allowed).then_some(devices))
    }

    /// Identities of an outer sign-on by which it is entered (统一认证身份), at most 10, the first one first unless another
    /// order is given.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn identities(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<
            Vec<OrderBy<AccountIdentityOrderField>>,
        >,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<AccountIdentity>>> {
        let listing = Listing { filter: None, order_by, page: PageArgs::new(first, after, last, before) };
        Some(children(gql, "account_id", self.id, listing).await)
    }

    /// Keys by which other systems come in for it (API 密钥), revoked ones among them, the latest first unless another order
    /// is given.
    #[graphql(directive = class::apply(DataClass::Internal))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn api_keys(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<ApiKeyWhere>,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<Vec<OrderBy<ApiKeyOrderField>>>,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<ApiKey>>> {
        let listing = Listing { filter, order_by, page: PageArgs::new(first, after, last, before) };
        Some(children(gql, "account_id", self.id, listing).await)
    }

    /// Where other systems are told what happens, by its keys (回调), the latest first unless another order is given.
    #[graphql(directive = class::apply(DataClass::Internal))]
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
        let listing = Listing { filter, order_by, page: PageArgs::new(first, after, last, before) };
        Some(children(gql, "account_id", self.id, listing).await)
    }

    /// What the viewer may do to it.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn viewer_can(&self, gql: &Context<'_>) -> Result<AccountViewerCan> {
        let ctx = ctx(gql);
        let update = over::may_update(ctx, self).await?;
        Ok(AccountViewerCan { update, grant: grant::may_give(ctx, self) })
    }
}
