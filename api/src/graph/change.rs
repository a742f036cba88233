//! Edges of `ChangeEntry`.

use crate::{
    account::object::Account,
    audit::{
        trail::{ChangeEntry, ChangedValue},
        who,
    },
    kernel::{
        directive::{DataClass, class},
        error::Result,
        payload::ctx,
    },
};
use async_graphql::{ComplexObject, Context, ID};

#[ComplexObject]
impl ChangeEntry {
    /// The record that was changed (变更对象), whether or not the viewer sees the record itself.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn record_id(&self) -> ID {
        ID(self.record())
    }

    /// The account that changed it (操作账号). Null for the program itself, and when the account is outside the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn actor(&self, gql: &Context<'_>) -> Option<Result<Account>> {
        ctx(gql).edge(self.actor).await
    }

    /// The id of the account that changed it (操作账号标识), for `where: { actorId }`. Null for the program itself.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn actor_id(&self) -> Option<ID> {
        self.actor.map(|actor| ID(actor.to_string()))
    }

    /// Who changed it (操作人), by name: whoever may read the trail may know.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn actor_name(&self, gql: &Context<'_>) -> Result<String> {
        who::name(ctx(gql), self.actor).await
    }

    /// The id of the request (请求编号), as its answer, the access log and the server's log name it.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn request_id(&self) -> ID {
        ID(self.request_id.clone())
    }

    /// The fields that were changed (变更字段), as the record keeps them, personal ones among them; at most 60.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn fields(&self) -> Vec<String> {
        self.changed()
    }

    /// What fields of the internal class were given (新值), at most 60; what is personal is never kept here.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn values(&self) -> Vec<ChangedValue> {
        self.given()
    }
}
