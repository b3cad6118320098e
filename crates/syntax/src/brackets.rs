//! From all tokens to those that the grammar speaks of, with every bracket closed.
//!
//! In: the tokens of a text. Out: the significant ones, where brackets that nothing closes have been given an empty
//! closing token, brackets that close nothing are left out, and what is nested too deep has become one bad literal;
//! each of these with its error. The parser may then rely on balance, recover by skipping whole brackets, and recurse.

use crate::ast::{DocLine, Docs};
use crate::error::{Relation, SyntaxError, SyntaxErrorKind};
use crate::{MAX_DEPTH, Span, Token, TokenKind};

/// A token as the parser sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tok {
    pub(crate) kind: TokenKind,
    /// Whether it is the first on its line.
    pub(crate) starts_line: bool,
    /// Whether it stands in no text, but was added to close a bracket.
    pub(crate) added: bool,
    pub(crate) span: Span,
    /// Which docs stand before it, from 1 on; 0 is none.
    pub(crate) docs: u32,
    /// Its own place among its like.
    pub(crate) index: u32,
}

/// What the parser works on.
pub(crate) struct Balanced {
    /// Ends with one [`TokenKind::End`].
    pub(crate) tokens: Vec<Tok>,
    pub(crate) docs: Vec<Docs>,
    pub(crate) module_docs: Docs,
    pub(crate) errors: Vec<SyntaxError>,
}

/// A bracket that is open.
struct Opened {
    /// Its place among the tokens that go out.
    at: usize,
    kind: TokenKind,
    span: Span,
    /// How far the line is indented on which it stands.
    indent: u32,
}

/// More `not` or `-` in a row than anybody means.
const MOST_PREFIXES: u32 = 16;

/// A text in balance is taken as it is. In one that is not, the indentation tells which bracket has lost its end, as
/// far as that gives fewer errors.
pub(crate) fn balance(source: &str, tokens: &[Token]) -> Balanced {
    let plain = pass(source, tokens, false);
    let is_broken = plain.errors.iter().any(|error| error.kind != SyntaxErrorKind::TooDeep);
    if !is_broken {
        return plain;
    }
    let guessed = pass(source, tokens, true);
    if guessed.errors.len() <= plain.errors.len() { guessed } else { plain }
}

fn pass(source: &str, tokens: &[Token], by_indent: bool) -> Balanced {
    let mut balancer = Balancer {
        source,
        by_indent,
        out: Vec::with_capacity(tokens.len() / 2 + 1),
        open: Vec::new(),
        docs: Vec::new(),
        module_docs: Docs::default(),
        errors: Vec::new(),
        pending: Docs::default(),
        starts_line: true,
        line_start: 0,
        indent: 0,
        too_deep: None,
        prefixes: 0,
    };
    for token in tokens {
        balancer.take(*token);
    }
    balancer.finish()
}

struct Balancer<'s> {
    source: &'s str,
    /// Whether the indentation is asked where brackets belong.
    by_indent: bool,
    out: Vec<Tok>,
    open: Vec<Opened>,
    docs: Vec<Docs>,
    module_docs: Docs,
    errors: Vec<SyntaxError>,
    /// Docs that wait for what they document.
    pending: Docs,
    starts_line: bool,
    line_start: u32,
    /// Of the line that is being read.
    indent: u32,
    /// Brackets that are open inside of one that is nested too deep, itself included.
    too_deep: Option<u32>,
    prefixes: u32,
}

impl Balancer<'_> {
    fn take(&mut self, token: Token) {
        let text = token.span.text(self.source);
        match token.kind {
            TokenKind::Whitespace => {
                if let Some(at) = text.rfind('\n') {
                    self.starts_line = true;
                    self.line_start = token.span.start + u32::try_from(at + 1).unwrap_or(0);
                }
            }
            TokenKind::Comment | TokenKind::Unknown => {}
            TokenKind::Doc => self.pending.lines.push(doc_line(token.span, text)),
            TokenKind::ModuleDoc => self.module_docs.lines.push(doc_line(token.span, text)),
            _ => self.significant(token),
        }
    }

    fn significant(&mut self, token: Token) {
        if self.starts_line {
            self.indent = token.span.start - self.line_start;
        }
        if let Some(depth) = self.too_deep {
            self.pass_over(token.kind, depth);
            return;
        }
        if matches!(token.kind, TokenKind::Not | TokenKind::Minus) {
            self.prefixes += 1;
            if self.prefixes > MOST_PREFIXES {
                if self.prefixes == MOST_PREFIXES + 1 {
                    self.errors.push(SyntaxError::new(token.span, SyntaxErrorKind::TooDeep));
                }
                return;
            }
        } else {
            self.prefixes = 0;
        }
        if self.by_indent && self.starts_line && !token.kind.closes() && !token.kind.continues() {
            while self.open.last().is_some_and(|opened| opened.indent >= self.indent) {
                self.close_missing(token.span);
            }
        }
        if token.kind.opens() {
            if self.open.len() >= MAX_DEPTH {
                self.errors.push(SyntaxError::new(token.span, SyntaxErrorKind::TooDeep));
                self.push(TokenKind::BadLiteral, token.span, false);
                self.too_deep = Some(1);
                return;
            }
            let (kind, span, indent) = (token.kind, token.span, self.indent);
            self.open.push(Opened { at: self.out.len(), kind, span, indent });
        } else if token.kind.closes() && !self.close(token) {
            self.starts_line = false;
            return;
        }
        self.push(token.kind, token.span, false);
    }

    fn pass_over(&mut self, kind: TokenKind, depth: u32) {
        self.starts_line = false;
        let depth = if kind.opens() {
            depth + 1
        } else if kind.closes() {
            depth - 1
        } else {
            depth
        };
        self.too_deep = (depth > 0).then_some(depth);
    }

    /// Makes way for a closing bracket; says no if nothing that is open fits it.
    fn close(&mut self, token: Token) -> bool {
        let fits = |opened: &Opened| opened.kind.partner() == Some(token.kind);
        let Some(mut at) = self.open.iter().rposition(fits) else {
            let error = SyntaxError::new(token.span, SyntaxErrorKind::UnopenedBracket);
            self.errors.push(match self.open.last() {
                Some(inner) => error.with_related(inner.span, Relation::OpenedHere),
                None => error,
            });
            return false;
        };
        // A text's end closes its text, whatever is still open; so a brace cannot close what is outside of the text.
        if token.kind != TokenKind::TextTail
            && self.open.get(at..).is_some_and(|inside| inside.iter().any(|o| o.kind == TokenKind::TextHead))
        {
            self.errors.push(SyntaxError::new(token.span, SyntaxErrorKind::UnopenedBracket));
            return false;
        }
        if self.by_indent && token.kind == TokenKind::BraceClose && self.starts_line {
            let like = |opened: &Opened| fits(opened) && opened.indent == self.indent;
            let inner = self.open.get(at).map_or(0, |opened| opened.indent);
            if inner > self.indent
                && let Some(outer) = self.open.iter().rposition(like)
            {
                at = outer;
            } else if inner < self.indent {
                self.errors.push(SyntaxError::new(token.span, SyntaxErrorKind::UnopenedBracket));
                return false;
            }
        }
        while self.open.len() > at + 1 {
            self.close_missing(token.span);
        }
        self.open.pop();
        true
    }

    /// Closes the innermost bracket, which nothing in the text does.
    fn close_missing(&mut self, before: Span) {
        let Some(opened) = self.open.pop() else { return };
        let Some(partner) = opened.kind.partner() else { return };
        let error = SyntaxError::new(opened.span, SyntaxErrorKind::UnclosedBracket);
        self.errors.push(error.with_related(before, Relation::ExpectedBefore));
        let at = match opened.kind {
            // What stands on further lines has hardly been meant to be inside.
            TokenKind::ParenOpen | TokenKind::BracketOpen => self.end_of_line(opened.at),
            _ => self.out.len(),
        };
        let end = self.out.get(at.saturating_sub(1)).map_or(opened.span.end, |tok| tok.span.end);
        let tok =
            Tok { kind: partner, starts_line: false, added: true, span: Span::at(end), docs: 0, index: 0 };
        self.out.insert(at.min(self.out.len()), tok);
    }

    /// The place behind the last token on the line of the one at `from`, or behind the bracket that was closed last
    /// if one that was opened on this line is closed on another.
    fn end_of_line(&self, from: usize) -> usize {
        let mut depth = 0_u32;
        let mut at = from + 1;
        while let Some(tok) = self.out.get(at) {
            if depth == 0 && (tok.starts_line && !tok.kind.continues() || tok.kind.closes()) {
                break;
            }
            if tok.kind.opens() {
                depth += 1;
            } else if tok.kind.closes() {
                depth -= 1;
            }
            at += 1;
        }
        at
    }

    fn push(&mut self, kind: TokenKind, span: Span, added: bool) {
        let docs = if self.pending.lines.is_empty() {
            0
        } else {
            self.docs.push(std::mem::take(&mut self.pending));
            u32::try_from(self.docs.len()).unwrap_or(0)
        };
        self.out.push(Tok { kind, starts_line: self.starts_line, added, span, docs, index: 0 });
        self.starts_line = false;
    }

    fn finish(mut self) -> Balanced {
        let end = Span::at(u32::try_from(self.source.len()).unwrap_or(u32::MAX));
        while !self.open.is_empty() {
            self.close_missing(end);
        }
        self.starts_line = true;
        self.push(TokenKind::End, end, false);
        for (index, tok) in self.out.iter_mut().enumerate() {
            tok.index = u32::try_from(index).unwrap_or(u32::MAX);
        }
        Balanced { tokens: self.out, docs: self.docs, module_docs: self.module_docs, errors: self.errors }
    }
}

fn doc_line(span: Span, text: &str) -> DocLine {
    let text = text.get(3..).unwrap_or("").trim_end();
    DocLine { span, text: text.strip_prefix(' ').unwrap_or(text).into() }
}
