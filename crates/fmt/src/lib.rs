//! The formatter of the flow language.
//!
//! In: the text of a file. Out: the same tokens and comments in the one style. Only blanks and line ends are changed, so
//! nothing can be lost or gain another meaning; that is checked before a text is handed out all the same.
//!
//! What the author decides: where a blank line groups, whether a block or a bracket stands on one line or on several,
//! and before which clause a long entry goes on below. All else is settled here: indentation, blanks, the columns of
//! rules, levels, fields and entries, and where comments stand.
//!
//! The way of a text: `marks` finds in the tree where entries start and which brackets belong to a name, `plan` says of
//! each token what stands before it, `print` finds the columns and writes.

mod marks;
mod plan;
mod print;

use countersign_syntax::{SyntaxError, Token, TokenKind, parse};
use std::fmt;

/// Why a text was left as it is.
#[derive(Debug, Clone, PartialEq)]
pub enum FormatRefused {
    /// The text has mistakes: what it means is not known.
    Mistakes(Vec<SyntaxError>),
    /// The formatted text would have been another program. This is a mistake of the formatter.
    WouldDiffer,
}

impl fmt::Display for FormatRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mistakes(_) => f.write_str("a file with mistakes is not formatted; mend them first"),
            Self::WouldDiffer => {
                f.write_str("the formatted file would have been another program; nothing was changed")
            }
        }
    }
}

impl std::error::Error for FormatRefused {}

/// Writes `source` in the one style.
pub fn format(source: &str) -> Result<String, FormatRefused> {
    let parsed = parse(source);
    if !parsed.errors.is_empty() {
        return Err(FormatRefused::Mistakes(parsed.errors));
    }
    let marks = marks::Marks::of(&parsed.module);
    let atoms = plan::plan(source, &parsed.tokens, &marks);
    let formatted = print::print(&atoms);
    let again = parse(&formatted);
    let same = meaning(&parsed.tokens, source).eq(meaning(&again.tokens, &formatted));
    if same && again.errors.is_empty() { Ok(formatted) } else { Err(FormatRefused::WouldDiffer) }
}

/// All that is not blank. The grammar does not look at line ends, so two texts of which this is the same are the same
/// program.
fn meaning<'a>(tokens: &'a [Token], source: &'a str) -> impl Iterator<Item = (TokenKind, &'a str)> {
    tokens
        .iter()
        .filter(|token| token.kind != TokenKind::Whitespace)
        .map(|token| (token.kind, token.span.text(source).trim_end()))
}
