//! Questions about households: one by its id or number, and lists of them.

use super::{
    list::{HouseholdOrderField, HouseholdWhere},
    object::Household,
};
use crate::kernel::{
    connection::{Connection, Cursor},
    directive::{DataClass, auth, class, cost, see},
    door::unscoped,
    error::Result,
    node::{Listing, OrderBy, list},
    page::PageArgs,
    payload::ctx,
    policy::Resource,
    request::Ctx,
    vault::{self, Vault},
};
use async_graphql::{Context, InputObject, Object, OneofObject};
use entity::{
    card_token, household,
    id::{HouseholdId, RegionId},
    place_past,
};
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

/// By what a household is looked up: exactly one of these.
#[derive(Clone, OneofObject)]
pub enum HouseholdBy {
    /// By its id, as `node` takes it.
    Id(HouseholdId),
    /// Its number within its village; also one that it had there before a boundary change.
    Number(HouseholdNumber),
    /// What the code on its card holds (二维码令牌), while it is good.
    CardToken(String),
}

/// A token is told by its digest alone.
impl std::fmt::Debug for HouseholdBy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Id(id) => write!(f, "{id}"),
            Self::Number(at) => write!(f, "{at:?}"),
            Self::CardToken(token) => write!(f, "card {:?}", vault::digest(token)),
        }
    }
}

/// A village and a number in it.
#[derive(Clone, Debug, InputObject)]
pub struct HouseholdNumber {
    /// The village.
    pub village_id: RegionId,
    /// The number within it.
    pub number: String,
}

/// Questions about households.
#[derive(Debug, Default)]
pub struct HouseholdQuery;

#[Object]
impl HouseholdQuery {
    /// One household by its id, its number, or the code on its card. Requires a grant or assignment that covers it; null when there is none such.
    #[graphql(directive = class::apply(DataClass::Internal), directive = cost::apply(1), directive = auth::apply(see(&[Resource::Household])))]
    async fn household(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which one, by exactly one of these.")] by: HouseholdBy,
    ) -> Option<Result<Household>> {
        let ctx = ctx(gql);
        match by {
            HouseholdBy::Id(id) => ctx.edge(Some(id)).await,
            HouseholdBy::Number(at) => by_number(ctx, at).await.transpose(),
            HouseholdBy::CardToken(token) => {
                match by_card_token(ctx.db().read(), ctx.vault(), &token).await {
                    Ok(id) => ctx.edge(id).await,
                    Err(error) => Some(Err(error)),
                }
            }
        }
    }

    /// Households that the viewer's grants and assignments cover, by number. Requires sign-in.
    #[graphql(directive = class::apply(DataClass::Internal), directive = cost::apply(1), directive = auth::apply(see(&[Resource::Household])))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn households(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<HouseholdWhere>,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<
            Vec<OrderBy<HouseholdOrderField>>,
        >,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<Household>>> {
        if let Err(error) = ctx(gql).signed_in() {
            return Some(Err(error));
        }
        Some(list(gql, Listing { filter, order_by, page: PageArgs::new(first, after, last, before) }).await)
    }
}

async fn by_number(ctx: &Ctx, at: HouseholdNumber) -> Result<Option<Household>> {
    let id: Option<Uuid> = ctx
        .within::<household::Entity>()
        .select_only()
        .column(household::Column::Id)
        .filter(household::Column::VillageId.eq(at.village_id))
        .filter(household::Column::Number.eq(at.number.as_str()))
        .into_tuple()
        .one(ctx.db().read())
        .await?;
    let id = match id {
        Some(id) => Some(id),
        None => by_former_number(ctx, &at).await?,
    };
    match id {
        Some(id) => ctx.node(id).await,
        None => Ok(None),
    }
}

/// The household of a number in a village, whoever asks.
pub(super) async fn by_number_of_all(
    db: &impl ConnectionTrait,
    at: &HouseholdNumber,
) -> Result<Option<HouseholdId>> {
    Ok(unscoped::<household::Entity>()
        .select_only()
        .column(household::Column::Id)
        .filter(household::Column::VillageId.eq(at.village_id))
        .filter(household::Column::Number.eq(at.number.as_str()))
        .into_tuple()
        .one(db)
        .await?)
}

/// The household of a card's token that is good, whoever asks.
pub(crate) async fn by_card_token(
    db: &impl ConnectionTrait,
    vault: &Vault,
    token: &str,
) -> Result<Option<HouseholdId>> {
    Ok(unscoped::<card_token::Entity>()
        .select_only()
        .column(card_token::Column::HouseholdId)
        .filter(card_token::Column::Hash.eq(vault.fingerprint(token.trim())))
        .filter(card_token::Column::RevokedAt.is_null())
        .into_tuple()
        .one(db)
        .await?)
}

/// The household that had the number before its village was merged or parted.
async fn by_former_number(ctx: &Ctx, at: &HouseholdNumber) -> Result<Option<Uuid>> {
    use place_past::Column::{Entity, EntityId, Number, Sequence, VillageId};
    Ok(unscoped::<place_past::Entity>()
        .select_only()
        .column(EntityId)
        .filter(Entity.eq(HouseholdId::PREFIX))
        .filter(VillageId.eq(at.village_id))
        .filter(Number.eq(at.number.as_str()))
        .order_by_desc(Sequence)
        .limit(1)
        .into_tuple()
        .one(ctx.db().read())
        .await?)
}
