//! What a password may be: long enough, not what everybody tries first, not the name of the account. No rules of
//! composition: they make passwords shorter, not better.

use crate::kernel::refusal::{Checks, Refusal};
use std::{collections::HashSet, ops::RangeInclusive, sync::OnceLock};

const LENGTH: RangeInclusive<usize> = 8..=128;

/// What everybody tries first, in small letters, one a line.
const COMMON: &str = include_str!("common.txt");

fn is_common(lower: &str) -> bool {
    static SET: OnceLock<HashSet<&str>> = OnceLock::new();
    SET.get_or_init(|| COMMON.lines().collect()).contains(lower)
}

/// Notes what is wrong with a new password that stands in this field of the input.
pub fn check(checks: &mut Checks, field: &str, password: &str, name: &str) {
    checks.require(LENGTH.contains(&password.chars().count()), || {
        Refusal::rule(
            "password-length",
            field,
            "密码为 8 至 128 个字符。",
            "A password has 8 to 128 characters.",
        )
    });
    let lower = password.to_lowercase();
    checks.require(!is_common(&lower), || {
        Refusal::rule(
            "password-common",
            field,
            "这个密码太常见，请换一个。",
            "This password is among the most common ones; choose another.",
        )
    });
    checks.require(name.is_empty() || !lower.contains(name), || {
        Refusal::rule(
            "password-name",
            field,
            "密码不能包含登录名。",
            "The password must not contain the login name.",
        )
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_common_ones_is_long_sorted_and_holds_nothing_that_is_too_short_anyhow() {
        let lines: Vec<_> = COMMON.lines().collect();
        assert!(lines.len() >= 1000, "{}", lines.len());
        assert!(lines.is_sorted_by(|one, other| one < other), "sorted, each once");
        for line in lines {
            assert!(LENGTH.contains(&line.chars().count()), "{line}");
            assert_eq!(line, line.trim().to_lowercase());
        }
    }
}
