//! The chain of the access log. Each line, in the order of the log, has a place and a keyed hash over itself, its subjects
//! and the hash before it. Whoever changes a line, takes one out or puts one in breaks the chain from there on; without
//! the master secret nobody makes a new one.

use super::Subject;
use crate::kernel::{
    clock::later,
    db::Db,
    door::{any_of, unscoped},
    error::Result,
    many,
    vault::Vault,
};
use chrono::Duration;
use entity::{
    access_anchor, access_line, access_seal, access_subject,
    id::{AccountId, CadreId, EnterpriseId, HouseholdId, RegionId, SessionId},
    kind::{AccessAction, DataClass},
    scalar::DateTime,
};
use indicatif::ProgressBar;
use sea_orm::{
    ActiveEnum, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, IntoActiveModel,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Statement, sea_query::OnConflict,
};
use std::collections::HashMap;
use uuid::Uuid;

/// Lines that are read at a time.
const SOME: u64 = 500;
/// A line that has waited longer than this for its place was put in by another hand.
const LATE: Duration = Duration::minutes(10);

/// A line as it is read; the place of a line in the log is its number.
#[derive(Clone, Debug, FromQueryResult)]
struct Row {
    id: Uuid,
    at: DateTime,
    action: AccessAction,
    account_id: Option<AccountId>,
    session_id: Option<SessionId>,
    api_key_id: Option<Uuid>,
    class: DataClass,
    fields: serde_json::Value,
    purpose: Option<String>,
    request_id: String,
}

impl From<access_line::Model> for Row {
    fn from(line: access_line::Model) -> Self {
        let access_line::Model {
            sequence: _,
            id,
            at,
            action,
            account_id,
            session_id,
            api_key_id,
            class,
            fields,
            purpose,
            request_id,
        } = line;
        Self { id, at, action, account_id, session_id, api_key_id, class, fields, purpose, request_id }
    }
}

/// Where the chain ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The place of its last line; 0 before the first.
    pub position: i64,
    /// Its hash.
    pub hash: Vec<u8>,
}

/// Why the chain does not hold, and where first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The place.
    pub position: i64,
    /// The line, if it is known.
    pub line: Option<Uuid>,
    /// What is wrong, in Chinese.
    pub zh: &'static str,
    /// What is wrong, in English.
    pub en: &'static str,
}

/// What a look at the whole chain gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Lines that hold.
    pub held: i64,
    /// Where the chain ends.
    pub head: Head,
    /// The first line that does not hold.
    pub broken: Option<Broken>,
}

fn link(vault: &Vault, before: &Head, row: &Row, subjects: &[access_subject::Model]) -> Head {
    let position = before.position + 1;
    let mut looked: Vec<_> = subjects
        .iter()
        .map(|one| {
            let place = (one.county_id, one.township_id, one.village_id);
            let place = [place.0, place.1, place.2].map(|id| id.map(|id| id.0));
            (subject_of(one), one.class.to_value(), place)
        })
        .collect();
    looked.sort_unstable();
    let said = serde_json::json!([
        position,
        row.id,
        row.at.0.timestamp_millis(),
        row.action.to_value(),
        row.account_id.map(|id| id.0),
        row.session_id.map(|id| id.0),
        row.api_key_id,
        row.class.to_value(),
        row.fields,
        row.purpose,
        row.request_id,
        looked,
    ]);
    Head { position, hash: vault.chain(&before.hash, &said.to_string()) }
}

fn subject_of(row: &access_subject::Model) -> Option<(&'static str, Uuid)> {
    let household = row.household_id.map(|id| (HouseholdId::PREFIX, id.0));
    let enterprise = row.enterprise_id.map(|id| (EnterpriseId::PREFIX, id.0));
    let cadre = row.cadre_id.map(|id| (CadreId::PREFIX, id.0));
    household.or(enterprise).or(cadre).or(row.region_id.map(|id| (RegionId::PREFIX, id.0)))
}

/// At whom a line of the log was.
#[must_use]
pub fn subject(row: &access_subject::Model) -> Option<Subject> {
    let household = row.household_id.map(Subject::Household);
    let enterprise = row.enterprise_id.map(Subject::Enterprise);
    household.or(enterprise).or(row.cadre_id.map(Subject::Cadre)).or(row.region_id.map(Subject::Region))
}

async fn anchor(db: &impl ConnectionTrait) -> Result<Head> {
    let row = unscoped::<access_anchor::Entity>().one(db).await?;
    Ok(row.map_or(Head { position: 0, hash: Vec::new() }, |row| Head {
        position: row.position,
        hash: row.hash,
    }))
}

/// Where the chain ends now.
pub async fn head(db: &impl ConnectionTrait) -> Result<Head> {
    let last = unscoped::<access_seal::Entity>().order_by_desc(access_seal::Column::Position).one(db).await?;
    match last {
        Some(seal) => Ok(Head { position: seal.position, hash: seal.hash }),
        None => anchor(db).await,
    }
}

async fn subjects_of(
    db: &impl ConnectionTrait,
    lines: &[Row],
) -> Result<HashMap<Uuid, Vec<access_subject::Model>>> {
    let ids =
        any_of(access_subject::Column::LineId, lines.iter().map(|line| line.id), db.get_database_backend());
    let mut of: HashMap<_, Vec<_>> = HashMap::new();
    for row in unscoped::<access_subject::Entity>().filter(ids).all(db).await? {
        of.entry(row.line_id).or_default().push(row);
    }
    Ok(of)
}

/// The next lines without a place, in an order in which none can come late.
const UNSEALED_POSTGRES: &str = "
SELECT l.id, l.at, l.action, l.account_id, l.session_id, l.api_key_id, l.class, l.fields, l.purpose, l.request_id
FROM access_line l LEFT JOIN access_seal s ON s.line_id = l.id
WHERE s.line_id IS NULL AND l.xid < pg_snapshot_xmin(pg_current_snapshot())
  AND (l.xid, l.sequence) > (
    SELECT coalesce(max(b.xid::text::bigint), 0)::text::xid8, coalesce(max(b.sequence), 0) FROM access_line b
    WHERE b.id = (SELECT line_id FROM access_seal ORDER BY position DESC LIMIT 1))
ORDER BY l.xid, l.sequence LIMIT $1";

const UNSEALED_SQLITE: &str = "
SELECT l.id, l.at, l.action, l.account_id, l.session_id, l.api_key_id, l.class, l.fields, l.purpose, l.request_id
FROM access_line l
WHERE l.sequence > coalesce((SELECT b.sequence FROM access_line b
  WHERE b.id = (SELECT line_id FROM access_seal ORDER BY position DESC LIMIT 1)), 0)
ORDER BY l.sequence LIMIT $1";

/// One sealer among any number of processes.
const LOCK: &str = "SELECT pg_advisory_xact_lock(20140508)";

/// Gives the lines that wait their places; tells how many.
pub async fn seal(db: &Db, vault: &Vault) -> Result<u64> {
    let mut sealed = 0;
    loop {
        let tx = db.begin().await?;
        let backend = db.backend();
        if backend == DbBackend::Postgres {
            tx.execute_unprepared(LOCK).await?;
        }
        let sql = if backend == DbBackend::Postgres { UNSEALED_POSTGRES } else { UNSEALED_SQLITE };
        let most = i64::try_from(SOME).unwrap_or(i64::MAX);
        let next = Statement::from_sql_and_values(backend, sql, [most.into()]);
        let lines = Row::find_by_statement(next).all(&tx).await?;
        if lines.is_empty() {
            return Ok(sealed);
        }
        let subjects = subjects_of(&tx, &lines).await?;
        let mut head = head(&tx).await?;
        let mut seals = Vec::with_capacity(lines.len());
        for line in &lines {
            head = link(vault, &head, line, subjects.get(&line.id).map_or(&[], Vec::as_slice));
            seals.push(access_seal::Model {
                position: head.position,
                line_id: line.id,
                hash: head.hash.clone(),
            });
        }
        sealed += seals.len() as u64;
        many::insert::<access_seal::Entity>(&tx, seals).await?;
        tx.commit().await?;
    }
}

/// Looks through the whole chain, from its beginning to its end, and names the first line that does not hold.
pub async fn verify(db: &Db, vault: &Vault, now: DateTime, progress: &ProgressBar) -> Result<Verdict> {
    let db = db.read();
    progress.set_length(unscoped::<access_seal::Entity>().count(db).await?);
    let mut head = anchor(db).await?;
    let first = head.position;
    let verdict = |head: Head, broken| Ok(Verdict { held: head.position - first, head, broken });
    loop {
        let seals = unscoped::<access_seal::Entity>()
            .filter(access_seal::Column::Position.gt(head.position))
            .order_by_asc(access_seal::Column::Position)
            .limit(SOME)
            .all(db)
            .await?;
        if seals.is_empty() {
            break;
        }
        let ids =
            any_of(access_line::Column::Id, seals.iter().map(|seal| seal.line_id), db.get_database_backend());
        let lines = unscoped::<access_line::Entity>().filter(ids).all(db).await?;
        let lines: Vec<Row> = lines.into_iter().map(Row::from).collect();
        let subjects = subjects_of(db, &lines).await?;
        let lines: HashMap<Uuid, Row> = lines.into_iter().map(|line| (line.id, line)).collect();
        for seal in seals {
            let at = |zh, en| Some(Broken { position: head.position + 1, line: Some(seal.line_id), zh, en });
            if seal.position != head.position + 1 {
                let broken = at("此处的行被删除", "the line at this place was taken out");
                return verdict(head, broken.map(|broken| Broken { line: None, ..broken }));
            }
            let Some(line) = lines.get(&seal.line_id) else {
                let broken = at("此行被删除", "this line was taken out");
                return verdict(head, broken);
            };
            let next = link(vault, &head, line, subjects.get(&line.id).map_or(&[], Vec::as_slice));
            if next.hash != seal.hash {
                let broken = at(
                    "此行与其后的记录被改动过",
                    "this line, or what ties it to the one before, was changed",
                );
                return verdict(head, broken);
            }
            head = next;
            progress.inc(1);
        }
    }
    let sealed = unscoped::<access_seal::Entity>().select_only().column(access_seal::Column::LineId);
    let stray = unscoped::<access_line::Entity>()
        .filter(access_line::Column::Id.not_in_subquery(sealed.into_query()))
        .filter(access_line::Column::At.lt(later(now, -LATE)))
        .order_by_asc(access_line::Column::At)
        .one(db)
        .await?;
    let broken = stray.map(|line| Broken {
        position: head.position + 1,
        line: Some(line.id),
        zh: "此行不在链中：事后插入，或封存长时间未运行",
        en: "this line has no place in the chain: put in afterwards, or nothing has sealed for long",
    });
    verdict(head, broken)
}

/// Lets lines go that are older than the log is kept; the chain begins after them from now on. Tells how many went.
pub async fn let_go(db: &Db, before: DateTime, dry_run: bool) -> Result<u64> {
    let tx = db.begin().await?;
    // Up to the first line that must stay: what follows it is never taken from the middle.
    let keep = unscoped::<access_line::Entity>()
        .filter(access_line::Column::At.gte(before))
        .select_only()
        .column(access_line::Column::Id);
    let seals = unscoped::<access_seal::Entity>().order_by_asc(access_seal::Column::Position);
    let first_kept =
        seals.clone().filter(access_seal::Column::LineId.in_subquery(keep.into_query())).one(&tx).await?;
    let all = head(&tx).await?.position;
    let last = first_kept.map_or(all, |seal| seal.position - 1);
    let Some(last) = unscoped::<access_seal::Entity>()
        .filter(access_seal::Column::Position.lte(last))
        .order_by_desc(access_seal::Column::Position)
        .one(&tx)
        .await?
    else {
        return Ok(0);
    };
    let going = access_seal::Column::Position.lte(last.position);
    let count = unscoped::<access_seal::Entity>().filter(going.clone()).count(&tx).await?;
    if dry_run {
        return Ok(count);
    }
    let lines = || {
        let ids = unscoped::<access_seal::Entity>().filter(going.clone()).select_only();
        ids.column(access_seal::Column::LineId).into_query()
    };
    access_subject::Entity::delete_many()
        .filter(access_subject::Column::LineId.in_subquery(lines()))
        .exec(&tx)
        .await?;
    access_line::Entity::delete_many().filter(access_line::Column::Id.in_subquery(lines())).exec(&tx).await?;
    access_seal::Entity::delete_many().filter(going.clone()).exec(&tx).await?;
    let anchor = access_anchor::Model { id: 1, position: last.position, hash: last.hash };
    access_anchor::Entity::insert(anchor.into_active_model())
        .on_conflict(
            OnConflict::column(access_anchor::Column::Id)
                .update_columns([access_anchor::Column::Position, access_anchor::Column::Hash])
                .to_owned(),
        )
        .exec_without_returning(&tx)
        .await?;
    tx.commit().await?;
    Ok(count)
}
