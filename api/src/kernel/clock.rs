//! The only reader of the time. Civil dates are China Standard Time.

use chrono::{Duration, FixedOffset, NaiveTime, Utc};
use entity::scalar::{Date, DateTime};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicI64, Ordering},
};
use uuid::{ContextV7, Timestamp, Uuid};

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

/// An id of a moment, greater than those that were made of it or an earlier one before.
#[must_use]
pub fn id_at(moment: DateTime) -> Uuid {
    static ORDER: Mutex<ContextV7> = Mutex::new(ContextV7::new());
    let seconds = u64::try_from(moment.0.timestamp()).unwrap_or_default();
    Uuid::new_v7(Timestamp::from_unix(&ORDER, seconds, moment.0.timestamp_subsec_nanos()))
}

/// The civil date of a moment.
#[must_use]
pub fn civil(moment: DateTime) -> Date {
    let east = FixedOffset::east_opt(EAST_8).map(|zone| moment.0.with_timezone(&zone).date_naive());
    Date(east.unwrap_or_else(|| moment.0.date_naive()))
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
