//! When a delivery is tried again: the schedule of Standard Webhooks.

use crate::kernel::clock::later;
use chrono::Duration;
use entity::scalar::DateTime;
use uuid::Uuid;

/// Seconds after each attempt that failed until the next one.
const AFTER: [i64; 9] = [5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600];

/// When to try again after so many attempts have failed; none when that was the last.
#[must_use]
pub fn next(attempts: i32, now: DateTime) -> Option<DateTime> {
    let at = usize::try_from(attempts.checked_sub(1)?).ok()?;
    let seconds = *AFTER.get(at)?;
    // Up to a tenth more, so that what failed together is not tried together. The end of an id is random.
    let jitter = i64::from(Uuid::now_v7().as_bytes()[15]) * seconds * 1000 / 2550;
    Some(later(now, Duration::milliseconds(seconds * 1000 + jitter)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_ten_attempts_over_three_days() {
        let start = DateTime(chrono::DateTime::UNIX_EPOCH);
        let mut at = start;
        for attempts in 1..10 {
            let next = next(attempts, at).expect("another attempt");
            assert!(next > at, "{attempts}");
            at = next;
        }
        assert_eq!(next(10, at), None);
        let hours = (at.0 - start.0).num_hours();
        assert!((75..=84).contains(&hours), "{hours}");
    }
}
