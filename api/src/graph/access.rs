//! Edges of `AccessEntry`.

use crate::{
    account::object::Account,
    audit::{
        access::{AccessEntry, Line},
        who,
    },
    enterprise::object::Enterprise,
    household::object::Household,
    kernel::{
        directive::{DataClass, class},
        error::Result,
        payload::ctx,
    },
};
use async_graphql::{ComplexObject, Context, ID};

#[ComplexObject]
impl AccessEntry {
    /// The record that was looked at (查看对象): a household, an enterprise, a cadre, or a region for a sheet with all in it.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn subject_id(&self) -> ID {
        ID(self.subject())
    }

    /// The household (户) that was looked at. Null when it was something else, and outside the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn household(&self, gql: &Context<'_>) -> Option<Result<Household>> {
        ctx(gql).edge(self.household_id).await
    }

    /// The enterprise (企业) that was looked at. Null when it was something else, and outside the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn enterprise(&self, gql: &Context<'_>) -> Option<Result<Enterprise>> {
        ctx(gql).edge(self.enterprise_id).await
    }

    /// The account that looked (查看账号). Null for a command of the operator, and when the account is outside the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn account(&self, gql: &Context<'_>) -> Option<Result<Account>> {
        ctx(gql).edge(self.account_id).await
    }

    /// Who looked (查看人), by name: whoever may read the log may know.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn looker_name(&self, gql: &Context<'_>) -> Result<String> {
        who::name(ctx(gql), self.account_id).await
    }

    /// The fields that the request showed (所见字段), of this or another subject, as coordinates of the schema:
    /// `Household.address`.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn fields(&self, gql: &Context<'_>) -> Result<Vec<String>> {
        let line = ctx(gql).load(Line(self.line_id)).await?;
        let fields = line.map(|line| line.fields).unwrap_or_default();
        Ok(fields.as_array().into_iter().flatten().filter_map(|one| Some(one.as_str()?.to_owned())).collect())
    }

    /// Why (事由), in the words of whoever looked. Null for reads and lists, which need no reason.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn purpose(&self, gql: &Context<'_>) -> Option<Result<String>> {
        match ctx(gql).load(Line(self.line_id)).await {
            Ok(line) => line?.purpose.map(Ok),
            Err(error) => Some(Err(error)),
        }
    }

    /// The id of the request (请求编号), as its answer and the server's log name it.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn request_id(&self, gql: &Context<'_>) -> Result<ID> {
        let line = ctx(gql).load(Line(self.line_id)).await?;
        Ok(ID(line.map(|line| line.request_id).unwrap_or_default()))
    }
}
