//! What is the SQLite store's own: its file, its one owner, its views, and what survives `kill -9`.

mod common;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use common::{Project, Random, transition};
use countersign_store::{IndexQuery, OpenError, SqliteReader, SqliteStore, Store, StoreError, StoreRead};
use rusqlite::Connection;
use rusqlite::types::ValueRef;

#[test]
fn a_second_owner_is_told_who_the_first_one_is() {
    let project = Project::new();
    let first = project.open();
    let refused = SqliteStore::open(&project.db()).unwrap_err();
    let path = project.db().display().to_string();
    assert_eq!(refused, OpenError::InUse { path: path.clone(), pid: Some(std::process::id()) });
    let said = format!(
        "the store {path} is in use by process {}; stop that process first, or name another store with `--store`",
        std::process::id()
    );
    assert_eq!(refused.to_string(), said);
    drop(first);
    SqliteStore::open(&project.db()).unwrap();
}

#[test]
fn readers_see_each_commit_while_the_owner_writes() {
    let project = Project::new();
    let mut store = project.open();
    let reader = store.reader().unwrap();
    for number in 0..20 {
        let next = transition(&store, number, &mut Random(number));
        let committed = store.commit(&[next]).unwrap();
        assert_eq!(reader.last_position().unwrap(), committed.last);
    }
    assert_eq!(reader.entries_after(0, 100).unwrap(), store.entries_after(0, 100).unwrap());
    let nobody = SqliteReader::open(Path::new("/nonexistent/runs.db")).unwrap_err();
    assert!(matches!(nobody, OpenError::Missing { .. }));
}

#[test]
fn a_closed_store_is_one_file() {
    let project = Project::filled(30);
    let mut names: Vec<_> = std::fs::read_dir(project.folder.path())
        .unwrap()
        .map(|item| item.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["audit.pem", "checkpoints", "runs.db", "runs.db.lock"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(project.db()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "nobody else on the machine may read it");
    }
}

#[test]
fn foreign_and_newer_files_are_refused_and_left_alone() {
    let project = Project::filled(3);
    let change = |sql: &str| Connection::open(project.db()).unwrap().execute_batch(sql).unwrap();
    change("PRAGMA user_version = 2");
    let newer = SqliteStore::open(&project.db()).unwrap_err().to_string();
    assert!(
        newer.ends_with("has layout 2, and this program knows layouts up to 1; use a newer version"),
        "{newer}"
    );
    change("PRAGMA user_version = 1; PRAGMA application_id = 7");
    assert!(matches!(SqliteStore::open(&project.db()), Err(OpenError::NotAStore { .. })));
    change("PRAGMA application_id = 1129539438; ALTER TABLE entries RENAME COLUMN facts TO fact");
    let damaged = SqliteStore::open(&project.db()).unwrap_err();
    assert!(matches!(damaged, OpenError::Store(StoreError::Damaged(_))), "{damaged:?}");
    let text = project.folder.path().join("notes.txt");
    std::fs::write(&text, "these are my notes, and nobody may overwrite them").unwrap();
    assert!(matches!(SqliteStore::open(&text), Err(OpenError::NotAStore { .. })));
    assert!(std::fs::read_to_string(&text).unwrap().starts_with("these are my notes"));
}

fn shown(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        other => format!("{other:?}"),
    }
}

#[test]
fn people_read_runs_tasks_and_the_journal_with_any_sqlite_tool() {
    let project = Project::filled(30);
    let connection = Connection::open(project.db()).unwrap();
    let row = |sql: &str| {
        connection
            .query_row(sql, [], |row| {
                (0..row.as_ref().column_count())
                    .map(|column| row.get_ref(column).map(shown))
                    .collect::<Result<Vec<_>, _>>()
            })
            .unwrap()
            .join("\n")
    };
    insta::assert_snapshot!(row("SELECT tenant, run, flow, status, cell FROM runs"), @r"
    acme
    k0
    invoices
    open
    acme/run/c0
    ");
    insta::assert_snapshot!(row("SELECT tenant, task, flow, role, status FROM tasks"), @r"
    acme
    k1
    invoices
    Null
    done
    ");
    insta::assert_snapshot!(row("SELECT position, at, cell, seq, kind, actor FROM journal"), @r"
    Integer(1)
    2023-11-14T22:13:20.000Z
    acme/run/c0
    Integer(1)
    noted
    ann@acme.example
    ");
}

/// The same test is both processes: told where the store is by its environment, it is the one that gets killed.
#[test]
fn what_was_acknowledged_survives_kill_9() {
    const STORE: &str = "COUNTERSIGN_STORE_OF_CHILD";
    if let Ok(path) = std::env::var(STORE) {
        let mut store = SqliteStore::open(Path::new(&path)).unwrap();
        loop {
            let number = store.last_position().unwrap();
            let next = transition(&store, number, &mut Random(number));
            let committed = store.commit(&[next]).unwrap();
            let mut out = std::io::stdout().lock();
            writeln!(out, "\nacknowledged {}", committed.last).and_then(|()| out.flush()).unwrap();
        }
    }
    let project = Project::new();
    let mut random = Random(4);
    let mut acknowledged = 0;
    for _ in 0..8 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["what_was_acknowledged_survives_kill_9", "--exact", "--nocapture"])
            .env(STORE, project.db())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let until = acknowledged + 1 + random.next() % 60;
        for line in BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok) {
            let Some(position) = line.strip_prefix("acknowledged ") else { continue };
            acknowledged = position.parse().unwrap();
            if acknowledged >= until {
                break;
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // As it was left, with its log still beside it.
        let left = project.verify();
        assert!(left.is_sound(), "{left:#?}");
        let store = project.open();
        let there = store.last_position().unwrap();
        assert!(there >= acknowledged, "{acknowledged} were acknowledged and {there} are there");

        project.sign(&store);
        drop(store);
        let report = project.verify();
        assert!(report.is_sound(), "{report:#?}");
        assert_eq!(report.entries, there);
        acknowledged = there;
    }
    let rows = project.open().index("run", &IndexQuery::default(), 1000).unwrap();
    assert!(!rows.is_empty());
}
