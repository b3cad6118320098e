//! Compile flow files and decide, from a Rust program.
//!
//! In go a project (a directory, or texts in memory) and JSON; out come findings, a program, and decisions with their
//! reasons. There is no I/O after compiling, nothing is async, and neither tokio nor a database comes along.
//!
//! ```
//! use countersign::{Memory, compile};
//! use serde_json::json;
//!
//! let sources = Memory::new().with(
//!     "discounts.flow",
//!     r#"
//!     role sales { members "sam@shop.test"  notify mail }
//!     setting smtp_url: Url = "smtp://127.0.0.1:25"
//!     system mail { via smtp { server smtp_url  from "us@shop.test" } }
//!
//!     enum Discount { nothing, loyal, volume }
//!
//!     /// What does a customer get?
//!     decide discount(total: Money(EUR), years: Int) -> Discount owned by sales {
//!       when total >= 1_000 EUR => volume because "large orders pay for themselves"
//!       when years >= 3         => loyal
//!       otherwise               => nothing
//!     }
//!     "#,
//! );
//! let program = compile(&sources).into_program()?;
//! let decided = program.decide("discount", &json!({ "total": "1200.00 EUR", "years": 1 }))?;
//! assert_eq!(decided.answer, json!("volume"));
//! assert_eq!(decided.because.as_deref(), Some("large orders pay for themselves"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod compile;
mod decide;
mod directory;

pub use compile::{Compilation, CompileError, compile, compile_dir};
pub use countersign_check::{
    Compiled, Manifest, Memory, SettingError, SourceError, Sources, manifest, settings,
};
pub use countersign_diagnostics as diagnostics;
pub use decide::{DecideError, Decided, Program};
pub use directory::DirectorySources;
