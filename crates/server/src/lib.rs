//! Ingress and the local API over HTTP.
//!
//! [`serve_blocking`] is the process: in go a compiled program and where things lie, and it ends when it is told to, or
//! when it could say something untrue if it went on. [`api::types`] is what crosses the local API.

mod answer;
pub mod api;
mod door;
mod logging;
mod operator;
mod serve;
pub mod signature;

pub use door::KeysError;
pub use logging::log_to_stderr;
pub use operator::OperatorKeyError;
pub use serve::{Given, LISTEN, Mode, Ready, ServeError, ServeOptions, interrupted, serve, serve_blocking};
