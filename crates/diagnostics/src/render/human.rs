//! Pictures of the code for people.
//!
//! ariadne draws the code and its labels. It panics on spans that are reversed or cut a code point, and calls more
//! characters a line's end than this crate does: it is given a shown text, one character for each of the file's, and
//! spans counted in characters. What follows the picture (why, the case, help, fixes) is written here.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

use ariadne::{Cache, Color, Config, Fmt, IndexType, Report, ReportKind, Source};

use crate::files::{Encoding, FileId, Files};
use crate::model::{Applicability, Counterexample, Diagnostic, Fix, Label, Severity};
use crate::render::Style;
use crate::render::diff::{Hunk, hunks};
use crate::render::text::{lines, one_line, visible};

/// The longest line that is drawn, in bytes; nobody reads a picture of a longer one.
const LONGEST_LINE: usize = 600;

/// Each finding with a blank line after it.
pub fn render(style: Style, files: &Files, diagnostics: &[&Diagnostic]) -> String {
    let mut sources = Sources { files, shown: HashMap::new() };
    let mut out = String::new();
    for diagnostic in diagnostics {
        let mut block = header(style, diagnostic);
        let labels = labels(diagnostic);
        if labels.iter().all(|label| can_be_drawn(files, label)) {
            block.push_str(&picture(style, &mut sources, diagnostic, &labels));
        } else {
            block.extend(labels.iter().map(|label| in_words(files, label)));
        }
        block.push_str(&rest(style, files, diagnostic));
        for line in block.lines() {
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out.push('\n');
    }
    out
}

fn header(style: Style, diagnostic: &Diagnostic) -> String {
    let kind = format!("{}[{}]", diagnostic.severity, diagnostic.code);
    format!("{}: {}\n", paint(style, &kind, color_of(diagnostic.severity)), one_line(&diagnostic.headline))
}

/// The labels as they are drawn: with one at the finding itself, the finding's file first and each file downwards, so
/// that each is shown once.
fn labels(diagnostic: &Diagnostic) -> Vec<Label> {
    let own = Label { file: diagnostic.file, span: diagnostic.span.clone(), text: String::new() };
    let has_own = diagnostic.labels.iter().any(|label| diagnostic.is_primary(label));
    let mut labels: Vec<Label> = diagnostic.labels.clone();
    labels.extend(Some(own).filter(|_| !has_own));
    labels.sort_by_key(|label| (label.file != diagnostic.file, label.file, label.span.end, label.span.start));
    labels
}

fn can_be_drawn(files: &Files, label: &Label) -> bool {
    let span = files.clamp(label.file, &label.span);
    [span.start, span.end].into_iter().all(|offset| {
        let line = files.position(label.file, offset, Encoding::Utf8).line;
        files.line_span(label.file, line).len() <= LONGEST_LINE
    })
}

/// What stands in for a picture where a line is too long for one.
fn in_words(files: &Files, label: &Label) -> String {
    let start = files.clamp(label.file, &label.span).start;
    let at = files.position(label.file, start, Encoding::CodePoints);
    let path = one_line(files.path(label.file));
    format!("  at {path}:{}:{} {}\n", at.line + 1, at.column + 1, one_line(&label.text))
}

fn picture(style: Style, sources: &mut Sources<'_>, diagnostic: &Diagnostic, labels: &[Label]) -> String {
    let config = Config::new().with_color(style.color).with_index_type(IndexType::Char);
    let drawn = labels.iter().map(|label| {
        let primary = diagnostic.is_primary(label);
        ariadne::Label::new((label.file, sources.chars(label.file, &label.span)))
            .with_message(one_line(&label.text))
            .with_color(if primary { color_of(diagnostic.severity) } else { Color::Blue })
    });
    let drawn: Vec<_> = drawn.collect();
    let at = (diagnostic.file, sources.chars(diagnostic.file, &diagnostic.span));
    let report = Report::build(ReportKind::Error, at).with_config(config).with_labels(drawn).finish();
    let mut out = Vec::new();
    if report.write(sources, &mut out).is_err() {
        return String::new();
    }
    let out = String::from_utf8_lossy(&out);
    // The first line is ariadne's header, in whose place ours stands.
    out.split_once('\n').map_or_else(String::new, |(_, picture)| picture.to_owned())
}

fn rest(style: Style, files: &Files, diagnostic: &Diagnostic) -> String {
    let mut out = String::new();
    if let Some(reason) = &diagnostic.reason {
        out.push_str(&sentence(style, "why", reason));
    }
    if let Some(case) = &diagnostic.counterexample {
        out.push_str(&counterexample(style, case));
    }
    for help in &diagnostic.help {
        out.push_str(&sentence(style, "help", help));
    }
    for fix in &diagnostic.fixes {
        out.push_str(&suggestion(style, files, fix));
    }
    out
}

fn counterexample(style: Style, case: &Counterexample) -> String {
    let mut out = format!("  {}:\n", paint(style, "for example", Color::Cyan));
    let width = case.inputs.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
    for (name, literal) in &case.inputs {
        let (name, literal) = (one_line(name), one_line(literal));
        out.extend(["      ", &format!("{name:width$}"), " = ", &literal, "\n"]);
    }
    if let Some(story) = &case.story {
        out.push_str(&wrapped(style, "      ", "      ", story));
    }
    out
}

fn suggestion(style: Style, files: &Files, fix: &Fix) -> String {
    let word = match fix.applicability {
        Applicability::Safe => "fix",
        Applicability::Suggested => "suggestion",
    };
    let mut out = sentence(style, word, &fix.title);
    for hunk in hunks(files, fix) {
        out.push_str(&change(style, files, &hunk));
    }
    out
}

fn change(style: Style, files: &Files, hunk: &Hunk) -> String {
    let signed = |sign: char, texts: &[String], color: Color| {
        let line = |text: &String| {
            format!("{sign} {}", text.chars().take(LONGEST_LINE).map(visible).collect::<String>())
        };
        texts
            .iter()
            .map(|text| format!("      {}", paint(style, line(text).trim_end(), color)))
            .collect::<Vec<_>>()
    };
    let mut lines = vec![format!("      {}:{}", one_line(files.path(hunk.file)), hunk.line)];
    lines.extend(signed('-', &hunk.removed, Color::Red));
    lines.extend(signed('+', &hunk.added, Color::Green));
    lines.join("\n") + "\n"
}

fn sentence(style: Style, word: &str, text: &str) -> String {
    let first = format!("  {word}: ");
    let next = " ".repeat(first.len());
    let plain = wrapped(style, &first, &next, text);
    let painted = format!("  {}: ", paint(style, word, Color::Cyan));
    plain.replacen(&first, &painted, 1)
}

fn wrapped(style: Style, first: &str, next: &str, text: &str) -> String {
    // Said in full, since the defaults depend on what other crates of a build ask the library for.
    let options = textwrap::Options::new(style.width.max(20))
        .initial_indent(first)
        .subsequent_indent(next)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::HyphenSplitter)
        .wrap_algorithm(textwrap::WrapAlgorithm::FirstFit);
    textwrap::fill(&lines(text), options) + "\n"
}

fn paint(style: Style, text: &str, color: Color) -> String {
    text.fg(Some(color).filter(|_| style.color)).to_string()
}

const fn color_of(severity: Severity) -> Color {
    match severity {
        Severity::Error => Color::Red,
        Severity::Warning => Color::Yellow,
        Severity::Note => Color::Blue,
    }
}

/// The texts as ariadne sees them, each made once.
struct Sources<'a> {
    files: &'a Files,
    shown: HashMap<FileId, Source<String>>,
}

impl Sources<'_> {
    fn source(&mut self, file: FileId) -> &Source<String> {
        let text = self.files.text(file);
        self.shown.entry(file).or_insert_with(|| Source::from(shown(text)))
    }

    /// A span of bytes, clamped, as one of characters. Lines are the same in both, so that only a line is counted. A
    /// span of no width takes the character after it: ariadne would draw it at the end of the line before.
    fn chars(&mut self, file: FileId, span: &Range<usize>) -> Range<usize> {
        let span = self.files.clamp(file, span);
        let start = self.char_at(file, span.start);
        start..self.char_at(file, span.end).max(start + 1)
    }

    fn char_at(&mut self, file: FileId, offset: usize) -> usize {
        let at = self.files.position(file, offset, Encoding::CodePoints);
        self.source(file).line(at.line).map_or(0, |line| line.offset()) + at.column
    }
}

impl Cache<FileId> for Sources<'_> {
    type Storage = String;

    fn fetch(&mut self, file: &FileId) -> Result<&Source<String>, impl fmt::Debug> {
        Ok::<_, fmt::Error>(self.source(*file))
    }

    fn display<'b>(&self, file: &'b FileId) -> Option<impl fmt::Display + 'b> {
        Some(one_line(self.files.path(*file)))
    }
}

/// One character for each of the text's: lines end where [`Files`] ends them, and a blank
/// at the end, so that the last line is there even if empty and its end can be pointed at.
fn shown(text: &str) -> String {
    let mut characters = text.chars().peekable();
    let mut out = String::with_capacity(text.len() + 1);
    while let Some(character) = characters.next() {
        let ends_a_line = character == '\n' || (character == '\r' && characters.peek() == Some(&'\n'));
        out.push(if ends_a_line { character } else { visible(character) });
    }
    out.push(' ');
    out
}
