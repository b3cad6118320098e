//! The engine under test: through test blocks of the language, and step by step through the virtual host.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests: a panic is the verdict")]

mod language;
mod project;
