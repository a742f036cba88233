//! Values with a form of their own: how they are stored, and how they are spoken in GraphQL.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::{DateTime as Instant, NaiveDate, SubsecRound, Utc};
use sea_orm::DeriveValueType;

/// A civil date in China Standard Time (UTC+8), `YYYY-MM-DD`. In a pair of dates the second is the first day that no longer counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, DeriveValueType)]
pub struct Date(pub NaiveDate);

/// A civil date in China Standard Time (UTC+8), `YYYY-MM-DD`. In a pair of dates the second is the first day that no longer counts.
#[Scalar(specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339#section-5.6")]
impl ScalarType for Date {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else {
            return Err(InputValueError::expected_type(value));
        };
        if text.len() != 10 {
            return Err(date_form());
        }
        text.parse().map(Self).map_err(|_| date_form())
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

fn date_form() -> InputValueError<Date> {
    InputValueError::custom("日期应写作 2026-01-31。 A date is written 2026-01-31.")
}

/// A moment: UTC, three digits of the second, `2026-01-31T08:00:00.000Z`. Any offset is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, DeriveValueType)]
pub struct DateTime(pub Instant<Utc>);

impl DateTime {
    /// Cuts to the milliseconds that are spoken, so that what is stored and what is shown agree.
    #[must_use]
    pub fn new(instant: Instant<Utc>) -> Self {
        Self(instant.trunc_subsecs(3))
    }
}

/// A moment: UTC, three digits of the second, `2026-01-31T08:00:00.000Z`. Any offset is read.
#[Scalar(specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else {
            return Err(InputValueError::expected_type(value));
        };
        Instant::parse_from_rfc3339(text).map(|instant| Self::new(instant.with_timezone(&Utc))).map_err(
            |_| {
                InputValueError::custom(
                    "时刻应写作 2026-01-31T08:00:00.000Z。 A moment is written 2026-01-31T08:00:00.000Z.",
                )
            },
        )
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
    }
}

/// A time of the day in China Standard Time (UTC+8), `HH:MM`; `24:00` is the end of the day. Kept as minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeOfDay(pub u16);

impl TimeOfDay {
    /// Reads `08:30`.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let two = |part: &str| {
            (part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit()))
                .then(|| part.parse::<u16>().ok())
                .flatten()
        };
        let (hours, minutes) = text.split_once(':')?;
        let (hours, minutes) = (two(hours)?, two(minutes)?);
        (minutes < 60 && hours * 60 + minutes <= 24 * 60).then_some(Self(hours * 60 + minutes))
    }
}

impl std::fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// A time of the day in China Standard Time (UTC+8), `HH:MM`; `24:00` is the end of the day.
#[Scalar(specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339#section-5.6")]
impl ScalarType for TimeOfDay {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else {
            return Err(InputValueError::expected_type(value));
        };
        Self::read(text)
            .ok_or_else(|| InputValueError::custom("时间应写作 08:30。 A time of the day is written 08:30."))
    }

    fn to_value(&self) -> Value {
        Value::String(self.to_string())
    }
}

/// An amount of money in yuan, a string with two digits (`"1200.00"`). Stored in fen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, DeriveValueType)]
pub struct Yuan(pub i64);

/// An amount of money in yuan, a string with two digits (`"1200.00"`). Stored in fen.
#[Scalar(specified_by_url = "https://www.iso.org/iso-4217-currency-codes.html")]
impl ScalarType for Yuan {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else {
            return Err(InputValueError::expected_type(value));
        };
        fen(text)
            .map(Self)
            .ok_or_else(|| InputValueError::custom("金额应写作 \"1200.00\"。 Money is written \"1200.00\"."))
    }

    fn to_value(&self) -> Value {
        let sign = if self.0 < 0 { "-" } else { "" };
        let fen = self.0.unsigned_abs();
        Value::String(format!("{sign}{}.{:02}", fen / 100, fen % 100))
    }
}

fn fen(text: &str) -> Option<i64> {
    let (yuan, rest) = text.split_once('.')?;
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if rest.len() != 2 || yuan.is_empty() || yuan.len() > 13 || !digits(yuan) || !digits(rest) {
        return None;
    }
    Some(yuan.parse::<i64>().ok()? * 100 + rest.parse::<i64>().ok()?)
}

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident = $url:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, DeriveValueType)]
        pub struct $name(pub String);

        $(#[$doc])*
        #[Scalar(specified_by_url = $url)]
        impl ScalarType for $name {
            fn parse(value: Value) -> InputValueResult<Self> {
                match value {
                    Value::String(text) => Ok(Self(text)),
                    other => Err(InputValueError::expected_type(other)),
                }
            }

            fn to_value(&self) -> Value {
                Value::String(self.0.clone())
            }
        }
    )*};
}

texts! {
    /// Official code of a region, the national statistical code without trailing zeros: 2 digits a province, 4 a city,
    /// 6 a county, 9 a township, 12 a village or community; 15 a group or grid (the village's and a serial of our own).
    RegionCode = "https://www.stats.gov.cn/sj/tjbz/tjyqhdmhcxhfdm/";
    /// Unified social credit code of 18 characters, the last one a check (GB 32100-2015).
    CreditCode = "https://openstd.samr.gov.cn/bzgk/gb/newGbInfo?hcno=24691C25985C1073D3A7C85629378AC0";
    /// Telephone number of mainland China: 11 digits of a mobile, or area code and number of a landline.
    PhoneNumber = "https://www.itu.int/rec/T-REC-E.164";
}
