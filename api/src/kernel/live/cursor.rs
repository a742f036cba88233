//! Where somebody stands in the change log, as a client holds it: sealed, since numbers of lines would tell how much others
//! write.

use super::{Start, mark};
use crate::kernel::{
    connection::Cursor,
    error::{Error, Fault, Result},
    log::Position,
    vault::Vault,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use entity::scalar::DateTime;

/// Begins every cursor, before it is sealed.
const KIND: &str = "change";
/// The longest cursor that is looked at.
const LONGEST: usize = 512;

/// A place in the log, and when somebody stood there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The place.
    pub position: Position,
    /// When.
    pub at: DateTime,
}

/// The cursor of a place.
pub fn seal(vault: &Vault, Mark { position, at }: Mark) -> Result<Cursor> {
    let Position { transaction, sequence } = position;
    let text = format!("{KIND} {transaction} {sequence} {}", at.0.timestamp_millis());
    Ok(Cursor(URL_SAFE_NO_PAD.encode(vault.seal(&text)?)))
}

/// The place of a cursor. One that was sealed by a key of the past, or not by us, is not known; one that cannot be a cursor
/// at all is refused.
pub fn open(vault: &Vault, cursor: &Cursor) -> Result<Start> {
    let not_one =
        || Fault::input("游标无效，请使用事件中的 cursor。", "Not a cursor; use the `cursor` of an event.");
    if cursor.0.is_empty() || cursor.0.len() > LONGEST {
        return Err(not_one().into());
    }
    let sealed = URL_SAFE_NO_PAD.decode(&cursor.0).map_err(|_| not_one())?;
    match vault.open(&sealed) {
        Ok(text) => Ok(read(&text).map_or(Start::Unknown, Start::After)),
        // A fault asks to come back: the key is on its way.
        Err(Error::Fault(fault)) => Err(Error::Fault(fault)),
        Err(_) => Ok(Start::Unknown),
    }
}

fn read(text: &str) -> Option<Mark> {
    let mut parts = text.strip_prefix(KIND)?.split_whitespace().map(str::parse::<i64>);
    let mut next = || parts.next()?.ok();
    let (transaction, sequence, millis) = (next()?, next()?, next()?);
    let at = chrono::DateTime::from_timestamp_millis(millis)?;
    Some(mark(Position { transaction, sequence }, DateTime(at)))
}
