//! What is written on cards: long and personal, so that it is read only when asked.

use crate::kernel::{
    door::any_of,
    error::{Refusal, Result},
    patch::{patched, set},
    refusal::Checks,
    request::Ctx,
    rows::Key,
};
use async_graphql::MaybeUndefined;
use entity::{
    contact_card,
    id::{CardId, HouseholdId},
    kind::CardKind,
};
use sea_orm::{DerivePartialModel, PartialModelTrait, QueryFilter, QuerySelect, Set};
use std::collections::HashMap;

/// The fields, which kind of card has them, and the most characters.
const FIELDS: [(&str, CardKind, usize); 5] = [
    ("promise", CardKind::Contact, 500),
    ("basics", CardKind::Register, 2000),
    ("matters", CardKind::Register, 2000),
    ("results", CardKind::Register, 2000),
    ("householdWord", CardKind::Register, 1000),
];

/// What is written on a card.
#[derive(Clone, Debug, DerivePartialModel)]
#[sea_orm(entity = "contact_card::Entity")]
pub struct Written {
    id: CardId,
    pub(crate) promise: Option<String>,
    pub(crate) basics: Option<String>,
    pub(crate) matters: Option<String>,
    pub(crate) results: Option<String>,
    pub(crate) word: Option<String>,
}

/// What is to be written, checked: in the order of the fields.
#[derive(Default)]
pub(super) struct Texts([Option<String>; 5]);

fn check(checks: &mut Checks, of: CardKind, nth: usize, text: Option<&str>) -> Option<String> {
    let (field, kind, most) = FIELDS[nth];
    let text = checks.optional_text(field, text, most);
    checks.require(text.is_none() || kind == of, || {
        Refusal::rule(
            "card-kind",
            field,
            "联系卡只填承诺事项；基本情况、反映事项、办理结果和群众意见填在登记卡上。",
            "A card that is left with the household has a promise alone; the rest stands on the one that the cadre keeps.",
        )
    });
    text
}

impl Texts {
    pub(super) fn check(checks: &mut Checks, kind: CardKind, told: &[Option<String>; 5]) -> Self {
        Self(std::array::from_fn(|nth| check(checks, kind, nth, told[nth].as_deref())))
    }

    /// A new card with them.
    pub(super) fn row(self, id: CardId, household: HouseholdId, kind: CardKind) -> contact_card::ActiveModel {
        let [promise, basics, matters, results, word] = self.0;
        contact_card::ActiveModel {
            id: Set(id),
            household_id: Set(household),
            kind: Set(kind),
            filled_on: Set(None),
            filled_by: Set(None),
            issued_on: Set(None),
            issued_by: Set(None),
            assignment_id: Set(None),
            promise: Set(promise),
            basics: Set(basics),
            matters: Set(matters),
            results: Set(results),
            word: Set(word),
            replaced_on: Set(None),
            version: Set(1),
        }
    }

    /// What they set on a card that is there.
    pub(super) fn patch(self) -> contact_card::ActiveModel {
        let [promise, basics, matters, results, word] = self.0.map(|text| set(text.map(Some)));
        contact_card::ActiveModel { promise, basics, matters, results, word, ..Default::default() }
    }
}

/// A change of a card's texts: what is absent stays, null clears.
pub(super) fn patch(
    checks: &mut Checks,
    kind: CardKind,
    told: [MaybeUndefined<String>; 5],
) -> contact_card::ActiveModel {
    let mut nth = 0;
    let [promise, basics, matters, results, word] = told.map(|told| {
        let text = patched(told, |text| check(checks, kind, nth, text.as_deref()));
        nth += 1;
        set(text)
    });
    contact_card::ActiveModel { promise, basics, matters, results, word, ..Default::default() }
}

/// The question for what is written on a card.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct WrittenOn(pub CardId);

impl Key for WrittenOn {
    type Value = Written;

    async fn load(ctx: Ctx, keys: Vec<Self>) -> Result<HashMap<Self, Written>> {
        let those = any_of(contact_card::Column::Id, keys.iter().map(|key| key.0), ctx.backend());
        let cards = Written::select_cols(ctx.within::<contact_card::Entity>().select_only()).filter(those);
        let cards = cards.into_model::<Written>().all(ctx.db().read()).await?;
        Ok(cards.into_iter().map(|card| (Self(card.id), card)).collect())
    }
}
