//! Guessing passwords takes longer with each failure: counted by the login name and by the address from which it
//! comes, whatever the number of requests. Nobody is locked out for good, and an unknown name is counted like a known one.

use crate::kernel::error::{Code, Fault, Result};
use chrono::Duration;
use entity::scalar::DateTime;
use moka::sync::Cache;

/// Failures of one name that cost nothing yet.
const FREE_BY_NAME: u32 = 8;
/// Failures of one address that cost nothing yet: an office has many people behind one.
const FREE_BY_ADDRESS: u32 = 60;
/// The longest wait in seconds.
const LONGEST: i64 = 300;

/// Failures not long ago.
#[derive(Debug)]
pub struct Failures(Cache<String, (u32, DateTime)>);

impl Default for Failures {
    fn default() -> Self {
        let cache = Cache::builder().max_capacity(200_000);
        Self(cache.time_to_idle(std::time::Duration::from_hours(1)).build())
    }
}

fn keys(name: &str, address: Option<std::net::IpAddr>) -> impl Iterator<Item = (String, u32)> {
    let address = address.map(|address| (format!("address {address}"), FREE_BY_ADDRESS));
    std::iter::once((format!("name {name}"), FREE_BY_NAME)).chain(address)
}

impl Failures {
    /// Refuses while a wait lasts.
    pub fn allow(&self, name: &str, address: Option<std::net::IpAddr>, now: DateTime) -> Result<()> {
        let until = keys(name, address).filter_map(|(key, _)| Some(self.0.get(&key)?.1)).max();
        let Some(wait) = until.map(|until| (until.0 - now.0).num_milliseconds()).filter(|&wait| wait > 0)
        else {
            return Ok(());
        };
        Err(Fault::new(
            Code::RateLimited,
            "尝试次数过多，请稍后再试。",
            "Too many attempts; please try again later.",
        )
        .retry_after(wait.unsigned_abs())
        .into())
    }

    /// Notes a failure.
    pub fn note(&self, name: &str, address: Option<std::net::IpAddr>, now: DateTime) {
        for (key, free) in keys(name, address) {
            let count = self.0.get(&key).map_or(0, |(count, _)| count) + 1;
            let over = count.saturating_sub(free);
            let seconds = if over == 0 { 0 } else { (1_i64 << over.min(10)).min(LONGEST) };
            self.0.insert(key, (count, DateTime::new(now.0 + Duration::seconds(seconds))));
        }
    }

    /// Forgets the failures of a name that has signed in.
    pub fn forget(&self, name: &str) {
        self.0.invalidate(&format!("name {name}"));
    }
}
