//! Erasing what is past its time of enterprises that are closed: whoever speaks for them. The firm itself stays, for counts.

use crate::kernel::{
    bulk::{self, Change, LittleByLittle},
    db::Db,
    door::unscoped,
    error::Result,
    record::By,
};
use entity::{enterprise, id::EnterpriseId, scalar::Date};
use indicatif::ProgressBar;
use sea_orm::{
    ColumnTrait, Condition, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::LockType,
};

/// Records in one transaction.
const FEW: u64 = LittleByLittle::FEW;

/// Enterprises that were closed by a day, and of which something personal is held.
fn closed(by: Date) -> Condition {
    use enterprise::Column::{ClosedOn, ContactPerson, LegalRepresentative, Phone, PhoneHash, PhoneMasked};
    let held = [LegalRepresentative, ContactPerson, Phone, PhoneMasked, PhoneHash];
    let held = held.into_iter().fold(Condition::any(), |any, column| any.add(column.is_not_null()));
    Condition::all().add(ClosedOn.lte(by)).add(held)
}

/// Enterprises of which something would be erased.
pub async fn count(db: &Db, by: Date) -> Result<u64> {
    Ok(unscoped::<enterprise::Entity>().filter(closed(by)).count(db.read()).await?)
}

/// Erases who spoke for enterprises that are closed since long; tells of how many.
pub async fn personal(db: &Db, closed_by: Date, by: By<'_>, progress: &ProgressBar) -> Result<u64> {
    let mut after = None::<EnterpriseId>;
    let mut all = LittleByLittle::new(db, progress);
    while let Some(tx) = all.next().await? {
        let mut some = unscoped::<enterprise::Entity>().filter(closed(closed_by));
        if let Some(after) = after {
            some = some.filter(enterprise::Column::Id.gt(after));
        }
        let some = some.order_by_asc(enterprise::Column::Id).limit(FEW).lock(LockType::NoKeyUpdate);
        let rows = some.all(&tx).await?;
        let count = rows.len() as u64;
        after = rows.last().map(|row| row.id);
        let changes = rows.into_iter().map(|before| {
            let mut after = before.clone();
            (after.legal_representative, after.contact_person) = (None, None);
            (after.phone, after.phone_masked, after.phone_hash) = (None, None, None);
            Change { before, after, also: &[] }
        });
        bulk::change::<enterprise::Entity>(&tx, changes.collect(), by).await?;
        all.settle(tx, count).await?;
    }
    Ok(all.done)
}
