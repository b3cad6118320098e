//! What an audit finds: stores that were put back, rewritten or tampered with, and checkpoints that were forged.

#![expect(clippy::unwrap_used, reason = "tests: a panic is the verdict")]

mod common;

use std::fs;

use common::{Project, Random, transition};
use countersign_store::audit::{
    AuditError, AuditKey, AuditReport, Checkpoint, Checkpointer, LATEST, PUBLIC_KEY, PublicKey, Receipt,
    ReceiptError, verify,
};
use countersign_store::{InMemory, META_STORE_ID, Store, StoreRead};

/// The findings without the first bad entry, one a line, without the folder's name.
fn findings(project: &Project, report: &AuditReport) -> String {
    let folder = format!("{}/", project.folder.path().display());
    let mut lines: Vec<String> = report.first_bad.iter().map(ToString::to_string).collect();
    lines.extend(report.damage.iter().map(|d| format!("{} {}: {}", d.what, d.place, d.wrong)));
    lines.join("\n").replace(&folder, "")
}

/// Changes the file as somebody with a SQLite tool would.
fn tamper(project: &Project, sql: &str) {
    let connection = rusqlite::Connection::open(project.db()).unwrap();
    connection.execute_batch(sql).unwrap();
}

fn found_after(sql: &str) -> String {
    let project = Project::filled(30);
    tamper(&project, sql);
    findings(&project, &project.verify())
}

#[test]
fn a_changed_entry_is_named() {
    let found = found_after("UPDATE entries SET actor = 'bob@acme.example' WHERE position = 12");
    insta::assert_snapshot!(found, @"entry 12 (1 of `acme/task/c37`): its hash does not match its contents");
}

#[test]
fn a_removed_entry_is_named_though_its_row_is_gone() {
    insta::assert_snapshot!(found_after("DELETE FROM entries WHERE position = 12"), @r"
    entry 12: it is missing from the journal
    cell `acme/task/c37`: it has a state, but no entries
    checkpoint 00000000000000000021.txt: its root cannot be compared: an entry before it is lost
    checkpoint latest: its root cannot be compared: an entry before it is lost
    ");
    insta::assert_snapshot!(found_after("DELETE FROM entries WHERE position BETWEEN 5 AND 9"), @r"
    entry 5: it is missing from the journal, like all others up to 9
    cell `acme/task/c28`: it has a state, but no entries
    cell `acme/claim/c35`: it has a state, but no entries
    cell `acme/claim/c2`: it has a state, but no entries
    cell `acme/run/c9`: it has a state, but no entries
    cell `acme/task/c16`: it has a state, but no entries
    checkpoint 00000000000000000011.txt: its root cannot be compared: an entry before it is lost
    checkpoint 00000000000000000021.txt: its root cannot be compared: an entry before it is lost
    checkpoint latest: its root cannot be compared: an entry before it is lost
    ");
    insta::assert_snapshot!(found_after("UPDATE entries SET position = 1125899906842654 WHERE position = 30"), @r"
    entry 30: it is missing from the journal, like all others up to 1125899906842653
    entry 1125899906842654 (1 of `acme/run/c3`): its checksum does not match its contents
    ");
    insta::assert_snapshot!(found_after("UPDATE entries SET position = 0 WHERE position = 12"), @r"
    entry 12: it is missing from the journal
    cell `acme/task/c37`: it has a state, but no entries
    checkpoint 00000000000000000021.txt: its root cannot be compared: an entry before it is lost
    checkpoint latest: its root cannot be compared: an entry before it is lost
    ");
    insta::assert_snapshot!(found_after("DELETE FROM entries WHERE position = 30"), @r"
    entry 30 (1 of `acme/run/c3`): it is missing from the end of the journal
    cell `acme/run/c3`: it has a state, but no entries
    ");
}

#[test]
fn a_state_that_was_put_in_another_ones_place_is_named() {
    let found = found_after(
        "UPDATE cells SET state = (SELECT state FROM cells WHERE cell = 'acme/task/c7') WHERE cell = 'acme/task/c1'",
    );
    insta::assert_snapshot!(found, @"cell `acme/task/c1`: its state does not match the hash of its state");
    insta::assert_snapshot!(found_after("DELETE FROM cells WHERE cell = 'acme/task/c1'"), @"cell `acme/task/c1`: it has entries, but its state cannot be read");
}

#[test]
fn every_other_row_is_checked_too() {
    let found = found_after(
        "UPDATE timers SET at = 5 WHERE cell = 'acme/task/c1';
         UPDATE outbox SET body = x'00' WHERE id = 'out-29';
         UPDATE consumed SET message = 'other' WHERE message = 'in-4';
         UPDATE lists SET fields = '{\"status\":\"done\"}' WHERE key = 'k3';
         UPDATE programs SET bytes = x'00' WHERE hash = x'0303030303030303030303030303030303030303030303030303030303030303';
         UPDATE blobs SET bytes = x'00' WHERE length(bytes) = 200;
         UPDATE meta SET value = 'scaled' WHERE name = 'clock'",
    );
    insta::assert_snapshot!(found, @r"
    meta value `clock`: its checksum does not match its contents
    consumed message `acme/task/c28` `other`: its checksum does not match its contents
    timer `acme/task/c1` `t2`: its checksum does not match its contents
    message 31457280 `out-29`: its checksum does not match its contents
    index row `acme` `run` `k3`: its checksum does not match its contents
    program 0303030303030303030303030303030303030303030303030303030303030303: its checksum does not match its contents
    blob 6565656565656565656565656565656565656565656565656565656565656565: its checksum does not match its contents
    ");
}

#[test]
fn a_changed_schema_is_found() {
    let found = found_after(
        "DROP VIEW runs; CREATE VIEW runs AS SELECT 1;
         CREATE TRIGGER quiet AFTER INSERT ON outbox BEGIN DELETE FROM outbox; END;
         CREATE VIEW of_my_own AS SELECT count(*) FROM entries",
    );
    insta::assert_snapshot!(found, @r"
    schema `runs`: it is not defined as this program defines it
    schema `quiet`: it is not part of a store
    ");
}

#[test]
fn a_store_that_was_put_back_is_found() {
    let project = Project::filled(30);
    let older = fs::read(project.db()).unwrap();
    let mut store = project.open();
    let next = transition(&store, 30, &mut Random(5));
    store.commit(&[next]).unwrap();
    project.sign(&store);
    store.close().unwrap();
    assert!(project.verify().is_sound());
    fs::write(project.db(), older).unwrap();
    insta::assert_snapshot!(findings(&project, &project.verify()), @r"
    checkpoint 00000000000000000031.txt: it names 31 entries and the store has 30: the store was put back to an older state
    checkpoint latest: it names 31 entries and the store has 30: the store was put back to an older state
    ");
    // And nothing is signed on top of it.
    let refused = Checkpointer::open(&project.open(), &project.checkpoints(), project.key()).unwrap_err();
    assert_eq!(refused, AuditError::Rewound { signed: 31, found: 30 });
}

#[test]
fn a_store_that_was_written_anew_is_found() {
    let project = Project::filled(30);
    let id = project.open().meta(META_STORE_ID).unwrap().unwrap();
    let other = Project::new();
    let mut store = other.open();
    let mut random = Random(1);
    for number in 0..30 {
        let mut rewritten = transition(&store, number, &mut random);
        if number == 15 {
            rewritten.entries[0].actor = "bob@acme.example".to_owned();
        }
        store.commit(&[rewritten]).unwrap();
    }
    store.put_meta(META_STORE_ID, &id).unwrap();
    store.close().unwrap();
    let report = verify(&other.db(), &project.checkpoints(), &project.key().public());
    insta::assert_snapshot!(findings(&other, &report), @r"
    checkpoint 00000000000000000021.txt: entries 12 to 21 are not those that were signed
    checkpoint latest: entries 12 to 21 are not those that were signed
    ");
    let refused = Checkpointer::open(&other.open(), &project.checkpoints(), project.key()).unwrap_err();
    assert_eq!(refused, AuditError::Rewritten { signed: 21 });
}

#[test]
fn forged_and_missing_checkpoints_are_found() {
    let project = Project::filled(30);
    let folder = project.checkpoints();
    let note = fs::read_to_string(folder.join(LATEST)).unwrap();
    fs::write(folder.join("00000000000000000011.txt"), note.replacen("\n21\n", "\n11\n", 1)).unwrap();
    fs::write(folder.join("00000000000000000012.txt"), &note).unwrap();
    fs::write(folder.join("00000000000000000013.txt"), "hello").unwrap();
    let mut checkpoint = Checkpoint::open(&note, &project.key().public()).unwrap();
    checkpoint.origin = "countersign/other".to_owned();
    checkpoint.size = 5;
    fs::write(folder.join("00000000000000000005.txt"), checkpoint.sign(&project.key())).unwrap();
    checkpoint.size = 6;
    let stranger = AuditKey::from_secret(&[9; 32]);
    fs::write(folder.join("00000000000000000006.txt"), checkpoint.sign(&stranger)).unwrap();
    fs::remove_file(folder.join(LATEST)).unwrap();
    insta::assert_snapshot!(findings(&project, &project.verify()), @r"
    checkpoint latest: it is missing beside the numbered checkpoints
    checkpoint 00000000000000000006.txt: it is not signed with this key
    checkpoint 00000000000000000011.txt: its signature does not match its text
    checkpoint 00000000000000000012.txt: it names 21 entries, unlike its file's name
    checkpoint 00000000000000000013.txt: it is not a checkpoint: it has no signatures
    checkpoint 00000000000000000005.txt: it was signed for another store, countersign/other
    ");
}

#[test]
fn what_is_no_store_at_all_is_a_finding_and_no_error() {
    let project = Project::new();
    insta::assert_snapshot!(findings(&project, &project.verify()), @"file runs.db: there is no such file");
    fs::write(project.db(), "not a database, but long enough to look like one".repeat(100)).unwrap();
    insta::assert_snapshot!(findings(&project, &project.verify()), @"file runs.db: it is not a store of this program");
    fs::write(project.db(), "").unwrap();
    insta::assert_snapshot!(findings(&project, &project.verify()), @"file runs.db: it is empty");
    let cut = Project::filled(30);
    let bytes = fs::read(cut.db()).unwrap();
    fs::write(cut.db(), &bytes[..bytes.len() / 2]).unwrap();
    assert!(!cut.verify().is_sound());
}

#[test]
fn an_audit_reads_beside_the_owner() {
    let project = Project::filled(30);
    let mut store = project.open();
    let next = transition(&store, 30, &mut Random(5));
    store.commit(&[next]).unwrap();
    let report = project.verify();
    assert!(report.is_sound(), "{report:#?}");
    assert_eq!(report.entries, 31);
}

#[test]
fn checkpoints_go_on_where_the_last_process_ended() {
    let project = Project::filled(30);
    let mut store = project.open();
    let mut checkpointer = Checkpointer::open(&store, &project.checkpoints(), project.key()).unwrap();
    for number in 30..40 {
        let next = transition(&store, number, &mut Random(number));
        store.commit(&[next]).unwrap();
        let written = checkpointer.write(&store).unwrap();
        assert_eq!(written, checkpointer.write(&store).unwrap(), "nothing new, nothing written");
    }
    drop(store);
    let report = project.verify();
    assert!(report.is_sound(), "{report:#?}");
    assert_eq!((report.checkpoints, report.signed, report.entries), (13, 40, 40));
    let public = PublicKey::open(&project.checkpoints().join(PUBLIC_KEY)).unwrap();
    assert_eq!(public, project.key().public());
}

#[test]
fn a_folder_serves_one_store() {
    let project = Project::filled(3);
    let memory = InMemory::named("another");
    let refused = Checkpointer::open(&memory, &project.checkpoints(), project.key()).unwrap_err();
    assert!(matches!(refused, AuditError::OtherStore { .. }), "{refused:?}");
}

#[test]
fn a_receipt_proves_its_entry_without_the_store() {
    let project = Project::filled(30);
    let (store, key) = (project.open(), project.key().public());
    for position in 1..=21 {
        let receipt = Receipt::issue(&store, &project.checkpoints(), &key, position).unwrap();
        let text = serde_json::to_string(&receipt).unwrap();
        let read: Receipt = serde_json::from_str(&text).unwrap();
        assert_eq!(read.verify(&key).unwrap().size, 21);
    }
    let not_yet = Receipt::issue(&store, &project.checkpoints(), &key, 22).unwrap_err();
    assert_eq!(not_yet, AuditError::NotSigned { position: 22, signed: 21 });
    let good = Receipt::issue(&store, &project.checkpoints(), &key, 9).unwrap();
    let mut changed = good.clone();
    changed.entry.actor = "bob@acme.example".to_owned();
    assert_eq!(changed.verify(&key), Err(ReceiptError::NotIncluded));
    let mut moved = good.clone();
    moved.proof = moved.proof.replacen("index 8", "index 7", 1);
    assert_eq!(moved.verify(&key), Err(ReceiptError::NotIncluded));
    let stranger = AuditKey::from_secret(&[9; 32]).public();
    assert!(matches!(good.verify(&stranger), Err(ReceiptError::Checkpoint(_))));
}

#[test]
fn a_key_is_made_once_and_is_its_owners_alone() {
    let project = Project::new();
    let path = project.folder.path().join("audit.pem");
    let public = project.key().public();
    assert_eq!(project.key().public(), public);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let refused = AuditKey::open_or_create(&path).unwrap_err().to_string();
        assert!(refused.contains("others may read it; run `chmod 600"), "{refused}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    fs::write(&path, "no key").unwrap();
    assert!(matches!(AuditKey::open_or_create(&path), Err(AuditError::Key { .. })));
}
