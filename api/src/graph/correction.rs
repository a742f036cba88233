//! Edges of `Correction`.

use crate::{
    household::{correction::Correction, member::HouseholdMember, object::Household},
    kernel::{
        directive::{DataClass, class},
        error::Result,
        payload::ctx,
        personal::Personal,
    },
};
use async_graphql::{ComplexObject, Context};

#[ComplexObject]
impl Correction {
    /// The household (户) that asked for it.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn household(&self, gql: &Context<'_>) -> Option<Result<Household>> {
        ctx(gql).edge(Some(self.household_id)).await
    }

    /// The member (家庭成员) whom it is about. Null when it is about the household itself.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn member(&self, gql: &Context<'_>) -> Option<Result<HouseholdMember>> {
        ctx(gql).edge(self.member_id).await
    }

    /// What would be right (申请内容), in the words of the household.
    #[graphql(directive = class::apply(DataClass::Personal))]
    #[expect(clippy::unused_async, reason = "a field of the schema, which is asked for and waited on")]
    async fn wanted(&self, gql: &Context<'_>) -> Result<Personal<String>> {
        self.text(ctx(gql), &self.sealed_wanted)
    }

    /// What the household was told (答复). Null while it waits.
    #[graphql(directive = class::apply(DataClass::Personal))]
    async fn answer(&self, gql: &Context<'_>) -> Option<Result<Personal<String>>> {
        Some(self.text(ctx(gql), self.sealed_answer.as_deref()?))
    }
}
