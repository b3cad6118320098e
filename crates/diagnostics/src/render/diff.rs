//! A fix as the lines that go and the lines that come.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::files::{Encoding, FileId, Files};
use crate::fixes::apply_edits;
use crate::model::{Edit, Fix};

/// The most lines of either kind that are shown of one hunk.
const LIMIT: usize = 12;

/// Neighbouring lines that a fix changes.
pub struct Hunk {
    /// Where they are.
    pub file: FileId,
    /// The first line that changes, counted from one.
    pub line: usize,
    /// The lines that go.
    pub removed: Vec<String>,
    /// The lines that come.
    pub added: Vec<String>,
}

/// What a fix changes, by file and line. Lines that stay as they are are left out.
pub fn hunks(files: &Files, fix: &Fix) -> Vec<Hunk> {
    let mut by_file: BTreeMap<FileId, Vec<Edit>> = BTreeMap::new();
    for edit in &fix.edits {
        let span = files.clamp(edit.file, &edit.span);
        by_file.entry(edit.file).or_default().push(Edit { span, ..edit.clone() });
    }
    by_file.into_iter().flat_map(|(file, edits)| hunks_of(files, file, edits)).collect()
}

fn hunks_of(files: &Files, file: FileId, mut edits: Vec<Edit>) -> Vec<Hunk> {
    edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let mut blocks: Vec<(Range<usize>, Vec<Edit>)> = Vec::new();
    for edit in edits {
        let first = files.position(file, edit.span.start, Encoding::Utf8).line;
        let last = files.position(file, edit.span.end, Encoding::Utf8).line;
        match blocks.last_mut() {
            Some((lines, block)) if first <= lines.end => {
                lines.end = lines.end.max(last + 1);
                block.push(edit);
            }
            _ => blocks.push((first..last + 1, vec![edit])),
        }
    }
    blocks.into_iter().filter_map(|(lines, block)| hunk(files, file, &lines, &block)).collect()
}

fn hunk(files: &Files, file: FileId, lines: &Range<usize>, edits: &[Edit]) -> Option<Hunk> {
    let start = files.line_span(file, lines.start).start;
    let end = files.line_span(file, lines.end.saturating_sub(1)).end;
    let old = files.slice(file, &(start..end));
    let moved: Vec<Edit> = edits
        .iter()
        .map(|edit| Edit {
            span: edit.span.start.saturating_sub(start)..edit.span.end.saturating_sub(start),
            ..edit.clone()
        })
        .collect();
    let new = apply_edits(old, &moved);
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let shared = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let most = old.len().min(new.len()) - shared;
    let tail = old.iter().rev().zip(new.iter().rev()).take(most).take_while(|(a, b)| a == b).count();
    let removed = shown(&old, shared, tail);
    let added = shown(&new, shared, tail);
    if removed.is_empty() && added.is_empty() {
        return None;
    }
    Some(Hunk { file, line: lines.start + shared + 1, removed, added })
}

fn shown(lines: &[&str], head: usize, tail: usize) -> Vec<String> {
    let changed = lines.get(head..lines.len() - tail).unwrap_or_default();
    let mut shown: Vec<String> = changed.iter().take(LIMIT).map(|line| (*line).to_owned()).collect();
    if changed.len() > LIMIT {
        shown.push(format!("… and {} more lines", changed.len() - LIMIT));
    }
    shown
}
