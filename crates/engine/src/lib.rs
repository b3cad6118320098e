//! The pure step: decisions evaluated and cells advanced, with no clock and no I/O.
//!
//! Everything durable is a *cell*: a delivery, a claim, a run, a task, a history. [`step()`] takes a cell's state and one
//! [`protocol::Input`] and gives the next state and what should happen; time, replies and people's answers come in as
//! inputs. [`cascade()`] drives the cells that follow from one input; a *host* (the tokio runtime, the test host in virtual
//! time, an embedding program) does the rest: it commits, calls the world and keeps the timers.
//!
//! [`eval`] alone is enough for who only wants decisions.

mod backoff;
pub mod cascade;
pub mod cell;
mod claim;
mod delivery;
pub mod eval;
mod gate;
mod history;
pub mod narrate;
pub mod protocol;
pub mod run;
mod state;
mod step;
pub mod summary;
pub mod task;

pub use cascade::{Advanced, CascadeError, Host, cascade};
pub use cell::{CellId, CellKind};
pub use claim::{Claim, Holder};
pub use delivery::Delivery;
pub use history::History;
pub use state::{Deployment, Deployments, State};
pub use step::{Step, StepError, step};
