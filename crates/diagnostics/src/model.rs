//! The one model of a diagnostic.
//!
//! Whoever finds something wrong builds a [`Diagnostic`]; whoever shows it reads one. Spans are byte ranges into the
//! text of a file of [`crate::Files`]. They are taken as they come: reversed, out of range or inside a code point,
//! every reader clamps them.

use std::ops::Range;

use crate::files::FileId;
use crate::registry::Code;

/// How grave a diagnostic is. The order is that of gravity, the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The project is refused.
    Error,
    /// The project is accepted, and experience says that this goes wrong.
    Warning,
    /// Something that is worth knowing.
    Note,
}

impl Severity {
    /// The word that every renderer shows.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

impl std::fmt::Display for Severity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One finding: what is wrong, where, why it matters, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The registered code, with its page.
    pub code: Code,
    /// That of the code, unless the finder says otherwise.
    pub severity: Severity,
    /// One line: lowercase, no full stop, backticks around what the user wrote.
    pub headline: String,
    /// Where the offending clause is.
    pub file: FileId,
    /// The bytes of the offending clause.
    pub span: Range<usize>,
    /// Texts at places. A label with the diagnostic's own file and span is the primary one.
    pub labels: Vec<Label>,
    /// What would happen to the user's business if this were let through: one sentence.
    pub reason: Option<String>,
    /// One concrete case in which it goes wrong.
    pub counterexample: Option<Counterexample>,
    /// What to do next, one line each.
    pub help: Vec<String>,
    /// Changes that a tool can make.
    pub fixes: Vec<Fix>,
}

/// A text at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The file of the place.
    pub file: FileId,
    /// The bytes of the place.
    pub span: Range<usize>,
    /// What to say there.
    pub text: String,
}

/// One concrete case, in literals that can be pasted into a test.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counterexample {
    /// Names with the literals that they hold, in the order in which they are shown.
    pub inputs: Vec<(String, String)>,
    /// What happens then.
    pub story: Option<String>,
}

/// A change that a tool can make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What the change does, as an order: `add an \`otherwise\` rule`.
    pub title: String,
    /// The edits, all or none of which are made.
    pub edits: Vec<Edit>,
    /// Whether it may be made without asking.
    pub applicability: Applicability,
}

/// The replacement of some bytes of a file; an empty span inserts, an empty text removes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The file that changes.
    pub file: FileId,
    /// The bytes that go.
    pub span: Range<usize>,
    /// The text that comes in their place.
    pub text: String,
}

/// Whether a fix may be made without asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Applicability {
    /// It keeps what the author meant: `check --fix` makes it.
    Safe,
    /// A person decides.
    Suggested,
}

impl Applicability {
    /// The word that the renderers show.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Suggested => "suggested",
        }
    }
}

impl Diagnostic {
    /// A diagnostic with the severity of its code.
    pub fn new(code: Code, file: FileId, span: Range<usize>, headline: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity,
            headline: headline.into(),
            file,
            span,
            labels: Vec::new(),
            reason: None,
            counterexample: None,
            help: Vec::new(),
            fixes: Vec::new(),
        }
    }

    /// Another severity than that of the code.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// The text at the offending clause itself.
    #[must_use]
    pub fn primary(mut self, text: impl Into<String>) -> Self {
        let label = Label { file: self.file, span: self.span.clone(), text: text.into() };
        let first_of_the_rest = self.labels.iter().position(|other| !self.is_primary(other));
        self.labels.insert(first_of_the_rest.unwrap_or(self.labels.len()), label);
        self
    }

    /// A text at another place.
    #[must_use]
    pub fn label(mut self, file: FileId, span: Range<usize>, text: impl Into<String>) -> Self {
        self.labels.push(Label { file, span, text: text.into() });
        self
    }

    /// What would happen if this were let through.
    #[must_use]
    pub fn reason(mut self, sentence: impl Into<String>) -> Self {
        self.reason = Some(sentence.into());
        self
    }

    /// The case in which it goes wrong.
    #[must_use]
    pub fn counterexample(mut self, counterexample: Counterexample) -> Self {
        self.counterexample = Some(counterexample);
        self
    }

    /// One more line of what to do next.
    #[must_use]
    pub fn help(mut self, line: impl Into<String>) -> Self {
        self.help.push(line.into());
        self
    }

    /// One more change that a tool can make.
    #[must_use]
    pub fn fix(mut self, fix: Fix) -> Self {
        self.fixes.push(fix);
        self
    }

    /// Whether a label sits at the offending clause itself.
    pub fn is_primary(&self, label: &Label) -> bool {
        label.file == self.file && label.span == self.span
    }

    /// Whether this refuses the project.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl Counterexample {
    /// A case without inputs yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// One more input, as a literal of the language.
    #[must_use]
    pub fn input(mut self, name: impl Into<String>, literal: impl Into<String>) -> Self {
        self.inputs.push((name.into(), literal.into()));
        self
    }

    /// What happens then.
    #[must_use]
    pub fn story(mut self, story: impl Into<String>) -> Self {
        self.story = Some(story.into());
        self
    }
}

impl Fix {
    /// A fix that keeps what the author meant.
    pub fn safe(title: impl Into<String>) -> Self {
        Self { title: title.into(), edits: Vec::new(), applicability: Applicability::Safe }
    }

    /// A fix that a person has to choose.
    pub fn suggested(title: impl Into<String>) -> Self {
        Self { title: title.into(), edits: Vec::new(), applicability: Applicability::Suggested }
    }

    /// Replaces the bytes of `span` by `text`.
    #[must_use]
    pub fn edit(mut self, file: FileId, span: Range<usize>, text: impl Into<String>) -> Self {
        self.edits.push(Edit { file, span, text: text.into() });
        self
    }

    /// Puts `text` at an offset.
    #[must_use]
    pub fn insert(self, file: FileId, at: usize, text: impl Into<String>) -> Self {
        self.edit(file, at..at, text)
    }

    /// Takes the bytes of `span` away.
    #[must_use]
    pub fn remove(self, file: FileId, span: Range<usize>) -> Self {
        self.edit(file, span, "")
    }
}
