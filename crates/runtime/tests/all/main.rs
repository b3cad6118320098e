//! The runtime as a whole: the example's program on a store, with systems that do as they are told.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests: a panic is the verdict"
)]

mod crash;
mod keeping;
mod people;
mod runs;
mod stage;
mod stores;
mod trouble;
