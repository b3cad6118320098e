//! Offsets, lines and columns.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

use countersign_diagnostics::{Encoding, FileId, Files, Position};

const TEXT: &str = "eins\r\nzwö € 😀!\n\nend";

fn files() -> (Files, FileId) {
    let mut files = Files::new();
    let file = files.add("a.flow", TEXT);
    (files, file)
}

fn at(part: &str) -> usize {
    TEXT.find(part).unwrap()
}

#[test]
fn columns_count_bytes_units_or_characters() {
    let (files, file) = files();
    let column = |encoding| files.position(file, at("!"), encoding);
    assert_eq!(column(Encoding::Utf8), Position { line: 1, column: 13 });
    assert_eq!(column(Encoding::Utf16), Position { line: 1, column: 8 });
    assert_eq!(column(Encoding::CodePoints), Position { line: 1, column: 7 });
}

#[test]
fn every_position_leads_back_to_its_offset() {
    let (files, file) = files();
    for encoding in [Encoding::Utf8, Encoding::Utf16, Encoding::CodePoints] {
        for (offset, character) in TEXT.char_indices() {
            if character != '\n' || !TEXT[..offset].ends_with('\r') {
                assert_eq!(
                    files.offset(file, files.position(file, offset, encoding), encoding),
                    offset,
                    "{encoding:?}"
                );
            }
        }
    }
}

#[test]
fn a_column_past_its_line_is_the_end_of_the_line() {
    let (files, file) = files();
    let offset = |line, column| files.offset(file, Position { line, column }, Encoding::Utf16);
    assert_eq!(offset(0, 99), at("\r\n"));
    assert_eq!(offset(2, 1), at("\nend"));
    assert_eq!(offset(3, usize::MAX), TEXT.len());
    assert_eq!(offset(99, 0), TEXT.len());
    assert_eq!(offset(1, 7), at("😀"), "half of a surrogate pair is its start");
}

#[test]
fn spans_are_clamped_turned_around_and_widened_to_characters() {
    let (files, file) = files();
    assert_eq!(files.clamp(file, &std::ops::Range { start: 4, end: 2 }), 2..4);
    assert_eq!(files.clamp(file, &(2..999)), 2..TEXT.len());
    assert_eq!(files.clamp(file, &(usize::MAX..usize::MAX)), TEXT.len()..TEXT.len());
    assert_eq!(files.slice(file, &(at("€") + 1..at("€") + 2)), "€");
}

#[test]
fn lines_have_their_text_without_its_end() {
    let (files, file) = files();
    let lines: Vec<&str> = (0..5).map(|line| files.line(file, line)).collect();
    assert_eq!(lines, ["eins", "zwö € 😀!", "", "end", ""]);
    assert_eq!(files.line_span(file, 0), 0..6);
}

#[test]
fn an_unknown_file_is_an_empty_one() {
    let (files, _) = files();
    let unknown = FileId::new(7);
    assert_eq!((files.path(unknown), files.text(unknown), files.contains(unknown)), ("<unknown>", "", false));
    assert_eq!(files.position(unknown, 9, Encoding::Utf8), Position { line: 0, column: 0 });
    assert_eq!(files.clamp(unknown, &(3..9)), 0..0);
}

#[test]
fn files_are_found_by_their_path() {
    let (files, file) = files();
    assert_eq!((files.find("a.flow"), files.find("b.flow"), files.len()), (Some(file), None, 1));
}
