//! Edges of `Viewer`.

use crate::{
    account::{
        notice::object::{Notice, NoticeOrderField, NoticeWhere},
        object::Account,
        session::object::{Session, SessionOrderField, SessionWhere},
        viewer::{Viewer, ViewerRole},
    },
    cadre::object::Cadre,
    contact::object::{ContactAssignment, ContactAssignmentOrderField, ContactAssignmentWhere},
    kernel::{
        connection::{Connection, Cursor},
        directive::{DataClass, class},
        error::Result,
        node::{Listing, OrderBy, at_hand, children},
        page::PageArgs,
        payload::ctx,
    },
};
use async_graphql::{ComplexObject, Context};

#[ComplexObject]
impl Viewer {
    /// The account (账号) that is signed in.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn account(&self, gql: &Context<'_>) -> Option<Result<Account>> {
        self.own_account(ctx(gql)).await
    }

    /// The person behind the account (本人). Null when the account is nobody's own.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn cadre(&self, gql: &Context<'_>) -> Option<Result<Cadre>> {
        ctx(gql).edge(ctx(gql).scope().cadre).await
    }

    /// The roles that are in force today (当前角色), with where they hold; at most 100.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn roles(&self, gql: &Context<'_>) -> Result<Vec<ViewerRole>> {
        self.held_roles(ctx(gql)).await
    }

    /// All that the viewer reaches today (当前范围), in words, in the language of `Accept-Language`: 「纳章镇；曲宗村 3 户」.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn scope(&self, gql: &Context<'_>) -> Result<String> {
        self.reach(ctx(gql)).await
    }

    /// What the viewer answers for (本人包联), the newest first unless another order is given: what is in force today, unless the
    /// conditions say otherwise by `live` or `liveOn`. Empty for an account that is nobody's own.
    #[graphql(directive = class::apply(DataClass::Internal))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn contact_assignments(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<
            ContactAssignmentWhere,
        >,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<
            Vec<OrderBy<ContactAssignmentOrderField>>,
        >,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<ContactAssignment>>> {
        let filter = Some(filter.unwrap_or_default().live_unless_said());
        let listing = Listing { filter, order_by, page: PageArgs::new(first, after, last, before) };
        Some(match ctx(gql).scope().cadre {
            Some(own) => children(gql, "cadre_id", own, listing).await,
            None => at_hand(listing, Vec::new(), |_, _| None),
        })
    }

    /// The own signed-in devices (登录设备), the latest first.
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
    ) -> Option<Result<Connection<Session>>> {
        let listing = Listing { filter, order_by, page: PageArgs::new(first, after, last, before) };
        Some(children(gql, "account_id", self.account_id, listing).await)
    }

    /// What the system has to tell the account (通知), the latest first.
    #[graphql(directive = class::apply(DataClass::Internal))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn notices(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<NoticeWhere>,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<Vec<OrderBy<NoticeOrderField>>>,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<Notice>>> {
        let listing = Listing { filter, order_by, page: PageArgs::new(first, after, last, before) };
        Some(children(gql, "account_id", self.account_id, listing).await)
    }
}
