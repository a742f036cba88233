//! Places hold still while many records are stored with them.
//!
//! A single command holds the one region that it stores. A sheet or a list has thousands of targets; it would have to
//! read each again after holding its region. Instead all of them share one lock of the database, and a boundary change
//! takes it alone. In SQLite the one writer is such a lock already.

use crate::kernel::error::Result;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend};

/// Number of the lock in PostgreSQL: any that nobody else uses.
const LOCK: i64 = 0x6c69_616e_6875;

/// No boundary changes until the transaction ends. Said before the first place is read.
pub async fn hold(tx: &DatabaseTransaction) -> Result<()> {
    lock(tx, "pg_advisory_xact_lock_shared").await
}

/// Nobody else holds places still, or changes boundaries, until the transaction ends.
pub async fn shift(tx: &DatabaseTransaction) -> Result<()> {
    lock(tx, "pg_advisory_xact_lock").await
}

async fn lock(tx: &DatabaseTransaction, function: &str) -> Result<()> {
    if tx.get_database_backend() == DbBackend::Postgres {
        tx.execute_unprepared(&format!("SELECT {function}({LOCK})")).await?;
    }
    Ok(())
}
