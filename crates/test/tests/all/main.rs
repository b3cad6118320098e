//! The engine under test: through test blocks of the language, and step by step through the virtual host.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests: a panic is the verdict"
)]

mod breadth;
mod disorder;
mod engine;
mod language;
mod project;
mod report;
