//! What people see of Lianhu, asked from outside: one binary, a module for each room.

mod standards;
mod contact;
