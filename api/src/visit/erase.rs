//! Erasing what is past its time of visits: what was said to households that are gone, and concern notes.

use super::concern;
use crate::{
    attachment::upkeep as attachments,
    household::erase::gone_by,
    kernel::{
        bulk::{self, Change, LittleByLittle},
        db::Db,
        door::{any_of, unscoped},
        error::Result,
        record::By,
    },
};
use entity::{id::VisitId, kind::RecordKind, scalar::Date, visit, visit_concern};
use indicatif::ProgressBar;
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::LockType,
};

/// Records in one transaction.
const FEW: u64 = LittleByLittle::FEW;

/// Visits to households that have been gone since a day, of which something personal is held.
fn gone(by: Date) -> Condition {
    use visit::Column::{CondolenceItems, CondolenceValue, HouseholdId, Id, Latitude, Summary};
    let held = [Summary, Latitude, CondolenceItems, CondolenceValue];
    let held = held.into_iter().fold(Condition::any(), |any, column| any.add(column.is_not_null()));
    let held = held.add(Id.in_subquery(attachments::records(RecordKind::Visit)));
    Condition::all().add(HouseholdId.in_subquery(gone_by(by))).add(held)
}

/// Visits of which something would be erased.
pub async fn count(db: &Db, by: Date) -> Result<u64> {
    Ok(unscoped::<visit::Entity>().filter(gone(by)).count(db.read()).await?)
}

/// Erases what was said to households that are gone since long, and the files with it; tells of how many visits. Day, method and numbers stay.
pub async fn personal(db: &Db, gone_by: Date, by: By<'_>, progress: &ProgressBar) -> Result<u64> {
    let mut after = None::<VisitId>;
    let mut all = LittleByLittle::new(db, progress);
    while let Some(tx) = all.next().await? {
        let mut some = unscoped::<visit::Entity>().filter(gone(gone_by));
        if let Some(after) = after {
            some = some.filter(visit::Column::Id.gt(after));
        }
        let some = some.order_by_asc(visit::Column::Id).limit(FEW).lock(LockType::NoKeyUpdate);
        let rows = some.all(&tx).await?;
        let count = rows.len() as u64;
        after = rows.last().map(|row| row.id);
        let ids: Vec<_> = rows.iter().map(|row| row.id.0).collect();
        attachments::erase(&tx, RecordKind::Visit, ids, by).await?;
        let changes = rows.into_iter().map(|before| {
            let mut after = before.clone();
            (after.summary, after.condolence_items, after.condolence_value) = (None, None, None);
            (after.latitude, after.longitude) = (None, None);
            Change { before, after, also: &[] }
        });
        bulk::change::<visit::Entity>(&tx, changes.collect(), by).await?;
        all.settle(tx, count).await?;
    }
    Ok(all.done)
}

/// Concern notes that would go.
pub async fn count_concerns(db: &Db, today: Date) -> Result<u64> {
    Ok(unscoped::<visit_concern::Entity>().filter(concern::overdue(today)).count(db.read()).await?)
}

/// Lets concern notes go that are past their time; tells how many.
pub async fn concerns(db: &Db, today: Date, progress: &ProgressBar) -> Result<u64> {
    let mut all = LittleByLittle::new(db, progress);
    while let Some(tx) = all.next().await? {
        let some = unscoped::<visit_concern::Entity>().select_only().column(visit_concern::Column::Id);
        let ids: Vec<VisitId> = some.filter(concern::overdue(today)).limit(FEW).into_tuple().all(&tx).await?;
        let those = any_of(visit_concern::Column::Id, ids.iter().copied(), db.backend());
        visit_concern::Entity::delete_many().filter(those).exec(&tx).await?;
        all.settle(tx, ids.len() as u64).await?;
    }
    Ok(all.done)
}
