//! Erasing what was written in tasks that concern households that are gone. The ledger stays: what was done, when, by whom.

use crate::{
    attachment::upkeep as attachments,
    household::erase::{ERASED, gone_by},
    kernel::{
        bulk::{self, Change, LittleByLittle},
        db::Db,
        door::{any_of, unscoped},
        error::Result,
        record::By,
    },
};
use entity::{
    id::{TaskEventId, TaskId},
    kind::RecordKind,
    scalar::Date,
    task, task_event, task_milestone, task_part, task_request,
};
use indicatif::ProgressBar;
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, LockType},
};

/// Tasks that are over, of households that have been gone since a day, and hold something personal.
fn gone(by: Date) -> Condition {
    use task::Column::{HouseholdId, Open, Title};
    Condition::all().add(HouseholdId.in_subquery(gone_by(by))).add(Open.eq(false)).add(Title.ne(ERASED))
}

/// Tasks of which something would be erased.
pub async fn count(db: &Db, by: Date) -> Result<u64> {
    Ok(unscoped::<task::Entity>().filter(gone(by)).count(db.read()).await?)
}

/// Erases what was written, and the files with it; tells of how many tasks. Numbers, states, days and who acted stay.
pub async fn personal(db: &Db, gone_by: Date, by: By<'_>, progress: &ProgressBar) -> Result<u64> {
    let mut after = None::<TaskId>;
    let mut all = LittleByLittle::new(db, progress);
    while let Some(tx) = all.next().await? {
        let mut some = unscoped::<task::Entity>().filter(gone(gone_by));
        if let Some(after) = after {
            some = some.filter(task::Column::Id.gt(after));
        }
        let some = some.order_by_asc(task::Column::Id).limit(LittleByLittle::FEW).lock(LockType::NoKeyUpdate);
        let rows = some.all(&tx).await?;
        let ids: Vec<TaskId> = rows.iter().map(|row| row.id).collect();
        after = ids.last().copied();
        let changes = rows.into_iter().map(|before| {
            let mut after = before.clone();
            ERASED.clone_into(&mut after.title);
            (after.content, after.result) = (None, None);
            after.measures = serde_json::json!([]);
            Change { before, after, also: &["events", "parts"] }
        });
        bulk::change::<task::Entity>(&tx, changes.collect(), by).await?;
        let of = |column| any_of(column, ids.iter().copied(), db.backend());
        let (none, erased) = (Expr::value(Option::<String>::None), Expr::value(ERASED));
        let events: Vec<TaskEventId> = unscoped::<task_event::Entity>()
            .select_only()
            .column(task_event::Column::Id)
            .filter(of(task_event::Column::TaskId))
            .into_tuple()
            .all(&tx)
            .await?;
        attachments::erase(&tx, RecordKind::TaskEvent, events.iter().map(|id| id.0), by).await?;
        task_event::Entity::update_many()
            .col_expr(task_event::Column::Note, none.clone())
            .filter(of(task_event::Column::TaskId))
            .exec(&tx)
            .await?;
        let of = any_of(task_part::Column::TaskId, ids.iter().copied(), db.backend());
        let answer = task_part::Column::Answer;
        task_part::Entity::update_many().col_expr(answer, none.clone()).filter(of).exec(&tx).await?;
        let of = any_of(task_request::Column::TaskId, ids.iter().copied(), db.backend());
        task_request::Entity::update_many()
            .col_expr(task_request::Column::Answer, none)
            .col_expr(task_request::Column::Reason, erased.clone())
            .filter(of)
            .exec(&tx)
            .await?;
        let of = any_of(task_milestone::Column::TaskId, ids.iter().copied(), db.backend());
        let title = task_milestone::Column::Title;
        task_milestone::Entity::update_many().col_expr(title, erased).filter(of).exec(&tx).await?;
        all.settle(tx, ids.len() as u64).await?;
    }
    Ok(all.done)
}
