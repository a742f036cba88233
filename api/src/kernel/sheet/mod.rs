//! Sheets (表格): workbooks and text files as offices keep them, in and out, a few rows at a time. Knows no room.
//!
//! `read` gives the rows, `form` finds the columns by their headings, `intake` reads cells and notes what is wrong with
//! them, `write` makes sheets that `read` takes again.

pub mod fault;
pub mod form;
pub mod intake;
pub mod read;
mod text;
pub mod value;
pub mod write;

pub use fault::{Faults, RowFault, Warning};
pub(crate) use form::columns;
pub use form::{Column, Form, Heading, Line};
pub use intake::{Counts, Hand, Intake, Roster};
pub use read::{Book, Row};

use super::error::{Error, Fault};

/// Columns that are looked at.
const MOST_COLUMNS: usize = 100;
/// Characters of a cell that are looked at: more than any column takes.
const MOST_CHARACTERS: usize = 2000;

/// What a person sees in a cell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// The text, without blanks around it.
    pub text: String,
    /// Why the text is not what was meant.
    pub flaw: Option<Flaw>,
}

impl Cell {
    fn of(text: &str) -> Self {
        Self { text: value::trim(text).to_owned(), flaw: None }
    }
}

/// What can be wrong with a cell by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// A number of more digits than a sheet keeps: the last ones are lost.
    Rounded,
    /// A formula that came to an error.
    Formula,
}

/// A file that cannot be read at all.
fn unreadable(zh: impl Into<String>, en: impl Into<String>) -> Error {
    Fault::input(zh, en).into()
}

fn too_large() -> Error {
    unreadable("文件过大，请分成几个文件。", "The file is too large; split it.")
}

/// No more of a text than any column takes.
fn shortened(text: &str) -> String {
    text.chars().take(MOST_CHARACTERS).collect()
}
