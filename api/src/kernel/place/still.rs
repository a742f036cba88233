//! Places hold still while many records are stored with them.
//!
//! A single command holds the one region that it stores. A sheet or a list has thousands of targets; it would have to
//! read each again after holding its region. Instead all of them share one lock of the database, and a boundary change
//! takes it alone. In SQLite the one writer is such a lock already.

use crate::kernel::error::{Code, Error, Fault, Result};
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend,
    sea_query::{Alias, Expr, Func, Query},
};
use std::time::Duration;

/// Number of the lock in PostgreSQL: any that nobody else uses.
const LOCK: i64 = 0x6c69_616e_6875;
/// How often a boundary change asks for it, and the pause in between: one that waited in line would keep all others
/// behind it.
const TRIES: u32 = 25;
const PAUSE: Duration = Duration::from_millis(200);

/// No boundary changes until the transaction ends. Said before the first place is read.
pub async fn hold(tx: &DatabaseTransaction) -> Result<()> {
    if tx.get_database_backend() == DbBackend::Postgres {
        tx.query_one(&asked("pg_advisory_xact_lock_shared")).await?;
    }
    Ok(())
}

/// Nobody else holds places still, or changes boundaries, until the transaction ends.
pub async fn shift(tx: &DatabaseTransaction) -> Result<()> {
    if tx.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    for _ in 0..TRIES {
        let row = tx.query_one(&asked("pg_try_advisory_xact_lock")).await?;
        if row.is_some_and(|row| row.try_get_by_index(0).unwrap_or(false)) {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err(Error::from(
        Fault::new(
            Code::Conflict,
            "正在导入名册或批量调整包联，请稍后再改区划。",
            "Sheets are coming in, or assignments are being changed; change boundaries a little later.",
        )
        .retry_after(30_000),
    ))
}

fn asked(function: &'static str) -> sea_orm::sea_query::SelectStatement {
    Query::select().expr(Func::cust(Alias::new(function)).arg(Expr::val(LOCK))).take()
}
