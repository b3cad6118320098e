//! Tokens, parser and tree of the flow language.

pub mod ast;
mod span;

pub use span::Span;
