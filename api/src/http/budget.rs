//! The budget of cost that an account, or an address that has not signed in, may spend in a minute.
//!
//! A bucket for each of them fills evenly and never holds more than a minute's worth. Buckets are
//! kept in bounded caches: one that is forgotten after two idle minutes would be full again anyway.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_graphql::{Name, Value};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use crate::config::GraphqlConfig;
use crate::kernel::request::{Ctx, Via, Viewer};
use entity::id::AccountId;

/// Buckets kept for accounts, and as many for addresses.
const BUCKETS: u64 = 100_000;
/// After so long without a request a bucket is full in any case.
const FORGOTTEN: Duration = Duration::from_mins(2);
const MILLIS_OF_A_MINUTE: u64 = 60_000;

/// Who pays for a request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Payer {
    /// Somebody who has signed in.
    Account(String),
    /// Somebody who is told something as it happens, and what is told then.
    Listener(AccountId),
    /// Another system by its key, which may spend so much in a minute.
    Key(String, u64),
    /// Somebody who has not, by address; an IPv6 caller by the network that is its own.
    Address(IpAddr),
}

impl Payer {
    /// Who has come in.
    pub fn of(ctx: &Ctx) -> Self {
        match ctx.viewer() {
            Some(Viewer { via: Via::Key(key), budget: Some(budget), .. }) => {
                Self::Key(key.to_string(), *budget)
            }
            _ => Self::Account(ctx.actor()),
        }
    }

    /// The payer behind an address.
    pub fn address(address: IpAddr) -> Self {
        Self::Address(match address.to_canonical() {
            IpAddr::V6(six) => {
                let [a, b, c, d, ..] = six.segments();
                Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
            }
            four @ IpAddr::V4(_) => four,
        })
    }
}

/// What a request cost and what is left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Receipt {
    /// What the request costs.
    pub requested: u64,
    /// What may still be spent at once.
    pub remaining: u64,
    /// When the whole budget is there again.
    pub reset_at: DateTime<Utc>,
}

impl Receipt {
    /// As `extensions.cost` shows it.
    pub fn to_value(self) -> Value {
        let reset_at = self.reset_at.to_rfc3339_opts(SecondsFormat::Millis, true);
        let pairs = [
            ("requested", Value::from(self.requested)),
            ("remaining", Value::from(self.remaining)),
            ("resetAt", Value::from(reset_at)),
        ];
        Value::Object(pairs.into_iter().map(|(name, value)| (Name::new(name), value)).collect())
    }
}

/// The budget is spent; some will be back after so long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Spent {
    /// What was asked and what is left.
    pub receipt: Receipt,
    /// When the same request will be paid for.
    pub retry_after_ms: u64,
}

/// All budgets.
#[derive(Debug)]
pub struct Budget {
    accounts: Purses,
    keys: Purses,
    addresses: Purses,
}

#[derive(Debug)]
struct Purses {
    buckets: Cache<Payer, Arc<Mutex<Bucket>>>,
    per_minute: u64,
}

#[derive(Debug)]
struct Bucket {
    /// In thousandths of a unit of cost, so that slow filling is not lost to rounding.
    left: u128,
    at: Instant,
}

impl Budget {
    /// Budgets as the settings say. A minute always pays for the dearest operation there is.
    pub fn new(settings: &GraphqlConfig) -> Self {
        let purses = |per_minute: u64| Purses {
            buckets: Cache::builder()
                .max_capacity(BUCKETS)
                .time_to_idle(FORGOTTEN)
                .eviction_policy(EvictionPolicy::lru())
                .build(),
            per_minute: per_minute.max(settings.max_cost),
        };
        Self {
            accounts: purses(settings.cost_per_minute),
            keys: purses(0),
            addresses: purses(settings.anonymous_cost_per_minute),
        }
    }

    /// Takes the cost of a request from its payer's budget, or nothing when there is not enough.
    ///
    /// `now` is only shown; the budget runs on a steady clock.
    pub fn spend(&self, payer: Payer, cost: u64, now: DateTime<Utc>) -> Result<Receipt, Spent> {
        let purses = match &payer {
            Payer::Account(_) | Payer::Listener(_) => &self.accounts,
            Payer::Key(..) => &self.keys,
            Payer::Address(_) => &self.addresses,
        };
        purses.spend(payer, cost.max(1), Instant::now(), now)
    }
}

impl Purses {
    fn spend(&self, payer: Payer, cost: u64, at: Instant, now: DateTime<Utc>) -> Result<Receipt, Spent> {
        let own = if let Payer::Key(_, own) = payer { own } else { 0 };
        let per_minute = u128::from(self.per_minute.max(own));
        let full = per_minute * 1000;
        let bucket = self.buckets.get_with(payer, || Arc::new(Mutex::new(Bucket { left: full, at })));
        let mut bucket = bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = at.saturating_duration_since(bucket.at).as_millis();
        bucket.left = full.min(bucket.left + passed * full / u128::from(MILLIS_OF_A_MINUTE));
        bucket.at = at.max(bucket.at);
        let price = u128::from(cost) * 1000;
        let enough = bucket.left >= price;
        if enough {
            bucket.left -= price;
        }
        let wait = |amount: u128| {
            u64::try_from((amount * u128::from(MILLIS_OF_A_MINUTE)).div_ceil(full)).unwrap_or(u64::MAX)
        };
        let receipt = Receipt {
            requested: cost,
            remaining: u64::try_from(bucket.left / 1000).unwrap_or(u64::MAX),
            reset_at: later(now, wait(full - bucket.left)),
        };
        if enough { Ok(receipt) } else { Err(Spent { receipt, retry_after_ms: wait(price - bucket.left) }) }
    }
}

/// The moment so many milliseconds later.
fn later(now: DateTime<Utc>, millis: u64) -> DateTime<Utc> {
    let delta = i64::try_from(millis).ok().and_then(TimeDelta::try_milliseconds).unwrap_or_default();
    now.checked_add_signed(delta).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_spent_and_comes_back() {
        let purses = Purses { buckets: Cache::new(10), per_minute: 600 };
        let payer = || Payer::Account("one".to_owned());
        let (start, now) = (Instant::now(), DateTime::UNIX_EPOCH);
        let spend = |cost, seconds| purses.spend(payer(), cost, start + Duration::from_secs(seconds), now);
        assert_eq!(spend(500, 0).map(|receipt| receipt.remaining), Ok(100));
        let refused = spend(200, 0).expect_err("only 100 are left");
        assert_eq!((refused.retry_after_ms, refused.receipt.remaining), (10_000, 100));
        assert_eq!(refused.receipt.reset_at, now + TimeDelta::seconds(50));
        assert_eq!(spend(200, 10).map(|receipt| receipt.remaining), Ok(0));
        assert_eq!(spend(600, 1000).map(|receipt| receipt.remaining), Ok(0));
    }

    #[test]
    fn an_address_of_ipv6_pays_with_its_network() {
        let payer = |text: &str| Payer::address(text.parse().expect("an address"));
        assert_eq!(payer("2001:db8:1:2:3::4"), payer("2001:db8:1:2:ffff::1"));
        assert_ne!(payer("2001:db8:1:2::1"), payer("2001:db8:1:3::1"));
        assert_eq!(payer("::ffff:10.0.0.1"), payer("10.0.0.1"));
    }
}
