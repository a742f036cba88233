//! Contact cards (联系卡): of each household one that is left with it (`CONTACT`: who to call, what was promised) and one that the
//! cadre keeps (`REGISTER`: how it lives, what it brought up, what came of it, what it says of that).
//!
//! Filling and issuing are two things, counted apart: a card may be handed out blank. Of each kind one stands. The card
//! that is left names the contact of the day on which it was issued, and is void once that assignment is over; the next
//! one that is filled or issued takes its place. The code on it (`token`) outlives that: it is the household's, good
//! until it is revoked. Seen by whoever sees what is personal of the household.

pub mod code;
pub mod contacts;
pub mod count;
pub mod erase;
pub mod face;
pub mod object;
pub mod sheet;
pub mod sign_in;
pub mod text;
pub mod token;

use self::{
    object::{CardFillInput, CardIssueInput, CardUpdateInput},
    text::Texts,
};
use crate::{
    household,
    kernel::{
        door::{any_of, unscoped},
        error::{Error, Refusal, RefusalCode, Result},
        policy::May,
        record::Record,
        refusal::{Checks, Detail},
        request::Ctx,
        rows::Key,
        work::Work,
    },
};
use entity::{
    assignment, cadre, contact_card,
    household::Model as Household,
    id::{CardId, HouseholdId},
    kind::{CardKind, ChangeKind},
    scalar::Date,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, JoinType, QueryFilter, QuerySelect, RelationDef, Select, Set,
    sea_query::LockType,
};
use std::collections::HashMap;
use uuid::Uuid;

impl Record for contact_card::Entity {
    const NAME: &'static str = CardId::PREFIX;
    const INTERNAL: &'static [&'static str] =
        &["household_id", "kind", "filled_on", "issued_on", "assignment_id", "replaced_on"];
}

/// The household, held until the command is done, if the viewer may keep its cards: what happens to its cards and its
/// code happens one after the other.
async fn kept(work: &Work, id: HouseholdId, field: &str) -> Result<Household> {
    let household = household::hold(work, id, field, LockType::NoKeyUpdate).await?;
    work.ctx.must(May::KeepCard, &household::facts(&household))?;
    Ok(household)
}

/// Fills a card: a new one, or the blank one that stands.
async fn fill(work: &Work, input: CardFillInput) -> Result<Uuid> {
    let CardFillInput {
        idempotency_key: _,
        id,
        household_id,
        kind,
        promise,
        basics,
        matters,
        results,
        household_word,
    } = input;
    let household = kept(work, household_id, "householdId").await?;
    let mut checks = Checks::default();
    let told = [promise, basics, matters, results, household_word];
    let texts = Texts::check(&mut checks, kind, &told);
    checks.done()?;
    let (today, by) = (work.ctx.today(), work.ctx.signed_in()?.account);
    let card = match standing(work, &household, kind).await? {
        Some(card) if card.filled_on.is_some() => return Err(filled(card.id)),
        Some(blank) => {
            let row = contact_card::ActiveModel {
                id: Set(blank.id),
                filled_on: Set(Some(today)),
                filled_by: Set(Some(by)),
                ..texts.patch()
            };
            work.update(row, blank.version, ChangeKind::Updated).await?;
            blank.id
        }
        None => {
            let row = contact_card::ActiveModel {
                filled_on: Set(Some(today)),
                filled_by: Set(Some(by)),
                ..texts.row(new_id(id), household_id, kind)
            };
            CardId(work.insert(row).await?)
        }
    };
    token::ensure(work, household_id).await?;
    Ok(card.0)
}

/// Issues the card that stands, or a blank one.
async fn issue(work: &Work, input: CardIssueInput) -> Result<Uuid> {
    let CardIssueInput { idempotency_key: _, id, household_id, kind } = input;
    let household = kept(work, household_id, "householdId").await?;
    let standing = standing(work, &household, kind).await?;
    if standing.as_ref().is_some_and(|card| card.issued_on.is_some()) {
        return Err(Refusal::new(
            RefusalCode::State,
            "householdId",
            "该卡已发放，且仍有效。",
            "The card was issued already, and it stands.",
        )
        .into());
    }
    let today = work.ctx.today();
    let contact = match kind {
        CardKind::Contact => Some(contacts::first(&work.tx, &household, today).await?.ok_or_else(|| {
            Refusal::rule(
                "no-contact",
                "householdId",
                "本户尚无联系人，请先指派联系人再发放联系卡。",
                "The household has no contact whom the card could name; assign one first.",
            )
        })?),
        CardKind::Register => None,
    };
    let issued = contact_card::ActiveModel {
        issued_on: Set(Some(today)),
        issued_by: Set(Some(work.ctx.signed_in()?.account)),
        assignment_id: Set(contact),
        ..Default::default()
    };
    let card = match standing {
        Some(card) => {
            let row = contact_card::ActiveModel { id: Set(card.id), ..issued };
            work.update(row, card.version, ChangeKind::Updated).await?;
            card.id
        }
        None => {
            let blank = Texts::default().row(new_id(id), household_id, kind);
            let row = contact_card::ActiveModel {
                issued_on: issued.issued_on,
                issued_by: issued.issued_by,
                assignment_id: issued.assignment_id,
                ..blank
            };
            CardId(work.insert(row).await?)
        }
    };
    token::ensure(work, household_id).await?;
    Ok(card.0)
}

/// Changes what was filled in: what is absent stays, null clears.
async fn update(work: &Work, input: CardUpdateInput) -> Result<Uuid> {
    let CardUpdateInput {
        idempotency_key: _,
        id,
        expected_version,
        promise,
        basics,
        matters,
        results,
        household_word,
    } = input;
    let seen = work.ctx.within::<contact_card::Entity>().filter(contact_card::Column::Id.eq(id));
    let seen = seen.one(&work.tx).await?.ok_or_else(|| Refusal::not_found("id"))?;
    kept(work, seen.household_id, "id").await?;
    let mut checks = Checks::default();
    let told = [promise, basics, matters, results, household_word];
    let row = text::patch(&mut checks, seen.kind, told);
    checks.done()?;
    work.stands::<contact_card::Entity>(id.0, expected_version).await?;
    if over(&work.tx, id, work.ctx.today()).await?.is_some() {
        return Err(Refusal::new(
            RefusalCode::State,
            "id",
            "该卡已作废，不能修改；请重新填写。",
            "The card is void, or another stands in its place; fill a new one.",
        )
        .into());
    }
    let mut row = contact_card::ActiveModel { id: Set(id), ..row };
    if seen.filled_on.is_none() {
        row.filled_on = Set(Some(work.ctx.today()));
        row.filled_by = Set(Some(work.ctx.signed_in()?.account));
    }
    work.update(row, expected_version, ChangeKind::Updated).await?;
    Ok(id.0)
}

fn new_id(minted: Option<CardId>) -> CardId {
    minted.unwrap_or_else(|| CardId(Uuid::now_v7()))
}

fn filled(id: CardId) -> Error {
    Refusal::new(
        RefusalCode::Duplicate,
        "householdId",
        "本户已有填写好的该类卡；请用 cardUpdate 修改。",
        "The household has a card of this kind that is filled; change that by `cardUpdate`.",
    )
    .with(Detail::Existing(Some(id.to_string())))
    .into()
}

/// The card of a kind that stands. One that is void makes room, by this very command.
async fn standing(work: &Work, household: &Household, kind: CardKind) -> Result<Option<contact_card::Model>> {
    let card = unscoped::<contact_card::Entity>()
        .filter(contact_card::Column::HouseholdId.eq(household.id))
        .filter(contact_card::Column::Kind.eq(kind))
        .filter(contact_card::Column::ReplacedOn.is_null())
        .one(&work.tx)
        .await?;
    let Some(card) = card else { return Ok(None) };
    let today = work.ctx.today();
    if over(&work.tx, card.id, today).await?.is_none() {
        return Ok(Some(card));
    }
    let row =
        contact_card::ActiveModel { id: Set(card.id), replaced_on: Set(Some(today)), ..Default::default() };
    work.update(row, card.version, ChangeKind::Ended).await?;
    Ok(None)
}

/// Cards with the assignment that they name, and who held it.
fn naming(cards: Select<contact_card::Entity>, join: JoinType) -> Select<contact_card::Entity> {
    let named: RelationDef = contact_card::Entity::belongs_to(assignment::Entity)
        .from(contact_card::Column::AssignmentId)
        .to(assignment::Column::Id)
        .into();
    let holder: RelationDef = assignment::Entity::belongs_to(cadre::Entity)
        .from(assignment::Column::CadreId)
        .to(cadre::Column::Id)
        .into();
    cards.join(join, named).join(JoinType::LeftJoin, holder)
}

/// When a card stops: another stands in its place, or the contact whom it names is none any more.
#[derive(sea_orm::FromQueryResult)]
struct Ends {
    id: CardId,
    replaced_on: Option<Date>,
    ended_on: Option<Date>,
    left_on: Option<Date>,
}

impl Ends {
    fn of(cards: Select<contact_card::Entity>) -> Select<contact_card::Entity> {
        naming(cards, JoinType::LeftJoin)
            .select_only()
            .column(contact_card::Column::Id)
            .column(contact_card::Column::ReplacedOn)
            .column_as(assignment::Column::EndsOn, "ended_on")
            .column_as(cadre::Column::EndsOn, "left_on")
    }

    fn by(&self, today: Date) -> Option<Date> {
        let days = [self.replaced_on, self.ended_on, self.left_on].into_iter().flatten();
        days.min().filter(|&day| day <= today)
    }
}

/// The day from which on a card is void, if that has come.
async fn over(db: &impl ConnectionTrait, id: CardId, today: Date) -> Result<Option<Date>> {
    let ends = Ends::of(unscoped::<contact_card::Entity>().filter(contact_card::Column::Id.eq(id)));
    Ok(ends.into_model::<Ends>().one(db).await?.and_then(|ends| ends.by(today)))
}

/// The question for the day from which on a card is void.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct VoidSince(pub CardId);

impl Key for VoidSince {
    type Value = Date;

    async fn load(ctx: Ctx, keys: Vec<Self>) -> Result<HashMap<Self, Date>> {
        let those = any_of(contact_card::Column::Id, keys.iter().map(|key| key.0), ctx.backend());
        let cards = ctx.within::<contact_card::Entity>().filter(those);
        let ends = Ends::of(cards).into_model::<Ends>().all(ctx.db().read()).await?;
        Ok(ends.iter().filter_map(|ends| Some((Self(ends.id), ends.by(ctx.today())?))).collect())
    }
}

/// The question for the day on which a household's card was issued, while the card stands.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CardIssuedOf(pub HouseholdId);

impl Key for CardIssuedOf {
    type Value = Date;

    async fn load(ctx: Ctx, keys: Vec<Self>) -> Result<HashMap<Self, Date>> {
        use contact_card::Column;
        let those = any_of(Column::HouseholdId, keys.iter().map(|key| key.0), ctx.backend());
        let cards = ctx.within::<contact_card::Entity>().filter(those).filter(stands(ctx.today()));
        let cards = naming(cards, JoinType::InnerJoin)
            .select_only()
            .columns([Column::HouseholdId, Column::IssuedOn])
            .into_tuple::<(HouseholdId, Option<Date>)>();
        let rows = cards.all(ctx.db().read()).await?;
        Ok(rows.into_iter().filter_map(|(id, on)| Some((Self(id), on?))).collect())
    }
}

/// Cards that were left with their households, and name somebody who is still contact.
fn stands(today: Date) -> sea_orm::Condition {
    household::list::card_stands(today)
}
