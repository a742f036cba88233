//! Keeping what records are found by: new with a record, renewed with its words or its place, in the same transaction.

use super::{
    super::{
        db::Db,
        door::{any_of, unscoped},
        error::Result,
        many,
    },
    words::{Worded, Words, worded},
};
use entity::{cadre, enterprise, household, region, search_gram, search_text};
use indicatif::ProgressBar;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, ModelTrait,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Statement, Value, sea_query::ArrayType,
};
use std::str::FromStr;
use uuid::Uuid;

/// Records in one statement.
const CHUNK: usize = 1024;

/// Pairs of many records, each record once with all its pairs in one text: `{weight}{pair} {weight}{pair}`.
const POSTGRES: &str = "
INSERT INTO search_gram (kind, entity_id, gram, weight, county_id, township_id, village_id)
SELECT $1, r.id, substr(g.gram, 2), substr(g.gram, 1, 1)::smallint,
  nullif(r.county, $7), nullif(r.township, $7), nullif(r.village, $7)
FROM unnest($2, $3, $4, $5, $6) AS r (id, county, township, village, grams)
CROSS JOIN LATERAL unnest(string_to_array(r.grams, ' ')) AS g (gram)";

/// The same, the pairs as a JSON list.
const SQLITE: [&str; 2] = [
    "INSERT INTO search_gram (kind, entity_id, gram, weight, county_id, township_id, village_id)
SELECT ?, r.column1, substr(g.value, 2), CAST(substr(g.value, 1, 1) AS integer), r.column2, r.column3, r.column4
FROM (VALUES ",
    ") AS r CROSS JOIN json_each(r.column5) AS g",
];

/// Keeps what new records are found by.
pub(in super::super) async fn learn<E: EntityTrait>(
    db: &impl ConnectionTrait,
    rows: &[E::Model],
) -> Result<(), DbErr> {
    let Some(worded) = worded::<E>() else { return Ok(()) };
    let words = rows.iter().filter_map(|row| worded.words::<E>(|column| Some(row.get(column)))).collect();
    store(db, worded, words).await
}

/// Keeps what one new record is found by.
pub(in super::super) async fn learn_one<E: EntityTrait>(
    db: &impl ConnectionTrait,
    row: &impl ActiveModelTrait<Entity = E>,
) -> Result<(), DbErr> {
    let Some(worded) = worded::<E>() else { return Ok(()) };
    let words = worded.words::<E>(|column| row.get(column).into_value());
    store(db, worded, words.into_iter().collect()).await
}

/// Renews what records are found by, as they stand now. For whoever changes words or places of many at once.
pub async fn renew<E: EntityTrait>(
    db: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = impl Into<Uuid>>,
) -> Result<(), DbErr> {
    let Some(worded) = worded::<E>() else { return Ok(()) };
    let Ok(id) = E::Column::from_str("id") else { return Ok(()) };
    let ids: Vec<Uuid> = ids.into_iter().map(Into::into).collect();
    for ids in ids.chunks(CHUNK) {
        let some = any_of(id, ids.iter().copied(), db.get_database_backend());
        let rows = unscoped::<E>().filter(some).all(db).await?;
        forget(db, worded, ids).await?;
        learn::<E>(db, &rows).await?;
    }
    Ok(())
}

async fn forget(db: &impl ConnectionTrait, worded: &Worded, ids: &[Uuid]) -> Result<(), DbErr> {
    use search_gram::Column as Gram;
    use search_text::Column as Text;
    let (kind, backend) = (worded.kind.number(), db.get_database_backend());
    let grams = any_of(Gram::EntityId, ids.iter().copied(), backend);
    search_gram::Entity::delete_many().filter(Gram::Kind.eq(kind)).filter(grams).exec(db).await?;
    let texts = any_of(Text::EntityId, ids.iter().copied(), backend);
    search_text::Entity::delete_many().filter(Text::Kind.eq(kind)).filter(texts).exec(db).await?;
    Ok(())
}

async fn store(db: &impl ConnectionTrait, worded: &Worded, all: Vec<Words>) -> Result<(), DbErr> {
    let kind = worded.kind.number();
    for words in all.chunks(CHUNK) {
        let statement = match db.get_database_backend() {
            DbBackend::Postgres => for_postgres(kind, words),
            backend => for_sqlite(backend, kind, words),
        };
        db.execute_raw(statement).await?;
    }
    let texts =
        all.into_iter().map(|words| search_text::Model { kind, entity_id: words.id, words: words.text });
    many::insert::<search_text::Entity>(db, texts.collect()).await
}

fn for_postgres(kind: i16, all: &[Words]) -> Statement {
    let uuids = |of: &dyn Fn(&Words) -> Option<Uuid>| {
        let ids = all.iter().map(|words| Value::from(of(words).unwrap_or_default()));
        Value::Array(ArrayType::Uuid, Some(Box::new(ids.collect())))
    };
    let mut values = vec![Value::from(kind), uuids(&|words| Some(words.id))];
    values.extend((0..3).map(|level| uuids(&|words| words.place[level])));
    let grams = all.iter().map(|words| {
        let grams = words.grams.iter().map(|(gram, weight)| format!("{weight}{gram}"));
        Value::from(grams.collect::<Vec<_>>().join(" "))
    });
    values.push(Value::Array(ArrayType::String, Some(Box::new(grams.collect()))));
    values.push(Value::from(Uuid::nil()));
    Statement::from_sql_and_values(DbBackend::Postgres, POSTGRES, values)
}

fn for_sqlite(backend: DbBackend, kind: i16, all: &[Words]) -> Statement {
    let mut values = vec![Value::from(kind)];
    for words in all {
        let grams: Vec<_> = words.grams.iter().map(|(gram, weight)| format!("{weight}{gram}")).collect();
        values.push(Value::from(words.id));
        values.extend(words.place.map(Value::from));
        values.push(Value::from(serde_json::json!(grams).to_string()));
    }
    let rows = vec!["(?, ?, ?, ?, ?)"; all.len()].join(", ");
    Statement::from_sql_and_values(backend, [SQLITE[0], &rows, SQLITE[1]].concat(), values)
}

/// Whether nothing is found although there are records: the tables were made, or emptied, after them.
pub async fn is_missing(db: &Db) -> Result<bool> {
    let stored = unscoped::<search_text::Entity>().one(db.read()).await?;
    let records = unscoped::<region::Entity>().one(db.read()).await?;
    Ok(stored.is_none() && records.is_some())
}

/// How many records there are to be found.
pub async fn count(db: &Db) -> Result<u64> {
    let read = db.read();
    Ok(unscoped::<region::Entity>().count(read).await?
        + unscoped::<cadre::Entity>().count(read).await?
        + unscoped::<enterprise::Entity>().count(read).await?
        + unscoped::<household::Entity>().count(read).await?)
}

/// Makes anew what all records are found by, some at a time; searches go on meanwhile. Tells how many records.
pub async fn reindex(db: &Db, progress: &ProgressBar) -> Result<usize> {
    Ok(rebuild::<region::Entity>(db, progress).await?
        + rebuild::<cadre::Entity>(db, progress).await?
        + rebuild::<enterprise::Entity>(db, progress).await?
        + rebuild::<household::Entity>(db, progress).await?)
}

async fn rebuild<E: EntityTrait>(db: &Db, progress: &ProgressBar) -> Result<usize> {
    let (Some(worded), Ok(id)) = (worded::<E>(), E::Column::from_str("id")) else { return Ok(0) };
    let (mut after, mut count) = (Uuid::nil(), 0);
    loop {
        let tx = db.begin().await?;
        // Whoever renames one of them meanwhile waits, and renews it after us.
        let rows = unscoped::<E>().filter(id.gt(after)).order_by_asc(id).limit(CHUNK as u64).lock_exclusive();
        let rows = rows.all(&tx).await?;
        let ids: Vec<Uuid> = rows
            .iter()
            .filter_map(|row| match row.get(id) {
                Value::Uuid(id) => id,
                _ => None,
            })
            .collect();
        let Some(&last) = ids.last() else { return Ok(count) };
        forget(&tx, worded, &ids).await?;
        learn::<E>(&tx, &rows).await?;
        tx.commit().await?;
        after = last;
        count += ids.len();
        progress.inc(ids.len() as u64);
    }
}
