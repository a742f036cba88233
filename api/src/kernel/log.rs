//! Reading the change log so that no line is missed.
//!
//! In PostgreSQL a line with a lower number can be committed after one with a higher number. So lines are read in the
//! order of the transactions that wrote them, and only those older than the oldest transaction still running. SQLite
//! has one writer: the number is the order.

use super::{db::Db, error::Result, place::Place};
use entity::{
    id::{AccountId, RegionId},
    kind::ChangeKind,
    scalar::DateTime,
};
use sea_orm::{DbBackend, FromQueryResult, Statement};
use uuid::Uuid;

/// Up to where a reader has read: the transaction and the number of the last line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
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
    county_id: Option<RegionId>,
    township_id: Option<RegionId>,
    village_id: Option<RegionId>,
}

impl Line {
    /// Where a reader stands who has read this line.
    #[must_use]
    pub fn position(&self) -> Position {
        Position { transaction: self.transaction, sequence: self.sequence }
    }

    /// Where the record stood then, as far down as its village.
    #[must_use]
    pub fn place(&self) -> Place {
        let Self { county_id, township_id, village_id, .. } = *self;
        Place { county_id, township_id, village_id, ..Place::default() }
    }
}

const COLUMNS: &str = "sequence, at, entity, entity_id, entity_version, kind, columns, content, actor, idempotency_key, request_id, county_id, township_id, village_id";

/// Which column tells the transaction, and the lines after a position of which none can come late.
fn after(backend: DbBackend) -> (&'static str, &'static str) {
    match backend {
        DbBackend::Postgres => (
            "xid::text::bigint",
            "(xid, sequence) > ($1::text::xid8, $2) AND xid < pg_snapshot_xmin(pg_current_snapshot())",
        ),
        _ => ("0", "$1 = $1 AND sequence > $2"),
    }
}

/// The order in which none can come late.
fn order(backend: DbBackend) -> &'static str {
    if backend == DbBackend::Postgres { "change.xid, sequence" } else { "sequence" }
}

fn values(db: &Db, after: Position, most: u32) -> [sea_orm::Value; 3] {
    let transaction = match db.backend() {
        DbBackend::Postgres => after.transaction.to_string().into(),
        _ => after.transaction.into(),
    };
    [transaction, after.sequence.into(), i64::from(most).into()]
}

/// The next lines after a position, in an order in which none can come late.
pub async fn read(db: &Db, from: Position, most: u32) -> Result<Vec<Line>> {
    let ((transaction, condition), order) = (after(db.backend()), order(db.backend()));
    let sql = format!(
        "SELECT {transaction} AS \"transaction\", {COLUMNS} FROM change WHERE {condition} ORDER BY {order} LIMIT $3"
    );
    let statement = Statement::from_sql_and_values(db.backend(), sql, values(db, from, most));
    Ok(Line::find_by_statement(statement).all(db.read()).await?)
}

/// The line at a position.
pub async fn at(db: &Db, position: Position) -> Result<Option<Line>> {
    let (transaction, _) = after(db.backend());
    let sql = format!("SELECT {transaction} AS \"transaction\", {COLUMNS} FROM change WHERE sequence = $1");
    let statement = Statement::from_sql_and_values(db.backend(), sql, [position.sequence.into()]);
    Ok(Line::find_by_statement(statement).one(db.read()).await?)
}

#[derive(FromQueryResult)]
struct Head {
    transaction: i64,
    sequence: i64,
}

/// Where a reader stands who has read everything.
pub async fn head(db: &Db) -> Result<Position> {
    let sql = match db.backend() {
        DbBackend::Postgres => {
            "SELECT xid::text::bigint AS \"transaction\", sequence FROM change \
             WHERE xid < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY change.xid DESC, sequence DESC LIMIT 1"
        }
        _ => "SELECT 0 AS \"transaction\", sequence FROM change ORDER BY sequence DESC LIMIT 1",
    };
    let statement = Statement::from_string(db.backend(), sql);
    let head = Head::find_by_statement(statement).one(db.read()).await?;
    Ok(head
        .map_or_else(Position::default, |Head { transaction, sequence }| Position { transaction, sequence }))
}

#[derive(FromQueryResult)]
struct Counted {
    lines: i64,
}

/// How many lines there are after a position, counted no further than `most`.
pub async fn lag(db: &Db, from: Position, most: u32) -> Result<i64> {
    let (_, condition) = after(db.backend());
    let sql =
        format!("SELECT count(*) AS lines FROM (SELECT 1 FROM change WHERE {condition} LIMIT $3) AS later");
    let statement = Statement::from_sql_and_values(db.backend(), sql, values(db, from, most));
    Ok(Counted::find_by_statement(statement).one(db.read()).await?.map_or(0, |counted| counted.lines))
}
