//! Records: tables whose rows are versioned, and the lines of the change log that tell what became of them.

use super::{
    clock::id_at,
    error::{Error, Result},
    many::{column, pieces},
    trail,
};
use entity::{
    change,
    id::{AccountId, ChangeId},
    kind::ChangeKind,
    scalar::DateTime,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ConnectionTrait, DbErr, EntityTrait, IdenStatic, Iterable, ModelTrait,
    Set, Value,
};
use uuid::Uuid;

/// A line for the change log that is not in it yet.
pub type LogLine = change::ActiveModel;

/// A table whose rows are versioned and logged.
pub trait Record: EntityTrait {
    /// Name in the change log: the prefix of its ids.
    const NAME: &'static str;
    /// Columns of the internal class, whose values the log may keep.
    const INTERNAL: &'static [&'static str];
}

pub(super) fn line(
    now: DateTime,
    entity: &str,
    (id, version, kind): (Uuid, i32, ChangeKind),
    columns: &[&str],
    content: serde_json::Value,
    request_id: &str,
) -> change::ActiveModel {
    change::ActiveModel {
        sequence: ActiveValue::NotSet,
        id: Set(ChangeId(id_at(now))),
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
        county_id: ActiveValue::NotSet,
        township_id: ActiveValue::NotSet,
        village_id: ActiveValue::NotSet,
    }
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
        trail::stand::<E>(&mut line, |column| Some(after.get(column)));
        Some(line)
    }
}

/// Lines in a statement of many.
const CHUNK: usize = 1024;

/// Appends lines, after what they tell of was written and before it is taken out: each says where its record stands.
pub async fn append(
    db: &impl ConnectionTrait,
    mut lines: Vec<change::ActiveModel>,
) -> std::result::Result<(), DbErr> {
    trail::settle(db, &mut lines).await?;
    let pieces = pieces(lines.len(), CHUNK);
    let mut lines = lines.into_iter();
    for piece in pieces {
        change::Entity::insert_many(lines.by_ref().take(piece)).exec_without_returning(db).await?;
    }
    Ok(())
}

pub(super) fn id_of<E: Record>(row: &impl ActiveModelTrait<Entity = E>) -> Result<Uuid> {
    match row.get(column::<E>("id")?) {
        ActiveValue::Set(Value::Uuid(Some(id))) | ActiveValue::Unchanged(Value::Uuid(Some(id))) => Ok(id),
        _ => Err(Error::internal("a record without an id")),
    }
}

/// Names of the columns that are set, and the values of those that the log may keep.
pub(super) fn spoken<E: Record>(
    row: &impl ActiveModelTrait<Entity = E>,
) -> (Vec<&'static str>, serde_json::Value) {
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
#[must_use]
pub fn field_name(column: &str) -> String {
    camel(column.trim_end_matches("_masked").trim_end_matches("_hash"))
}

/// `phone_masked` as `phoneMasked`.
#[must_use]
pub fn camel(column: &str) -> String {
    let mut parts = column.split('_');
    let mut name = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (first, rest) = part.split_at(part.len().min(1));
        name.push_str(&first.to_uppercase());
        name.push_str(rest);
    }
    name
}
