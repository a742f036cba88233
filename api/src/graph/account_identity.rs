//! Edges of `AccountIdentity`.

use crate::{
    account::{object::Account, sign_on::object::AccountIdentity},
    kernel::{
        directive::{DataClass, class},
        error::Result,
        payload::ctx,
    },
};
use async_graphql::{ComplexObject, Context};

#[ComplexObject]
impl AccountIdentity {
    /// The account (账号) that is entered by it.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn account(&self, gql: &Context<'_>) -> Option<Result<Account>> {
        ctx(gql).edge(Some(self.account_id)).await
    }
}
