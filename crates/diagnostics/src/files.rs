//! The texts that spans point into, and the conversion between offsets, lines and columns.
//!
//! Every offset is clamped into its text and down to the start of its code point, so that no question has an answer
//! that panics. A line ends at `\n`; a `\r` before it belongs to the line's end, not to its text. An unknown file is an
//! empty one.

use std::ops::Range;
use std::sync::Arc;

/// Which of the [`Files`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(u32);

impl FileId {
    /// The file with this place in the order of [`Files::add`].
    pub const fn new(index: u32) -> Self {
        Self(index)
    }

    /// Its place in the order of [`Files::add`].
    pub const fn index(self) -> u32 {
        self.0
    }
}

/// What one step of a column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Bytes of UTF-8.
    Utf8,
    /// Code units of UTF-16, as editors count.
    Utf16,
    /// Code points, as people are told.
    CodePoints,
}

impl Encoding {
    fn width(self, character: char) -> usize {
        match self {
            Self::Utf8 => character.len_utf8(),
            Self::Utf16 => character.len_utf16(),
            Self::CodePoints => 1,
        }
    }
}

/// A line and a column, both counted from zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line, counted from zero.
    pub line: usize,
    /// The column, counted from zero in the encoding that was asked for.
    pub column: usize,
}

/// The texts of a project.
#[derive(Debug, Clone, Default)]
pub struct Files {
    files: Vec<File>,
}

#[derive(Debug, Clone)]
struct File {
    path: String,
    text: Arc<str>,
    /// Where each line starts; the first entry is 0.
    lines: Vec<usize>,
}

impl Files {
    /// No files yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// One more file. The path is shown as it is given; relative to the project, with forward slashes, reads best.
    pub fn add(&mut self, path: impl Into<String>, text: impl Into<Arc<str>>) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        let text = text.into();
        let starts = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(starts).collect();
        self.files.push(File { path: path.into(), text, lines });
        id
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// All files, in the order of [`Files::add`].
    pub fn ids(&self) -> impl Iterator<Item = FileId> + '_ {
        (0..u32::try_from(self.files.len()).unwrap_or(u32::MAX)).map(FileId)
    }

    /// Whether there is such a file.
    pub fn contains(&self, file: FileId) -> bool {
        self.file(file).is_some()
    }

    /// The first file with this path.
    pub fn find(&self, path: &str) -> Option<FileId> {
        self.ids().find(|id| self.path(*id) == path)
    }

    /// The path of a file, `<unknown>` if there is no such file.
    pub fn path(&self, file: FileId) -> &str {
        self.file(file).map_or("<unknown>", |file| &file.path)
    }

    /// The text of a file, empty if there is no such file.
    pub fn text(&self, file: FileId) -> &str {
        self.file(file).map_or("", |file| &file.text)
    }

    /// An offset inside the text and at the start of a code point.
    pub fn clamp_offset(&self, file: FileId, offset: usize) -> usize {
        floor(self.text(file), offset)
    }

    /// A span inside the text, between code points, not reversed. A reversed one is turned around; an end inside a code
    /// point takes the whole of it.
    pub fn clamp(&self, file: FileId, span: &Range<usize>) -> Range<usize> {
        let text = self.text(file);
        let (from, to) = (span.start.min(span.end), span.start.max(span.end));
        floor(text, from)..ceil(text, to)
    }

    /// The text under a span, clamped.
    pub fn slice(&self, file: FileId, span: &Range<usize>) -> &str {
        self.text(file).get(self.clamp(file, span)).unwrap_or_default()
    }

    /// The line and column of an offset, clamped.
    pub fn position(&self, file: FileId, offset: usize, encoding: Encoding) -> Position {
        let Some(file) = self.file(file) else { return Position { line: 0, column: 0 } };
        let offset = floor(&file.text, offset);
        let line = file.lines.partition_point(|start| *start <= offset).saturating_sub(1);
        let start = file.lines.get(line).copied().unwrap_or_default();
        let before = file.text.get(start..offset).unwrap_or_default();
        Position { line, column: before.chars().map(|character| encoding.width(character)).sum() }
    }

    /// The offset of a line and column. A column past its line gives the line's end, a line past the text the text's.
    pub fn offset(&self, file: FileId, position: Position, encoding: Encoding) -> usize {
        let Some(start) = self.file(file).and_then(|file| file.lines.get(position.line)).copied() else {
            return self.text(file).len();
        };
        let mut left = position.column;
        let mut offset = start;
        for character in self.line(file, position.line).chars() {
            let width = encoding.width(character);
            if left < width {
                break;
            }
            left -= width;
            offset += character.len_utf8();
        }
        offset
    }

    /// The text of a line, counted from zero, without its end.
    pub fn line(&self, file: FileId, line: usize) -> &str {
        let span = self.line_span(file, line);
        let line = self.text(file).get(span).unwrap_or_default();
        let line = line.strip_suffix('\n').unwrap_or(line);
        line.strip_suffix('\r').unwrap_or(line)
    }

    /// The bytes of a line, counted from zero, with its end.
    pub fn line_span(&self, file: FileId, line: usize) -> Range<usize> {
        let Some(file) = self.file(file) else { return 0..0 };
        let start = file.lines.get(line).copied().unwrap_or(file.text.len());
        let end = file.lines.get(line.saturating_add(1)).copied().unwrap_or(file.text.len());
        start..end.max(start)
    }

    fn file(&self, file: FileId) -> Option<&File> {
        self.files.get(usize::try_from(file.0).ok()?)
    }
}

fn floor(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset = offset.saturating_sub(1);
    }
    offset
}

fn ceil(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset += 1;
    }
    offset
}
