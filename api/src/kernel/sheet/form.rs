//! Forms: which columns a sheet of a kind has, under which headings offices write them, and where they stand in a sheet.

use super::{Cell, Row};
use std::collections::HashMap;

/// A column of a form.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// The heading.
    pub heading: &'static str,
    /// Other headings that offices write for it.
    pub aliases: &'static [&'static str],
    /// Whether a sheet without it cannot be taken in.
    pub required: bool,
    /// What is to be written there, for whoever fills in the template.
    pub note: &'static str,
    /// An example.
    pub example: &'static str,
    /// Words that the template offers to choose from.
    pub words: &'static [&'static str],
    /// How wide it is written, in characters.
    pub width: u8,
}

impl Column {
    /// A column that may be absent.
    #[must_use]
    pub const fn new(heading: &'static str) -> Self {
        Self { heading, aliases: &[], required: false, note: "", example: "", words: &[], width: 14 }
    }

    /// A column that must be there.
    #[must_use]
    pub const fn must(heading: &'static str) -> Self {
        Self { required: true, ..Self::new(heading) }
    }

    /// Other headings for it.
    #[must_use]
    pub const fn or(self, aliases: &'static [&'static str]) -> Self {
        Self { aliases, ..self }
    }

    /// What is to be written there, and an example.
    #[must_use]
    pub const fn note(self, note: &'static str, example: &'static str) -> Self {
        Self { note, example, ..self }
    }

    /// Words to choose from.
    #[must_use]
    pub const fn of(self, words: &'static [&'static str]) -> Self {
        Self { words, ..self }
    }

    /// Another width.
    #[must_use]
    pub const fn wide(self, width: u8) -> Self {
        Self { width, ..self }
    }
}

/// A kind of sheet.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    /// Name of the sheet.
    pub sheet: &'static str,
    /// Other names that offices give it.
    pub aliases: &'static [&'static str],
    /// Its columns, in the order in which they are written.
    pub columns: &'static [Column],
}

/// The columns of a form, and an enum of them by which cells are read:
/// `columns! { Col, COLUMNS: Name = Column::must("姓名"); … }`.
macro_rules! columns {
    ($name:ident, $list:ident: $($column:ident = $made:expr;)*) => {
        /// A column of the form, by which cells are read.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $(
                #[doc = concat!("`", stringify!($column), "`: what it holds, its heading says.")]
                $column,
            )*
        }

        impl From<$name> for usize {
            fn from(column: $name) -> usize {
                column as usize
            }
        }

        /// The columns of the form.
        pub const $list: &[$crate::kernel::sheet::Column] = &[$($made),*];
    };
}
pub(crate) use columns;

/// Where the columns of a form stand in a sheet.
#[derive(Clone, Debug)]
pub struct Heading {
    /// The row of the headings.
    pub row: u32,
    /// Headings that the form does not know.
    pub unknown: Vec<String>,
    /// Headings of required columns that are not there.
    pub missing: Vec<&'static str>,
    /// How many columns are known.
    pub known: usize,
    at: Vec<Option<usize>>,
    spelt: Vec<String>,
}

/// Rows that may hold the headings must hold at least so many of them.
const LEAST: usize = 2;

impl Form {
    /// The headings: in the row among the first that holds most of them.
    #[must_use]
    pub fn heading(&self, head: &[Row]) -> Option<Heading> {
        let mut known = HashMap::new();
        for (at, column) in self.columns.iter().enumerate() {
            for heading in std::iter::once(&column.heading).chain(column.aliases) {
                known.insert(normal(heading), at);
            }
        }
        let found = head.iter().map(|row| self.look(row, &known));
        let best = found.reduce(|best, next| if next.known > best.known { next } else { best })?;
        (best.known >= LEAST.min(self.columns.len())).then_some(best)
    }

    fn look(&self, row: &Row, known: &HashMap<String, usize>) -> Heading {
        let mut at = vec![None; self.columns.len()];
        let mut spelt: Vec<String> = self.columns.iter().map(|column| column.heading.to_owned()).collect();
        let mut unknown = Vec::new();
        for (place, cell) in row.cells.iter().enumerate().filter(|(_, cell)| !cell.text.is_empty()) {
            let normal = normal(&cell.text);
            let column = known.get(&normal).or_else(|| known.get(without_remark(&normal)));
            match column {
                Some(&column) if at[column].is_none() => {
                    at[column] = Some(place);
                    spelt[column] = cell.text.chars().filter(|found| !found.is_whitespace()).collect();
                }
                _ => unknown.push(cell.text.clone()),
            }
        }
        let known = at.iter().flatten().count();
        let absent = self.columns.iter().zip(&at).filter(|(column, at)| column.required && at.is_none());
        let missing = absent.map(|(column, _)| column.heading).collect();
        Heading { row: row.number, unknown, missing, known, at, spelt }
    }

    /// Whether a sheet has its name.
    #[must_use]
    pub fn named(&self, sheet: &str) -> bool {
        let name = normal(sheet);
        std::iter::once(&self.sheet).chain(self.aliases).any(|own| normal(own) == name)
    }
}

impl Heading {
    /// A row by the columns of the form.
    #[must_use]
    pub fn line(&self, mut row: Row) -> Line {
        let cells = self.at.iter().map(|at| at.and_then(|at| row.cells.get_mut(at)).map(std::mem::take));
        Line { row: row.number, cells: cells.map(Option::unwrap_or_default).collect() }
    }

    /// The heading of a column as the sheet has it.
    #[must_use]
    pub fn spelt(&self, column: usize) -> &str {
        self.spelt.get(column).map_or("", String::as_str)
    }

    /// Whether the sheet has a column.
    #[must_use]
    pub fn has(&self, column: impl Into<usize>) -> bool {
        self.at.get(column.into()).copied().flatten().is_some()
    }
}

/// A row by the columns of a form.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its number as Excel counts.
    pub row: u32,
    cells: Vec<Cell>,
}

impl Line {
    /// What stands in a column; empty for nothing.
    #[must_use]
    pub fn text(&self, column: impl Into<usize>) -> &str {
        self.cells.get(column.into()).map_or("", |cell| cell.text.as_str())
    }

    /// The cell of a column.
    #[must_use]
    pub fn cell(&self, column: impl Into<usize>) -> Option<&Cell> {
        self.cells.get(column.into())
    }

    /// Whether nothing of it is known to the form.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.cells.iter().all(|cell| cell.text.is_empty())
    }
}

/// A heading as it is compared: without blanks, stars and colons, brackets of one width, in small letters.
fn normal(heading: &str) -> String {
    heading
        .chars()
        .filter(|found| !found.is_whitespace() && !matches!(found, '*' | '＊' | ':' | '：' | '\u{feff}'))
        .map(|found| match found {
            '(' => '（',
            ')' => '）',
            other => other.to_ascii_lowercase(),
        })
        .collect()
}

/// A heading without what stands in brackets behind it.
fn without_remark(heading: &str) -> &str {
    match heading.split_once('（') {
        Some((before, _)) if !before.is_empty() => before,
        _ => heading,
    }
}
