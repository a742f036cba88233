//! Passwords: argon2id on a small pool of its own, never on the workers that answer requests; what a password may be,
//! changing one's own, and a new one in place of a forgotten one.

pub mod change;
pub mod object;
pub mod reset;
pub mod rule;

use crate::kernel::error::{Code, Error, Fault, Result};
use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use std::{
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::Semaphore;

/// Memory in KiB, passes, lanes: the OWASP floor for argon2id.
const COST: (u32, u32, u32) = (19_456, 2, 1);
/// When the first who finds no place is told to come back.
const COME_BACK: Duration = Duration::from_secs(2);
/// What one takes, in microseconds, before one was measured.
const FIRST_GUESS: u64 = 50_000;
/// The latest that anybody is told to come back.
const LATEST: Duration = Duration::from_mins(5);

fn hasher() -> Argon2<'static> {
    let params = Params::new(COST.0, COST.1, COST.2, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Hashes on the spot: for programs that load accounts, not for requests.
pub fn hash_now(password: &str) -> Result<String> {
    let hash = hasher().hash_password(password.as_bytes()).map_err(Error::internal)?;
    Ok(hash.to_string())
}

fn verify_now(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| hasher().verify_password(password.as_bytes(), &hash).is_ok())
}

/// Whether a hash was made with less than we ask for today.
fn is_weak(hash: &str) -> bool {
    let Ok(hash) = PasswordHash::new(hash) else { return false };
    let Ok(params) = Params::try_from(&hash) else { return true };
    hash.algorithm != Algorithm::Argon2id.ident()
        || params.m_cost() < COST.0
        || params.t_cost() < COST.1
        || params.p_cost() < COST.2
}

/// A hash that no password has: an unknown name takes as long as a known one.
fn nobodys() -> &'static str {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| hash_now("nobody has this password").unwrap_or_default())
}

/// What became of a password that was shown.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// Whether it is the one of the hash.
    pub known: bool,
    /// It is, and its hash was made with less than we ask for today: this is a new one of it.
    pub renewed: Option<String>,
}

/// The pool: as many at once as it has threads, a bounded queue behind, beyond that a refusal with a time to return.
#[derive(Debug)]
pub struct Passwords {
    threads: Arc<Semaphore>,
    at_once: u32,
    waiting: AtomicUsize,
    most: usize,
    /// What one takes at the least, in microseconds.
    takes: Arc<AtomicU64>,
    /// The turn of whoever was turned away last.
    last_turn: Mutex<Option<Instant>>,
}

/// A place in the queue, kept until it is given up.
#[derive(Debug)]
pub struct Place<'a>(&'a Passwords);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Passwords {
    /// A pool of so many threads (0: one fewer than there are cores, so that others are answered meanwhile) and so many
    /// waiting.
    #[must_use]
    pub fn new(threads: usize, queue: usize) -> Self {
        nobodys();
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let threads = if threads == 0 { cores().saturating_sub(1).max(1) } else { threads };
        Self {
            threads: Arc::new(Semaphore::new(threads)),
            at_once: u32::try_from(threads).unwrap_or(u32::MAX),
            waiting: AtomicUsize::new(0),
            most: threads + queue,
            takes: Arc::new(AtomicU64::new(FIRST_GUESS)),
            last_turn: Mutex::new(None),
        }
    }

    /// Hashes a new password.
    pub async fn hash(&self, password: String) -> Result<String> {
        self.place()?.hash(password).await
    }

    /// Whether the password is the one of the hash; without a hash it takes the same time and says no.
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<Checked> {
        self.place()?.verify(password, hash).await
    }

    /// A place in the queue, in the order in which they are asked for; or a time to come back.
    pub fn place(&self) -> Result<Place<'_>> {
        let ahead = self.waiting.fetch_add(1, Ordering::AcqRel);
        let place = Place(self);
        if ahead < self.most { Ok(place) } else { Err(self.turned_away().into()) }
    }

    /// Each is told a time of their own, one after the other as fast as the pool can work them off at its best: if all came
    /// back at once, most would be turned away again; if they came too late, the pool would stand idle.
    fn turned_away(&self) -> Fault {
        let now = Instant::now();
        let each = Duration::from_micros(self.takes.load(Ordering::Relaxed)) / self.at_once;
        let mut last = self.last_turn.lock().unwrap_or_else(PoisonError::into_inner);
        let next = last.map_or(now, |turn| turn + each);
        let turn = next.clamp(now + COME_BACK, now + LATEST);
        *last = Some(turn);
        let wait = u64::try_from((turn - now).as_millis()).unwrap_or(u64::MAX);
        Fault::new(
            Code::Overloaded,
            "登录人数过多，请稍后再试。",
            "Too many people are signing in; please try again shortly.",
        )
        .retry_after(wait)
    }

    async fn run<T: Send + 'static>(&self, task: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let permit = Arc::clone(&self.threads).acquire_owned().await.map_err(Error::internal)?;
        let takes = Arc::clone(&self.takes);
        let work = move || {
            let _permit = permit;
            let begun = Instant::now();
            let done = task();
            takes.fetch_min(micros(begun.elapsed()), Ordering::Relaxed);
            done
        };
        tokio::task::spawn_blocking(work).await.map_err(Error::internal)
    }
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

impl Place<'_> {
    /// Hashes a new password.
    pub async fn hash(&self, password: String) -> Result<String> {
        self.0.run(move || hash_now(&password)).await?
    }

    /// Whether the password is the one of the hash; without a hash it takes the same time and says no.
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<Checked> {
        self.0
            .run(move || {
                let Some(hash) = hash else {
                    _ = verify_now(&password, nobodys());
                    return Ok(Checked::default());
                };
                let known = verify_now(&password, &hash);
                let renewed = (known && is_weak(&hash)).then(|| hash_now(&password)).transpose()?;
                Ok(Checked { known, renewed })
            })
            .await?
    }
}
