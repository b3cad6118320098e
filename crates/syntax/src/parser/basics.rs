//! What all rules are made of: single tokens, names, lists, blocks of entries, and how to go on after a mistake.

use super::fail::Fail;
use crate::ast::{Docs, Name, Path};
use crate::brackets::Tok;
use crate::error::Expected;
use crate::{Span, TokenKind};
use chumsky::input::{InputRef, MapExtra};
use chumsky::prelude::*;
use smol_str::SmolStr;

/// What the parser reads.
pub(crate) type In<'t> = &'t [Tok];

/// What it carries along.
pub(super) type Ex<'t> = extra::Full<Fail, extra::SimpleState<Around<'t>>, ()>;

/// A rule of the grammar.
pub(super) type P<'t, O> = Boxed<'t, 't, In<'t>, O, Ex<'t>>;

/// What stands around the tokens.
#[derive(Clone, Copy)]
pub(super) struct Around<'t> {
    pub(super) source: &'t str,
    pub(super) docs: &'t [Docs],
}

pub(super) type Inp<'t, 'p> = InputRef<'t, 'p, In<'t>, Ex<'t>>;

pub(super) type Extra<'t, 'e> = MapExtra<'t, 'e, In<'t>, Ex<'t>>;

/// From the first of these tokens to the last.
pub(super) fn span_of(tokens: &[Tok]) -> Span {
    match tokens {
        [first, .., last] => first.span.to(last.span),
        [only] => only.span,
        [] => Span::default(),
    }
}

/// Of all that a rule has read.
pub(super) fn span(extra: &mut Extra<'_, '_>) -> Span {
    span_of(extra.slice())
}

/// This token.
pub(super) fn tk<'t>(kind: TokenKind) -> impl Parser<'t, In<'t>, Span, Ex<'t>> + Clone {
    custom(move |inp: &mut Inp<'t, '_>| match inp.peek_ref() {
        Some(tok) if tok.kind == kind => {
            inp.skip();
            Ok(tok.span)
        }
        tok => Err(Fail::token(tok, kind)),
    })
}

/// One of these tokens.
pub(super) fn one<'t>(
    kinds: &'static [TokenKind],
) -> impl Parser<'t, In<'t>, (TokenKind, Span), Ex<'t>> + Clone {
    custom(move |inp: &mut Inp<'t, '_>| match inp.peek_ref() {
        Some(tok) if kinds.contains(&tok.kind) => {
            inp.skip();
            Ok((tok.kind, tok.span))
        }
        tok => Err(Fail::one_of(tok, kinds)),
    })
}

/// These tokens, one behind the other.
pub(super) fn seq<'t>(kinds: &[TokenKind]) -> P<'t, ()> {
    kinds.iter().fold(empty().boxed(), |before, kind| before.ignore_then(tk(*kind).ignored()).boxed())
}

/// Whether this token is next; it stays where it is.
pub(super) fn ahead<'t>(kinds: &'static [TokenKind]) -> impl Parser<'t, In<'t>, (), Ex<'t>> + Clone {
    custom(move |inp: &mut Inp<'t, '_>| match inp.peek_ref() {
        Some(tok) if kinds.contains(&tok.kind) => Ok(()),
        tok => Err(Fail::one_of(tok, kinds)),
    })
}

/// A name, which may be a word that means something elsewhere.
pub(super) fn name<'t>() -> impl Parser<'t, In<'t>, Name, Ex<'t>> + Clone {
    name_called(Expected::Name)
}

/// A name where something else could stand as well.
pub(super) fn name_called<'t>(label: Expected) -> impl Parser<'t, In<'t>, Name, Ex<'t>> + Clone {
    custom(move |inp: &mut Inp<'t, '_>| match inp.peek_ref() {
        Some(tok) if tok.kind.can_be_name() => {
            inp.skip();
            let text = SmolStr::new(tok.span.text(inp.state().source));
            Ok(Name { span: tok.span, text })
        }
        tok => Err(Fail::label(tok, label)),
    })
}

/// Names joined by dots.
pub(super) fn path<'t>() -> P<'t, Path> {
    let more = tk(TokenKind::Dot).ignore_then(name()).repeated().collect::<Vec<_>>();
    name()
        .then(more)
        .map_with(|(first, more), e| {
            let names = std::iter::once(first).chain(more).collect();
            Path { span: span(e), names }
        })
        .boxed()
}

/// The docs before the next token; it stays where it is.
pub(super) fn docs<'t>() -> impl Parser<'t, In<'t>, Docs, Ex<'t>> + Clone {
    custom(|inp: &mut Inp<'t, '_>| {
        let Some(place) = inp.peek_ref().and_then(|tok| tok.docs.checked_sub(1)) else {
            return Ok(Docs::default());
        };
        let docs = inp.state().docs;
        Ok(usize::try_from(place).ok().and_then(|place| docs.get(place)).cloned().unwrap_or_default())
    })
}

/// One or more, with commas between them.
pub(super) fn commas<'t, O: 't>(item: impl Parser<'t, In<'t>, O, Ex<'t>> + Clone + 't) -> P<'t, Vec<O>> {
    item.separated_by(tk(TokenKind::Comma)).at_least(1).collect().boxed()
}

/// None or more, with commas between them and perhaps one at the end.
pub(super) fn commas_in_brackets<'t, O: 't>(
    item: impl Parser<'t, In<'t>, O, Ex<'t>> + Clone + 't,
) -> P<'t, Vec<O>> {
    item.separated_by(tk(TokenKind::Comma)).allow_trailing().collect().boxed()
}

/// `{`, entries, `}`; an entry with a mistake becomes what `broken` makes of its place.
pub(super) fn block<'t, O: 't>(
    entry: impl Parser<'t, In<'t>, O, Ex<'t>> + Clone + 't,
    starts: &'static [TokenKind],
    broken: fn(Span) -> O,
) -> P<'t, Vec<O>> {
    let entry = entry.recover_with(via_parser(skip_entry(starts).map(broken)));
    tk(TokenKind::BraceOpen)
        .ignore_then(breaks())
        .ignore_then(entry.then_ignore(breaks()).repeated().collect())
        .then_ignore(tk(TokenKind::BraceClose))
        .boxed()
}

/// Where lines end.
fn breaks<'t>() -> impl Parser<'t, In<'t>, (), Ex<'t>> + Clone {
    custom(|inp: &mut Inp<'t, '_>| {
        while inp.peek_ref().is_some_and(|tok| tok.kind == TokenKind::Break) {
            inp.skip();
        }
        Ok(())
    })
}

/// Like [`block`], where what has a mistake is left out.
pub(super) fn block_of_good<'t, O: 't>(
    entry: impl Parser<'t, In<'t>, O, Ex<'t>> + Clone + 't,
    starts: &'static [TokenKind],
) -> P<'t, Vec<O>> {
    block(entry.map(Some), starts, |_| None).map(|entries| entries.into_iter().flatten().collect()).boxed()
}

/// What stands between a name and its block. After a mistake in it, the block is read all the same.
pub(super) fn header<'t, O: 't>(
    rule: impl Parser<'t, In<'t>, O, Ex<'t>> + Clone + 't,
    broken: impl Fn(Span) -> O + Clone + 't,
) -> P<'t, O> {
    rule.then_ignore(ahead(&[TokenKind::BraceOpen]))
        .recover_with(via_parser(skip_to_block().map(broken)))
        .boxed()
}

/// Passes over an entry with a mistake: up to the end of its block, or to what looks like the next entry.
fn skip_entry<'t>(starts: &'static [TokenKind]) -> impl Parser<'t, In<'t>, Span, Ex<'t>> + Clone {
    custom(move |inp: &mut Inp<'t, '_>| {
        let mut depth = 0_u32;
        let mut passed: Option<Span> = None;
        while let Some(tok) = inp.peek_ref() {
            if depth == 0 {
                let next = tok.starts_line && !tok.kind.continues() && !tok.kind.opens();
                let ends = tok.kind.closes() || tok.kind == TokenKind::End;
                if ends || passed.is_some() && (next || starts.contains(&tok.kind)) {
                    break;
                }
            }
            depth = deeper(depth, tok.kind);
            passed = Some(passed.map_or(tok.span, |span| span.to(tok.span)));
            inp.skip();
        }
        passed.ok_or_else(|| Fail::one_of(inp.peek_ref(), &[]))
    })
}

/// Passes over an item with a mistake: up to the keyword of the next one, or to what starts a line behind a block.
pub(super) fn skip_item<'t>(starts: &'static [TokenKind]) -> impl Parser<'t, In<'t>, Span, Ex<'t>> + Clone {
    custom(move |inp: &mut Inp<'t, '_>| {
        let mut depth = 0_u32;
        let mut passed: Option<Span> = None;
        let mut behind_block = false;
        while let Some(tok) = inp.peek_ref() {
            let starts_item = starts.contains(&tok.kind) || behind_block && !tok.kind.continues();
            let next = depth == 0 && passed.is_some() && tok.starts_line && starts_item;
            if next || tok.kind == TokenKind::End {
                break;
            }
            depth = deeper(depth, tok.kind);
            behind_block = depth == 0 && tok.kind == TokenKind::BraceClose;
            passed = Some(passed.map_or(tok.span, |span| span.to(tok.span)));
            inp.skip();
        }
        passed.ok_or_else(|| Fail::one_of(inp.peek_ref(), &[]))
    })
}

/// Passes over what stands before a block.
pub(super) fn skip_to_block<'t>() -> impl Parser<'t, In<'t>, Span, Ex<'t>> + Clone {
    custom(move |inp: &mut Inp<'t, '_>| {
        let mut depth = 0_u32;
        let mut passed: Option<Span> = None;
        while let Some(tok) = inp.peek_ref() {
            if depth == 0 && tok.kind == TokenKind::BraceOpen {
                return Ok(passed.unwrap_or(Span::at(tok.span.start)));
            }
            let leaves = tok.starts_line && !tok.kind.continues() || tok.kind.closes();
            if depth == 0 && leaves || tok.kind == TokenKind::End {
                break;
            }
            depth = deeper(depth, tok.kind);
            passed = Some(passed.map_or(tok.span, |span| span.to(tok.span)));
            inp.skip();
        }
        Err(Fail::token(inp.peek_ref(), TokenKind::BraceOpen))
    })
}

/// Passes over a bracket with all that is in it.
pub(super) fn skip_bracket<'t>(open: TokenKind) -> impl Parser<'t, In<'t>, Span, Ex<'t>> + Clone {
    custom(move |inp: &mut Inp<'t, '_>| {
        let Some(first) = inp.peek_ref().filter(|tok| tok.kind == open) else {
            return Err(Fail::token(inp.peek_ref(), open));
        };
        let mut depth = 0_u32;
        while let Some(tok) = inp.peek_ref().filter(|tok| tok.kind != TokenKind::End) {
            inp.skip();
            depth = deeper(depth, tok.kind);
            if depth == 0 {
                return Ok(first.span.to(tok.span));
            }
        }
        Err(Fail::token(inp.peek_ref(), open))
    })
}

/// Passes over what is computed into a text, up to where the text goes on.
pub(super) fn skip_computed<'t>() -> impl Parser<'t, In<'t>, Span, Ex<'t>> + Clone {
    custom(move |inp: &mut Inp<'t, '_>| {
        let mut depth = 0_u32;
        let mut passed: Option<Span> = None;
        while let Some(tok) = inp.peek_ref() {
            let ends = matches!(tok.kind, TokenKind::TextMiddle | TokenKind::TextTail);
            if depth == 0 && ends || tok.kind == TokenKind::End {
                return Ok(passed.unwrap_or(Span::at(tok.span.start)));
            }
            depth = deeper(depth, tok.kind);
            passed = Some(passed.map_or(tok.span, |span| span.to(tok.span)));
            inp.skip();
        }
        Err(Fail::token(None, TokenKind::TextTail))
    })
}

/// The tokens are balanced, so this ends where it began.
fn deeper(depth: u32, kind: TokenKind) -> u32 {
    if kind.opens() {
        depth + 1
    } else if kind.closes() {
        depth.saturating_sub(1)
    } else {
        depth
    }
}
