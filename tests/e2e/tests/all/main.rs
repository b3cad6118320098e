//! What must be shown of the whole chain, one module per promise.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests fail by panicking, and say what they saw"
)]

mod approvals;
mod audit;
mod books;
mod chaos;
mod commands;
mod door;
mod doubt;
mod harness;
mod once;
mod payments;
mod restarts;
mod undo;
