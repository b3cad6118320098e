//! Tokens, parser and tree of the flow language.
//!
//! In: the text of one file. Out: a [`Parse`], which has the tokens with their trivia, the tree with the places of all
//! its nodes, and the mistakes. Parsing never fails: what could not be understood is an error node in the tree, and
//! what stands around it is understood all the same.
//!
//! The way of a text: `lexer` cuts it, `brackets` brings it into balance, `parser` reads it, `report` turns what the
//! parser missed into errors.

pub mod ast;
mod brackets;
mod error;
mod lexer;
mod literal;
mod parser;
mod report;
mod span;
mod token;

pub use error::{Expected, Hint, Relation, SyntaxError, SyntaxErrorKind};
pub use span::Span;
pub use token::{Token, TokenKind};

/// How many bytes a file may have.
pub const MAX_BYTES: usize = 16 << 20;

/// How many tokens a file may have, trivia included.
pub const MAX_TOKENS: usize = 4 << 20;

/// How many brackets may be open at once.
pub const MAX_DEPTH: usize = 48;

/// How high the tree of an expression may be.
pub const MAX_HEIGHT: u16 = 200;

/// What was understood of a text, and what was not.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Parse {
    /// The tree.
    pub module: ast::Module,
    /// The text in pieces, without a gap; empty for a file that is too long.
    pub tokens: Vec<Token>,
    /// The mistakes in the order of the text.
    pub errors: Vec<SyntaxError>,
}

/// Reads a text.
pub fn parse(source: &str) -> Parse {
    if source.len() > MAX_BYTES {
        return refuse(SyntaxErrorKind::FileTooLong);
    }
    let (tokens, mut errors) = lexer::tokenize(source);
    if tokens.len() > MAX_TOKENS {
        return refuse(SyntaxErrorKind::TooManyTokens);
    }
    let balanced = brackets::balance(source, &tokens);
    let (mut module, failures) = parser::module(source, &balanced);
    errors.extend(balanced.errors);
    module.docs = balanced.module_docs;
    module.span = Span::new(0, u32::try_from(source.len()).unwrap_or(u32::MAX));
    report::add(&mut errors, source, &balanced.tokens, &failures);
    Parse { module, tokens, errors }
}

/// A file of which nothing is read.
fn refuse(kind: SyntaxErrorKind) -> Parse {
    Parse { errors: vec![SyntaxError::new(Span::at(0), kind)], ..Parse::default() }
}
