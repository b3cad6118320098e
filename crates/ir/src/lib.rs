//! The compiled program and the canonical encoding of values.

pub mod classify;
pub mod wire;
