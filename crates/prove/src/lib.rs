//! The guarantees, proved over the program.
//!
//! In goes a program with its table of places, out come findings. What is shown here is G4 in its simplest sound form:
//! on every path to an action that a guardrail speaks of, the consent that it needs is there, or the rules that gave
//! another level imply that the amount is within the limit. *Refuted* comes with a case that the rules, evaluated, really
//! let through; what is neither shown nor refuted is an error too, and names the clause that stands in the way. Beside
//! it, what cannot be taken back and what leaves as a message has somebody's consent (G7).
//!
//! `terms` says what an action's amount is in the words of its flow, `bounds` what a rule's condition implies of it,
//! `witness` looks for a case, `guardrails` puts them together; `consent` asks who agrees.

mod bounds;
mod consent;
mod guardrails;
mod terms;
mod witness;

use countersign_diagnostics::Diagnostic;
use countersign_ir::program::Program;
use countersign_ir::spans::SpanTable;

/// Everything that cannot be shown of a program. Empty: its guardrails hold on every path, for all settings within their
/// bounds and all values that passed the door.
///
/// The files of the diagnostics are those of the table, in its order.
pub fn prove(program: &Program, spans: &SpanTable) -> Vec<Diagnostic> {
    let mut found = guardrails::findings(program, spans);
    found.extend(consent::findings(program, spans));
    found
}
