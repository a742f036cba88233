//! The world of the tests: a real server over a real database, and people who ask it over HTTP.
//!
//! Each test has a server of its own with a copy of the demonstration. `LIANHU_TEST_DATABASE` says on which database:
//! `sqlite` (the usual) or the address of a PostgreSQL server on which databases may be made.

pub mod actor;
pub mod ground;
pub mod issuer;
pub mod live;
pub mod world;

pub use actor::{Actor, Answer};
pub use lianhu::demo::dice::Dice;
pub use world::World;

/// A new idempotency key.
#[must_use]
pub fn key() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// A text as it stands in the query of an address: each byte by its number.
#[must_use]
pub fn encoded(text: &str) -> String {
    use std::fmt::Write;
    text.bytes().fold(String::new(), |mut all, byte| {
        _ = write!(all, "%{byte:02X}");
        all
    })
}
