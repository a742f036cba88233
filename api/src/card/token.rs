//! What the code on a card holds (二维码令牌): one for a household, whichever card is printed with it, good until it is
//! revoked. Kept by its hash, and sealed so that the code can be printed again; of a revoked one the hash alone.

use crate::{
    household,
    kernel::{
        door::unscoped,
        error::{Error, Refusal, RefusalCode, Result},
        policy::May,
        record::Record,
        request::Ctx,
        vault,
        work::Work,
    },
};
use async_graphql::{ID, InputObject};
use entity::{
    card_token, contact_card,
    id::{CardId, CardTokenId, HouseholdId},
    kind::ChangeKind,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, QueryFilter, Set,
    sea_query::{ExprTrait, LockType},
};
use uuid::Uuid;

impl Record for card_token::Entity {
    const NAME: &'static str = CardTokenId::PREFIX;
    const INTERNAL: &'static [&'static str] = &["household_id", "made_at", "revoked_at"];
}

/// A household whose code is to be replaced.
#[derive(Clone, Debug, InputObject)]
pub struct CardTokenRevokeInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Which household.
    pub household_id: HouseholdId,
}

/// The good token of a household.
async fn good(db: &impl ConnectionTrait, household: HouseholdId) -> Result<Option<card_token::Model>> {
    let own = card_token::Column::HouseholdId.eq(household).and(card_token::Column::RevokedAt.is_null());
    Ok(unscoped::<card_token::Entity>().filter(own).one(db).await?)
}

/// Gives a household its token, if it has none. The caller holds the household.
pub(super) async fn ensure(work: &Work, household: HouseholdId) -> Result<()> {
    if good(&work.tx, household).await?.is_some() {
        return Ok(());
    }
    let token = vault::token()?;
    let row = card_token::ActiveModel {
        id: Set(CardTokenId(Uuid::now_v7())),
        household_id: Set(household),
        hash: Set(work.ctx.vault().fingerprint(&token)),
        token: Set(Some(work.ctx.vault().seal(&token)?)),
        made_at: Set(work.now()),
        revoked_at: Set(None),
        revoked_by: Set(None),
        version: Set(1),
    };
    work.insert(row).await?;
    Ok(())
}

/// Revokes the token of a household: another is good from now on.
pub(super) async fn revoke(work: &Work, input: CardTokenRevokeInput) -> Result<Uuid> {
    let CardTokenRevokeInput { idempotency_key: _, household_id } = input;
    let household = household::hold(work, household_id, "householdId", LockType::NoKeyUpdate).await?;
    work.ctx.must(May::RevokeCardToken, &household::facts(&household))?;
    let before = good(&work.tx, household_id).await?.ok_or_else(|| {
        Refusal::new(
            RefusalCode::State,
            "householdId",
            "本户还没有联系卡二维码。",
            "The household has no card with a code yet.",
        )
    })?;
    let row = card_token::ActiveModel {
        id: Set(before.id),
        token: Set(None),
        revoked_at: Set(Some(work.now())),
        revoked_by: Set(Some(work.ctx.signed_in()?.account)),
        ..Default::default()
    };
    work.update(row, before.version, ChangeKind::Ended).await?;
    ensure(work, household_id).await?;
    Ok(household_id.0)
}

/// What the code on a card says: an address under that of the service. Requires what keeping the card requires, or what
/// replacing its code does.
pub async fn address(ctx: &Ctx, id: CardId, base: &str) -> Result<String> {
    let card = ctx.within::<contact_card::Entity>().filter(contact_card::Column::Id.eq(id));
    let missing = || Error::from(Refusal::not_found("id"));
    let card = card.one(ctx.db().read()).await?.ok_or_else(missing)?;
    let household = ctx.node::<household::object::Household>(card.household_id).await?.ok_or_else(missing)?;
    if !ctx.may(May::RevokeCardToken, &household.facts()) {
        ctx.must(May::KeepCard, &household.facts())?;
    }
    let sealed = good(ctx.db().read(), card.household_id).await?.and_then(|row| row.token);
    Ok(spelt(base, &ctx.vault().open(&sealed.ok_or_else(missing)?)?))
}

/// The address that a token stands in.
pub(super) fn spelt(base: &str, token: &str) -> String {
    format!("{}/c/{token}", base.trim_end_matches('/'))
}
