//! Writing: one change, one transaction, one line in the log.
//!
//! `Ctx::write` runs a command in a transaction with the idempotency key put down first: a second try waits for the
//! first, then answers with what the first one made.

use super::{
    clock::later,
    db::Db,
    door::{any_of, unscoped},
    error::{Code, Error, Fault, Refusal, RefusalCode, Result},
    many::pieces,
    refusal::Detail,
    request::Ctx,
    search,
};
use async_graphql::{ID, InputType};
use chrono::Duration;
use entity::{
    account, change,
    id::{AccountId, RegionId},
    idempotency,
    kind::ChangeKind,
    scalar::DateTime,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, DbErr,
    EntityTrait, IdenStatic, Iterable, ModelTrait, QueryFilter, QueryOrder, QuerySelect, Set, Value,
    sea_query::{Expr, ExprTrait, LockType, OnConflict},
};
use std::str::FromStr;
use uuid::Uuid;

const TRIES: u32 = 4;

/// A line for the change log that is not in it yet.
pub type LogLine = change::ActiveModel;

/// A table whose rows are versioned and logged.
pub trait Record: EntityTrait {
    /// Name in the change log: the prefix of its ids.
    const NAME: &'static str;
    /// Columns of the internal class, whose values the log may keep.
    const INTERNAL: &'static [&'static str];
}

/// One change of one record, for `Work::log_all`.
#[derive(Clone, Debug)]
pub struct Line {
    /// The record.
    pub id: Uuid,
    /// Its version from now on.
    pub version: i32,
    /// What happened to it.
    pub kind: ChangeKind,
    /// Names of the columns that changed.
    pub columns: Vec<&'static str>,
    /// Their new values, of columns that the log may keep.
    pub content: serde_json::Value,
}

/// A command at work: the transaction, who asks, and under which key.
pub struct Work {
    /// Who asks, and when.
    pub ctx: Ctx,
    /// The transaction.
    pub tx: DatabaseTransaction,
    actor: Option<AccountId>,
    key: Option<Uuid>,
}

/// A command: what is done with an input in a transaction. Every `async fn(&Work, Input) -> Result<Uuid>` is one.
pub trait Command<'a, I>: Sync {
    /// What it does, on its way.
    type Running: Future<Output = Result<Uuid>> + Send + 'a;

    /// Begins it.
    fn run(&self, work: &'a Work, input: I) -> Self::Running;
}

impl<'a, I, F, R> Command<'a, I> for F
where
    F: Fn(&'a Work, I) -> R + Sync,
    R: Future<Output = Result<Uuid>> + Send + 'a,
{
    type Running = R;

    fn run(&self, work: &'a Work, input: I) -> R {
        self(work, input)
    }
}

/// What became of a mutation.
#[derive(Clone, Copy, Debug)]
pub struct Written {
    /// The entity that it made or changed.
    pub entity: Uuid,
    /// Whether an earlier request with the same key did it.
    pub replayed: bool,
}

impl Ctx {
    /// Runs a command under an idempotency key. Refusals leave nothing behind, the key included.
    pub async fn write<I, C>(
        &self,
        operation: &'static str,
        key: &ID,
        input: &I,
        command: C,
    ) -> Result<Written>
    where
        I: InputType + Clone + std::fmt::Debug,
        C: for<'a> Command<'a, I>,
    {
        let actor = self.signed_in()?.account;
        let key = Uuid::parse_str(key).map_err(|_| {
            Refusal::rule(
                "uuid",
                "idempotencyKey",
                "幂等键应为 UUID，每次操作新生成一个，重试时不变。",
                "The idempotency key is a UUID, made anew for each action and kept for its retries.",
            )
        })?;
        let fingerprint = self.vault().fingerprint(&format!("{operation} {input:?}"));
        let mut tries = 0;
        loop {
            tries += 1;
            match self.attempt(operation, actor, key, &fingerprint, input, &command).await {
                Err(Error::Internal(cause)) if tries < TRIES && passing(&cause.0) => {}
                Err(Error::Internal(cause)) if passing(&cause.0) => {
                    return Err(Fault::new(
                        Code::Conflict,
                        "与同时进行的操作冲突，请重试。",
                        "This met another change at the same moment; please try again.",
                    )
                    .retry_after(200)
                    .into());
                }
                outcome => {
                    // What was read before a change is not true after it.
                    self.shelf().clear();
                    return outcome;
                }
            }
        }
    }

    async fn attempt<I, C>(
        &self,
        operation: &'static str,
        actor: AccountId,
        key: Uuid,
        fingerprint: &[u8],
        input: &I,
        command: &C,
    ) -> Result<Written>
    where
        I: InputType + Clone + std::fmt::Debug,
        C: for<'a> Command<'a, I>,
    {
        let tx = self.db().begin().await?;
        let row = idempotency::ActiveModel {
            account_id: Set(actor),
            key: Set(key),
            operation: Set(operation.to_owned()),
            fingerprint: Set(fingerprint.to_vec()),
            entity_id: Set(Uuid::nil()),
            created_at: Set(self.now()),
        };
        let fresh = idempotency::Entity::insert(row)
            .on_conflict(
                OnConflict::columns([idempotency::Column::AccountId, idempotency::Column::Key])
                    .do_nothing()
                    .to_owned(),
            )
            .exec_without_returning(&tx)
            .await?;
        let mine = idempotency::Column::AccountId.eq(actor).and(idempotency::Column::Key.eq(key));
        if fresh == 0 {
            let earlier = unscoped::<idempotency::Entity>().filter(mine).one(&tx).await?;
            tx.rollback().await?;
            return match earlier {
                Some(row) if row.fingerprint == fingerprint && row.operation == operation => {
                    Ok(Written { entity: row.entity_id, replayed: true })
                }
                _ => Err(Fault::new(
                    Code::IdempotencyKeyReused,
                    "此幂等键已用于另一个操作；请为新操作生成新键。",
                    "This idempotency key was used for another input; make a new one for a new action.",
                )
                .into()),
            };
        }
        let work = Work { ctx: self.clone(), tx, actor: Some(actor), key: Some(key) };
        match command.run(&work, input.clone()).await {
            Ok(entity) => {
                idempotency::Entity::update_many()
                    .col_expr(idempotency::Column::EntityId, Expr::value(entity))
                    .filter(mine)
                    .exec(&work.tx)
                    .await?;
                work.tx.commit().await?;
                Ok(Written { entity, replayed: false })
            }
            Err(error) => {
                work.tx.rollback().await?;
                Err(error)
            }
        }
    }
}

/// Serialisation failures and deadlocks pass when tried again.
fn passing(cause: &str) -> bool {
    ["could not serialize access", "deadlock detected", "database is locked"]
        .iter()
        .any(|sign| cause.contains(sign))
}

/// A column that every record has.
fn column<E: EntityTrait>(name: &str) -> Result<E::Column> {
    E::Column::from_str(name).map_err(|_| Error::internal(format!("no column {name}")))
}

impl Work {
    /// The moment of the change.
    #[must_use]
    pub fn now(&self) -> DateTime {
        self.ctx.now()
    }

    /// Stores a new record and logs it. A duplicate of an index or constraint comes back as the database's error.
    pub async fn insert<E>(&self, row: impl ActiveModelTrait<Entity = E> + Send) -> Result<Uuid>
    where
        E: Record,
    {
        let id = id_of::<E>(&row)?;
        let (columns, content) = spoken::<E>(&row);
        E::insert(row.clone()).exec_without_returning(&self.tx).await?;
        search::learn_one::<E>(&self.tx, &row).await?;
        self.log(E::NAME, id, 1, ChangeKind::Created, columns, content).await?;
        Ok(id)
    }

    /// Changes the columns that are set, if the record still has the version that is expected. Nothing set, nothing
    /// done: the version stays.
    pub async fn update<E>(
        &self,
        row: impl ActiveModelTrait<Entity = E> + Send,
        expected: i32,
        kind: ChangeKind,
    ) -> Result<i32>
    where
        E: Record,
    {
        self.update_with(row, expected, kind, &[]).await
    }

    /// The same where more of the record changed than its own columns: its tags, its villages.
    pub async fn update_with<E>(
        &self,
        row: impl ActiveModelTrait<Entity = E> + Send,
        expected: i32,
        kind: ChangeKind,
        also: &[&'static str],
    ) -> Result<i32>
    where
        E: Record,
    {
        let id = id_of::<E>(&row)?;
        let (mut columns, content) = spoken::<E>(&row);
        columns.extend(also);
        if columns.is_empty() {
            return self.stands::<E>(id, expected).await;
        }
        let mut update = E::update_many();
        for column in E::Column::iter().filter(|column| column.as_str() != "id") {
            if let ActiveValue::Set(value) = row.get(column) {
                update = update.col_expr(column, Expr::value(value));
            }
        }
        let version = column::<E>("version")?;
        let done = update
            .col_expr(version, Expr::col(version).add(1))
            .filter(column::<E>("id")?.eq(id))
            .filter(version.eq(expected))
            .exec(&self.tx)
            .await?;
        if done.rows_affected == 0 {
            return self.stands::<E>(id, expected).await;
        }
        if search::worded::<E>().is_some_and(|worded| worded.touched(&columns)) {
            search::renew::<E>(&self.tx, [id]).await?;
        }
        self.log(E::NAME, id, expected + 1, kind, columns, content).await?;
        Ok(expected + 1)
    }

    /// The version, if it is the expected one; otherwise the refusal that tells what changed.
    pub async fn stands<E: Record>(&self, id: Uuid, expected: i32) -> Result<i32> {
        let current: Option<i32> = unscoped::<E>()
            .select_only()
            .column(column::<E>("version")?)
            .filter(column::<E>("id")?.eq(id))
            .into_tuple()
            .one(&self.tx)
            .await?;
        match current {
            None => Err(Refusal::not_found("id").into()),
            Some(current) if current == expected => Ok(current),
            Some(current) => Err(self.conflict(E::NAME, id, current, expected).await?),
        }
    }

    async fn conflict(&self, entity: &str, id: Uuid, current: i32, expected: i32) -> Result<Error> {
        let lines = unscoped::<change::Entity>()
            .filter(change::Column::Entity.eq(entity))
            .filter(change::Column::EntityId.eq(id))
            .filter(change::Column::EntityVersion.gt(expected))
            .order_by_asc(change::Column::Sequence)
            .all(&self.tx)
            .await?;
        let mut changed: Vec<String> = lines
            .iter()
            .flat_map(|line| line.columns.as_array().into_iter().flatten())
            .filter_map(|name| Some(field_name(name.as_str()?)))
            .collect();
        changed.sort_unstable();
        changed.dedup();
        Ok(Refusal::new(
            RefusalCode::Conflict,
            "expectedVersion",
            format!("记录已被他人修改：现为第 {current} 版，您依据的是第 {expected} 版。请重新读取。"),
            format!(
                "Changed by somebody else: version {current} stands, {expected} was expected. Read it anew."
            ),
        )
        .with(Detail::Conflict { current, changed })
        .into())
    }

    /// What these accounts may see has changed: their next request reads it anew.
    pub async fn raise_rights(&self, whose: impl sea_orm::sea_query::IntoCondition) -> Result<()> {
        raise_rights(&self.tx, whose).await
    }

    /// One line in the change log.
    pub async fn log(
        &self,
        entity: &'static str,
        id: Uuid,
        version: i32,
        kind: ChangeKind,
        columns: Vec<&'static str>,
        content: serde_json::Value,
    ) -> Result<()> {
        let mut line =
            line(self.now(), entity, (id, version, kind), &columns, content, self.ctx.request_id());
        line.actor = Set(self.actor);
        line.idempotency_key = Set(self.key);
        change::Entity::insert(line).exec_without_returning(&self.tx).await?;
        Ok(())
    }

    /// Lines for changes of one table that were made in bulk; what the changed records are found by is renewed.
    pub async fn log_all<E: Record>(&self, changes: Vec<Line>) -> Result<()> {
        if let Some(worded) = search::worded::<E>() {
            let touched = changes.iter().filter(|change| change.kind != ChangeKind::Created);
            let touched = touched.filter(|change| worded.touched(&change.columns)).map(|change| change.id);
            search::renew::<E>(&self.tx, touched).await?;
        }
        let lines = changes.into_iter().map(|change| {
            let Line { id, version, kind, columns, content } = change;
            let mut line =
                line(self.now(), E::NAME, (id, version, kind), &columns, content, self.ctx.request_id());
            line.actor = Set(self.actor);
            line.idempotency_key = Set(self.key);
            line
        });
        Ok(append(&self.tx, lines.collect()).await?)
    }

    /// Lets records refer to another region in place of some: each has its next version and a line in the log.
    pub async fn refer<E: Record>(
        &self,
        region: E::Column,
        from: &[RegionId],
        to: RegionId,
        which: Condition,
    ) -> Result<()> {
        let (id, version) = (column::<E>("id")?, column::<E>("version")?);
        let rows: Vec<(Uuid, i32)> = unscoped::<E>()
            .select_only()
            .columns([id, version])
            .filter(any_of(region, from.iter().copied(), self.ctx.backend()))
            .filter(which)
            .order_by_asc(id)
            .lock(LockType::NoKeyUpdate)
            .into_tuple()
            .all(&self.tx)
            .await?;
        E::update_many()
            .col_expr(region, Expr::value(to))
            .col_expr(version, Expr::col(version).add(1))
            .filter(any_of(id, rows.iter().map(|(id, _)| *id), self.ctx.backend()))
            .exec(&self.tx)
            .await?;
        let name = region.as_str();
        let lines = rows.into_iter().map(|(id, version)| Line {
            id,
            version: version + 1,
            kind: ChangeKind::Updated,
            columns: vec![name],
            content: serde_json::json!({ name: to.0.to_string() }),
        });
        self.log_all::<E>(lines.collect()).await
    }

    /// The refusal for a row that the database itself would not take, when it is that constraint's.
    pub fn is_constraint(error: &Error, name: &str) -> bool {
        matches!(error, Error::Internal(cause) if cause.0.contains(name))
    }
}

/// What these accounts may see has changed: their next request reads it anew.
pub async fn raise_rights(
    db: &impl ConnectionTrait,
    whose: impl sea_orm::sea_query::IntoCondition,
) -> Result<()> {
    let version = account::Column::RightsVersion;
    account::Entity::update_many()
        .col_expr(version, Expr::col(version).add(1))
        .filter(whose.into_condition())
        .exec(db)
        .await?;
    Ok(())
}

fn line(
    now: DateTime,
    entity: &str,
    (id, version, kind): (Uuid, i32, ChangeKind),
    columns: &[&str],
    content: serde_json::Value,
    request_id: &str,
) -> change::ActiveModel {
    change::ActiveModel {
        sequence: ActiveValue::NotSet,
        at: Set(now),
        entity: Set(entity.to_owned()),
        entity_id: Set(id),
        entity_version: Set(version),
        kind: Set(kind),
        columns: Set(serde_json::json!(columns)),
        content: Set(content),
        actor: Set(None),
        idempotency_key: Set(None),
        request_id: Set(request_id.to_owned()),
    }
}

/// Days for which the ledger remembers a key.
const REMEMBERED_DAYS: i64 = 180;

/// Forgets idempotency keys that are older than the ledger remembers; tells how many.
pub async fn forget_keys(db: &Db, now: DateTime) -> Result<u64> {
    let before = later(now, -Duration::days(REMEMBERED_DAYS));
    let gone = idempotency::Entity::delete_many()
        .filter(idempotency::Column::CreatedAt.lt(before))
        .exec(db.write())
        .await?;
    Ok(gone.rows_affected)
}

/// A line of the change log for a change that the program itself makes, in bulk.
#[must_use]
pub fn log_line<E: Record>(
    now: DateTime,
    change: (Uuid, i32, ChangeKind),
    columns: &[&str],
    content: serde_json::Value,
    by: &str,
) -> LogLine {
    line(now, <E as Record>::NAME, change, columns, content, by)
}

/// Who changes records in bulk, and when.
#[derive(Clone, Copy, Debug)]
pub struct By<'a> {
    /// When.
    pub now: DateTime,
    /// Who; none for the program itself.
    pub actor: Option<AccountId>,
    /// In which request.
    pub request_id: &'a str,
}

impl By<'_> {
    /// The line of the change log for a record that is made (without `before`) or changed. None where nothing differs
    /// and nothing else of the record (`also`) changed.
    #[must_use]
    pub fn line<E: Record>(
        &self,
        before: Option<&E::Model>,
        after: &E::Model,
        also: &[&'static str],
    ) -> Option<change::ActiveModel> {
        let mut names = Vec::new();
        let mut content = serde_json::Map::new();
        let (mut id, mut version) = (Uuid::nil(), 1);
        for column in E::Column::iter() {
            let value = after.get(column);
            match (column.as_str(), &value) {
                ("id", Value::Uuid(Some(own))) => id = *own,
                ("version", Value::Int(Some(own))) => version = *own,
                _ if before.is_some_and(|before| before.get(column) == value) => {}
                (name, _) => {
                    names.push(name);
                    if E::INTERNAL.contains(&name) {
                        content.insert(name.to_owned(), json_of(&value));
                    }
                }
            }
        }
        names.extend(also);
        if names.is_empty() {
            return None;
        }
        let kind = if before.is_some() { ChangeKind::Updated } else { ChangeKind::Created };
        let change = (id, version, kind);
        let mut line = line(self.now, <E as Record>::NAME, change, &names, content.into(), self.request_id);
        line.actor = Set(self.actor);
        Some(line)
    }
}

/// Lines in a statement of many.
const CHUNK: usize = 1024;

/// Appends lines that were made by `log_line`.
pub async fn append(
    db: &impl ConnectionTrait,
    lines: Vec<change::ActiveModel>,
) -> std::result::Result<(), DbErr> {
    let pieces = pieces(lines.len(), CHUNK);
    let mut lines = lines.into_iter();
    for piece in pieces {
        change::Entity::insert_many(lines.by_ref().take(piece)).exec_without_returning(db).await?;
    }
    Ok(())
}

fn id_of<E: Record>(row: &impl ActiveModelTrait<Entity = E>) -> Result<Uuid> {
    match row.get(column::<E>("id")?) {
        ActiveValue::Set(Value::Uuid(Some(id))) | ActiveValue::Unchanged(Value::Uuid(Some(id))) => Ok(id),
        _ => Err(Error::internal("a record without an id")),
    }
}

/// Names of the columns that are set, and the values of those that the log may keep.
fn spoken<E: Record>(row: &impl ActiveModelTrait<Entity = E>) -> (Vec<&'static str>, serde_json::Value) {
    let mut names = Vec::new();
    let mut content = serde_json::Map::new();
    for column in E::Column::iter() {
        let name = column.as_str();
        let ActiveValue::Set(value) = row.get(column) else { continue };
        if matches!(name, "id" | "version") {
            continue;
        }
        names.push(name);
        if E::INTERNAL.contains(&name) {
            content.insert(name.to_owned(), json_of(&value));
        }
    }
    (names, serde_json::Value::Object(content))
}

/// A value as the log keeps it: dates and ids as they are spoken, without quotes of their own.
fn json_of(value: &Value) -> serde_json::Value {
    match value {
        Value::ChronoDate(Some(date)) => date.to_string().into(),
        Value::Uuid(Some(id)) => id.to_string().into(),
        other => sea_orm::sea_query::sea_value_to_json_value(other),
    }
}

/// The name under which clients know a column: a number that is kept in three forms is one field to them.
fn field_name(column: &str) -> String {
    let column = column.trim_end_matches("_masked").trim_end_matches("_hash");
    let mut parts = column.split('_');
    let mut name = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (first, rest) = part.split_at(part.len().min(1));
        name.push_str(&first.to_uppercase());
        name.push_str(rest);
    }
    name
}
