//! What people see of Lianhu, asked from outside: one binary, a module for each room.

mod architecture;
mod contract;
mod standards;

mod config;
mod telemetry;
mod log;
mod idempotency;
mod identity;
mod password;
mod contact;
