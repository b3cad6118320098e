//! The process from outside: real sockets, simulated systems.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests: a panic is the verdict"
)]

mod api;
mod door;
mod process;
mod start;
