//! What is sealed, and how it is sealed anew. The content stays as it is: no version rises, and the change log says
//! nothing.

use crate::kernel::{
    db::Db,
    error::{Error, Result},
    vault::Vault,
};
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, ExprTrait,
    sea_query::{
        Alias, Expr, LockBehavior, LockType, Order, Query, SelectStatement, extension::postgres::PgFunc,
    },
};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A table with sealed columns: its name, its key (a UUID), and these columns.
type Table = (&'static str, &'static str, &'static [&'static str]);

/// Every table that has sealed columns.
pub const SEALED: &[Table] = &[
    ("household", "id", &["phone"]),
    ("household_member", "id", &["identity_number", "phone"]),
    ("enterprise", "id", &["phone"]),
    ("second_factor", "account_id", &["secret"]),
    ("correction", "id", &["wanted", "answer"]),
    ("visit_concern", "id", &["note"]),
    ("demand", "id", &["raiser_phone"]),
    ("card_token", "id", &["token"]),
    ("webhook", "id", &["secret", "old_secret"]),
];

/// Rows that are looked at in one statement.
const LOOK: u64 = 1000;
/// Rows that are sealed anew in one transaction.
const BATCH: usize = 250;

/// A sealed value: table, column, row, bytes.
struct Value {
    column: &'static str,
    id: Uuid,
    bytes: Vec<u8>,
}

/// What a walk over all sealed values did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Sealed anew.
    pub anew: u64,
    /// Held or changed by somebody else at that moment: the next walk looks again.
    pub missed: u64,
    /// They do not open, and stay as they are.
    pub broken: u64,
}

impl Swept {
    /// Whether it found nothing that is sealed by an earlier key.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        *self == Self::default()
    }
}

/// Walks over all rows with sealed columns, some at a time, in the order of their keys.
struct Walk<'a> {
    db: &'a Db,
    tables: &'static [Table],
    after: Option<Uuid>,
}

/// Some rows of one table.
struct Rows {
    table: &'static str,
    key: &'static str,
    count: u64,
    values: Vec<Value>,
}

impl<'a> Walk<'a> {
    fn new(db: &'a Db) -> Self {
        Self { db, tables: SEALED, after: None }
    }

    async fn next(&mut self) -> Result<Option<Rows>> {
        let Some(&(table, key, columns)) = self.tables.first() else { return Ok(None) };
        let id = || Expr::col(Alias::new(key));
        let mut select = Query::select().column(Alias::new(key)).from(Alias::new(table)).take();
        select.columns(columns.iter().map(|column| Alias::new(*column)));
        select.order_by(Alias::new(key), Order::Asc).limit(LOOK);
        if let Some(after) = self.after {
            select.and_where(id().gt(after));
        }
        let rows = self.db.read().query_all(&select).await?;
        let mut values = Vec::new();
        for row in &rows {
            let id: Uuid = row.try_get("", key)?;
            self.after = Some(id);
            for &column in columns {
                let bytes: Option<Vec<u8>> = row.try_get("", column)?;
                values.extend(bytes.map(|bytes| Value { column, id, bytes }));
            }
        }
        let count = rows.len() as u64;
        if count < LOOK {
            (self.tables, self.after) = (&self.tables[1..], None);
        }
        Ok(Some(Rows { table, key, count, values }))
    }
}

/// Values by the key that sealed them.
pub async fn count(db: &Db) -> Result<BTreeMap<i16, u64>> {
    let mut counts = BTreeMap::new();
    let mut walk = Walk::new(db);
    while let Some(some) = walk.next().await? {
        for value in some.values {
            *counts.entry(key_of(&value.bytes)).or_default() += 1;
        }
    }
    Ok(counts)
}

/// Rows that a walk passes.
pub async fn rows(db: &Db) -> Result<u64> {
    let mut all = 0;
    for (table, key, _) in SEALED {
        let select =
            Query::select().expr(Expr::col(Alias::new(*key)).count()).from(Alias::new(*table)).take();
        let row = db.read().query_one(&select).await?;
        let rows: i64 = row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or_default();
        all += u64::try_from(rows).unwrap_or_default();
    }
    Ok(all)
}

/// One value of each sealed column, where there is any.
pub(super) async fn sample(db: &impl ConnectionTrait) -> Result<Vec<Vec<u8>>> {
    let mut values = Vec::new();
    for (table, column) in
        SEALED.iter().flat_map(|(table, _, columns)| columns.iter().map(move |column| (*table, *column)))
    {
        let held = || Expr::col(Alias::new(column));
        let mut select = Query::select().expr(held()).from(Alias::new(table)).take();
        let row = db.query_one(select.and_where(held().is_not_null()).limit(1)).await?;
        values.extend(row.map(|row| row.try_get_by_index::<Vec<u8>>(0)).transpose()?);
    }
    Ok(values)
}

fn key_of(sealed: &[u8]) -> i16 {
    sealed.first().map_or(0, |id| i16::from(*id))
}

/// Seals anew, by the key in use, what earlier keys have sealed: in small transactions, while others read and write. It
/// may be stopped at any moment.
pub struct Sweep<'a> {
    walk: Walk<'a>,
    vault: &'a Vault,
    /// What it has done so far.
    pub swept: Swept,
}

impl<'a> Sweep<'a> {
    /// Begins.
    #[must_use]
    pub fn new(db: &'a Db, vault: &'a Vault) -> Self {
        Self { walk: Walk::new(db), vault, swept: Swept::default() }
    }

    /// Passes some rows, and gives their number; none at the end.
    pub async fn pass(&mut self) -> Result<Option<u64>> {
        let Some(some) = self.walk.next().await? else { return Ok(None) };
        let sealing = self.vault.sealing();
        let old: Vec<_> = some.values.into_iter().filter(|value| key_of(&value.bytes) < sealing).collect();
        for batch in old.chunks(BATCH) {
            anew(self.walk.db, self.vault, (some.table, some.key), batch, &mut self.swept).await?;
        }
        Ok(Some(some.count))
    }
}

async fn anew(
    db: &Db,
    vault: &Vault,
    (table, key): (&'static str, &'static str),
    batch: &[Value],
    swept: &mut Swept,
) -> Result<()> {
    let mut new = Vec::with_capacity(batch.len());
    for value in batch {
        match vault.open(&value.bytes) {
            Ok(text) => new.push((value, vault.seal(&text)?)),
            Err(Error::Fault(busy)) => return Err(Error::Fault(busy)),
            Err(_) => {
                tracing::error!(table, column = value.column, id = %value.id, "a sealed value does not open");
                swept.broken += 1;
            }
        }
    }
    let tx = db.begin().await?;
    let free = free(&tx, (table, key), &new).await?;
    for (value, sealed) in new {
        let held = || Expr::col(Alias::new(value.column));
        let mut update =
            Query::update().table(Alias::new(table)).value(Alias::new(value.column), sealed).take();
        update.and_where(Expr::col(Alias::new(key)).eq(value.id));
        // Nothing is written over what somebody stored meanwhile.
        update.and_where(held().eq(value.bytes.clone()));
        let mine = free.as_ref().is_none_or(|free| free.binary_search(&value.id).is_ok());
        let done = if mine { tx.execute(&update).await?.rows_affected() } else { 0 };
        *if done == 1 { &mut swept.anew } else { &mut swept.missed } += 1;
    }
    tx.commit().await?;
    Ok(())
}

/// The rows that nobody else holds, held by us, sorted. PostgreSQL alone has such: never waiting for anybody, we are in
/// no deadlock.
async fn free(
    tx: &DatabaseTransaction,
    (table, key): (&'static str, &'static str),
    new: &[(&Value, Vec<u8>)],
) -> Result<Option<Vec<Uuid>>> {
    if tx.get_database_backend() != DbBackend::Postgres {
        return Ok(None);
    }
    let ids: Vec<Uuid> = new.iter().map(|(value, _)| value.id).collect();
    let id = || Alias::new(key);
    let mut select: SelectStatement = Query::select().column(id()).from(Alias::new(table)).take();
    select
        .and_where(Expr::col(id()).eq(PgFunc::any(ids)))
        .lock_with_behavior(LockType::NoKeyUpdate, LockBehavior::SkipLocked);
    let rows = tx.query_all(&select).await?;
    let mut free = rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<Vec<Uuid>, _>>()?;
    free.sort_unstable();
    Ok(Some(free))
}
