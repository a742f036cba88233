//! Working hours of a day: spans of the clock, one after the other.

use entity::scalar::TimeOfDay;

/// Spans of one day at the most.
pub const MOST: usize = 6;
/// Milliseconds of a minute.
const MINUTE: i64 = 60_000;

/// From one time of the day to another, which no longer counts.
pub type Span = (TimeOfDay, TimeOfDay);

/// The working hours of a day: at least one span, each begins when the one before has ended or later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours(Vec<Span>);

/// Why spans are no working hours; numbers are places in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// There are none, or more than `MOST`.
    Number,
    /// One does not end after it begins.
    Backwards(usize),
    /// One begins before the one in front of it has ended.
    Overlap(usize),
}

impl Default for Hours {
    /// What holds where a county says nothing: 08:30–12:00 and 14:30–18:00.
    fn default() -> Self {
        let at = |hour: u16| TimeOfDay(hour * 60);
        Self(vec![(TimeOfDay(8 * 60 + 30), at(12)), (TimeOfDay(14 * 60 + 30), at(18))])
    }
}

impl Hours {
    /// Working hours of these spans, or every reason why they are none.
    pub fn new(spans: Vec<Span>) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        if spans.is_empty() || spans.len() > MOST {
            faults.push(Fault::Number);
        }
        for (n, (from, to)) in spans.iter().enumerate() {
            if from >= to {
                faults.push(Fault::Backwards(n));
            }
            if n > 0 && *from < spans[n - 1].1 {
                faults.push(Fault::Overlap(n));
            }
        }
        if faults.is_empty() { Ok(Self(spans)) } else { Err(faults) }
    }

    /// Reads `08:30-12:00 14:30-18:00`.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let span = |text: &str| {
            let (from, to) = text.split_once('-')?;
            Some((TimeOfDay::read(from)?, TimeOfDay::read(to)?))
        };
        Self::new(text.split(' ').map(span).collect::<Option<_>>()?).ok()
    }

    /// Writes what `read` reads.
    #[must_use]
    pub fn spell(&self) -> String {
        let spans: Vec<String> = self.0.iter().map(|(from, to)| format!("{from}-{to}")).collect();
        spans.join(" ")
    }

    /// The spans, from the first of the day.
    #[must_use]
    pub fn spans(&self) -> &[Span] {
        &self.0
    }

    /// The spans in milliseconds since midnight.
    fn pieces(&self) -> impl Iterator<Item = (i64, i64)> + '_ {
        self.0.iter().map(|(from, to)| (i64::from(from.0) * MINUTE, i64::from(to.0) * MINUTE))
    }

    /// How long people work on such a day, in milliseconds.
    #[must_use]
    pub fn length(&self) -> i64 {
        self.pieces().map(|(from, to)| to - from).sum()
    }

    /// How much of it is over, so many milliseconds after midnight.
    #[must_use]
    pub fn over(&self, at: i64) -> i64 {
        self.pieces().map(|(from, to)| at.clamp(from, to) - from).sum()
    }

    /// So many milliseconds after midnight, so much of it is over for the first time.
    #[must_use]
    pub fn when(&self, over: i64) -> i64 {
        let (mut left, mut end) = (over, 0);
        for (from, to) in self.pieces() {
            end = to;
            if left <= to - from {
                return from + left;
            }
            left -= to - from;
        }
        end
    }
}
