//! Guessing takes longer with each failure: counted by the name and by the address from which it comes, whatever the
//! number of requests. Nobody is locked out for good, and an unknown name is counted like a known one.

use crate::kernel::error::{Code, Fault, Result};
use chrono::Duration;
use entity::scalar::DateTime;
use moka::{ops::compute::Op, sync::Cache};
use std::net::IpAddr;

/// The longest wait in seconds.
const LONGEST: i64 = 300;

/// Failures not long ago.
#[derive(Debug)]
pub struct Failures {
    known: Cache<String, (u32, DateTime)>,
    free_by_name: u32,
    free_by_address: u32,
}

/// One attempt. It counts as a failure of the name from its beginning, so that many at once guess no more than one after
/// the other; whatever is given up undecided is taken back.
#[derive(Debug)]
#[must_use]
pub struct Attempt<'a> {
    failures: &'a Failures,
    name: String,
    address: Option<IpAddr>,
    now: DateTime,
    decided: bool,
}

fn of_name(name: &str) -> String {
    format!("name {name}")
}

fn of_address(address: IpAddr) -> String {
    format!("address {address}")
}

impl Failures {
    /// So many of one name and of one address cost nothing yet: an office has many people behind one address.
    #[must_use]
    pub fn new(free_by_name: u32, free_by_address: u32) -> Self {
        let cache = Cache::builder().max_capacity(200_000);
        let known = cache.time_to_idle(std::time::Duration::from_hours(1)).build();
        Self { known, free_by_name, free_by_address }
    }

    /// Begins an attempt; refuses while a wait lasts.
    pub fn begin(&self, name: &str, address: Option<IpAddr>, now: DateTime) -> Result<Attempt<'_>> {
        let by_address = address.and_then(|address| self.known.get(&of_address(address)));
        refuse_until(by_address, now)?;
        let mut waits = None;
        self.known.entry(of_name(name)).and_compute_with(|entry| {
            let known = entry.map(moka::Entry::into_value);
            waits = known.filter(|(_, until)| *until > now);
            if waits.is_some() { Op::Nop } else { Op::Put(counted(known, self.free_by_name, now)) }
        });
        refuse_until(waits, now)?;
        Ok(Attempt { failures: self, name: name.to_owned(), address, now, decided: false })
    }
}

fn refuse_until(known: Option<(u32, DateTime)>, now: DateTime) -> Result<()> {
    let wait = known.map(|(_, until)| (until.0 - now.0).num_milliseconds()).filter(|&wait| wait > 0);
    let Some(wait) = wait else { return Ok(()) };
    Err(Fault::new(
        Code::RateLimited,
        "尝试次数过多，请稍后再试。",
        "Too many attempts; please try again later.",
    )
    .retry_after(wait.unsigned_abs())
    .into())
}

/// One failure more, and until when the next attempt waits.
fn counted(known: Option<(u32, DateTime)>, free: u32, now: DateTime) -> (u32, DateTime) {
    let count = known.map_or(0, |(count, _)| count).saturating_add(1);
    let over = count.saturating_sub(free);
    let seconds = if over == 0 { 0 } else { (1_i64 << over.min(10)).min(LONGEST) };
    (count, DateTime::new(now.0 + Duration::seconds(seconds)))
}

impl Attempt<'_> {
    /// It failed.
    pub fn failed(mut self) {
        self.decided = true;
        let Some(address) = self.address else { return };
        let free = self.failures.free_by_address;
        self.failures
            .known
            .entry(of_address(address))
            .and_compute_with(|entry| Op::Put(counted(entry.map(moka::Entry::into_value), free, self.now)));
    }

    /// It was right: the failures of the name are forgotten.
    pub fn succeeded(mut self) {
        self.decided = true;
        self.failures.known.invalidate(&of_name(&self.name));
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if self.decided {
            return;
        }
        let free = self.failures.free_by_name;
        self.failures.known.entry(of_name(&self.name)).and_compute_with(|entry| {
            match entry.map(moka::Entry::into_value) {
                None => Op::Nop,
                Some((count, _)) if count <= 1 => Op::Remove,
                Some((count, _)) => Op::Put(counted(Some((count - 2, self.now)), free, self.now)),
            }
        });
    }
}
