//! The only reader of the time. Civil dates are China Standard Time.

use chrono::{Duration, NaiveDateTime, NaiveTime, Utc};
use entity::scalar::{Date, DateTime};
use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU32, Ordering},
};
use uuid::{Builder, Uuid};

const EAST_8: i32 = 8 * 3600;

/// The system's clock, which a test may set forward or back.
#[derive(Clone, Debug, Default)]
pub struct Clock(Arc<AtomicI64>);

impl Clock {
    /// This moment, in milliseconds.
    #[must_use]
    pub fn now(&self) -> DateTime {
        #[expect(clippy::disallowed_methods, reason = "this is the one place that asks")]
        let system = Utc::now();
        DateTime::new(system + Duration::milliseconds(self.0.load(Ordering::Relaxed)))
    }

    /// Moves the clock against the system's.
    pub fn shift(&self, by: Duration) {
        self.0.fetch_add(by.num_milliseconds(), Ordering::Relaxed);
    }
}

/// An id of a moment, which need not be this one. Of ids of one millisecond, the one that was made later is greater.
#[must_use]
pub fn id_at(moment: DateTime) -> Uuid {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let [first, second, third, fourth] = MADE.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    // Version and variant overwrite the upper bits of the first byte and the third: what is counted goes around them.
    let mut tail = [0; 10];
    tail[..4].copy_from_slice(&[second >> 4, (second << 4) | (third >> 4), third & 0x0f, fourth]);
    tail[4] = first;
    // The end of a fresh id is random.
    tail[5..].copy_from_slice(&Uuid::now_v7().as_bytes()[11..]);
    let milliseconds = u64::try_from(moment.0.timestamp_millis()).unwrap_or_default();
    Builder::from_unix_timestamp_millis(milliseconds, &tail).into_uuid()
}

/// The civil time of a moment.
#[must_use]
pub fn east(moment: DateTime) -> NaiveDateTime {
    moment.0.naive_utc() + Duration::seconds(EAST_8.into())
}

/// The civil date of a moment.
#[must_use]
pub fn civil(moment: DateTime) -> Date {
    Date(east(moment).date())
}

/// The moment at which a civil date begins.
#[must_use]
pub fn midnight(day: Date) -> DateTime {
    let start = day.0.and_time(NaiveTime::MIN).and_utc();
    DateTime(start - Duration::seconds(EAST_8.into()))
}

/// Days later.
#[must_use]
pub fn later(moment: DateTime, by: Duration) -> DateTime {
    DateTime(moment.0 + by)
}
