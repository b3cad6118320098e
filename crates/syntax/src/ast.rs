//! The tree of one module, as it was written: names are not resolved and types are not known.
//!
//! Every node has the span of its text. What could not be understood is an error node in its place (`Error` variants),
//! and an entry in the errors of the parse, so that whoever walks the tree can pass over it in silence.
//! The parts stand in one file per concept and are all visible from here.

mod expr;
mod flow;
mod people;
mod scenario;
mod system;
mod types;
mod walk;

pub use expr::*;
pub use flow::*;
pub use people::*;
pub use scenario::*;
pub use system::*;
pub use types::*;
pub use walk::{Node, walk};

use crate::Span;
use smol_str::SmolStr;

/// A file: its items in the order of the text.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Module {
    /// The whole text.
    pub span: Span,
    /// The `//!` lines at the top.
    pub docs: Docs,
    /// What the file declares.
    pub items: Vec<Item>,
}

/// A declaration at the top level of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// From its keyword to its end, without its docs.
    pub span: Span,
    /// The `///` lines before it.
    pub docs: Docs,
    /// What it declares.
    pub kind: ItemKind,
}

/// The kinds of declarations.
#[derive(Debug, Clone, PartialEq)]
pub enum ItemKind {
    /// `use people.{cfo, office}`
    Use(Use),
    /// `record Vendor { … }`
    Record(Record),
    /// `enum Status { open, settled }`
    Enum(Enum),
    /// `secret TOKEN`
    Secret(Secret),
    /// `setting limit: Money(EUR) = 500 EUR where …`
    Setting(Setting),
    /// `sample small: Invoice = { … }`
    Sample(Sample),
    /// `fn total(lines: [Line]) -> Money(EUR) = …`
    Function(Function),
    /// `system billing { … }`
    System(System),
    /// `calendar office { … }`
    Calendar(Calendar),
    /// `role cfo { … }`
    Role(Role),
    /// `approval payment { … }`
    Approval(Approval),
    /// `decide level(…) -> payment.Level { … }`
    Decide(Decide),
    /// `guardrail "…" { … }`
    Guardrail(Guardrail),
    /// `flow pay_invoice owned by … { … }`
    Flow(Flow),
    /// `test "…" { … }`
    Test(Test),
    /// `simulation { … }`
    Simulation(Simulation),
    /// Text that is no declaration; its error is among those of the parse.
    Error,
}

/// A name as it was written, with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Name {
    /// Where it stands.
    pub span: Span,
    /// The word itself.
    pub text: SmolStr,
}

impl Name {
    /// The word itself.
    pub fn as_str(&self) -> &str {
        self.text.as_str()
    }
}

/// Names joined by dots, such as `payment.full_review`; never empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    /// From the first to the last name.
    pub span: Span,
    /// At least one name.
    pub names: Vec<Name>,
}

impl Path {
    /// The last name.
    pub fn last(&self) -> Option<&Name> {
        self.names.last()
    }

    /// The only name, where there is just one.
    pub fn single(&self) -> Option<&Name> {
        match self.names.as_slice() {
            [name] => Some(name),
            _ => None,
        }
    }
}

/// The doc comments before a declaration.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Docs {
    /// One for each line, in order.
    pub lines: Vec<DocLine>,
}

impl Docs {
    /// The lines joined, or nothing where there are none.
    pub fn text(&self) -> Option<String> {
        if self.lines.is_empty() {
            return None;
        }
        Some(self.lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join("\n"))
    }
}

/// One `///` or `//!` line.
#[derive(Debug, Clone, PartialEq)]
pub struct DocLine {
    /// With its slashes, without its line end.
    pub span: Span,
    /// Without its slashes and the space behind them.
    pub text: SmolStr,
}

/// A text in which nothing is computed, such as the name of a file or of a test.
#[derive(Debug, Clone, PartialEq)]
pub struct PlainText {
    /// With its quotes.
    pub span: Span,
    /// Without its quotes and with its escapes resolved.
    pub value: SmolStr,
}

/// `use people.{cfo, office}`
#[derive(Debug, Clone, PartialEq)]
pub struct Use {
    /// The module.
    pub module: Path,
    /// What it takes from there, in order.
    pub names: Vec<Name>,
}
