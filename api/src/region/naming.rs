//! Names and codes of what comes into another region: those that are taken there are told apart.

use entity::scalar::RegionCode;
use std::{collections::HashSet, hash::BuildHasher};

/// Characters of a name at the most.
const LONGEST: usize = 60;

/// A village's name as people say it: 竹园村 for 竹园村民委员会 and 竹园村委会, 前所社区 for 前所社区居民委员会.
#[must_use]
pub fn short_name(name: &str) -> String {
    const ENDINGS: [(&str, &str); 4] =
        [("村民委员会", "村"), ("村委会", "村"), ("居民委员会", ""), ("居委会", "")];
    let short = ENDINGS.iter().find_map(|(ending, instead)| {
        let stem = name.strip_suffix(ending)?;
        let stem = if instead.is_empty() { stem } else { stem.strip_suffix('村').unwrap_or(stem) };
        (!stem.is_empty()).then(|| format!("{stem}{instead}"))
    });
    short.unwrap_or_else(|| name.to_owned())
}

/// The name, or the name with another in front and a number behind if need be, that is not taken.
#[must_use]
pub fn free_name<S: BuildHasher>(name: &str, front: &str, taken: &HashSet<String, S>) -> String {
    if !taken.contains(name) {
        return name.to_owned();
    }
    let cut = |suffix: &str| {
        let room = LONGEST - suffix.chars().count().min(LONGEST);
        let stem: String = format!("{front}{name}").chars().take(room).collect();
        format!("{stem}{suffix}")
    };
    let first = cut("");
    if !taken.contains(&first) {
        return first;
    }
    (2..100_000).map(|n: u32| cut(&n.to_string())).find(|name| !taken.contains(name)).unwrap_or(first)
}

/// A code below another region: with the serial that it has, or the next that is free after the last in use, or any.
#[must_use]
pub fn free_code<S: BuildHasher>(
    below: &RegionCode,
    own: &RegionCode,
    taken: &HashSet<String, S>,
) -> Option<RegionCode> {
    let serial = own.0.get(own.0.len().checked_sub(3)?..)?;
    let code = |serial: &str| format!("{}{serial}", below.0);
    if !taken.contains(&code(serial)) {
        return Some(RegionCode(code(serial)));
    }
    // Serials of one hundred are of one kind: communities, villages, grids.
    let hundred = serial.parse::<u16>().ok()? / 100 * 100;
    let used = |n: &u16| taken.contains(&code(&format!("{n:03}")));
    let last = (hundred..hundred + 100).rev().find(used).unwrap_or(hundred);
    let next = (last + 1..hundred + 100).chain(hundred.max(1)..last).chain(1..1000);
    next.map(|n| format!("{n:03}"))
        .map(|serial| code(&serial))
        .find(|code| !taken.contains(code))
        .map(RegionCode)
}
