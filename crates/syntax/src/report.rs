//! From where the parser stopped to mistakes that can be told.
//!
//! In: the parser's failures. Out: one error for each line that has a mistake, since what follows on the same line is
//! mostly its echo; none where the lexer or a bracket has told of the line already.

use crate::brackets::Tok;
use crate::error::{Expected, Hint, Relation, SyntaxError, SyntaxErrorKind};
use crate::parser::Fail;
use crate::{Span, TokenKind as T};
use std::collections::HashSet;

/// Adds an error for each failure that is no echo, and sorts all.
pub(crate) fn add(errors: &mut Vec<SyntaxError>, source: &str, tokens: &[Tok], failures: &[Fail]) {
    if failures.is_empty() && errors.is_empty() {
        return;
    }
    let lines = Lines::of(source);
    let mut told: HashSet<usize> = errors.iter().map(|error| lines.line(error.span)).collect();
    let mut mistakes: Vec<_> =
        failures.iter().filter_map(|fail| Reporter { source, tokens }.error(fail)).collect();
    mistakes.sort_by_key(|error| error.span);
    errors.extend(mistakes.into_iter().filter(|error| told.insert(lines.line(error.span))));
    errors.sort_by_key(|error| error.span);
}

/// Where lines start.
struct Lines(Vec<u32>);

impl Lines {
    fn of(source: &str) -> Self {
        let breaks = source.bytes().zip(1_u32..).filter(|(byte, _)| *byte == b'\n');
        Self(breaks.map(|(_, next)| next).collect())
    }

    fn line(&self, span: Span) -> usize {
        self.0.partition_point(|start| *start <= span.start)
    }
}

struct Reporter<'a> {
    source: &'a str,
    tokens: &'a [Tok],
}

impl Reporter<'_> {
    fn token(&self, at: u32) -> Option<&Tok> {
        self.tokens.get(usize::try_from(at).ok()?)
    }

    fn error(&self, fail: &Fail) -> Option<SyntaxError> {
        if let Some((kind, span)) = fail.about {
            return Some(SyntaxError::new(span, kind));
        }
        let found = self.token(fail.at).or(self.tokens.last())?;
        if found.added || matches!(found.kind, T::BadLiteral | T::BadText) {
            return None;
        }
        let before = found.index.checked_sub(1).and_then(|at| self.token(at));
        let expected = without_continuations(fail.expected());
        if let Some((span, with)) = self.misspelt(found, &expected) {
            let hint = Hint::Replace { span, with: with.into() };
            let error = SyntaxError::new(span, SyntaxErrorKind::MisspeltKeyword).with_hint(hint);
            return Some(SyntaxError { expected, found: Some(token(found)), ..error });
        }
        let span = match before {
            // Nobody looks for what is missing on the next line, unless what stands before is whole.
            Some(before) if (found.starts_line || found.kind == T::End) && !is_whole(&expected) => {
                Span::at(before.span.end)
            }
            // Of a text that goes on, only the brace.
            _ if matches!(found.kind, T::TextMiddle | T::TextTail) => {
                Span::new(found.span.start, found.span.start + 1)
            }
            _ => found.span,
        };
        let error = SyntaxError {
            found: Some(token(found)),
            ..SyntaxError::new(span, kind(self.source, found, before, &expected))
        };
        let error = match (error.kind, before, expected.as_slice()) {
            (SyntaxErrorKind::MissingOperand, Some(before), _) => {
                error.with_related(before.span, Relation::Operator)
            }
            (SyntaxErrorKind::Missing, _, [Expected::Token(kind)])
                if is_confused(*kind) && is_confused(found.kind) =>
            {
                error.with_hint(Hint::Replace { span: found.span, with: kind.text().into() })
            }
            (SyntaxErrorKind::Missing, Some(before), [Expected::Token(kind)]) => {
                let tight = matches!(kind, T::Colon | T::Comma | T::Dot);
                let text = if tight { kind.text().into() } else { format!(" {}", kind.text()).into() };
                error.with_hint(Hint::Insert { at: before.span.end, text })
            }
            _ => error,
        };
        Some(SyntaxError { expected, ..error })
    }

    /// The keyword that somebody meant, and the word that stands for it: the one that was found, or the one that its
    /// line starts with, which was then taken for a name.
    fn misspelt(&self, found: &Tok, expected: &[Expected]) -> Option<(Span, &'static str)> {
        let words = expected.iter().filter_map(|expected| match expected {
            Expected::Token(kind) if kind.is_word() => Some(*kind),
            _ => None,
        });
        if found.kind.is_word()
            && let Some(word) = nearest(found.span.text(self.source), words, 2)
        {
            return Some((found.span, word));
        }
        let start = self.line_start(found)?;
        let before = self.token(found.index.checked_sub(1)?)?;
        let suspects = [(start, self.token(start.index + 1)?), (before, found)];
        suspects.into_iter().find_map(|(suspect, next)| {
            let reads_on = next.kind.is_word() || next.kind.opens_text() || next.kind.is_number();
            if suspect.kind != T::Name || suspect.index >= found.index || !reads_on {
                return None;
            }
            let words = T::ALL.iter().copied().filter(|kind| kind.is_word());
            Some((suspect.span, nearest(suspect.span.text(self.source), words, 4)?))
        })
    }

    /// The first token on the line of this one.
    fn line_start<'a>(&'a self, of: &'a Tok) -> Option<&'a Tok> {
        let mut start = of;
        while !start.starts_line {
            start = self.token(start.index.checked_sub(1)?)?;
        }
        Some(start)
    }
}

fn token(tok: &Tok) -> crate::Token {
    crate::Token { kind: tok.kind, span: tok.span }
}

fn kind(source: &str, found: &Tok, before: Option<&Tok>, expected: &[Expected]) -> SyntaxErrorKind {
    let word = found.span.text(source);
    let behind_number = before.is_some_and(|before| before.kind.is_number()) && !found.starts_line;
    if behind_number && word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return SyntaxErrorKind::UnknownUnit;
    }
    let operator = before.is_some_and(|before| before.kind.is_operator() || before.kind == T::Not);
    if operator && expected.contains(&Expected::Expression) {
        return SyntaxErrorKind::MissingOperand;
    }
    match expected {
        [Expected::Name | Expected::Type, ..] if found.kind.is_reserved() => SyntaxErrorKind::ReservedName,
        [_] => SyntaxErrorKind::Missing,
        _ => SyntaxErrorKind::Unexpected,
    }
}

/// Whether the next entry or item could have started.
fn is_whole(expected: &[Expected]) -> bool {
    expected.contains(&Expected::Token(T::BraceClose)) || expected.contains(&Expected::Token(T::Use))
}

/// Marks that are written for one another.
fn is_confused(kind: T) -> bool {
    matches!(kind, T::Equals | T::EqualEqual | T::FatArrow | T::Arrow | T::Colon | T::Semicolon | T::Comma)
}

/// Without what says no more than the others do: the tokens that a named thing starts with, and, behind a finished
/// expression, the operators that could go on with it, unless nothing else could.
fn without_continuations(mut expected: Vec<Expected>) -> Vec<Expected> {
    let starts_expression =
        [T::TextHead, T::BraceOpen, T::Not, T::Minus, T::History, T::Render, T::ParenOpen, T::BracketOpen];
    if expected.contains(&Expected::Expression) {
        expected.retain(|one| !starts_expression.iter().any(|kind| *one == Expected::Token(*kind)));
    } else if expected.contains(&Expected::Text) {
        expected.retain(|one| *one != Expected::Token(T::TextHead));
    }
    let continues = |expected: &Expected| {
        let Expected::Token(kind) = expected else { return false };
        let others = [T::ParenOpen, T::BracketOpen, T::Matches, T::Was, T::With, T::Question];
        kind.is_operator() || others.contains(kind)
    };
    if !expected.iter().all(continues) {
        expected.retain(|one| !continues(one));
    }
    expected
}

/// The word that is nearly this one, unless it is so short that any would be.
fn nearest(found: &str, words: impl Iterator<Item = T>, shortest: usize) -> Option<&'static str> {
    let far = match found.len() {
        0..=2 => return None,
        3..=5 => 1,
        _ => 2,
    };
    words
        .map(T::text)
        .map(|word| (strsim::osa_distance(found, word), word))
        .filter(|(distance, word)| (1..=far).contains(distance) && word.len() >= shortest)
        .min()
        .map(|(_, word)| word)
}
