//! The parser's own error: where it stopped, and the set of what would have let it go on. It holds no allocation, for
//! most of them are made while the parser tries one alternative after another, and are thrown away.

use super::basics::In;
use crate::brackets::Tok;
use crate::error::{Expected, SyntaxErrorKind};
use crate::{Span, TokenKind};
use chumsky::DefaultExpected;
use chumsky::error::{Error, LabelError};
use chumsky::span::SimpleSpan;
use chumsky::util::MaybeRef;

/// Where and why the parser stopped.
#[derive(Debug, Clone)]
pub(crate) struct Fail {
    /// The token at which it stopped.
    pub(crate) at: u32,
    tokens: [u64; 4],
    labels: u16,
    /// What was wrong with something that was understood: then the parser went on.
    pub(crate) about: Option<(SyntaxErrorKind, Span)>,
}

impl Fail {
    fn at(tok: Option<&Tok>) -> Self {
        Self { at: tok.map_or(u32::MAX, |tok| tok.index), tokens: [0; 4], labels: 0, about: None }
    }

    /// The token would have had to be of this kind.
    pub(super) fn token(tok: Option<&Tok>, kind: TokenKind) -> Self {
        Self::at(tok).or_token(kind)
    }

    /// The token would have had to be one of these.
    pub(super) fn one_of(tok: Option<&Tok>, kinds: &[TokenKind]) -> Self {
        kinds.iter().fold(Self::at(tok), |fail, kind| fail.or_token(*kind))
    }

    /// The token would have had to start this.
    pub(super) fn label(tok: Option<&Tok>, label: Expected) -> Self {
        let mut fail = Self::at(tok);
        for (bit, known) in Expected::LABELS.iter().enumerate() {
            if *known == label {
                fail.labels |= 1 << bit;
            }
        }
        fail
    }

    /// Something that was understood is wrong in itself.
    pub(super) fn about(kind: SyntaxErrorKind, span: Span) -> Self {
        Self { about: Some((kind, span)), ..Self::at(None) }
    }

    fn or_token(mut self, kind: TokenKind) -> Self {
        let bit = kind as usize;
        if let Some(word) = self.tokens.get_mut(bit / 64) {
            *word |= 1 << (bit % 64);
        }
        self
    }

    /// What would have let the parser go on, sorted.
    pub(crate) fn expected(&self) -> Vec<Expected> {
        let labels = Expected::LABELS.iter().enumerate();
        let labels = labels.filter(|(bit, _)| self.labels & (1 << bit) != 0).map(|(_, label)| *label);
        let has = |kind: TokenKind| {
            let bit = kind as usize;
            self.tokens.get(bit / 64).is_some_and(|word| word & (1 << (bit % 64)) != 0)
        };
        let tokens = TokenKind::ALL.iter().copied().filter(|kind| has(*kind)).map(Expected::Token);
        let mut all: Vec<Expected> = labels.chain(tokens).collect();
        all.sort_unstable();
        all
    }
}

impl<'t> Error<'t, In<'t>> for Fail {
    fn merge(mut self, other: Self) -> Self {
        if self.about.is_some() || other.at < self.at && other.about.is_none() {
            return self;
        }
        if other.about.is_some() || other.at > self.at {
            return other;
        }
        for (mine, theirs) in self.tokens.iter_mut().zip(other.tokens) {
            *mine |= theirs;
        }
        self.labels |= other.labels;
        self
    }
}

impl<'t> LabelError<'t, In<'t>, DefaultExpected<'t, Tok>> for Fail {
    fn expected_found<E: IntoIterator<Item = DefaultExpected<'t, Tok>>>(
        expected: E,
        found: Option<MaybeRef<'t, Tok>>,
        _span: SimpleSpan<usize>,
    ) -> Self {
        let fail = Self::at(found.as_deref());
        expected.into_iter().fold(fail, |fail, expected| match expected {
            DefaultExpected::Token(tok) => fail.or_token(tok.kind),
            DefaultExpected::EndOfInput => fail.or_token(TokenKind::End),
            _ => fail,
        })
    }
}
