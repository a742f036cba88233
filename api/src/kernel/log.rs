//! Reading the change log so that no line is missed.
//!
//! In PostgreSQL a line with a lower number can be committed after one with a higher number. So lines are read in the
//! order of the transactions that wrote them, and only those older than the oldest transaction still running. SQLite
//! has one writer: the number is the order.

use super::{db::Db, error::Result};
use entity::{id::AccountId, kind::ChangeKind, scalar::DateTime};
use sea_orm::{DbBackend, FromQueryResult, Statement};
use uuid::Uuid;

/// Up to where a reader has read: the transaction and the number of the last line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Transaction; 0 in SQLite.
    pub transaction: i64,
    /// Number of the line.
    pub sequence: i64,
}

/// One change of one record.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Line {
    transaction: i64,
    sequence: i64,
    /// When.
    pub at: DateTime,
    /// Prefix of the record's id.
    pub entity: String,
    /// The record.
    pub entity_id: Uuid,
    /// Its version after the change.
    pub entity_version: i32,
    /// What happened.
    pub kind: ChangeKind,
    /// Names of the columns that changed, a JSON list.
    pub columns: serde_json::Value,
    /// New values of columns of the internal class.
    pub content: serde_json::Value,
    /// Who did it.
    pub actor: Option<AccountId>,
    /// Under which key.
    pub idempotency_key: Option<Uuid>,
    /// In which request.
    pub request_id: String,
}

impl Line {
    /// Where a reader stands who has read this line.
    #[must_use]
    pub fn position(&self) -> Position {
        Position { transaction: self.transaction, sequence: self.sequence }
    }
}

const COLUMNS: &str = "sequence, at, entity, entity_id, entity_version, kind, columns, content, actor, idempotency_key, request_id";

/// The next lines after a position, in an order in which none can come late.
pub async fn read(db: &Db, after: Position, most: u32) -> Result<Vec<Line>> {
    let (transaction, condition) = match db.backend() {
        DbBackend::Postgres => (
            "xid::text::bigint",
            "(xid, sequence) > ($1::text::xid8, $2) AND xid < pg_snapshot_xmin(pg_current_snapshot()) \
             ORDER BY change.xid, sequence",
        ),
        _ => ("0", "$1 = $1 AND sequence > $2 ORDER BY sequence"),
    };
    let sql =
        format!("SELECT {transaction} AS \"transaction\", {COLUMNS} FROM change WHERE {condition} LIMIT $3");
    let from = match db.backend() {
        DbBackend::Postgres => after.transaction.to_string().into(),
        _ => after.transaction.into(),
    };
    let values = [from, after.sequence.into(), i64::from(most).into()];
    let statement = Statement::from_sql_and_values(db.backend(), sql, values);
    Ok(Line::find_by_statement(statement).all(db.read()).await?)
}
