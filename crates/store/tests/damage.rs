//! One flipped byte anywhere in a store's file is reported, or changes nothing that can be read.

mod common;

use std::fs;

use common::{Project, Random, copy_with, everything};
use countersign_store::{SqliteReader, SqliteStore, StoreRead};

const ENTRIES: u64 = 300;

#[test]
fn an_untouched_store_is_sound() {
    let project = Project::filled(ENTRIES);
    let report = project.verify();
    assert!(report.is_sound(), "{report:#?}");
    assert_eq!((report.entries, report.cells), (ENTRIES, 40));
    assert_eq!((report.checkpoints, report.signed), (3, 201));
}

#[test]
fn a_flipped_byte_is_reported_or_changes_nothing() {
    let project = Project::filled(ENTRIES);
    let original = fs::read(project.db()).unwrap();
    let expected = everything(&SqliteReader::open(&project.db()).unwrap(), ENTRIES).unwrap();
    let damaged = project.folder.path().join("damaged.db");
    let mut random = Random(2);
    let (mut reported, mut harmless, mut unseen) = (0, 0, 0);
    // The first page holds the header and the schema: each byte of the header, then places all over the file.
    let places = (0..100).chain((0..350).map(|_| random.below(original.len()))).collect::<Vec<_>>();
    for place in places {
        let flip = 1 << (place % 8);
        copy_with(&original, &damaged, |bytes| bytes[place] ^= flip);
        let report = project.verify_file(&damaged);
        let told = SqliteReader::open(&damaged).map(|store| everything(&store, ENTRIES));
        if report.is_sound() {
            let told = told.unwrap_or_else(|e| panic!("byte {place} keeps it from opening: {e}")).unwrap();
            assert!(told == expected, "byte {place} changes what is read, and the audit does not see it");
            let told = everything(&SqliteStore::open(&damaged).unwrap(), ENTRIES).unwrap();
            assert!(told == expected, "byte {place} changes what the owner reads");
            harmless += 1;
        } else {
            reported += 1;
            unseen += i32::from(matches!(told, Ok(Ok(told)) if told != expected));
            // The owner acts on what it reads: it reads what was written, or it does not begin.
            if let Ok(Ok(told)) = SqliteStore::open(&damaged).map(|store| everything(&store, ENTRIES)) {
                assert!(told == expected, "byte {place} changes what the owner reads");
            }
        }
    }
    assert!(reported > 200, "most bytes of a file mean something, but only {reported} flips were reported");
    assert!(harmless > 0, "a file has room to spare");
    // A search that goes astray in a damaged tree finds nothing, and only the audit can tell.
    assert!(unseen * 20 < reported, "{unseen} of {reported} damages read wrong and show only in the audit");
}

#[test]
fn a_flipped_byte_in_what_an_entry_says_names_that_entry() {
    let project = Project::filled(ENTRIES);
    let original = fs::read(project.db()).unwrap();
    let entries = SqliteReader::open(&project.db()).unwrap().entries_after(0, 10_000).unwrap();
    let damaged = project.folder.path().join("damaged.db");
    let mut random = Random(3);
    let mut flipped = 0;
    for entry in entries {
        let part = if random.below(2) == 0 { &entry.body } else { &entry.facts };
        let Some(place) = place_of(&original, part, &mut random) else { continue };
        flipped += 1;
        copy_with(&original, &damaged, |bytes| bytes[place] ^= 0x10);
        let report = project.verify_file(&damaged);
        let bad =
            report.first_bad.unwrap_or_else(|| panic!("a flip in entry {} went unnoticed", entry.position));
        assert_eq!(
            (bad.position, bad.cell, bad.seq),
            (entry.position, Some(entry.cell.to_string()), Some(entry.seq))
        );
        assert_eq!(bad.wrong, "its hash does not match its contents");
        assert_eq!(report.damage, [], "one flip is one finding");
        let reader = SqliteReader::open(&damaged).unwrap();
        let error = reader.entries(&entry.cell, entry.seq, 1).unwrap_err().to_string();
        assert!(error.contains("its hash does not match its contents"), "{error}");
    }
    assert!(flipped > 290, "only {flipped} entries were found in the file");
}

/// Where in the file a random byte of `part` stands.
fn place_of(file: &[u8], part: &[u8], random: &mut Random) -> Option<usize> {
    let from = random.below(part.len() - 12);
    let window = part.get(from..from + 12)?;
    let mut found = file.windows(window.len()).enumerate().filter(|(_, bytes)| *bytes == window);
    let (place, _) = found.next()?;
    assert!(found.next().is_none(), "what is deleted or moved leaves no copy");
    Some(place)
}
