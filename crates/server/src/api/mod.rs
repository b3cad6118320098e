//! The local API: what people and their tools ask the process.

pub mod types;
