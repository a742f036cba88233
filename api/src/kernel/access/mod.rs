//! The access log (谁看过我): who looked at whom, when, how and why. A field of a person that is shown writes itself down
//! (`personal`); what one request has shown becomes a line for each way in which it was come by.
//!
//! Reads and lists are written within a second (`book`); what is revealed, opened in an emergency or exported is written
//! in the transaction that does it. `chain` ties all lines together by a keyed hash, in the order of the log.

pub mod book;
pub mod chain;
mod seen;
mod store;

pub use seen::{Owner, Seen, Way};
pub use store::write;

use entity::{
    id::{AccountId, CadreId, EnterpriseId, HouseholdId, RegionId, SessionId},
    kind::{AccessAction, DataClass},
    scalar::DateTime,
};
use uuid::Uuid;

/// At whom somebody looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// A household or one of its members.
    Household(HouseholdId),
    /// An enterprise.
    Enterprise(EnterpriseId),
    /// A cadre.
    Cadre(CadreId),
    /// All households or enterprises of a region.
    Region(RegionId),
}

/// Who looks, in which request.
#[derive(Clone, Debug)]
pub struct Looker {
    /// When.
    pub at: DateTime,
    /// The account; none for the program itself.
    pub account: Option<AccountId>,
    /// In which session.
    pub session: Option<SessionId>,
    /// By which key.
    pub api_key: Option<Uuid>,
    /// In which request.
    pub request_id: String,
}

/// A line that is to be written.
#[derive(Clone, Debug)]
pub struct Line {
    /// Who looked, and when.
    pub who: Looker,
    /// How.
    pub action: AccessAction,
    /// Why, as it was given.
    pub purpose: Option<String>,
    /// Coordinates of the fields that were shown.
    pub fields: Vec<String>,
    /// At whom, and the highest class that was shown.
    pub subjects: Vec<(Subject, DataClass)>,
}
