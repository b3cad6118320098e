//! Where lines end, for texts with mistakes: the grammar itself does not ask.
//!
//! In: the balanced tokens. Out: the tokens of single items, and those with breaks between the lines of their entries.

use super::ITEM_STARTS;
use crate::TokenKind as T;
use crate::brackets::Tok;

/// The tokens cut before each line that looks like the start of an item, each piece with an end of its own.
pub(super) fn chunks(tokens: &[Tok]) -> Vec<Vec<Tok>> {
    let mut chunks = Vec::new();
    let mut chunk = Vec::new();
    let mut depth = 0_u32;
    for (at, tok) in tokens.iter().enumerate() {
        let named = tokens.get(at + 1).is_some_and(|next| {
            next.kind.can_be_name() || matches!(next.kind, T::Text | T::TextHead | T::BraceOpen)
        });
        if depth == 0 && tok.starts_line && named && ITEM_STARTS.contains(&tok.kind) && !chunk.is_empty() {
            chunk.push(Tok { kind: T::End, docs: 0, ..*tok });
            chunks.push(std::mem::take(&mut chunk));
        }
        if tok.kind.opens() {
            depth += 1;
        } else if tok.kind.closes() {
            depth = depth.saturating_sub(1);
        }
        chunk.push(*tok);
    }
    chunks.push(chunk);
    chunks
}

/// With a break before each line of a block that looks like the start of an entry.
pub(super) fn with_breaks(chunk: &[Tok]) -> Vec<Tok> {
    let then_goes_on = chunk.first().is_some_and(|first| first.kind == T::Approval);
    let mut out = Vec::with_capacity(chunk.len() + chunk.len() / 4);
    let mut blocks: Vec<bool> = Vec::new();
    for (at, tok) in chunk.iter().enumerate() {
        let can_start = tok.kind.can_be_name() || tok.kind == T::When || tok.kind == T::Then && !then_goes_on;
        if tok.starts_line && can_start && blocks.last() == Some(&true) && starts_entry(chunk, at) {
            out.push(Tok { kind: T::Break, docs: 0, ..*tok });
        }
        if tok.kind.opens() {
            blocks.push(tok.kind == T::BraceOpen && !is_record(chunk, at));
        } else if tok.kind.closes() {
            blocks.pop();
        }
        out.push(*tok);
    }
    out
}

/// Whether a line starts an entry. Behind what wants something more, that must be seen from what follows.
fn starts_entry(chunk: &[Tok], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| chunk.get(before)).map(|tok| tok.kind);
    let wants_more = before.is_some_and(|kind| {
        kind.is_operator()
            || kind.continues()
            || kind.is_reserved() && !matches!(kind, T::True | T::False | T::None)
    });
    let next = chunk.get(at + 1).map(|tok| tok.kind);
    let is_entry = next.is_some_and(|kind| {
        kind.can_be_name()
            || kind.opens_text()
            || matches!(kind, T::Equals | T::FatArrow | T::Because | T::When)
    });
    !wants_more || is_entry
}

/// Whether what is in these braces looks like fields.
fn is_record(chunk: &[Tok], open: usize) -> bool {
    let name = chunk.get(open + 1).is_some_and(|tok| tok.kind.can_be_name());
    let mark = chunk.get(open + 2).is_some_and(|tok| matches!(tok.kind, T::Colon | T::Comma | T::BraceClose));
    name && mark
}
