//! Changing keys: what runs by itself on every server, and what is asked for.

use super::{
    KEPT, KeyState, all, begin, refresh, remove,
    sealed::{Sweep, Swept},
    state,
};
use crate::kernel::{
    clock::{Clock, later},
    db::Db,
    door::unscoped,
    error::{Error, Result},
    place::still,
    vault::Vault,
};
use chrono::Duration;
use entity::{kind::KeyPurpose, ring_key, scalar::DateTime};
use sea_orm::{ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter, QuerySelect, Set};
use std::time;

/// How long after its moment a new key is surely in use on every server.
pub const SETTLED: Duration = Duration::seconds(15);
/// Whoever works on sealing anew and was not heard of for so long has stopped.
const SILENT: Duration = Duration::minutes(1);
/// How often it is said that one is at it.
const BEAT: time::Duration = time::Duration::from_secs(10);
/// Walks in a row, before what others hold is left for later.
const WALKS: usize = 5;
/// Rows after which the log is told.
const TOLD: u64 = 100_000;
/// What a server leaves to others between two looks at some rows.
const REST: time::Duration = time::Duration::from_millis(5);

/// The database, the keys, the time.
#[derive(Clone, Copy)]
pub struct Tools<'a> {
    /// The database.
    pub db: &'a Db,
    /// The keys.
    pub vault: &'a Vault,
    /// The time.
    pub clock: &'a Clock,
}

/// What has become of a change of the key that seals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// There is none.
    None,
    /// The next key is not in use everywhere yet; from this moment on it is.
    Ahead(DateTime),
    /// Values wait to be sealed anew.
    Waiting,
    /// Nothing is sealed by an earlier key; from this moment on it can be removed.
    Swept(DateTime),
}

fn sealing(ring: &[ring_key::Model]) -> impl Iterator<Item = &ring_key::Model> {
    ring.iter().filter(|key| key.purpose == KeyPurpose::Seal && key.removed_at.is_none())
}

/// How the change of the key that seals stands.
#[must_use]
pub fn standing(ring: &[ring_key::Model], now: DateTime) -> Standing {
    let retired = || sealing(ring).filter_map(|key| Some((key, key.retired_at?)));
    let settled = retired().map(|(_, retired)| later(retired, SETTLED)).max();
    match settled {
        None => Standing::None,
        Some(settled) if settled > now => Standing::Ahead(settled),
        _ if retired().any(|(key, _)| key.swept_at.is_none()) => Standing::Waiting,
        _ => retired()
            .map(|(_, retired)| retired)
            .min()
            .map_or(Standing::None, |first| Standing::Swept(later(first, KEPT))),
    }
}

/// What is due, on a server and every half minute: the key that signs is replaced when it is older than this, values are
/// sealed anew after a change of key, and keys that nobody needs are removed.
pub async fn tend(tools: Tools<'_>, signing_life: time::Duration) -> Result<()> {
    let Tools { db, vault, clock } = tools;
    let life = Duration::from_std(signing_life).unwrap_or(Duration::MAX);
    let ring = all(db.read()).await?;
    let now = clock.now();
    if !life.is_zero()
        && ring.iter().any(|key| is_due(key, life, now))
        && let Some(next) = begin(db, vault, KeyPurpose::Sign, life, now).await?
    {
        tracing::info!(id = next.id, from = %next.active_from.0, "the next key that signs tokens is made");
    }
    let retired: Vec<i16> = ring
        .iter()
        .filter(|key| key.purpose == KeyPurpose::Sign && state(key, now).0 == KeyState::Retiring)
        .filter(|key| key.retired_at.is_some_and(|retired| later(retired, KEPT) <= now))
        .map(|key| key.id)
        .collect();
    if !retired.is_empty() && remove(db.write(), KeyPurpose::Sign, &retired, now).await? > 0 {
        tracing::info!(?retired, "keys that signed tokens are removed");
    }
    let due = match standing(&ring, now) {
        Standing::Waiting => true,
        Standing::Swept(end) => end <= now,
        Standing::None | Standing::Ahead(_) => false,
    };
    if !due || !claim(db, now).await? {
        return Ok(());
    }
    let mut passed = 0;
    let swept = reseal(tools, REST, |rows| {
        passed += rows;
        if passed % TOLD < rows {
            tracing::info!(rows = passed, "values are being sealed anew");
        }
    });
    let swept = swept.await?;
    if swept.anew + swept.broken > 0 {
        tracing::info!(?swept, "values were sealed anew");
    }
    Ok(())
}

fn is_due(key: &ring_key::Model, life: Duration, now: DateTime) -> bool {
    key.purpose == KeyPurpose::Sign
        && key.retired_at.is_none()
        && now.0.signed_duration_since(key.active_from.0) >= life
}

/// Seals anew what earlier keys sealed until nothing of it is left, and removes those whose time is over. Tells the rows
/// that it passes, and rests after each step.
pub async fn reseal(tools: Tools<'_>, rest: time::Duration, mut passed: impl FnMut(u64)) -> Result<Swept> {
    let Tools { db, vault, clock } = tools;
    refresh(db, vault, clock.now()).await?;
    let begun = clock.now();
    let ring = all(db.read()).await?;
    let mut retired = sealing(&ring).filter_map(|key| key.retired_at);
    let is_over = retired.any(|retired| later(retired, KEPT) <= begun) && sheets_have_ended(db).await?;
    let mut total = Swept::default();
    let mut beat = time::Instant::now();
    say(db, clock.now()).await?;
    for _ in 0..WALKS {
        let mut sweep = Sweep::new(db, vault);
        while let Some(rows) = sweep.pass().await? {
            passed(rows);
            if beat.elapsed() >= BEAT {
                beat = time::Instant::now();
                say(db, clock.now()).await?;
            }
            tokio::time::sleep(rest).await;
        }
        let swept = sweep.swept;
        total.anew += swept.anew;
        (total.missed, total.broken) = (swept.missed, swept.broken);
        if swept.is_clean() {
            clean(db, vault, clock.now()).await?;
            if is_over {
                forget(db, vault, begun).await?;
            }
            break;
        }
        if swept.anew + swept.missed == 0 {
            // What does not open will not do so in a minute either.
            say(db, later(clock.now(), Duration::hours(1))).await?;
            break;
        }
    }
    Ok(total)
}

/// Whether every sheet has ended that was coming in when a key was retired: it may hold values that are not stored yet.
async fn sheets_have_ended(db: &Db) -> Result<bool> {
    let tx = db.begin().await?;
    let ended = match still::shift(&tx).await {
        Ok(()) => true,
        Err(Error::Fault(_)) => false,
        Err(error) => return Err(error),
    };
    tx.rollback().await?;
    Ok(ended)
}

/// Notes that a walk found nothing.
async fn clean(db: &Db, vault: &Vault, now: DateTime) -> Result<()> {
    let noted =
        ring_key::ActiveModel { swept_at: Set(Some(now)), worked_at: Set(None), ..Default::default() };
    ring_key::Entity::update_many().set(noted).filter(retiring(vault.sealing())).exec(db.write()).await?;
    Ok(())
}

/// Removes the keys whose time was over before the walk that found nothing.
async fn forget(db: &Db, vault: &Vault, begun: DateTime) -> Result<()> {
    let ids: Vec<i16> = unscoped::<ring_key::Entity>()
        .select_only()
        .column(ring_key::Column::Id)
        .filter(retiring(vault.sealing()))
        .into_tuple()
        .all(db.read())
        .await?;
    if remove(db.write(), KeyPurpose::Seal, &ids, begun).await? > 0 {
        tracing::info!("keys that sealed are removed");
    }
    Ok(())
}

/// Sealing keys before this one.
fn retiring(sealing: i16) -> Condition {
    Condition::all()
        .add(ring_key::Column::Purpose.eq(KeyPurpose::Seal))
        .add(ring_key::Column::Id.lt(sealing))
        .add(ring_key::Column::RemovedAt.is_null())
}

/// Says that one is at it.
async fn say(db: &Db, now: DateTime) -> Result<()> {
    let working = ring_key::ActiveModel { worked_at: Set(Some(now)), ..Default::default() };
    let retiring = retiring(i16::MAX).add(ring_key::Column::RetiredAt.lte(now));
    ring_key::Entity::update_many().set(working).filter(retiring).exec(db.write()).await?;
    Ok(())
}

/// Whether it is for this process to seal anew: nobody else is at it.
async fn claim(db: &Db, now: DateTime) -> Result<bool> {
    let working = ring_key::ActiveModel { worked_at: Set(Some(now)), ..Default::default() };
    let free = ring_key::Column::WorkedAt.is_null().or(ring_key::Column::WorkedAt.lt(later(now, -SILENT)));
    let retiring = retiring(i16::MAX).add(ring_key::Column::RetiredAt.lte(now)).add(free);
    let claimed = ring_key::Entity::update_many().set(working).filter(retiring).exec(db.write()).await?;
    Ok(claimed.rows_affected > 0)
}
