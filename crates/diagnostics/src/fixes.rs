//! Fixes that are made without asking.
//!
//! In: findings. Out: the edits of those fixes that are safe and agree with each other. A fix is made as a whole or not
//! at all; of two that want the same bytes the first, in the order of the renderers, wins, and checking again offers the
//! other.

use std::collections::BTreeMap;

use crate::files::{FileId, Files};
use crate::model::{Applicability, Diagnostic, Edit, Fix};
use crate::render::arranged;

/// What [`apply_fixes`] chose.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FixPlan {
    /// The edits of each file, in the order of their places and apart from each other.
    pub edits: BTreeMap<FileId, Vec<Edit>>,
    /// How many fixes these edits make.
    pub applied: usize,
    /// How many safe fixes had to stand back.
    pub skipped: usize,
}

impl FixPlan {
    /// The text of a file after its edits.
    pub fn text(&self, files: &Files, file: FileId) -> String {
        apply_edits(files.text(file), self.edits.get(&file).map_or(&[], Vec::as_slice))
    }
}

/// Chooses, of each finding, the first safe fix, unless it clashes with one that was chosen before or names bytes that
/// the file does not have.
pub fn apply_fixes(files: &Files, diagnostics: &[Diagnostic]) -> FixPlan {
    let mut plan = FixPlan::default();
    for diagnostic in arranged(files, diagnostics) {
        let Some(fix) = diagnostic.fixes.iter().find(|fix| fix.applicability == Applicability::Safe) else {
            continue;
        };
        if agrees(files, &plan.edits, fix) {
            take(&mut plan.edits, fix);
            plan.applied += 1;
        } else {
            plan.skipped += 1;
        }
    }
    plan
}

/// A text with its edits made. The edits are clamped; of two that overlap, the one that starts first is made.
pub fn apply_edits(text: &str, edits: &[Edit]) -> String {
    let mut edits: Vec<&Edit> = edits.iter().collect();
    edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for edit in edits {
        let Some(kept) = text.get(done..edit.span.start) else { continue };
        if !text.is_char_boundary(edit.span.end) || edit.span.end < edit.span.start {
            continue;
        }
        out.push_str(kept);
        out.push_str(&edit.text);
        done = edit.span.end;
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}

/// Whether a fix can be made beside the chosen edits. An edit that is already chosen serves both.
fn agrees(files: &Files, chosen: &BTreeMap<FileId, Vec<Edit>>, fix: &Fix) -> bool {
    let alone = |(nth, edit): (usize, &Edit)| {
        let exists = files.contains(edit.file) && files.clamp(edit.file, &edit.span) == edit.span;
        let others = chosen.get(&edit.file).into_iter().flatten().filter(|other| *other != edit);
        let before = fix.edits.iter().take(nth).filter(|other| other.file == edit.file);
        exists && !others.chain(before).any(|other| clash(other, edit))
    };
    !fix.edits.is_empty() && fix.edits.iter().enumerate().all(alone)
}

fn take(chosen: &mut BTreeMap<FileId, Vec<Edit>>, fix: &Fix) {
    let order = |edit: &Edit| (edit.span.start, edit.span.end);
    for edit in &fix.edits {
        let others = chosen.entry(edit.file).or_default();
        if !others.contains(edit) {
            others.insert(others.partition_point(|other| order(other) < order(edit)), edit.clone());
        }
    }
}

/// Whether two edits want the same bytes, or the same place between bytes.
fn clash(a: &Edit, b: &Edit) -> bool {
    let same_place = a.span == b.span;
    same_place || (a.span.start < b.span.end && b.span.start < a.span.end)
}
