//! Rows into a table, many in one statement: for sheets, made-up places and whatever else comes by the thousand.

use super::{
    error::Result,
    sheet::Intake,
    work::{By, Record, append},
};
use entity::kind::ChangeKind;
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, IdenStatic, IntoActiveModel, Iterable,
    ModelTrait, Value,
    sea_query::{Alias, Expr, ExprTrait, OnConflict},
};
use std::str::FromStr;

/// Bind variables in one statement: `SQLite` takes 32 766, `PostgreSQL` 65 535.
const SQLITE: usize = 30_000;
const POSTGRES: usize = 60_000;

/// Rows of a table that one statement takes.
fn most<E: EntityTrait>(db: &impl ConnectionTrait) -> usize {
    let most = if db.get_database_backend() == DbBackend::Postgres { POSTGRES } else { SQLITE };
    most / E::Column::iter().count().max(1)
}

/// Inserts rows, in as few statements as the database allows. The caller owns the table and tells the change log.
pub async fn insert<E>(db: &impl ConnectionTrait, rows: Vec<E::Model>) -> Result<(), DbErr>
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel>,
    E::ActiveModel: Send,
{
    let chunk = most::<E>(db);
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let some: Vec<_> = rows.by_ref().take(chunk).map(IntoActiveModel::into_active_model).collect();
        E::insert_many(some).exec_without_returning(db).await?;
    }
    Ok(())
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
    let column =
        |name: &str| E::Column::from_str(name).map_err(|_| DbErr::Custom(format!("no column {name}")));
    let (id, version) = (column("id")?, column("version")?);
    let (mut rows, mut lines) = (Vec::new(), Vec::new());
    for Change { before, mut after, also } in changes {
        let Value::Int(Some(stood)) = before.get(version) else { continue };
        after.set(version, Value::Int(Some(stood + 1)));
        if let Some(mut line) = by.line::<E>(Some(&before), &after, also) {
            line.kind = Set(kind);
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
    let chunk = most::<E>(db);
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let some: Vec<_> = rows.by_ref().take(chunk).collect();
        let wanted = u64::try_from(some.len()).unwrap_or(u64::MAX);
        let done = E::insert_many(some).on_conflict(conflict.clone()).exec_without_returning(db).await?;
        if done != wanted {
            return Err(Intake::met());
        }
    }
    append(db, lines).await?;
    Ok(())
}
