//! Writing: one change, one transaction, one line in the log.
//!
//! `Ctx::write` runs a command in a transaction with the idempotency key put down first: a second try waits for the
//! first, then answers with what the first one made.

use super::{
    db::Db,
    door::{any_of, unscoped},
    error::{Code, Error, Fault, Refusal, RefusalCode, Result},
    many::column,
    place::{Place, stands},
    record::{LogLine, Record, append, field_name, id_of, line, spoken},
    refusal::Detail,
    request::{Ctx, Viewer},
    search, trail,
};
use async_graphql::{ID, InputType};
use entity::{
    account, change,
    id::{AccountId, RegionId},
    idempotency,
    kind::ChangeKind,
    scalar::DateTime,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait,
    FromQueryResult, IdenStatic, Iterable, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Set,
    sea_query::{Expr, ExprTrait, LockType, OnConflict},
};
use uuid::Uuid;

const TRIES: u32 = 4;

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
    /// Where it stands, if that is known; otherwise it is looked up.
    pub place: Option<Place>,
}

/// A record that refers to a region.
#[derive(FromQueryResult)]
struct Referring {
    id: Uuid,
    version: i32,
    #[sea_orm(nested)]
    place: Place,
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
    /// Runs a command under an idempotency key, for somebody in person. Refusals leave nothing behind, the key included.
    pub fn write<I, C>(
        &self,
        operation: &'static str,
        key: &ID,
        input: &I,
        command: C,
    ) -> impl Future<Output = Result<Written>>
    where
        I: InputType + Clone + std::fmt::Debug,
        C: for<'a> Command<'a, I>,
    {
        self.keyed(self.in_person(), operation, key, input, command)
    }

    /// The same, also for another system that comes in by a key; its account is who acts.
    pub fn write_by_key_too<I, C>(
        &self,
        operation: &'static str,
        key: &ID,
        input: &I,
        command: C,
    ) -> impl Future<Output = Result<Written>>
    where
        I: InputType + Clone + std::fmt::Debug,
        C: for<'a> Command<'a, I>,
    {
        self.keyed(self.signed_in(), operation, key, input, command)
    }

    /// The future is a box: a merged object's resolver holds those of all its fields on the stack, and of mutations there are
    /// many.
    fn keyed<I, C>(
        &self,
        actor: Result<&Viewer>,
        operation: &'static str,
        key: &ID,
        input: &I,
        command: C,
    ) -> impl Future<Output = Result<Written>>
    where
        I: InputType + Clone + std::fmt::Debug,
        C: for<'a> Command<'a, I>,
    {
        Box::pin(async move {
            let actor = actor?.account;
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
        })
    }

    /// Runs a command without an account behind it: for whoever has the command line, or is just signing in. No key, nothing to
    /// replay.
    pub async fn operate<T>(&self, command: impl AsyncFnOnce(&Work) -> Result<T>) -> Result<T> {
        let work = Work { ctx: self.clone(), tx: self.db().begin().await?, actor: None, key: None };
        match command(&work).await {
            Ok(done) => {
                work.tx.commit().await?;
                self.db().wrote();
                Ok(done)
            }
            Err(error) => {
                work.tx.rollback().await?;
                Err(error)
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
                self.db().wrote();
                Ok(Written { entity, replayed: false })
            }
            Err(error) => {
                work.tx.rollback().await?;
                Err(error)
            }
        }
    }
}

/// Serialisation failures and deadlocks pass when tried again, and so does a duplicate that the command looked for in vain:
/// somebody else was first by a moment, and the next try finds it.
fn passing(cause: &str) -> bool {
    ["40001 ", "40P01 ", "23505 "].iter().any(|state| cause.starts_with(state))
        || cause.contains("database is locked")
}

impl Work {
    /// The moment of the change.
    #[must_use]
    pub fn now(&self) -> DateTime {
        self.ctx.now()
    }

    /// Stores a new record and logs it. An id that is in use is refused; a duplicate of another index or constraint comes
    /// back as the database's error.
    pub async fn insert<E>(&self, row: impl ActiveModelTrait<Entity = E> + Send) -> Result<Uuid>
    where
        E: Record,
    {
        let id = id_of::<E>(&row)?;
        let (columns, content) = spoken::<E>(&row);
        let stored = E::insert(row.clone()).exec_without_returning(&self.tx).await;
        stored.map_err(|error| id_in_use::<E>(error.into()))?;
        search::learn_one::<E>(&self.tx, &row).await?;
        let mut line = self.line(E::NAME, (id, 1, ChangeKind::Created), &columns, content);
        trail::stand::<E>(&mut line, |column| row.get(column).into_value());
        append(&self.tx, vec![line]).await?;
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
        Ok(append(&self.tx, vec![self.line(entity, (id, version, kind), &columns, content)]).await?)
    }

    fn line(
        &self,
        entity: &str,
        change: (Uuid, i32, ChangeKind),
        columns: &[&str],
        content: serde_json::Value,
    ) -> LogLine {
        let mut line = line(self.now(), entity, change, columns, content, self.ctx.request_id());
        line.actor = Set(self.actor);
        line.idempotency_key = Set(self.key);
        line
    }

    /// Lines for changes of one table that were made in bulk; what the changed records are found by is renewed.
    pub async fn log_all<E: Record>(&self, changes: Vec<Line>) -> Result<()> {
        if let Some(worded) = search::worded::<E>() {
            let touched = changes.iter().filter(|change| change.kind != ChangeKind::Created);
            let touched = touched.filter(|change| worded.touched(&change.columns)).map(|change| change.id);
            search::renew::<E>(&self.tx, touched).await?;
        }
        let lines = changes.into_iter().map(|change| {
            let Line { id, version, kind, columns, content, place } = change;
            let mut line = self.line(E::NAME, (id, version, kind), &columns, content);
            if let Some(place) = place {
                trail::at(&mut line, place);
            }
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
        let rows = unscoped::<E>().select_only().columns([id, version]);
        let rows: Vec<Referring> = stands::select::<E, E>(rows)
            .filter(any_of(region, from.iter().copied(), self.ctx.backend()))
            .filter(which)
            .order_by_asc(id)
            .lock(LockType::NoKeyUpdate)
            .into_model()
            .all(&self.tx)
            .await?;
        if rows.is_empty() {
            return Ok(());
        }
        E::update_many()
            .col_expr(region, Expr::value(to))
            .col_expr(version, Expr::col(version).add(1))
            .filter(any_of(id, rows.iter().map(|row| row.id), self.ctx.backend()))
            .exec(&self.tx)
            .await?;
        let name = region.as_str();
        let lines = rows.into_iter().map(|row| Line {
            id: row.id,
            version: row.version + 1,
            kind: ChangeKind::Updated,
            columns: vec![name],
            content: serde_json::json!({ name: to.0.to_string() }),
            // What has no place of its own stands where something else does.
            place: row.place.county_id.map(|_| row.place),
        });
        self.log_all::<E>(lines.collect()).await
    }

    /// The refusal for a row that the database itself would not take, when it is that constraint's.
    pub fn is_constraint(error: &Error, name: &str) -> bool {
        matches!(error, Error::Internal(cause) if cause.0.contains(name))
    }
}

/// The refusal of an id that another record of the table has, if the database's error tells of that.
fn id_in_use<E: Record>(error: Error) -> Error {
    let table = E::default();
    let signs = [format!("{}_pkey", table.table_name()), format!("{}.id", table.table_name())];
    if !signs.iter().any(|sign| Work::is_constraint(&error, sign)) {
        return error;
    }
    Refusal::new(RefusalCode::Duplicate, "id", "此标识已被使用。", "This id is in use already.")
        .with(Detail::Existing(None))
        .into()
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

/// Days for which the ledger remembers a key.
pub const REMEMBERED_DAYS: u32 = 180;

/// Idempotency keys that are older.
pub async fn count_keys(db: &Db, before: DateTime) -> Result<u64> {
    let old = idempotency::Column::CreatedAt.lt(before);
    Ok(unscoped::<idempotency::Entity>().filter(old).count(db.read()).await?)
}

/// Forgets idempotency keys that are older; tells how many.
pub async fn forget_keys(db: &Db, before: DateTime) -> Result<u64> {
    let gone = idempotency::Entity::delete_many()
        .filter(idempotency::Column::CreatedAt.lt(before))
        .exec(db.write())
        .await?;
    Ok(gone.rows_affected)
}
