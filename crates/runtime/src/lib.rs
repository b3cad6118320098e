//! The tokio host of the engine: ingest, timers, tasks, calls, audit.
//!
//! One thread owns the store and makes all steps ([`Runtime::start`] begins it); tokio performs the calls; a [`Handle`] takes
//! payloads and people's answers in and lets them be looked at. What is acknowledged is on disk before the caller hears
//! of it, and a call leaves only after the commit of its intent.
//!
//! Routes and sockets are the server's; what a step does is the engine's; what an entry means is nobody's business in the
//! store.

mod aside;
pub mod audit;
mod batch;
mod calls;
mod cells;
mod clock;
mod command;
pub mod connectors;
mod driver;
mod error;
mod gauges;
mod handle;
mod library;
mod limits;
mod people;
mod seal;
pub mod simulation;
mod start;
mod tell;
mod views;

pub use calls::{Announce, CALLS_AT_ONCE, Connectors};
pub use clock::{Clock, ClockError, ClockSpec, LogTime, NotAClock, RealClock, ScaledClock};
pub use connectors::{ConnectError, Environment, Secrets, connect};
pub use error::{Fatal, InputError, StartError};
pub use gauges::Gauges;
pub use handle::{Answered, Handle, Undoing};
pub use limits::Limits;
pub use seal::Checkpoints;
pub use start::{Connect, Options, Runtime, StoreAt, TENANT};
pub use views::{Entry, MOST_ROWS, RunFilter, RunView, TaskFilter, TaskView};
