//! `ContactCard` as it is spoken.

use super::{
    fill, issue,
    text::WrittenOn,
    token::{self, CardTokenRevokeInput},
    update,
};
use crate::{
    household::object::Household,
    kernel::{
        access::{Owner, Subject, Way},
        directive::{DataClass, auth, class, cost, may},
        error::Result,
        filter::{ChoiceFilter, operand},
        node::{Filter, Node, Ordering},
        page::Run,
        payload::{ctx, payload},
        personal::Personal,
        policy::May,
        request::Ctx,
        scope::Scope,
        vault::digest,
    },
};
use async_graphql::{Context, Enum, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use entity::{
    contact_card,
    id::{AccountId, AssignmentId, CardId, HouseholdId},
    kind::CardKind,
    scalar::Date,
};
use sea_orm::{ColumnTrait, Condition, DerivePartialModel};
use std::fmt;
use uuid::Uuid;

/// Contact card (联系卡、登记卡) of a household: left with it, or kept by its contact. Filled and issued are two things: a card
/// may be handed out blank. Seen by whoever sees what is personal of the household. Its code is had over HTTP, at
/// `/cards/{id}/qr.svg` and `/cards/{id}/qr.png`, by whoever may issue it and by the household itself.
#[derive(Clone, Debug, SimpleObject, DerivePartialModel)]
#[sea_orm(entity = "contact_card::Entity")]
#[graphql(complex)]
pub struct ContactCard {
    /// Its id, which never changes (标识).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub id: CardId,
    /// Which of the two it is (类型).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub kind: CardKind,
    /// Day on which it was filled (填写日期). Null while it is blank.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub filled_on: Option<Date>,
    /// Day on which it was issued (发放日期). Null while it was not.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub issued_on: Option<Date>,
    /// Day on which another took its place (更换日期). Null while it is the card of its kind.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub replaced_on: Option<Date>,
    /// Raised by each change; what a mutation expects.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub version: i32,
    #[graphql(skip)]
    pub(crate) household_id: HouseholdId,
    #[graphql(skip)]
    pub(crate) filled_by: Option<AccountId>,
    #[graphql(skip)]
    pub(crate) issued_by: Option<AccountId>,
    #[graphql(skip)]
    pub(crate) assignment_id: Option<AssignmentId>,
    #[graphql(skip)]
    #[sea_orm(skip)]
    pub(crate) way: Way,
}

impl ContactCard {
    /// One of its texts. Whoever sees the card may read it; that they did is written down.
    pub(crate) async fn text(
        &self,
        ctx: &Ctx,
        which: fn(super::text::Written) -> Option<String>,
    ) -> Option<Result<Personal<String>>> {
        let written = match ctx.load(WrittenOn(self.id)).await {
            Ok(written) => written?,
            Err(error) => return Some(Err(error)),
        };
        let mut text = Personal::from(which(written)?);
        let subject = Subject::Household(self.household_id);
        text.decide(true, Owner { subject, of: "ContactCard", way: self.way });
        Some(Ok(text))
    }
}

/// Conditions on cards, all of them to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct ContactCardWhere {
    /// By which of the two it is.
    #[graphql(default)]
    pub kind: Option<ChoiceFilter<CardKind>>,
    /// True: cards in whose place no other stands. False: those that were replaced.
    pub current: MaybeUndefined<bool>,
}

impl Filter for ContactCardWhere {
    async fn condition(&self, _: &Ctx) -> Result<Condition> {
        use contact_card::Column::{Kind, ReplacedOn};
        let mut all = Condition::all();
        if let Some(kind) = &self.kind {
            all = all.add(kind.on(Kind)?);
        }
        if let Some(current) = operand(&self.current)? {
            all = all.add(if current { ReplacedOn.is_null() } else { ReplacedOn.is_not_null() });
        }
        Ok(all)
    }
}

/// What cards are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum ContactCardOrderField {
    /// When they were made: the order of the ids.
    CreatedAt,
}

impl Ordering for ContactCardOrderField {
    fn column(self) -> Option<&'static str> {
        None
    }

    fn usual() -> Run {
        Run { column: None, descending: true }
    }
}

impl Node for ContactCard {
    type Entity = contact_card::Entity;
    type Where = ContactCardWhere;
    type Order = ContactCardOrderField;
    const NAME: &'static str = CardId::PREFIX;

    fn uuid(&self) -> Uuid {
        self.id.0
    }

    fn seen(&mut self, _: &Scope, way: Way) {
        self.way = way;
    }
}

/// A card to fill.
#[derive(Clone, InputObject)]
pub struct CardFillInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Id minted by the client; made by the server otherwise. Of no use where a blank card of the household is filled.
    #[graphql(default)]
    pub id: Option<CardId>,
    /// Of which household.
    pub household_id: HouseholdId,
    /// Which of the two cards.
    pub kind: CardKind,
    /// Of a card that is left with the household: what is promised, at most 500 characters.
    #[graphql(default)]
    pub promise: Option<String>,
    /// Of a card that is kept: how the household lives, at most 2000 characters.
    #[graphql(default)]
    pub basics: Option<String>,
    /// Of a card that is kept: what the household brought up, at most 2000 characters.
    #[graphql(default)]
    pub matters: Option<String>,
    /// Of a card that is kept: what came of it, at most 2000 characters.
    #[graphql(default)]
    pub results: Option<String>,
    /// Of a card that is kept: what the household says of that, at most 1000 characters.
    #[graphql(default)]
    pub household_word: Option<String>,
}

/// What is written is personal: told by its digest alone.
impl fmt::Debug for CardFillInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            idempotency_key: _,
            id,
            household_id,
            kind,
            promise,
            basics,
            matters,
            results,
            household_word,
        } = self;
        let told = digest(&format!("{promise:?} {basics:?} {matters:?} {results:?} {household_word:?}"));
        write!(f, "CardFillInput {id:?} {household_id:?} {kind:?} {told:?}")
    }
}

/// A card to issue.
#[derive(Clone, Debug, InputObject)]
pub struct CardIssueInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Id minted by the client, for a blank card; made by the server otherwise. Of no use where there is a card already.
    #[graphql(default)]
    pub id: Option<CardId>,
    /// To which household.
    pub household_id: HouseholdId,
    /// Which of the two cards.
    pub kind: CardKind,
}

/// A change to what is written on a card. What is absent stays; null clears.
#[derive(Clone, InputObject)]
pub struct CardUpdateInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Which card.
    pub id: CardId,
    /// The version that the change is based on.
    pub expected_version: i32,
    /// What is promised, at most 500 characters; null clears it.
    pub promise: MaybeUndefined<String>,
    /// How the household lives, at most 2000 characters; null clears it.
    pub basics: MaybeUndefined<String>,
    /// What the household brought up, at most 2000 characters; null clears it.
    pub matters: MaybeUndefined<String>,
    /// What came of it, at most 2000 characters; null clears it.
    pub results: MaybeUndefined<String>,
    /// What the household says of that, at most 1000 characters; null clears it.
    pub household_word: MaybeUndefined<String>,
}

impl fmt::Debug for CardUpdateInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            idempotency_key: _,
            id,
            expected_version,
            promise,
            basics,
            matters,
            results,
            household_word,
        } = self;
        let told = digest(&format!("{promise:?} {basics:?} {matters:?} {results:?} {household_word:?}"));
        write!(f, "CardUpdateInput {id:?} {expected_version} {told:?}")
    }
}

payload! {
    /// A card that was filled, issued or changed, or why not.
    ContactCardPayload, card: ContactCard
}

payload! {
    /// The household whose code was replaced, or why not.
    CardTokenPayload, household: Household
}

/// Changes to cards.
#[derive(Debug, Default)]
pub struct CardMutation;

#[Object]
impl CardMutation {
    /// Fills a card of a household: a new one, or the blank one that was issued. One that is void makes room for it. Requires
    /// `REGION_ADMIN` of the place, its `GRID_WORKER`, or `CONTACT`: a live assignment to the household. Errors: `INVALID`
    /// (each broken rule with its path), `DUPLICATE` (one that is filled stands), `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::KeepCard)))]
    async fn card_fill(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Whose card, and what is written on it.")] input: CardFillInput,
    ) -> Option<Result<ContactCardPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("cardFill", &input.idempotency_key, &input, fill).await;
        ContactCardPayload::of(ctx, written).await
    }

    /// Notes that a card was issued: the one that stands, or a blank one. The card that is left with the household names its
    /// contact of this day. Requires `REGION_ADMIN` of the place, its `GRID_WORKER`, or `CONTACT`: a live assignment to the
    /// household. Errors: `INVALID` (`no-contact`: there is nobody whom it could name), `STATE` (it was issued, and stands),
    /// `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::KeepCard)))]
    async fn card_issue(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Whose card, and which.")] input: CardIssueInput,
    ) -> Option<Result<ContactCardPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("cardIssue", &input.idempotency_key, &input, issue).await;
        ContactCardPayload::of(ctx, written).await
    }

    /// Changes what is written on a card: absent stays, null clears. Requires `REGION_ADMIN` of the place, its `GRID_WORKER`, or
    /// `CONTACT`: a live assignment to the household. Errors: `INVALID`, `CONFLICT`, `STATE` (the card is void), `FORBIDDEN`,
    /// `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::KeepCard)))]
    async fn card_update(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to change, and the version that it is based on.")] input: CardUpdateInput,
    ) -> Option<Result<ContactCardPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("cardUpdate", &input.idempotency_key, &input, update).await;
        ContactCardPayload::of(ctx, written).await
    }

    /// Revokes the code of a household: whatever was printed with it shows nothing and signs nobody in any more, and another is
    /// good from now on. Who has signed in by it stays so. Requires `RESIDENT` of the household, `REGION_ADMIN` of the place,
    /// or `CONTACT`: a live assignment to the household. Errors: `STATE` (there is no code yet), `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::RevokeCardToken)))]
    async fn card_token_revoke(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Whose code.")] input: CardTokenRevokeInput,
    ) -> Option<Result<CardTokenPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("cardTokenRevoke", &input.idempotency_key, &input, token::revoke).await;
        CardTokenPayload::of(ctx, written).await
    }
}
