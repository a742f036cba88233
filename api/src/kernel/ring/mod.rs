//! The key ring (密钥环): the keys of the house in the database, each wrapped by a key that is derived from the master
//! secret.
//!
//! A key is next, active, retiring, removed; which of these follows from its times. Of each purpose one key has no end:
//! the active one, or the next. The next is made some time ahead, so that every server has read it before the first value
//! comes that needs it; a retired one is kept until nobody can be using it any more and nothing needs it.

pub mod change;
pub mod sealed;

use super::{
    clock::{Clock, later},
    db::Db,
    door::unscoped,
    error::{Code, Error, Fault, Result},
    vault::{FIRST, Ringed, SECRET_BYTES, Vault, Wrapping, wrong_secret},
};
use chrono::Duration;
use entity::{kind::KeyPurpose, ring_key, scalar::DateTime};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel,
    QueryFilter, QueryOrder, QuerySelect, Set, sea_query::OnConflict,
};
use std::time;

/// How long a retired key is kept at least: longer than any access token lives (60 minutes), and than any request.
pub const KEPT: Duration = Duration::minutes(65);
/// How often a server reads the ring.
const READ_EVERY: time::Duration = time::Duration::from_secs(5);
/// The pause before it is read again because a key was missed.
const PAUSE: time::Duration = time::Duration::from_secs(1);
/// How long a reading may take.
const PATIENCE: time::Duration = time::Duration::from_secs(30);
/// A server that could not read the ring for so long seals nothing more; far shorter than a retired key is kept.
const LEASE: time::Duration = time::Duration::from_mins(20);
/// Ids of sealing keys are one byte.
const LAST_SEALING: i16 = 255;

/// How a key stands (密钥状态).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Made, and used from a moment to come (待用).
    Next,
    /// In use (使用中).
    Active,
    /// No longer used for anything new (退役中).
    Retiring,
    /// Erased (已删除).
    Removed,
}

/// How a key stands, and since when; of the next, from when on it is used.
#[must_use]
pub fn state(key: &ring_key::Model, now: DateTime) -> (KeyState, DateTime) {
    match (key.removed_at, key.retired_at.filter(|retired| *retired <= now)) {
        (Some(removed), _) => (KeyState::Removed, removed),
        (None, Some(retired)) => (KeyState::Retiring, retired),
        (None, None) if key.active_from <= now => (KeyState::Active, key.active_from),
        (None, None) => (KeyState::Next, key.active_from),
    }
}

/// How long ahead a key is made: until all servers have read it, and, of one that signs, until whoever keeps
/// `jwks.json` for its five minutes has it.
fn lead(purpose: KeyPurpose) -> Duration {
    match purpose {
        KeyPurpose::Sign => Duration::minutes(10),
        KeyPurpose::Seal | KeyPurpose::Find | KeyPurpose::Chain => Duration::seconds(30),
    }
}

/// The vault of a database. An empty ring is filled with the keys that are derived from the master secret.
pub async fn open(db: &Db, secret: &[u8; SECRET_BYTES], now: DateTime) -> Result<Vault> {
    if all(db.read()).await?.is_empty() {
        fill(db, secret, now).await?;
    }
    let rows = all(db.write()).await?;
    Vault::holding(Wrapping::new(secret)?, &ringed(&rows, now))
}

async fn fill(db: &Db, secret: &[u8; SECRET_BYTES], now: DateTime) -> Result<()> {
    let wrapping = Wrapping::new(secret)?;
    let mut rows = Vec::new();
    for purpose in KeyPurpose::all() {
        rows.push(ring_key::ActiveModel {
            purpose: Set(purpose),
            id: Set(FIRST),
            wrapped: Set(Some(wrapping.first(secret, purpose)?)),
            created_at: Set(now),
            active_from: Set(now),
            retired_at: Set(None),
            swept_at: Set(None),
            worked_at: Set(None),
            removed_at: Set(None),
        });
    }
    let tx = db.begin().await?;
    let derived = Vault::new(secret)?;
    for value in sealed::sample(&tx).await? {
        derived.open(&value).map_err(|_| wrong_secret())?;
    }
    // Of two that start at once the second finds the keys of the first.
    ring_key::Entity::insert_many(rows)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(&tx)
        .await?;
    tx.commit().await?;
    Ok(())
}

/// Every key that there ever was, by purpose and id.
pub async fn all(db: &impl ConnectionTrait) -> Result<Vec<ring_key::Model>> {
    Ok(unscoped::<ring_key::Entity>()
        .order_by_asc(ring_key::Column::Purpose)
        .order_by_asc(ring_key::Column::Id)
        .all(db)
        .await?)
}

fn ringed(rows: &[ring_key::Model], now: DateTime) -> Vec<Ringed<'_>> {
    let in_use = |key: &ring_key::Model| {
        let same = rows.iter().filter(|other| other.purpose == key.purpose && other.removed_at.is_none());
        let begun = same.clone().filter(|other| other.active_from <= now).map(|other| other.id).max();
        begun.or_else(|| same.map(|other| other.id).min()) == Some(key.id)
    };
    let kept = rows.iter().filter_map(|key| Some((key, key.wrapped.as_deref()?)));
    kept.map(|(key, wrapped)| Ringed { purpose: key.purpose, id: key.id, wrapped, is_active: in_use(key) })
        .collect()
}

/// Takes the ring up as it is now.
pub async fn refresh(db: &Db, vault: &Vault, now: DateTime) -> Result<()> {
    vault.take(&ringed(&all(db.read()).await?, now))
}

/// Reads the ring again and again, every few seconds, and at once when a key is missed. Never ends.
pub async fn watch(db: &Db, vault: &Vault, clock: &Clock) -> std::convert::Infallible {
    let mut last = time::Instant::now();
    loop {
        tokio::time::sleep(PAUSE).await;
        _ = tokio::time::timeout(READ_EVERY, vault.missed()).await;
        match tokio::time::timeout(PATIENCE, refresh(db, vault, clock.now())).await {
            Ok(Ok(())) => last = time::Instant::now(),
            Ok(Err(Error::Fault(fault))) => tracing::error!(cause = fault.en, "the key ring was not read"),
            Ok(Err(error)) => tracing::warn!(?error, "the key ring was not read"),
            Err(_) => tracing::warn!("reading the key ring took too long"),
        }
        vault.lapse(last.elapsed() >= LEASE);
    }
}

/// The key of a purpose that has no end, for nobody else to change meanwhile. None when that has just happened.
async fn newest(tx: &DatabaseTransaction, purpose: KeyPurpose) -> Result<Option<ring_key::Model>> {
    Ok(unscoped::<ring_key::Entity>()
        .filter(ring_key::Column::Purpose.eq(purpose))
        .filter(ring_key::Column::RetiredAt.is_null())
        .lock_exclusive()
        .one(tx)
        .await?)
}

/// Makes the next key of a purpose, unless there is one, or the key in use is younger than this. Of many who try at once
/// one makes it.
pub async fn begin(
    db: &Db,
    vault: &Vault,
    purpose: KeyPurpose,
    age: Duration,
    now: DateTime,
) -> Result<Option<ring_key::Model>> {
    let tx = db.begin().await?;
    let Some(last) = newest(&tx, purpose).await?.filter(|last| later(last.active_from, age) <= now) else {
        return Ok(None);
    };
    // Wrapped by a master secret that is no longer ours, the ring is not ours to change.
    vault.wrapping().check(purpose, last.id, last.wrapped.as_deref().unwrap_or_default())?;
    let id = last.id.checked_add(1).filter(|id| purpose != KeyPurpose::Seal || *id <= LAST_SEALING);
    let id = id.ok_or_else(used_up)?;
    let active_from = later(now, lead(purpose));
    let mut last = last.into_active_model();
    last.retired_at = Set(Some(active_from));
    last.update(&tx).await?;
    let next = ring_key::Model {
        purpose,
        id,
        wrapped: Some(vault.wrapping().fresh(purpose, id)?),
        created_at: now,
        active_from,
        retired_at: None,
        swept_at: None,
        worked_at: None,
        removed_at: None,
    };
    ring_key::Entity::insert(next.clone().into_active_model()).exec_without_returning(&tx).await?;
    tx.commit().await?;
    Ok(Some(next))
}

fn used_up() -> Error {
    Fault::new(
        Code::Conflict,
        "密钥编号已用完（加密密钥最多 255 把）。",
        "No number is left for another key (255 that seal).",
    )
    .into()
}

/// Erases keys that nobody can be using any more.
async fn remove(db: &impl ConnectionTrait, purpose: KeyPurpose, ids: &[i16], now: DateTime) -> Result<u64> {
    let gone = ring_key::ActiveModel {
        wrapped: Set(None),
        worked_at: Set(None),
        removed_at: Set(Some(now)),
        ..Default::default()
    };
    let removed = ring_key::Entity::update_many()
        .set(gone)
        .filter(ring_key::Column::Purpose.eq(purpose))
        .filter(ring_key::Column::Id.is_in(ids.iter().copied()))
        .filter(ring_key::Column::RemovedAt.is_null())
        .filter(ring_key::Column::RetiredAt.lte(later(now, -KEPT)))
        .exec(db)
        .await?;
    Ok(removed.rows_affected)
}

/// Wraps the whole ring by another master secret, at once. Servers that hold the former one go on with the keys that they
/// know, and have to be started with the new one soon. Gives the number of keys.
pub async fn rewrap(
    db: &Db,
    from: &[u8; SECRET_BYTES],
    to: &[u8; SECRET_BYTES],
    now: DateTime,
) -> Result<usize> {
    open(db, from, now).await?;
    let (from, to) = (Wrapping::new(from)?, Wrapping::new(to)?);
    let tx = db.begin().await?;
    // Nobody changes the ring while these are held; a key that was just being made is seen by the second look.
    unscoped::<ring_key::Entity>().lock_exclusive().all(&tx).await?;
    let mut wrapped = 0;
    for key in all(&tx).await? {
        let Some(old) = key.wrapped.as_deref() else { continue };
        let new = from.hand_over(&to, key.purpose, key.id, old)?;
        let mut key = key.into_active_model();
        key.wrapped = Set(Some(new));
        key.update(&tx).await?;
        wrapped += 1;
    }
    tx.commit().await?;
    Ok(wrapped)
}
