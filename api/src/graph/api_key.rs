//! Edges of `ApiKey`.

use crate::{
    account::{api_key::object::ApiKey, object::Account},
    kernel::{
        directive::{DataClass, class},
        error::Result,
        payload::ctx,
    },
    region::object::Region,
};
use async_graphql::{ComplexObject, Context};
use entity::kind::ApiScope;

#[ComplexObject]
impl ApiKey {
    /// What it opens (权限范围), at most 7.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn scopes(&self) -> Vec<ApiScope> {
        self.scope_list()
    }

    /// Addresses and networks from which it is taken (允许的地址), at most 20; from anywhere when there are none.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn addresses(&self) -> Vec<String> {
        self.address_list()
    }

    /// The account (账号) whose key it is.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn account(&self, gql: &Context<'_>) -> Option<Result<Account>> {
        ctx(gql).edge(Some(self.account_id)).await
    }

    /// The region (区域) that it reaches. Null only while the region cannot be read.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn region(&self, gql: &Context<'_>) -> Option<Result<Region>> {
        ctx(gql).edge(Some(self.region_id)).await
    }

    /// The account (创建人) that made it. Null when it was made from the command line, or is outside the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn created_by(&self, gql: &Context<'_>) -> Option<Result<Account>> {
        ctx(gql).edge(self.created_by).await
    }
}
