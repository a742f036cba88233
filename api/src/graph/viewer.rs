//! Edges of `Viewer`.

use crate::{
    account::{
        object::Account,
        viewer::{Viewer, ViewerRole},
    },
    cadre::object::Cadre,
    kernel::{
        directive::{DataClass, class},
        error::Result,
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
}
