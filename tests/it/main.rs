//! What people see of Lianhu, asked from outside: one binary, a module for each room.

mod architecture;
mod contract;
mod standards;

mod contact;
