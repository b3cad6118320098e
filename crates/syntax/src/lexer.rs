//! Cuts a text into tokens without a gap, and says what is wrong with single ones.
//!
//! In: a text. Out: its tokens with their trivia, and the errors of texts, numbers, units, dates and characters. A
//! token with an error still has the kind that it was meant to have, or one that the parser takes in its place, so
//! that one mistake is told once.

use crate::error::{Hint, Relation, SyntaxError, SyntaxErrorKind};
use crate::literal;
use crate::{Span, Token, TokenKind};
use logos::Logos;

/// Cuts `source`, which must be shorter than 4 GiB.
pub(crate) fn tokenize(source: &str) -> (Vec<Token>, Vec<SyntaxError>) {
    let mut lexer = Lexer {
        source,
        inner: TokenKind::lexer(source),
        tokens: Vec::with_capacity(source.len() / 4),
        errors: Vec::new(),
        computing: Vec::new(),
        flat_until: 0,
    };
    while let Some(result) = lexer.inner.next() {
        lexer.take(result);
    }
    (lexer.tokens, lexer.errors)
}

struct Lexer<'s> {
    source: &'s str,
    inner: logos::Lexer<'s, TokenKind>,
    tokens: Vec<Token>,
    errors: Vec<SyntaxError>,
    /// For each text that is being computed into, from outer to inner: how many braces are open inside of it.
    computing: Vec<u32>,
    /// Up to this byte, a quote ends its text even inside of braces, since reading on did not end well.
    flat_until: usize,
}

impl Lexer<'_> {
    fn span(&self) -> Span {
        let range = self.inner.span();
        span(range.start, range.end)
    }

    fn push(&mut self, kind: TokenKind) {
        let span = self.span();
        self.tokens.push(Token { kind, span });
    }

    fn error(&mut self, span: Span, kind: SyntaxErrorKind) {
        self.errors.push(SyntaxError::new(span, kind));
    }

    fn take(&mut self, result: Result<TokenKind, ()>) {
        match result {
            Err(()) => self.unknown(),
            Ok(TokenKind::Comment) => self.comment(),
            Ok(TokenKind::Text) => self.text_start(),
            Ok(TokenKind::Name) => {
                if !self.inner.slice().is_ascii() {
                    self.error(self.span(), SyntaxErrorKind::BadName);
                }
                self.push(TokenKind::Name);
            }
            Ok(kind @ (TokenKind::Int | TokenKind::Date | TokenKind::Time | TokenKind::Instant)) => {
                let kind = match literal::classify(kind, self.inner.slice(), self.span()) {
                    Ok(kind) => kind,
                    Err(error) => {
                        self.errors.push(*error);
                        TokenKind::BadLiteral
                    }
                };
                self.push(kind);
            }
            Ok(TokenKind::BraceOpen) => {
                if let Some(open) = self.computing.last_mut() {
                    *open += 1;
                }
                self.push(TokenKind::BraceOpen);
            }
            Ok(TokenKind::BraceClose) => match self.computing.last_mut() {
                Some(0) => self.text_rest(),
                Some(open) => {
                    *open -= 1;
                    self.push(TokenKind::BraceClose);
                }
                None => self.push(TokenKind::BraceClose),
            },
            Ok(kind) => self.push(kind),
        }
    }

    fn unknown(&mut self) {
        let span = self.span();
        if let (Some(last), Some(error)) = (self.tokens.last_mut(), self.errors.last_mut())
            && last.kind == TokenKind::Unknown
            && last.span.end == span.start
        {
            last.span.end = span.end;
            error.span.end = span.end;
            return;
        }
        let error = SyntaxError::new(span, SyntaxErrorKind::UnknownCharacter);
        let hint = match self.inner.slice() {
            "“" | "”" | "„" | "‘" | "’" | "'" | "`" => {
                Some(Hint::Replace { span, with: "\"".into() })
            }
            "→" | "⇒" => Some(Hint::Replace { span, with: "=>".into() }),
            "≤" => Some(Hint::Replace { span, with: "<=".into() }),
            "≥" => Some(Hint::Replace { span, with: ">=".into() }),
            "&" => Some(Hint::Replace { span, with: "and".into() }),
            "!" => Some(Hint::Replace { span, with: "not".into() }),
            _ => None,
        };
        self.errors.push(SyntaxError { hint, ..error });
        self.push(TokenKind::Unknown);
    }

    fn comment(&mut self) {
        let text = self.inner.slice();
        let kind = if text.starts_with("//!") {
            TokenKind::ModuleDoc
        } else if text.starts_with("///") && !text.starts_with("////") {
            TokenKind::Doc
        } else {
            TokenKind::Comment
        };
        self.push(kind);
    }

    /// Behind the quote that opens a text.
    fn text_start(&mut self) {
        let start = self.inner.span().start;
        let flat = start < self.flat_until || !ends_on_line(self.inner.remainder());
        if flat && start >= self.flat_until {
            self.flat_until = start + 1 + line_length(self.inner.remainder());
        }
        match scan(self.inner.remainder(), flat) {
            Scan::End(length) => {
                self.bump(length);
                self.push(TokenKind::Text);
                if flat {
                    self.check_braces();
                }
            }
            Scan::Computed(length) => {
                self.bump(length);
                self.push(TokenKind::TextHead);
                self.computing.push(0);
            }
            Scan::Unterminated(length) => {
                self.bump(length);
                self.unterminated(self.span());
                self.push(TokenKind::BadText);
            }
        }
        self.check_escapes();
    }

    /// At the brace that ends what is computed into a text.
    fn text_rest(&mut self) {
        match scan(self.inner.remainder(), self.inner.span().start < self.flat_until) {
            Scan::End(length) => {
                self.bump(length);
                self.computing.pop();
                self.push(TokenKind::TextTail);
            }
            Scan::Computed(length) => {
                self.bump(length);
                self.push(TokenKind::TextMiddle);
            }
            Scan::Unterminated(length) => {
                self.bump(length);
                self.computing.pop();
                self.unterminated(self.span());
                self.push(TokenKind::TextTail);
            }
        }
        self.check_escapes();
    }

    fn unterminated(&mut self, span: Span) {
        let hint = Hint::Insert { at: span.end, text: "\"".into() };
        self.errors.push(SyntaxError::new(span, SyntaxErrorKind::UnterminatedText).with_hint(hint));
    }

    /// Moves the end of the current token; `scan` gave a length that ends on a character.
    fn bump(&mut self, length: usize) {
        self.inner.bump(length.min(self.inner.remainder().len()));
    }

    /// A text that was not read further has a brace that is not closed in it; or one that came before it has.
    fn check_braces(&mut self) {
        let span = self.span();
        let text = self.inner.slice();
        let Some(open) =
            text.rfind('{').filter(|open| !text.get(*open..).is_some_and(|rest| rest.contains('}')))
        else {
            return;
        };
        let start = span.start + u32::try_from(open).unwrap_or(0);
        let error = SyntaxError::new(Span::new(start, start + 1), SyntaxErrorKind::UnclosedBracket);
        let end = Span::new(span.end.saturating_sub(1), span.end);
        self.errors.push(error.with_related(end, Relation::ExpectedBefore));
    }

    fn check_escapes(&mut self) {
        let Some(token) = self.tokens.last() else { return };
        let span = token.span;
        let text = span.text(self.source);
        if text.contains('\\') {
            for bad in literal::bad_escapes(text) {
                let at = Span::new(span.start + bad.start, span.start + bad.end);
                self.error(at, SyntaxErrorKind::BadEscape);
            }
        }
    }
}

/// How a piece of text ends; the lengths are in bytes and hold what ends it.
enum Scan {
    /// With a quote.
    End(usize),
    /// With a brace behind which something is computed.
    Computed(usize),
    /// With the line.
    Unterminated(usize),
}

/// Reads characters of a text. Where it is flat, a brace opens nothing.
fn scan(rest: &str, flat: bool) -> Scan {
    let bytes = rest.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => return Scan::End(at + 1),
            b'{' if !flat => return Scan::Computed(at + 1),
            b'\n' => break,
            b'\\' => at += escape_length(bytes.get(at + 1..).unwrap_or_default()),
            _ => {}
        }
        at += 1;
    }
    let end = at.min(bytes.len());
    let line = rest.get(..end).unwrap_or(rest);
    Scan::Unterminated(line.trim_end_matches('\r').len())
}

/// How many bytes behind a backslash belong to its escape, so that a brace of `\{` or `\u{1F}` opens nothing.
fn escape_length(behind: &[u8]) -> usize {
    match behind {
        [b'u', b'{', rest @ ..] => {
            let digits = rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
            2 + digits + usize::from(rest.get(digits) == Some(&b'}'))
        }
        [b'"' | b'\\' | b'{' | b'}', ..] => 1,
        _ => 0,
    }
}

/// Whether a text, with the texts inside of its braces, ends before its line does.
fn ends_on_line(rest: &str) -> bool {
    /// Texts inside of texts inside of texts are nobody's intention.
    const DEEPEST: usize = 8;
    let bytes = rest.as_bytes();
    // For each text from outer to inner: how many braces are open in what is computed into it, 0 in the text itself.
    let mut open = vec![0_u32];
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let Some(braces) = open.last_mut() else { return true };
        match (byte, *braces) {
            (b'\n', _) => return false,
            (b'"', 0) => {
                open.pop();
                if open.is_empty() {
                    return true;
                }
            }
            (b'"', _) => {
                if open.len() == DEEPEST {
                    return false;
                }
                open.push(0);
            }
            (b'{', _) => *braces += 1,
            (b'}', 1..) => *braces -= 1,
            (b'\\', 0) => at += escape_length(bytes.get(at + 1..).unwrap_or_default()),
            (b'/', 1..) if bytes.get(at + 1) == Some(&b'/') => return false,
            _ => {}
        }
        at += 1;
    }
    false
}

fn line_length(rest: &str) -> usize {
    rest.find('\n').unwrap_or(rest.len())
}

/// The caller has made sure that the text is shorter than 4 GiB.
fn span(start: usize, end: usize) -> Span {
    let narrow = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
    Span::new(narrow(start), narrow(end))
}
