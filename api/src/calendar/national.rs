//! The national calendar: holidays and the weekend days that are worked in exchange (调休), as the General Office of the
//! State Council announces them each autumn for the year to come. A new notice is one entry here.

use chrono::Datelike;
use entity::scalar::Date;

/// Month and day.
type MonthDay = (u32, u32);

/// The notice of a year.
#[derive(Debug)]
pub struct Notice {
    /// The year that it is about.
    pub year: i32,
    /// Number of the paper (文号).
    pub number: &'static str,
    /// What it announces.
    holidays: &'static [Holiday],
}

/// One holiday.
#[derive(Debug)]
struct Holiday {
    name: &'static str,
    first: MonthDay,
    last: MonthDay,
    /// Weekend days that are worked in exchange.
    worked: &'static [MonthDay],
}

const fn holiday(
    name: &'static str,
    first: MonthDay,
    last: MonthDay,
    worked: &'static [MonthDay],
) -> Holiday {
    Holiday { name, first, last, worked }
}

/// 国务院办公厅关于…年部分节假日安排的通知, all that are known.
const NOTICES: &[Notice] = &[
    Notice {
        year: 2024,
        number: "国办发明电〔2023〕7号",
        holidays: &[
            holiday("元旦", (1, 1), (1, 1), &[]),
            holiday("春节", (2, 10), (2, 17), &[(2, 4), (2, 18)]),
            holiday("清明节", (4, 4), (4, 6), &[(4, 7)]),
            holiday("劳动节", (5, 1), (5, 5), &[(4, 28), (5, 11)]),
            holiday("端午节", (6, 10), (6, 10), &[]),
            holiday("中秋节", (9, 15), (9, 17), &[(9, 14)]),
            holiday("国庆节", (10, 1), (10, 7), &[(9, 29), (10, 12)]),
        ],
    },
    Notice {
        year: 2025,
        number: "国办发明电〔2024〕12号",
        holidays: &[
            holiday("元旦", (1, 1), (1, 1), &[]),
            holiday("春节", (1, 28), (2, 4), &[(1, 26), (2, 8)]),
            holiday("清明节", (4, 4), (4, 6), &[]),
            holiday("劳动节", (5, 1), (5, 5), &[(4, 27)]),
            holiday("端午节", (5, 31), (6, 2), &[]),
            holiday("国庆节、中秋节", (10, 1), (10, 8), &[(9, 28), (10, 11)]),
        ],
    },
    Notice {
        year: 2026,
        number: "国办发明电〔2025〕7号",
        holidays: &[
            holiday("元旦", (1, 1), (1, 3), &[(1, 4)]),
            holiday("春节", (2, 15), (2, 23), &[(2, 14), (2, 28)]),
            holiday("清明节", (4, 4), (4, 6), &[]),
            holiday("劳动节", (5, 1), (5, 5), &[(5, 9)]),
            holiday("端午节", (6, 19), (6, 21), &[]),
            holiday("中秋节", (9, 25), (9, 27), &[]),
            holiday("国庆节", (10, 1), (10, 7), &[(9, 20), (10, 10)]),
        ],
    },
];

/// A day that a notice names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named {
    /// A weekend day that is worked in exchange; otherwise a holiday.
    pub working: bool,
    /// The holiday, or the one that it is worked for.
    pub name: &'static str,
}

/// The notice of a year, if it is known.
#[must_use]
pub fn notice(year: i32) -> Option<&'static Notice> {
    NOTICES.iter().find(|notice| notice.year == year)
}

/// What the notice of its year says of a day; none of an ordinary day.
#[must_use]
pub fn named(day: Date) -> Option<Named> {
    let on = (day.0.month(), day.0.day());
    notice(day.0.year())?.holidays.iter().find_map(|holiday| {
        if holiday.worked.contains(&on) {
            return Some(Named { working: true, name: holiday.name });
        }
        (holiday.first..=holiday.last).contains(&on).then_some(Named { working: false, name: holiday.name })
    })
}

/// Whether the notices of all these years are known, both ends included.
#[must_use]
pub fn known(first: Date, last: Date) -> bool {
    (first.0.year()..=last.0.year()).all(|year| notice(year).is_some())
}
