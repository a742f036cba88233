//! Spans of days or moments, half-open: from the first to the first that no longer counts, or without an end.

use entity::scalar::Date;

/// A span, of days where nothing else is said.
pub type Span<T = Date> = (T, Option<T>);

/// What is left of a span outside the spans that are taken.
#[must_use]
pub fn left<T: Copy + Ord>((from, to): Span<T>, taken: &[Span<T>]) -> Vec<Span<T>> {
    let mut taken: Vec<Span<T>> = taken.to_vec();
    taken.sort_unstable();
    let (mut next, mut free) = (from, Vec::new());
    for (start, end) in taken {
        if end.is_some_and(|end| end <= next || end <= start) {
            continue;
        }
        if to.is_some_and(|to| start >= to) {
            break;
        }
        if start > next {
            free.push((next, Some(start)));
        }
        match end {
            Some(end) => next = end,
            None => return free,
        }
    }
    if to.is_none_or(|to| next < to) {
        free.push((next, to));
    }
    free
}

/// Whether two spans have a day in common.
#[must_use]
pub fn meet(one: Span, other: Span) -> bool {
    let before = |one: Span, other: Span| one.1.is_some_and(|end| end <= other.0);
    let some = |span: Span| span.1.is_none_or(|end| end > span.0);
    some(one) && some(other) && !before(one, other) && !before(other, one)
}
