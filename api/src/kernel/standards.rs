//! National standards as rules without input or output: citizen numbers (GB 11643), unified social credit codes
//! (GB 32100), telephone numbers, region codes, and how such values are masked.
//!
//! Each check says precisely what is wrong, in Chinese and in English.

use chrono::{Datelike, NaiveDate};
use entity::kind::RegionKind;

/// Why a value does not have the form that its standard asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing was given.
    Empty,
    /// Too long or too short.
    Length {
        /// The lengths that are right.
        wanted: &'static [usize],
        /// The length found, in characters.
        found: usize,
    },
    /// A character that may not stand where it stands.
    Character {
        /// Its place, counted from 1.
        position: usize,
        /// The character.
        found: char,
    },
    /// The eight digits of the birth date are no day of the calendar.
    Date {
        /// Those digits.
        found: String,
    },
    /// The check character does not fit the rest.
    CheckDigit {
        /// What it should be.
        wanted: char,
        /// What it is.
        found: char,
    },
    /// A part of a region code lies outside its range.
    Part {
        /// Its digits.
        found: String,
        /// The first value allowed.
        least: u16,
        /// The last value allowed.
        most: u16,
    },
    /// Neither a mobile nor a landline number of the mainland.
    Phone,
}

impl Fault {
    /// What is wrong, in Chinese.
    pub fn zh(&self) -> String {
        match self {
            Self::Empty => "不能为空。".to_owned(),
            Self::Length { wanted, found } => format!("应为{}位，现为{found}位。", join(wanted, "或")),
            Self::Character { position, found } => format!("第{position}位不能是“{found}”。"),
            Self::Date { found } => format!("出生日期“{found}”不存在。"),
            Self::CheckDigit { wanted, found } => format!("校验码应为“{wanted}”，现为“{found}”。"),
            Self::Part { found, least, most } => {
                let width = found.len();
                format!("“{found}”应在{least:0width$}至{most:0width$}之间。")
            }
            Self::Phone => {
                "应为11位手机号码（1开头，第二位3至9），或带区号的固定电话（如0874-8881234）。".to_owned()
            }
        }
    }

    /// What is wrong, in English.
    pub fn en(&self) -> String {
        match self {
            Self::Empty => "It is empty.".to_owned(),
            Self::Length { wanted, found } => {
                format!("It needs {} characters and has {found}.", join(wanted, " or "))
            }
            Self::Character { position, found } => {
                format!("Character {position} may not be \u{201c}{found}\u{201d}.")
            }
            Self::Date { found } => format!("The birth date {found} does not exist."),
            Self::CheckDigit { wanted, found } => {
                format!("The check character should be {wanted} and is {found}.")
            }
            Self::Part { found, least, most } => {
                let width = found.len();
                format!("The part {found} should be from {least:0width$} to {most:0width$}.")
            }
            Self::Phone => {
                "A mobile number has 11 digits (1, then 3 to 9); a landline number has its area code \
                            (0874-8881234)."
                    .to_owned()
            }
        }
    }
}

fn join(numbers: &[usize], word: &str) -> String {
    numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(word)
}

/// What a citizen number says of its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Citizen {
    /// Date of birth.
    pub birth: NaiveDate,
    /// Whether the sequence number is odd.
    pub male: bool,
}

/// The form in which citizen numbers and credit codes are stored and compared: without blanks around it, in capitals.
pub fn tidy(text: &str) -> String {
    text.trim().to_ascii_uppercase()
}

/// Checks a citizen number (公民身份号码, GB 11643). The region part is never rejected: codes are abolished while
/// the numbers issued under them live on. A small `x` is read as `X`.
pub fn check_identity_number(text: &str) -> Result<Citizen, Fault> {
    let text = tidy(text);
    check_length(&text, &[18])?;
    check_characters(&text, |position, found| found.is_ascii_digit() || (position == 18 && found == 'X'))?;
    let impossible = || Fault::Date { found: text[6..14].to_owned() };
    let birth = NaiveDate::parse_from_str(&text[6..14], "%Y%m%d").map_err(|_| impossible())?;
    if birth.year() < 1800 {
        return Err(impossible());
    }
    check_last(&text, identity_check_digit(&text))?;
    Ok(Citizen { birth, male: text.as_bytes()[16] % 2 == 1 })
}

/// The check digit that belongs to the first 17 digits of a citizen number (ISO 7064, MOD 11-2).
pub fn identity_check_digit(text: &str) -> char {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 =
        text.chars().zip(WEIGHTS).map(|(digit, weight)| digit.to_digit(10).unwrap_or(0) * weight).sum();
    nth("10X98765432", sum % 11)
}

/// What is known of a unified social credit code whose form is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CreditCode {
    /// Whether characters 9 to 17 also pass the check of the old organisation code (GB 11714). A code that does not is
    /// worth a warning, no more.
    pub organisation_holds: bool,
}

/// The alphabet of GB 32100: no I, O, S, V, Z.
const CREDIT_ALPHABET: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";

/// Checks a unified social credit code (统一社会信用代码, GB 32100). Small letters are read as capitals.
pub fn check_credit_code(text: &str) -> Result<CreditCode, Fault> {
    let text = tidy(text);
    check_length(&text, &[18])?;
    check_characters(&text, |position, found| match position {
        3..=8 => found.is_ascii_digit(),
        _ => CREDIT_ALPHABET.contains(found),
    })?;
    check_last(&text, credit_check_character(&text))?;
    let organisation = text[8..17].chars().last();
    Ok(CreditCode { organisation_holds: organisation == Some(organisation_check_character(&text[8..16])) })
}

/// The check character that belongs to the first 17 characters of a unified social credit code.
pub fn credit_check_character(text: &str) -> char {
    const WEIGHTS: [u32; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];
    let sum: u32 = text
        .chars()
        .zip(WEIGHTS)
        .map(|(found, weight)| {
            let value = CREDIT_ALPHABET.find(found).and_then(|at| u32::try_from(at).ok());
            value.unwrap_or(0) * weight
        })
        .sum();
    nth(CREDIT_ALPHABET, (31 - sum % 31) % 31)
}

/// The check character that belongs to the first 8 characters of an organisation code (组织机构代码, GB 11714).
pub fn organisation_check_character(text: &str) -> char {
    const WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 =
        text.chars().zip(WEIGHTS).map(|(found, weight)| found.to_digit(36).unwrap_or(0) * weight).sum();
    nth("0X987654321", sum % 11)
}

/// A telephone number of mainland China.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phone {
    /// Its digits alone: the form that is stored and compared.
    pub digits: String,
    /// Whether it is a mobile number; otherwise a landline with its area code.
    pub mobile: bool,
}

/// Reads a telephone number: a mobile of 11 digits, or a landline with its area code. Blanks and hyphens between the
/// digits and `+86` before them are passed over.
pub fn check_phone(text: &str) -> Result<Phone, Fault> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Fault::Empty);
    }
    let national = text.strip_prefix("+86");
    let mut digits: String =
        national.unwrap_or(text).chars().filter(|found| !matches!(found, ' ' | '-')).collect();
    check_characters(&digits, |_, found| found.is_ascii_digit())?;
    let mobile = mobile(digits.as_bytes());
    if national.is_some() && !mobile && !digits.starts_with('0') {
        digits.insert(0, '0');
    }
    if mobile || landline(digits.as_bytes()) { Ok(Phone { digits, mobile }) } else { Err(Fault::Phone) }
}

fn mobile(digits: &[u8]) -> bool {
    digits.len() == 11 && digits[0] == b'1' && (b'3'..=b'9').contains(&digits[1])
}

/// Whether the digits are an area code with a subscriber's number of 7 or 8 digits, the first of them 2 to 9.
fn landline(digits: &[u8]) -> bool {
    let area = area_length(digits);
    let long = matches!(digits.len().checked_sub(area), Some(8)) || (area == 4 && digits.len() == 11);
    digits.first() == Some(&b'0')
        && digits.get(1).is_some_and(|second| *second != b'0')
        && long
        && (b'2'..=b'9').contains(&digits[area])
}

/// Area codes have 3 digits where they begin with 01 or 02, else 4.
fn area_length(digits: &[u8]) -> usize {
    if matches!(digits.get(1), Some(b'1' | b'2')) { 3 } else { 4 }
}

/// A telephone number for showing: `138****5678`, `0874****234`.
pub fn mask_phone(digits: &str) -> String {
    if !digits.is_ascii() || digits.len() < 10 {
        return "****".to_owned();
    }
    let shown = if digits.starts_with('0') { area_length(digits.as_bytes()) } else { 3 };
    format!("{}****{}", &digits[..shown], &digits[shown + 4..])
}

/// A citizen number for showing: its first and its last character, `1****************X`.
pub fn mask_identity(number: &str) -> String {
    let last = number.chars().count().saturating_sub(1);
    let hidden = |(at, found)| if at == 0 || at == last { found } else { '*' };
    number.chars().enumerate().map(hidden).collect()
}

/// Checks the form of a region's code (统计用区划代码): its length by kind, digits only, no part of zeros, and a
/// township's part from 001 to 599.
pub fn check_region_code(kind: RegionKind, code: &str) -> Result<(), Fault> {
    let wanted: &'static [usize] = match kind {
        RegionKind::Province => &[2],
        RegionKind::City => &[4],
        RegionKind::County => &[6],
        RegionKind::Township => &[9],
        RegionKind::Village => &[12],
        RegionKind::Group | RegionKind::Grid => &[15],
    };
    check_length(code, wanted)?;
    check_characters(code, |_, found| found.is_ascii_digit())?;
    let (own, most) = match kind {
        RegionKind::Province => (code, 99),
        RegionKind::City => (&code[2..], 99),
        RegionKind::County => (&code[4..], 99),
        RegionKind::Township => (&code[6..], 599),
        RegionKind::Village => (&code[9..], 999),
        RegionKind::Group | RegionKind::Grid => (&code[12..], 999),
    };
    match own.parse::<u16>() {
        Ok(value) if (1..=most).contains(&value) => Ok(()),
        _ => Err(Fault::Part { found: own.to_owned(), least: 1, most }),
    }
}

/// The code of the region above, of a code whose form is right: none for a province. A township whose county part is
/// `00` lies directly under a city without counties (东莞, 中山, 儋州).
pub fn parent_region_code(kind: RegionKind, code: &str) -> Option<&str> {
    match kind {
        RegionKind::Province => None,
        RegionKind::City => code.get(..2),
        RegionKind::County => code.get(..4),
        RegionKind::Township if code.get(4..6) == Some("00") => code.get(..4),
        RegionKind::Township => code.get(..6),
        RegionKind::Village => code.get(..9),
        RegionKind::Group | RegionKind::Grid => code.get(..12),
    }
}

fn check_length(text: &str, wanted: &'static [usize]) -> Result<(), Fault> {
    match text.chars().count() {
        0 => Err(Fault::Empty),
        found if wanted.contains(&found) => Ok(()),
        found => Err(Fault::Length { wanted, found }),
    }
}

fn check_characters(text: &str, may_stand: impl Fn(usize, char) -> bool) -> Result<(), Fault> {
    match text.chars().enumerate().find(|(at, found)| !may_stand(at + 1, *found)) {
        Some((at, found)) => Err(Fault::Character { position: at + 1, found }),
        None => Ok(()),
    }
}

fn check_last(text: &str, wanted: char) -> Result<(), Fault> {
    match text.chars().last() {
        Some(found) if found == wanted => Ok(()),
        Some(found) => Err(Fault::CheckDigit { wanted, found }),
        None => Err(Fault::Empty),
    }
}

/// The character at a place of a table that is at least so long.
fn nth(table: &str, at: u32) -> char {
    usize::try_from(at).ok().and_then(|at| table.chars().nth(at)).unwrap_or('?')
}
