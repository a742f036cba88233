//! What every room leans on, and that knows no room.

pub mod clock;
pub mod vault;
pub mod error;
pub mod refusal;
pub mod directive;
pub mod standards;
pub mod place;
pub mod policy;
pub mod scope;
pub mod db;
pub mod door;
pub mod viewer;
mod settle;
mod shelf;
pub mod rows;
pub mod request;
pub mod filter;
pub mod page;
pub mod connection;
pub mod node;
pub mod patch;
pub mod work;
pub mod bulk;
pub mod sheet;
pub mod log;
pub mod payload;
