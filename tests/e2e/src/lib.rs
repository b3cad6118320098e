//! The harness of the end-to-end tests: every process is a real one.
//!
//! A [`Stack`] is a copy of `examples/invoices` with its own ports, the release binary `countersign run` over it, the
//! `receiver` (ERP and billing) and an SMTP server. Events come in as signed webhooks, people act through the command
//! line, and what is believed in the end is what the receiver has on record. Nothing of the program is linked in here.
//!
//! A test that fails leaves its folder behind and prints where, with the end of each log.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a harness that cannot go on fails its test, and says why"
)]

pub mod api;
pub mod clock;
pub mod http;
pub mod mail;
pub mod people;
pub mod process;
pub mod programs;
pub mod project;
pub mod random;
pub mod receiver;
pub mod sender;
pub mod stack;
pub mod wait;

pub use api::{Run, Task};
pub use people::Said;
pub use random::Random;
pub use receiver::{Does, Fault, Receiver};
pub use sender::{Invoice, Message, Reply};
pub use stack::{Setup, Stack};
pub use wait::{eventually, patience};
