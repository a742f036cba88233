//! Erasing what is past its time of cards: what is written on those of households that are gone, and what their codes hold.

use crate::{
    household::erase::gone_by,
    kernel::{
        bulk::{self, Change, LittleByLittle},
        db::Db,
        door::{any_of, unscoped},
        error::Result,
        record::By,
    },
};
use entity::{
    card_token, contact_card,
    id::{CardId, HouseholdId},
    scalar::Date,
};
use indicatif::ProgressBar;
use sea_orm::{
    ColumnTrait, Condition, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::LockType,
};

/// Records in one transaction.
const FEW: u64 = LittleByLittle::FEW;

/// Cards of households that were gone by a day, which hold something personal or may still be scanned.
fn gone(by: Date) -> Condition {
    use contact_card::Column::{Basics, HouseholdId, Matters, Promise, Results, Word};
    let scanned = unscoped::<card_token::Entity>()
        .select_only()
        .column(card_token::Column::HouseholdId)
        .filter(card_token::Column::RevokedAt.is_null());
    let texts = [Promise, Basics, Matters, Results, Word];
    let texts = texts.into_iter().fold(Condition::any(), |any, text| any.add(text.is_not_null()));
    Condition::all()
        .add(HouseholdId.in_subquery(gone_by(by)))
        .add(texts.add(HouseholdId.in_subquery(scanned.into_query())))
}

/// Cards of which something would be erased.
pub async fn count(db: &Db, by: Date) -> Result<u64> {
    Ok(unscoped::<contact_card::Entity>().filter(gone(by)).count(db.read()).await?)
}

/// Erases what is written on cards of households that are gone since long, and revokes their codes; tells of how many cards.
pub async fn personal(db: &Db, gone_by: Date, by: By<'_>, progress: &ProgressBar) -> Result<u64> {
    let mut after = None::<CardId>;
    let mut all = LittleByLittle::new(db, progress);
    while let Some(tx) = all.next().await? {
        let mut some = unscoped::<contact_card::Entity>().filter(gone(gone_by));
        if let Some(after) = after {
            some = some.filter(contact_card::Column::Id.gt(after));
        }
        let some = some.order_by_asc(contact_card::Column::Id).limit(FEW).lock(LockType::NoKeyUpdate);
        let cards = some.all(&tx).await?;
        let count = cards.len() as u64;
        after = cards.last().map(|card| card.id);
        let mut households: Vec<HouseholdId> = cards.iter().map(|card| card.household_id).collect();
        households.sort_unstable();
        households.dedup();
        let changes = cards.into_iter().map(|before| {
            let mut after = before.clone();
            (after.promise, after.basics, after.matters) = (None, None, None);
            (after.results, after.word) = (None, None);
            Change { before, after, also: &[] }
        });
        bulk::change::<contact_card::Entity>(&tx, changes.collect(), by).await?;
        let those = any_of(card_token::Column::HouseholdId, households, db.backend());
        let tokens = unscoped::<card_token::Entity>()
            .filter(those)
            .filter(card_token::Column::RevokedAt.is_null())
            .lock(LockType::NoKeyUpdate);
        let changes = tokens.all(&tx).await?.into_iter().map(|before| {
            let after = card_token::Model { token: None, revoked_at: Some(by.now), ..before.clone() };
            Change { before, after, also: &[] }
        });
        bulk::end::<card_token::Entity>(&tx, changes.collect(), by).await?;
        all.settle(tx, count).await?;
    }
    Ok(all.done)
}
