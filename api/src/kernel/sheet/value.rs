//! Values as people write them in cells.

use chrono::NaiveDate;
use entity::scalar::Yuan;

/// Blanks that cells have around their text: those of any width, and marks that are not seen.
pub(super) fn trim(text: &str) -> &str {
    text.trim_matches(|found: char| {
        found.is_whitespace()
            || matches!(found, '\u{feff}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}')
    })
}

/// Digits, letters and signs of full width as plain ones.
#[must_use]
pub fn plain(text: &str) -> String {
    let narrow = |found: char| match found {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(found) - 0xfee0).unwrap_or(found),
        '\u{3000}' => ' ',
        _ => found,
    };
    trim(text).chars().map(narrow).collect()
}

/// A date: 2026-01-31, 2026/1/31, 2026.1.31, 2026年1月31日, 20260131; a time after it is passed over.
#[must_use]
pub fn date(text: &str) -> Option<NaiveDate> {
    let text = plain(text);
    let day = text.split([' ', 'T']).next().unwrap_or_default();
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if day.len() == 8 && digits(day) {
        return NaiveDate::parse_from_str(day, "%Y%m%d").ok();
    }
    let day = day.trim_end_matches(['日', '号']);
    let parts: Vec<&str> = day.split(['-', '/', '.', '年', '月']).collect();
    let [year, month, day] = parts.as_slice() else { return None };
    if year.len() != 4 || !parts.iter().all(|part| !part.is_empty() && part.len() <= 4 && digits(part)) {
        return None;
    }
    NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
}

/// An amount of yuan: 12000, 12,000.50, 1.2万, 12000元.
#[must_use]
pub fn yuan(text: &str) -> Option<Yuan> {
    let text = plain(text).replace([',', ' ', '¥', '￥'], "");
    let text = text.strip_suffix('元').unwrap_or(&text);
    let (text, zeros) = text.strip_suffix('万').map_or((text, 0), |text| (text, 4));
    let (text, sign) = text.strip_prefix('-').map_or((text, 1), |text| (text, -1));
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let places = 2 + zeros;
    let rest = rest.trim_end_matches('0');
    if whole.is_empty() || whole.len() > 11 || !digits(whole) || !digits(rest) || rest.len() > places {
        return None;
    }
    format!("{whole}{rest:0<places$}").parse::<i64>().ok().map(|fen| Yuan(sign * fen))
}

/// A number with two digits behind the point, or none where they are zeros.
#[must_use]
pub fn spell_yuan(yuan: Yuan) -> String {
    let (whole, rest) = (yuan.0 / 100, (yuan.0 % 100).abs());
    if rest == 0 { whole.to_string() } else { format!("{whole}.{rest:02}") }
}

/// Words in a cell that holds several: 、 , ; and blanks part them.
pub fn several(text: &str) -> impl Iterator<Item = &str> {
    text.split(['、', ',', '，', ';', '；', '/', ' ', '\u{3000}', '\n'])
        .map(trim)
        .filter(|word| !word.is_empty())
}

/// Whether some of it is hidden, as exported sheets have it: `138****5678`.
#[must_use]
pub fn masked(text: &str) -> bool {
    text.contains("**")
}

/// A number up to 99 in Chinese or plain digits.
#[must_use]
pub fn numeral(text: &str) -> Option<u32> {
    const DIGITS: &str = "零一二三四五六七八九";
    if !text.is_empty() && text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok();
    }
    let digit = |text: &str| {
        let mut chars = text.chars();
        let (one, rest) = (chars.next()?, chars.next());
        let at = DIGITS.chars().position(|digit| digit == one)?;
        if rest.is_some() { None } else { u32::try_from(at).ok() }
    };
    match text.split_once('十') {
        Some((tens, ones)) => {
            let tens = if tens.is_empty() { 1 } else { digit(tens)? };
            let ones = if ones.is_empty() { 0 } else { digit(ones)? };
            Some(tens * 10 + ones)
        }
        None => digit(text),
    }
}
