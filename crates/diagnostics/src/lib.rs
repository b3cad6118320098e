//! One model of a diagnostic, the registry of codes, and the renderers.
//!
//! In: what the parser, the checker and the proof engine found, as [`Diagnostic`]s over [`Files`]. Out: text for people,
//! lines for programs, edits for files. Nobody else prints or formats a finding. This crate knows nothing of the
//! language: it is given texts, byte spans and words.

pub mod codes;
mod files;
mod fixes;
mod model;
mod registry;
mod render;

pub use files::{Encoding, FileId, Files, Position};
pub use fixes::{FixPlan, apply_edits, apply_fixes};
pub use model::{Applicability, Counterexample, Diagnostic, Edit, Fix, Label, Severity};
pub use registry::{Code, CodeInfo, all, did_you_mean, lookup};
pub use render::{Counts, Format, Style, arranged, render};
