//! Erasing what was said in demands of households that are gone.

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
use entity::{demand, feedback, id::DemandId, kind::RecordKind, scalar::Date};
use indicatif::ProgressBar;
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, LockType},
};

/// Demands of households that have been gone since a day, of which something personal is held.
fn gone(by: Date) -> Condition {
    use demand::Column::{Answer, Content, HouseholdId, Id, Objection, RaiserName, RaiserPhone, Spot};
    let held = [Content, Spot, Answer, Objection, RaiserName, RaiserPhone];
    let held = held.into_iter().fold(Condition::any(), |any, column| any.add(column.is_not_null()));
    let held = held.add(Id.in_subquery(attachments::records(RecordKind::Demand)));
    Condition::all().add(HouseholdId.in_subquery(gone_by(by))).add(held)
}

/// Demands of which something would be erased.
pub async fn count(db: &Db, by: Date) -> Result<u64> {
    Ok(unscoped::<demand::Entity>().filter(gone(by)).count(db.read()).await?)
}

/// Erases what was said, and the files with it; tells of how many demands. Kind, field, days and states stay.
pub async fn personal(db: &Db, gone_by: Date, by: By<'_>, progress: &ProgressBar) -> Result<u64> {
    let mut after = None::<DemandId>;
    let mut all = LittleByLittle::new(db, progress);
    while let Some(tx) = all.next().await? {
        let mut some = unscoped::<demand::Entity>().filter(gone(gone_by));
        if let Some(after) = after {
            some = some.filter(demand::Column::Id.gt(after));
        }
        let some =
            some.order_by_asc(demand::Column::Id).limit(LittleByLittle::FEW).lock(LockType::NoKeyUpdate);
        let rows = some.all(&tx).await?;
        let count = rows.len() as u64;
        after = rows.last().map(|row| row.id);
        attachments::erase(&tx, RecordKind::Demand, rows.iter().map(|row| row.id.0), by).await?;
        let judged = any_of(feedback::Column::DemandId, rows.iter().map(|row| row.id), db.backend());
        let changes = rows.into_iter().map(|before| {
            let mut after = before.clone();
            (after.content, after.spot, after.answer, after.objection) = (None, None, None, None);
            (after.raiser_name, after.raiser_phone, after.raiser_phone_masked) = (None, None, None);
            after.adoption_reason = None;
            Change { before, after, also: &["feedbacks"] }
        });
        bulk::change::<demand::Entity>(&tx, changes.collect(), by).await?;
        feedback::Entity::update_many()
            .col_expr(feedback::Column::Comment, Expr::value(Option::<String>::None))
            .filter(judged)
            .exec(&tx)
            .await?;
        all.settle(tx, count).await?;
    }
    Ok(all.done)
}
