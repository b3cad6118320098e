//! What is wrong with a text, as data: whoever shows it finds the words.

use crate::{Span, Token, TokenKind};
use smol_str::SmolStr;

/// One mistake in a text.
#[derive(Debug, Clone, PartialEq)]
pub struct SyntaxError {
    /// Where.
    pub span: Span,
    /// What kind of mistake.
    pub kind: SyntaxErrorKind,
    /// What could have stood there: sorted, without what would only have continued a finished expression.
    pub expected: Vec<Expected>,
    /// What stands there.
    pub found: Option<Token>,
    /// Another place that explains it.
    pub related: Option<(Span, Relation)>,
    /// A change that would mend it.
    pub hint: Option<Hint>,
}

impl SyntaxError {
    /// An error that says all by its kind.
    pub const fn new(span: Span, kind: SyntaxErrorKind) -> Self {
        Self { span, kind, expected: Vec::new(), found: None, related: None, hint: None }
    }

    pub(crate) fn with_hint(mut self, hint: Hint) -> Self {
        self.hint = Some(hint);
        self
    }

    pub(crate) fn with_related(mut self, span: Span, relation: Relation) -> Self {
        self.related = Some((span, relation));
        self
    }
}

/// The kinds of mistakes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SyntaxErrorKind {
    /// Something stands where something else must stand: see `expected` and `found`.
    Unexpected,
    /// Exactly one thing must stand here, such as `=>` or `because`: see `expected`.
    Missing,
    /// An operator has nothing behind it; related is the operator.
    MissingOperand,
    /// A word that is almost a keyword of this place; the hint replaces it.
    MisspeltKeyword,
    /// A reserved word stands where a name must stand.
    ReservedName,
    /// A bracket that nothing closes; the span is the bracket, related is where its end was looked for.
    UnclosedBracket,
    /// A bracket that closes nothing.
    UnopenedBracket,
    /// A text that does not end on its line.
    UnterminatedText,
    /// A backslash before a character that needs none; texts know `\n \t \" \\ \{ \} \u{…}`.
    BadEscape,
    /// `{…}` in a text that must be the same each time, such as the name of a file.
    ComputedText,
    /// A number with a misplaced `_`, or one that has too many digits.
    BadNumber,
    /// A number with letters that are no unit: the hint may name the one that was meant.
    UnknownUnit,
    /// A duration whose parts are not in order from large to small, or too large.
    BadDuration,
    /// A day that does not exist, or one that is not written as `2026-11-22`.
    BadDate,
    /// A time that does not exist, or one that is not written as `09:00`.
    BadTime,
    /// An instant that is not as in RFC 3339.
    BadInstant,
    /// A character that the language does not use outside of texts and comments.
    UnknownCharacter,
    /// A name with letters other than `a` to `z`.
    BadName,
    /// A number of times that is not a whole number from 1 on.
    BadCount,
    /// Brackets or operators nested too deep: [`crate::MAX_DEPTH`], [`crate::MAX_HEIGHT`].
    TooDeep,
    /// More bytes than [`crate::MAX_BYTES`]: nothing of it was read.
    FileTooLong,
    /// More tokens than [`crate::MAX_TOKENS`]: nothing of it was read.
    TooManyTokens,
}

/// Why another place belongs to a mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// The end was expected before this.
    ExpectedBefore,
    /// The operator that misses its operand.
    Operator,
    /// What was opened there has another closing bracket.
    OpenedHere,
}

/// A change that would mend a mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hint {
    /// Write this instead.
    Replace {
        /// Of what.
        span: Span,
        /// By what.
        with: SmolStr,
    },
    /// Write this in addition.
    Insert {
        /// Before which byte.
        at: u32,
        /// What.
        text: SmolStr,
    },
    /// Leave this out.
    Remove {
        /// What.
        span: Span,
    },
}

/// What could have stood somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Expected {
    /// A value, or what computes one.
    Expression,
    /// A type.
    Type,
    /// A name.
    Name,
    /// A text in quotes.
    Text,
    /// A whole number.
    Number,
    /// A duration.
    Duration,
    /// A date.
    Date,
    /// A time of day.
    Time,
    /// `mon` to `sun`.
    Weekday,
    /// A call, or a name with its value.
    Entry,
    /// This very token.
    Token(TokenKind),
}

impl Expected {
    pub(crate) const LABELS: [Self; 10] = [
        Self::Expression,
        Self::Type,
        Self::Name,
        Self::Text,
        Self::Number,
        Self::Duration,
        Self::Date,
        Self::Time,
        Self::Weekday,
        Self::Entry,
    ];

    /// What to call it, without quotes; `is_literal` says whether that is what to write.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Expression => "an expression",
            Self::Type => "a type",
            Self::Name => "a name",
            Self::Text => "a text in quotes",
            Self::Number => "a whole number",
            Self::Duration => "a duration",
            Self::Date => "a date",
            Self::Time => "a time of day",
            Self::Weekday => "a day of the week",
            Self::Entry => "a call or a name with its value",
            Self::Token(kind) => kind.text(),
        }
    }

    /// Whether its text is to be written as it is.
    pub const fn is_literal(self) -> bool {
        matches!(self, Self::Token(kind) if !matches!(kind, TokenKind::End))
    }
}
