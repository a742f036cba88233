//! Who looked, and who changed: the access log and the audit trail as they are read. Both are only ever added to; the
//! kernel writes them (`kernel/access`, `kernel/work`).

pub mod access;
pub mod trail;
pub(crate) mod who;
