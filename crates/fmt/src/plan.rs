//! What stands before each token and comment.
//!
//! In: the tokens of a text with their trivia, and the marks of its tree. Out: the tokens and comments without the
//! blanks, each with what comes before it: nothing, a blank, a line end, or a column.

use crate::marks::{Class, Marks};
use countersign_syntax::{Span, Token, TokenKind as T};
use std::collections::HashMap;

/// A token or a comment, and what stands before it.
#[derive(Debug)]
pub(crate) struct Atom<'s> {
    pub(crate) text: &'s str,
    pub(crate) before: Before,
}

/// What stands before an atom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Before {
    Nothing,
    Blank,
    /// Between the entries of a block on one line.
    TwoBlanks,
    Line {
        /// Whether an empty line goes before.
        empty: bool,
        indent: Indent,
    },
    /// As far to the right as in the other entries of the group.
    Column {
        group: usize,
        column: usize,
        /// The atom that its entry starts with.
        entry: usize,
    },
    /// Behind the code of a line.
    Comment,
}

/// How far a line stands to the right: as far as an earlier atom, or from the edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Indent {
    pub(crate) anchor: Option<usize>,
    pub(crate) plus: usize,
}

impl Indent {
    const EDGE: Self = Self { anchor: None, plus: 0 };

    fn deeper(self, by: usize) -> Self {
        Self { plus: self.plus + by, ..self }
    }
}

pub(crate) fn plan<'s>(source: &'s str, tokens: &[Token], marks: &Marks) -> Vec<Atom<'s>> {
    let shapes = shapes(source, tokens, marks);
    let top =
        Frame { is_block: true, broken: true, inside: Indent::EDGE, close: Indent::EDGE, ..Frame::default() };
    let mut planner = Planner {
        source,
        marks,
        shapes,
        atoms: Vec::with_capacity(tokens.len() / 2),
        frames: vec![top],
        groups: 0,
        line: Indent::EDGE,
        line_ends: 0,
        apart: false,
        must_break: false,
        opened_generic: false,
        last: T::End,
        last_end: 0,
    };
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            T::Whitespace => {
                let text = token.span.text(source);
                planner.line_ends += text.bytes().filter(|byte| *byte == b'\n').count();
            }
            T::Comment | T::Doc | T::ModuleDoc => planner.comment(*token, next_significant(tokens, at)),
            _ => planner.token(*token),
        }
    }
    planner.atoms
}

fn next_significant(tokens: &[Token], at: usize) -> Option<Token> {
    tokens.iter().skip(at).find(|token| !token.kind.is_trivia()).copied()
}

/// What is known of a bracket before it is written.
#[derive(Debug, Clone, Copy, Default)]
struct Shape {
    /// Whether entries stand in it.
    is_block: bool,
    /// Whether a line ends anywhere in it.
    has_line_end: bool,
    /// Whether a line ends right behind it, or a comment stands in it.
    breaks: bool,
}

/// The shape of each bracket by where it opens.
fn shapes(source: &str, tokens: &[Token], marks: &Marks) -> HashMap<u32, Shape> {
    let mut shapes: HashMap<u32, Shape> = HashMap::new();
    let mut open: Vec<u32> = Vec::new();
    let mut just_opened = false;
    let each = |shapes: &mut HashMap<u32, Shape>, open: &[u32], change: fn(&mut Shape)| {
        for at in open {
            change(shapes.entry(*at).or_default());
        }
    };
    for token in tokens {
        match token.kind {
            T::Whitespace => {
                if token.span.text(source).contains('\n') {
                    each(&mut shapes, &open, |shape| shape.has_line_end = true);
                    if just_opened {
                        each(&mut shapes, open.last().map_or(&[], std::slice::from_ref), |shape| {
                            shape.breaks = true;
                        });
                    }
                }
                continue;
            }
            kind if kind.is_trivia() => {
                each(&mut shapes, &open, |shape| shape.breaks = true);
                just_opened = false;
                continue;
            }
            _ => {}
        }
        if marks.entries.contains_key(&token.span.start) {
            each(&mut shapes, open.last().map_or(&[], std::slice::from_ref), |shape| shape.is_block = true);
        }
        just_opened = is_open(token.kind);
        if just_opened {
            open.push(token.span.start);
        } else if is_close(token.kind) {
            open.pop();
        }
    }
    shapes
}

fn is_open(kind: T) -> bool {
    matches!(kind, T::BraceOpen | T::ParenOpen | T::BracketOpen)
}

fn is_close(kind: T) -> bool {
    matches!(kind, T::BraceClose | T::ParenClose | T::BracketClose)
}

/// A bracket that is open, or the file.
#[derive(Debug)]
struct Frame {
    is_block: bool,
    broken: bool,
    inside: Indent,
    close: Indent,
    entry: Entry,
    /// The columns that the last entry belongs to.
    group: Option<(Class, usize)>,
}

impl Default for Frame {
    fn default() -> Self {
        Self {
            is_block: false,
            broken: false,
            inside: Indent::EDGE,
            close: Indent::EDGE,
            entry: Entry::default(),
            group: None,
        }
    }
}

/// The entry of a block that is being written.
#[derive(Debug, Clone, Copy)]
struct Entry {
    class: Class,
    group: Option<usize>,
    /// Its first atom.
    start: usize,
    /// How many tokens of it have been written, without those in brackets.
    tokens: usize,
    indent: Indent,
    /// Where its further lines start.
    hang: Indent,
    /// Whether its `=>`, `=` or colon has been written.
    passed: bool,
}

impl Default for Entry {
    fn default() -> Self {
        Self {
            class: Class::Plain,
            group: None,
            start: 0,
            tokens: 0,
            indent: Indent::EDGE,
            hang: Indent::EDGE,
            passed: false,
        }
    }
}

struct Planner<'s, 'm> {
    source: &'s str,
    marks: &'m Marks,
    shapes: HashMap<u32, Shape>,
    atoms: Vec<Atom<'s>>,
    frames: Vec<Frame>,
    groups: usize,
    /// Of the line that is being written.
    line: Indent,
    /// Line ends since the last atom.
    line_ends: usize,
    /// Whether an empty line stands anywhere behind the last token.
    apart: bool,
    /// Whether the last atom was a comment.
    must_break: bool,
    /// Whether the last token was the `<` of a type.
    opened_generic: bool,
    last: T,
    last_end: u32,
}

impl<'s> Planner<'s, '_> {
    fn comment(&mut self, token: Token, next: Option<Token>) {
        let text = token.span.text(self.source).trim_end();
        let own_line = self.line_ends > 0 || self.atoms.is_empty() || token.kind != T::Comment;
        let before = if self.atoms.is_empty() {
            Before::Nothing
        } else if own_line {
            let between = next
                .is_none_or(|next| is_close(next.kind) || self.marks.entries.contains_key(&next.span.start));
            let indent = match self.frames.last() {
                Some(frame) if frame.is_block && !between => frame.entry.hang,
                Some(frame) => frame.inside,
                None => Indent::EDGE,
            };
            let empty = self.empty_line(token.kind, next);
            self.line = indent;
            Before::Line { empty, indent }
        } else {
            Before::Comment
        };
        self.push(text, before);
        self.last = if own_line { token.kind } else { self.last };
        self.must_break = true;
    }

    fn push(&mut self, text: &'s str, before: Before) {
        self.atoms.push(Atom { text, before });
        self.apart |= self.line_ends > 1;
        self.line_ends = 0;
    }

    /// Whether an empty line goes before what starts a line.
    fn empty_line(&self, kind: T, next: Option<Token>) -> bool {
        if is_open(self.last) || self.atoms.is_empty() {
            return false;
        }
        let behind_docs = matches!(self.last, T::Doc);
        let behind_module_docs = self.last == T::ModuleDoc && kind != T::ModuleDoc;
        let at_item = self.frames.len() == 1
            && !matches!(self.last, T::Doc | T::Comment | T::ModuleDoc)
            && next.is_some_and(|next| self.parts_items(next.span));
        !behind_docs && (self.line_ends > 1) || behind_module_docs || at_item
    }

    /// Whether the item that starts here, or the one before it, has more than one line.
    fn parts_items(&self, start: Span) -> bool {
        let at = self.marks.items.partition_point(|item| item.start < start.start);
        let long = |item: &Span| item.text(self.source).contains('\n');
        self.marks.items.get(at).is_some_and(long)
            || at.checked_sub(1).and_then(|before| self.marks.items.get(before)).is_some_and(long)
    }

    fn token(&mut self, token: Token) {
        let closed = if is_close(token.kind) && self.frames.len() > 1 { self.frames.pop() } else { None };
        let class = self.marks.entries.get(&token.span.start).copied();
        let starts = class.filter(|_| self.frames.last().is_some_and(|frame| frame.is_block));
        let before = match (&closed, starts) {
            (Some(frame), _) => self.before_close(frame),
            (None, Some(class)) => self.before_entry(token, class),
            (None, None) => self.before_other(token),
        };
        if let Before::Line { indent, .. } = before {
            self.line = indent;
        }
        let index = self.atoms.len();
        self.note(token, index);
        self.opened_generic = token.kind == T::Less && before == Before::Nothing;
        self.push(token.span.text(self.source), before);
        self.apart = false;
        if is_open(token.kind) {
            self.open(token);
        }
        self.last = token.kind;
        self.last_end = token.span.end;
        self.must_break = false;
    }

    fn before_close(&self, frame: &Frame) -> Before {
        if frame.broken && !is_open(self.last) || self.must_break {
            return Before::Line { empty: false, indent: frame.close };
        }
        if is_open(self.last) || !frame.padded() { Before::Nothing } else { Before::Blank }
    }

    fn before_entry(&mut self, token: Token, class: Class) -> Before {
        let empty = self.empty_line(token.kind, Some(token));
        let (index, is_first) = (self.atoms.len(), self.atoms.is_empty());
        let groups = self.groups;
        let (last, apart) = (self.last, self.apart || self.line_ends > 1);
        let Some(frame) = self.frames.last_mut() else { return Before::Nothing };
        let indent = frame.inside;
        let group = match class {
            _ if !frame.broken => None,
            Class::Plain => {
                frame.group = None;
                None
            }
            Class::Aside => None,
            class => {
                let same = frame.group.filter(|(known, _)| *known == class && !apart);
                let group = same.map_or(groups, |(_, group)| group);
                frame.group = Some((class, group));
                Some(group)
            }
        };
        frame.entry =
            Entry { class, group, start: index, tokens: 0, indent, hang: indent.deeper(4), passed: false };
        let broken = frame.broken;
        if group == Some(groups) {
            self.groups += 1;
        }
        if is_first {
            Before::Nothing
        } else if broken {
            Before::Line { empty, indent }
        } else if matches!(last, T::Comma | T::BraceOpen) {
            Before::Blank
        } else {
            Before::TwoBlanks
        }
    }

    fn before_other(&self, token: Token) -> Before {
        let Some(frame) = self.frames.last() else { return Before::Nothing };
        if !frame.is_block {
            let next_item = self.last == T::Comma || is_open(self.last);
            if frame.broken && next_item || self.must_break {
                return Before::Line {
                    empty: self.line_ends > 1 && self.last == T::Comma,
                    indent: frame.inside,
                };
            }
            return self.blank(token);
        }
        let goes_on = token.kind.continues() && token.kind != T::Comma || token.kind == T::Then;
        let behind_block = self.last == T::BraceClose && token.kind == T::If;
        if self.must_break || self.line_ends > 0 && goes_on && !behind_block {
            return Before::Line { empty: false, indent: frame.entry.hang };
        }
        match (frame.entry.group, self.column(token, &frame.entry)) {
            (Some(group), Some(column)) => Before::Column { group, column, entry: frame.entry.start },
            _ => self.blank(token),
        }
    }

    /// Which column of its entry a token starts.
    fn column(&self, token: Token, entry: &Entry) -> Option<usize> {
        match (entry.class, token.kind) {
            (Class::Keyword, _) if entry.tokens == 1 => Some(0),
            (Class::Rule | Class::Level | Class::When, T::FatArrow) | (Class::Bind, T::Equals)
                if !entry.passed =>
            {
                Some(0)
            }
            (Class::Rule, T::Because) if entry.passed => Some(1),
            (Class::Field, _) if self.last == T::Colon && entry.tokens == 2 => Some(0),
            _ => None,
        }
    }

    /// Keeps what later tokens of the entry need to know.
    fn note(&mut self, token: Token, index: usize) {
        let Some(frame) = self.frames.last_mut() else { return };
        let entry = &mut frame.entry;
        if !frame.is_block || is_close(token.kind) {
            return;
        }
        let behind_mark = matches!(self.last, T::FatArrow | T::Equals) && entry.passed;
        let behind_keyword = entry.class == Class::Keyword && entry.tokens == 1;
        if behind_mark && entry.hang.anchor.is_none() || behind_keyword {
            entry.hang = Indent { anchor: Some(index), plus: 0 };
        }
        if matches!(token.kind, T::FatArrow | T::Equals | T::Colon) && entry.class != Class::Keyword {
            entry.passed = true;
        }
        entry.tokens += 1;
    }

    fn open(&mut self, token: Token) {
        let shape = self.shapes.get(&token.span.start).copied().unwrap_or_default();
        let entry = self.frames.last().map_or(Indent::EDGE, |frame| frame.entry.indent);
        let base = if shape.is_block { entry } else { self.line };
        let broken = if shape.is_block { shape.has_line_end } else { shape.breaks };
        let glued = token.kind != T::BraceOpen || self.last == T::Dot;
        self.frames.push(Frame {
            is_block: shape.is_block,
            broken,
            inside: base.deeper(2),
            close: base,
            entry: Entry { indent: base, hang: base.deeper(4), passed: glued, ..Entry::default() },
            group: None,
        });
    }

    /// Whether a blank stands before a token that goes on on its line.
    fn blank(&self, token: Token) -> Before {
        let tight = self.is_tight(token);
        if tight { Before::Nothing } else { Before::Blank }
    }

    fn is_tight(&self, token: Token) -> bool {
        match (self.last, token.kind) {
            (_, T::Comma | T::Colon | T::Dot | T::DotDot | T::Question | T::TextMiddle | T::TextTail)
            | (T::Dot | T::DotDot | T::ParenOpen | T::BracketOpen | T::TextHead | T::TextMiddle, _) => true,
            (_, T::ParenOpen | T::BracketOpen) => self.marks.glued.contains(&self.last_end),
            (T::BraceOpen, _) => self.frames.last().is_some_and(|frame| !frame.padded()),
            (T::Less, _) => self.opened_generic,
            (_, T::Less) => self.marks.generic_names.contains(&self.last_end),
            (_, T::More) => self.marks.generic_ends.contains(&token.span.end),
            (T::Minus, _) => self.marks.unary.contains(&token.span.start),
            _ => false,
        }
    }
}

impl Frame {
    /// Whether blanks stand inside of its braces.
    fn padded(&self) -> bool {
        self.is_block || !self.entry.passed
    }
}
