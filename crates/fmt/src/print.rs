//! Finds the columns, and writes.
//!
//! In: atoms, each with what stands before it. Out: the text.

use crate::plan::{Atom, Before, Indent};
use std::collections::HashMap;

pub(crate) fn print(atoms: &[Atom<'_>]) -> String {
    let widths = column_widths(atoms);
    let mut printer = Printer { lines: vec![Line::default()], columns: Vec::with_capacity(atoms.len()) };
    for (at, atom) in atoms.iter().enumerate() {
        printer.before(atoms, &widths, at);
        printer.write(atom);
    }
    printer.finish()
}

fn width(text: &str) -> usize {
    text.chars().count()
}

/// The blanks that stand before an atom which is in no column.
fn plain_gap(before: Before) -> usize {
    match before {
        Before::Nothing | Before::Line { .. } => 0,
        Before::Blank | Before::Column { .. } => 1,
        Before::TwoBlanks | Before::Comment => 2,
    }
}

/// How wide what stands before a column is at most in its group.
fn column_widths(atoms: &[Atom<'_>]) -> HashMap<(usize, usize), usize> {
    let mut widths = HashMap::new();
    for (at, atom) in atoms.iter().enumerate() {
        let Before::Column { group, column, entry } = atom.before else { continue };
        if let Some(found) = segment(atoms, entry, at) {
            let widest = widths.entry((group, column)).or_insert(0);
            *widest = found.max(*widest);
        }
    }
    widths
}

/// How wide the text is from the column before, or from where the entry starts; nothing if a line ends on the way.
fn segment(atoms: &[Atom<'_>], entry: usize, at: usize) -> Option<usize> {
    let mut found = 0;
    for earlier in (entry..at).rev() {
        let atom = atoms.get(earlier)?;
        found += width(atom.text);
        if earlier == entry {
            return Some(found);
        }
        match atom.before {
            Before::Column { .. } => return segment(atoms, entry, earlier).map(|_| found),
            Before::Line { .. } => return None,
            before => found += plain_gap(before),
        }
    }
    None
}

#[derive(Default)]
struct Line {
    code: String,
    comment: Option<String>,
}

impl Line {
    fn indent(&self) -> usize {
        self.code.len() - self.code.trim_start().len()
    }
}

struct Printer {
    lines: Vec<Line>,
    /// Where each atom starts in its line.
    columns: Vec<usize>,
}

impl Printer {
    fn column(&self) -> usize {
        self.lines.last().map_or(0, |line| width(&line.code))
    }

    fn before(&mut self, atoms: &[Atom<'_>], widths: &HashMap<(usize, usize), usize>, at: usize) {
        let Some(atom) = atoms.get(at) else { return };
        match atom.before {
            Before::Line { empty, indent } => {
                if empty {
                    self.lines.push(Line::default());
                }
                let code = " ".repeat(self.resolve(indent));
                self.lines.push(Line { code, comment: None });
            }
            Before::Column { group, column, entry } => {
                let own = segment(atoms, entry, at);
                let widest = own.and_then(|_| widths.get(&(group, column)));
                let pad = widest.zip(own).map_or(0, |(widest, own)| widest - own);
                self.pad(pad + 1);
            }
            Before::Comment => {}
            before => self.pad(plain_gap(before)),
        }
    }

    fn resolve(&self, indent: Indent) -> usize {
        let anchor = indent.anchor.and_then(|anchor| self.columns.get(anchor)).copied().unwrap_or(0);
        anchor + indent.plus
    }

    fn pad(&mut self, by: usize) {
        if let Some(line) = self.lines.last_mut() {
            line.code.extend(std::iter::repeat_n(' ', by));
        }
    }

    fn write(&mut self, atom: &Atom<'_>) {
        self.columns.push(self.column());
        let Some(line) = self.lines.last_mut() else { return };
        if atom.before == Before::Comment {
            line.comment = Some(atom.text.to_owned());
        } else {
            line.code.push_str(atom.text);
        }
    }

    /// Comments behind the code of lines that follow on each other, equally indented, stand below each other.
    fn finish(self) -> String {
        let mut out = String::new();
        let mut rest = self.lines.as_slice();
        while !rest.is_empty() {
            let indent = rest.first().map_or(0, Line::indent);
            let alike = |line: &&Line| line.comment.is_some() && line.indent() == indent;
            let run = rest.iter().take_while(alike).count().max(1);
            let (lines, behind) = rest.split_at_checked(run).unwrap_or((rest, &[]));
            let widest = lines.iter().map(|line| width(&line.code)).max().unwrap_or(0);
            for line in lines {
                out.push_str(line.code.trim_end());
                if let Some(comment) = &line.comment {
                    let pad = widest - width(line.code.trim_end()) + 2;
                    out.extend(std::iter::repeat_n(' ', pad));
                    out.push_str(comment);
                }
                out.push('\n');
            }
            rest = behind;
        }
        if out.trim().is_empty() { String::new() } else { out }
    }
}
