//! Simulated systems: what an action proves about itself becomes true.
//!
//! In goes a [`Call`] as a connector would get it, out comes the [`Reply`] that a connector would give; between them
//! stands a [`World`] of facts. It is pure and synchronous: the caller says what time it is, and the same calls give the
//! same replies. `countersign dev` and `countersign test` share it.
//!
//! - A read answers the latest fact that matches: what a test or a simulation says (among what is said together the more
//!   specific first, then the later), and what actions made true since. A list that nobody spoke of is empty, anything
//!   else is not found.
//! - An action that takes effect makes its own postcondition true, and its probe finds it. Of the fields of a new record
//!   those that the postcondition and the probe name are as they say, others come from what the request names the same,
//!   the rest is made up.
//! - A repeated idempotency key gets the first reply again and has no second effect, for as long as the system says that
//!   it honours keys.
//! - Faults stand between the two: see [`countersign_ir::suite::Fault`].

mod becoming;
mod facts;
mod faults;
mod outcome;
mod record;
mod world;

pub use record::plausible;
pub use world::{Called, Effect, Message, World};

#[cfg(doc)]
use countersign_ir::wire::{Call, Reply};
