//! Passwords: argon2id on a small pool of its own, never on the workers that answer requests.

use crate::kernel::error::{Code, Error, Fault, Result};
use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicUsize, Ordering},
};
use tokio::sync::Semaphore;

/// Memory in KiB, passes, lanes: the OWASP floor for argon2id.
const COST: (u32, u32, u32) = (19_456, 2, 1);

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

/// A hash that no password has: an unknown name takes as long as a known one.
fn nobodys() -> &'static str {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| hash_now("nobody has this password").unwrap_or_default())
}

/// The pool: as many at once as it has threads, a bounded queue behind, beyond that a refusal with a time to return.
#[derive(Debug)]
pub struct Passwords {
    threads: Arc<Semaphore>,
    waiting: AtomicUsize,
    most: usize,
}

impl Passwords {
    /// A pool of so many threads (0: as many as there are cores) and so many waiting.
    #[must_use]
    pub fn new(threads: usize, queue: usize) -> Self {
        nobodys();
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let threads = if threads == 0 { cores() } else { threads };
        Self {
            threads: Arc::new(Semaphore::new(threads)),
            waiting: AtomicUsize::new(0),
            most: threads + queue,
        }
    }

    /// Hashes a new password.
    pub async fn hash(&self, password: String) -> Result<String> {
        self.run(move || hash_now(&password)).await?
    }

    /// Whether the password is the one of the hash; without a hash it takes the same time and says no.
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<bool> {
        self.run(move || {
            let known = hash.is_some();
            verify_now(&password, hash.as_deref().unwrap_or_else(|| nobodys())) && known
        })
        .await
    }

    async fn run<T: Send + 'static>(&self, task: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let ahead = self.waiting.fetch_add(1, Ordering::AcqRel);
        let place = Leave(&self.waiting);
        if ahead >= self.most {
            return Err(Fault::new(
                Code::Overloaded,
                "登录人数过多，请稍后再试。",
                "Too many people are signing in; please try again shortly.",
            )
            .retry_after(2000)
            .into());
        }
        let permit = Arc::clone(&self.threads).acquire_owned().await.map_err(Error::internal)?;
        let done = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            task()
        })
        .await
        .map_err(Error::internal);
        drop(place);
        done
    }
}

struct Leave<'a>(&'a AtomicUsize);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
