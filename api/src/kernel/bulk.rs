//! Rows into a table, many in one statement: for sheets, made-up places and whatever else comes by the thousand.

use super::{
    db::Db,
    error::{Code, Error, Fault, Result},
    many,
    record::{By, Record, append},
    search,
};
use entity::kind::ChangeKind;
use indicatif::ProgressBar;
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, IdenStatic, IntoActiveModel,
    Iterable, ModelTrait, Value,
    sea_query::{Alias, Expr, ExprTrait, OnConflict},
};
use uuid::Uuid;

/// Inserts rows, in as few statements as the database allows, with what searches find them by. The caller owns the table
/// and tells the change log.
pub async fn insert<E>(db: &impl ConnectionTrait, rows: Vec<E::Model>) -> Result<(), DbErr>
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel>,
    E::ActiveModel: Send,
{
    if search::worded::<E>().is_none() {
        return many::insert::<E>(db, rows).await;
    }
    let most = many::chunk::<E>(db);
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let some: Vec<_> = rows.by_ref().take(most).collect();
        many::insert::<E>(db, some.clone()).await?;
        search::learn::<E>(db, &some).await?;
    }
    Ok(())
}

/// Many records, a few at a time, each few in a transaction, so that nobody waits for long.
#[derive(Debug)]
pub struct LittleByLittle<'a> {
    db: &'a Db,
    progress: &'a ProgressBar,
    /// How many were done until now.
    pub done: u64,
    over: bool,
}

impl<'a> LittleByLittle<'a> {
    /// Records in one transaction; fewer of them are the last.
    pub const FEW: u64 = 200;

    /// None done yet.
    #[must_use]
    pub fn new(db: &'a Db, progress: &'a ProgressBar) -> Self {
        Self { db, progress, done: 0, over: false }
    }

    /// The transaction for the next few, if there are more.
    pub async fn next(&mut self) -> Result<Option<DatabaseTransaction>> {
        Ok(if self.over { None } else { Some(self.db.begin().await?) })
    }

    /// So many were done in this transaction.
    pub async fn settle(&mut self, tx: DatabaseTransaction, count: u64) -> Result<()> {
        tx.commit().await?;
        self.done += count;
        self.progress.inc(count);
        self.over = count < Self::FEW;
        Ok(())
    }
}

/// Makes records, each with its line in the change log. The caller owns the table.
pub async fn create<E>(db: &impl ConnectionTrait, rows: Vec<E::Model>, by: By<'_>) -> Result<()>
where
    E: Record,
    E::Model: IntoActiveModel<E::ActiveModel>,
    E::ActiveModel: Send,
{
    let lines = rows.iter().filter_map(|row| by.line::<E>(None, row, &[])).collect();
    insert::<E>(db, rows).await?;
    append(db, lines).await?;
    Ok(())
}

/// A record as it was read, as it is to be, and what else of it changed: its tags.
#[derive(Clone, Debug)]
pub struct Change<M> {
    /// As it was read, with its version.
    pub before: M,
    /// As it is to be; its version is raised by `change`.
    pub after: M,
    /// Names of what changed besides its own columns.
    pub also: &'static [&'static str],
}

/// Changes records by what ends them, so that the change log says so; all else as `change` does.
pub async fn end<E>(db: &impl ConnectionTrait, changes: Vec<Change<E::Model>>, by: By<'_>) -> Result<()>
where
    E: Record,
    E::Model: IntoActiveModel<E::ActiveModel>,
    E::ActiveModel: Send,
{
    alter::<E>(db, changes, by, ChangeKind::Ended).await
}

/// Changes records, each with its line in the change log; those in which nothing differs stay as they are. If one was
/// changed by somebody else since it was read, all are refused. The caller owns the table. They are changed in the order
/// given: where a value moves from one record to another, the one that gives it up comes first.
pub async fn change<E>(db: &impl ConnectionTrait, changes: Vec<Change<E::Model>>, by: By<'_>) -> Result<()>
where
    E: Record,
    E::Model: IntoActiveModel<E::ActiveModel>,
    E::ActiveModel: Send,
{
    alter::<E>(db, changes, by, ChangeKind::Updated).await
}

async fn alter<E>(
    db: &impl ConnectionTrait,
    changes: Vec<Change<E::Model>>,
    by: By<'_>,
    kind: ChangeKind,
) -> Result<()>
where
    E: Record,
    E::Model: IntoActiveModel<E::ActiveModel>,
    E::ActiveModel: Send,
{
    let (id, version) = (many::column::<E>("id")?, many::column::<E>("version")?);
    let (mut rows, mut lines, mut found_anew) = (Vec::new(), Vec::new(), Vec::<Uuid>::new());
    for Change { before, mut after, also } in changes {
        let Value::Int(Some(stood)) = before.get(version) else { continue };
        after.set(version, Value::Int(Some(stood + 1)));
        if let Some(mut line) = by.line::<E>(Some(&before), &after, also) {
            line.kind = Set(kind);
            let differing = E::Column::iter().filter(|&column| before.get(column) != after.get(column));
            let names: Vec<_> = differing.map(|column| column.as_str().to_owned()).collect();
            let names: Vec<_> = names.iter().map(String::as_str).collect();
            if let Value::Uuid(Some(id)) = after.get(id)
                && search::worded::<E>().is_some_and(|worded| worded.touched(&names))
            {
                found_anew.push(id);
            }
            lines.push(line);
            // Everything is written, what stays the same as well: one statement for all of them.
            rows.push(after.into_active_model().reset_all());
        }
    }
    let excluded = Expr::col((Alias::new("excluded"), version));
    let columns = E::Column::iter().filter(|column| column.as_str() != id.as_str());
    let conflict = OnConflict::column(id)
        .update_columns(columns)
        .action_and_where(Expr::col(version.as_column_ref()).eq(excluded.sub(1)))
        .to_owned();
    let pieces = many::pieces(rows.len(), many::chunk::<E>(db));
    let mut rows = rows.into_iter();
    for piece in pieces {
        let some: Vec<_> = rows.by_ref().take(piece).collect();
        let wanted = u64::try_from(some.len()).unwrap_or(u64::MAX);
        let done = E::insert_many(some).on_conflict(conflict.clone()).exec_without_returning(db).await?;
        if done != wanted {
            return Err(met());
        }
    }
    search::renew::<E>(db, found_anew).await?;
    append(db, lines).await?;
    Ok(())
}

/// The conflict with a change of somebody else at the same moment.
#[must_use]
pub fn met() -> Error {
    Fault::new(
        Code::Conflict,
        "导入期间有人改动了同一批记录，请重试。",
        "Somebody changed the same records during the import; please try again.",
    )
    .into()
}
