//! Edges of `HouseholdMember`.

use crate::{
    household::{
        member::{HouseholdMember, MASKED, PhoneOf},
        object::Household,
    },
    kernel::{
        directive::{DataClass, class},
        error::Result,
        payload::{Permission, ctx},
        policy::{May, Part, Sight},
    },
};
use async_graphql::{ComplexObject, Context, SimpleObject};
use entity::scalar::PhoneNumber;

/// What the viewer may do to a member (可否操作).
#[derive(Clone, Debug, SimpleObject)]
pub struct HouseholdMemberViewerCan {
    /// Change it (`householdMemberUpdate`): the right to the household.
    pub update: Permission,
}

#[ComplexObject]
impl HouseholdMember {
    /// What the viewer may do to it. Null when the household is outside the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn viewer_can(&self, gql: &Context<'_>) -> Option<Result<HouseholdMemberViewerCan>> {
        let ctx = ctx(gql);
        let household = ctx.node::<Household>(self.household_id).await.transpose()?;
        Some(household.map(|household| HouseholdMemberViewerCan {
            update: ctx.permission(May::UpdateHousehold, &household.facts()),
        }))
    }

    /// The household (户) that the person belongs to.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn household(&self, gql: &Context<'_>) -> Option<Result<Household>> {
        ctx(gql).edge(Some(self.household_id)).await
    }

    /// Telephone number (电话). Null for all but current contacts, the grid worker and the household itself.
    #[graphql(directive = class::apply(DataClass::Personal))]
    async fn phone(&self, gql: &Context<'_>) -> Option<Result<PhoneNumber>> {
        let ctx = ctx(gql);
        match ctx.node::<Household>(self.household_id).await {
            Ok(Some(household)) if household.sight.shows(Part::Phone) => {
                let number = ctx.load(PhoneOf(self.id)).await.transpose()?;
                ctx.shows(self.owner(), "phone", DataClass::Personal);
                Some(number)
            }
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        }
    }

    /// Identity number (身份证号). Null for everyone: of the sensitive class. `hasIdentityNumber` tells whether it is held.
    #[graphql(directive = class::apply(DataClass::Sensitive))]
    async fn identity_number(&self) -> Option<String> {
        None
    }

    /// Whether an identity number is held and its check digit is right (已核验).
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn has_identity_number(&self) -> bool {
        self.identity_number_masked.is_some()
    }

    /// Names of the fields that are null because the viewer may not see them (未显示的字段).
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn redacted_fields(
        &self,
        gql: &Context<'_>,
    ) -> Result<Vec<&'static str>, crate::kernel::error::Error> {
        let household = ctx(gql).node::<Household>(self.household_id).await?;
        Ok(household.map_or(Sight::HIDDEN, |household| household.sight).hides(MASKED))
    }
}
