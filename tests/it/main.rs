//! What people see of Lianhu, asked from outside: one binary, a module for each room.

mod architecture;
mod contract;
mod standards;

mod config;
mod telemetry;
mod log;
mod midnight;
mod page;
mod idempotency;
mod region;
mod region_import;
mod scale;
mod boundary;
mod identity;
mod keys;
mod password;
mod hand_over;
mod upload;
mod household;
mod roster;
mod roster_import;
mod contact;
mod rights;
mod rights_end;
mod oracle;
mod search;
mod access;
mod duties;
mod retention;
