//! Signing in by a card: what its code holds, and a code of six digits that is sent to the household's telephone.
//!
//! Nobody is told whether a token is good or where the telephone is. What was signed in so is a session like any other,
//! of the household's own account, and outlives the token.

use super::face::{counted_as, holder};
use crate::{
    account::{
        Identity,
        code::{self, code_invalid},
        resident,
        session::{Issued, mutation::SessionPayload},
    },
    kernel::{
        directive::{auth, cost, everyone},
        error::{Result, UserError},
        payload::ctx,
        request::Ctx,
        vault::digest,
    },
};
use async_graphql::{Context, InputObject, Object, SimpleObject};
use entity::kind::CodePurpose;
use sea_orm::sea_query::LockType;
use std::{fmt, net::IpAddr, sync::Arc};

/// A card by which somebody would sign in.
#[derive(Clone, InputObject)]
pub struct CardCodeSendInput {
    /// What the code on the card holds: the last part of its address.
    pub token: String,
}

impl fmt::Debug for CardCodeSendInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CardCodeSendInput {:?}", digest(&self.token))
    }
}

/// A card with the code that came.
#[derive(Clone, InputObject)]
pub struct CardSignInInput {
    /// What the code on the card holds: the last part of its address.
    pub token: String,
    /// The six digits that came to the household's telephone.
    pub code: String,
    /// What the owner will know the device by, at most 200 characters.
    pub device: String,
}

impl fmt::Debug for CardSignInInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { token, code, device } = self;
        write!(f, "CardSignInInput {:?} {:?} {device:?}", digest(token), digest(code))
    }
}

/// That it was asked for; whether anything was sent, nobody is told.
#[derive(SimpleObject)]
pub struct CardCodeSendPayload {
    /// Always true: the answer tells nothing of the card.
    pub accepted: bool,
    /// Why it was refused; empty when it was done.
    pub errors: Vec<UserError>,
    /// Always false: each time another code is sent.
    pub replayed: bool,
}

/// Signing in by a card.
#[derive(Debug, Default)]
pub struct CardSignInMutation;

#[Object]
impl CardSignInMutation {
    /// Sends a code to the telephone of the household whose card this is, if it has one: six digits, good for ten minutes and
    /// once. Requires nothing; the answer is the same whether or not the card is good. Answers `RATE_LIMITED` when it is asked
    /// for too often.
    #[graphql(directive = cost::apply(50), directive = auth::apply(everyone()))]
    async fn card_code_send(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The card by which somebody would sign in.")] input: CardCodeSendInput,
    ) -> Option<Result<CardCodeSendPayload>> {
        let identity = gql.data_unchecked::<Arc<Identity>>();
        let address = gql.data_opt::<IpAddr>().copied();
        let sent = start(ctx(gql), identity, input.token, address);
        Some(sent.map(|()| CardCodeSendPayload { accepted: true, errors: Vec::new(), replayed: false }))
    }

    /// Signs in as the household whose card this is, by the code that was sent. Requires nothing but these two. Errors:
    /// `CODE_INVALID` (the code is wrong or past its time, or the card is not good). Answers `RATE_LIMITED` after many
    /// failures.
    #[graphql(directive = cost::apply(50), directive = auth::apply(everyone()))]
    async fn card_sign_in(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The card, and the code that came.")] input: CardSignInInput,
    ) -> Option<Result<SessionPayload>> {
        let identity = gql.data_unchecked::<Arc<Identity>>();
        let address = gql.data_opt::<IpAddr>().copied();
        Some(SessionPayload::of(sign_in(ctx(gql), identity, input, address).await))
    }
}

/// Sends a code, if there is such a card and a telephone. That is found out afterwards, so that the answer is the same and
/// takes the same time.
fn start(ctx: &Ctx, identity: &Arc<Identity>, token: String, address: Option<IpAddr>) -> Result<()> {
    identity.codes.begin(&counted_as(&token), address, ctx.now())?.failed();
    let (ctx, identity) = (ctx.clone(), Arc::clone(identity));
    tokio::spawn(async move {
        if let Err(error) = send(&ctx, &identity, &token).await {
            tracing::error!(request_id = ctx.request_id(), ?error, "a code could not be sent");
        }
    });
    Ok(())
}

async fn send(ctx: &Ctx, identity: &Identity, token: &str) -> Result<()> {
    let Some(household) = holder(ctx, ctx.db().read(), token, None).await? else { return Ok(()) };
    let Some(phone) = household.phone else { return Ok(()) };
    let phone = ctx.vault().open(&phone)?;
    code::send(ctx, identity, CodePurpose::CardSignIn, household.id, phone).await
}

async fn sign_in(
    ctx: &Ctx,
    identity: &Identity,
    input: CardSignInInput,
    address: Option<IpAddr>,
) -> Result<Issued> {
    let CardSignInInput { token, code, device } = input;
    let attempt = identity.failures.begin(&counted_as(&token), address, ctx.now())?;
    let issued = ctx.operate(async |work| {
        // Held: the first sign-in makes the account, and a token that is just being revoked is waited for.
        let held = holder(ctx, &work.tx, &token, Some(LockType::NoKeyUpdate)).await?;
        let held = if held.is_some() { holder(ctx, &work.tx, &token, None).await? } else { None };
        let Some(household) = held else { return Ok(None) };
        let purpose = CodePurpose::CardSignIn;
        // The try that a wrong one costs stays: it is no error.
        if !code::redeem(&work.tx, ctx.vault(), purpose, household.id, &code, work.now()).await? {
            return Ok(None);
        }
        resident::enter(work, identity, &household, device.clone()).await
    });
    match issued.await? {
        Some(issued) => {
            attempt.succeeded();
            Ok(issued)
        }
        None => {
            attempt.failed();
            Err(code_invalid("code"))
        }
    }
}
