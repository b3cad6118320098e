//! Dependencies point one way, as `ARCHITECTURE.md` draws them.

#![expect(clippy::expect_used, reason = "a test that cannot go on ends")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use cargo_metadata::{DependencyKind, MetadataCommand, Package};

/// Which crates of ours each crate may use. A crate that is not named here must be added, with a thought.
const ALLOWED: &[(&str, &[&str])] = &[
    ("syntax", &[]),
    ("diagnostics", &[]),
    ("ir", &[]),
    ("store", &[]),
    ("fmt", &["syntax"]),
    ("check", &["diagnostics", "engine", "ir", "syntax"]),
    ("prove", &["diagnostics", "ir"]),
    ("engine", &["ir"]),
    ("systems", &["ir"]),
    ("host", &["engine", "ir"]),
    ("sim", &["engine", "ir"]),
    ("test", &["engine", "host", "ir", "sim"]),
    ("runtime", &["engine", "host", "ir", "sim", "store", "systems"]),
    ("server", &["engine", "host", "ir", "runtime", "sim", "store", "systems"]),
    ("facade", &["check", "diagnostics", "engine", "ir", "prove"]),
    (
        "cli",
        &[
            "check",
            "diagnostics",
            "engine",
            "facade",
            "fmt",
            "ir",
            "prove",
            "runtime",
            "server",
            "sim",
            "store",
            "test",
        ],
    ),
];

/// What must not come with a crate, however far down: its tree is what an embedder compiles.
const KEPT_OUT: &[(&str, &[&str])] = &[
    ("countersign", &["axum", "hyper", "reqwest", "rusqlite", "tokio"]),
    ("countersign-engine", &["axum", "chumsky", "hyper", "logos", "rusqlite", "tokio"]),
    ("countersign-check", &["axum", "hyper", "rusqlite", "tokio"]),
    ("countersign-test", &["axum", "hyper", "rusqlite", "tokio"]),
];

/// The name by which the design calls a crate of ours.
fn ours(package: &str) -> Option<&str> {
    match package.strip_prefix("countersign") {
        Some("") => Some("facade"),
        Some(rest) => rest.strip_prefix('-'),
        None => None,
    }
}

fn workspace() -> Vec<Package> {
    let metadata = MetadataCommand::new().no_deps().exec().expect("cargo describes the workspace");
    metadata.packages
}

#[test]
fn no_arrow_runs_back() {
    let allowed: BTreeMap<&str, BTreeSet<&str>> =
        ALLOWED.iter().map(|(name, uses)| (*name, uses.iter().copied().collect())).collect();
    let mut wrong = Vec::new();
    for package in workspace() {
        let Some(name) = ours(&package.name) else { continue };
        let Some(uses) = allowed.get(name) else {
            wrong.push(format!("`{name}` is not in the drawing"));
            continue;
        };
        for dependency in &package.dependencies {
            let is_for_tests = dependency.kind == DependencyKind::Development;
            let Some(other) = ours(&dependency.name).filter(|_| !is_for_tests) else { continue };
            if !uses.contains(other) {
                wrong.push(format!("`{name}` uses `{other}`"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new(), "see the drawing in ARCHITECTURE.md");
}

#[test]
fn the_drawing_itself_has_no_circle() {
    let uses: BTreeMap<&str, &[&str]> = ALLOWED.iter().copied().collect();
    let mut settled: BTreeSet<&str> = BTreeSet::new();
    while settled.len() < uses.len() {
        let next = uses
            .iter()
            .find(|(name, uses)| !settled.contains(*name) && uses.iter().all(|used| settled.contains(used)));
        let (name, _) = next.expect("each crate uses only crates that come before it");
        settled.insert(name);
    }
}

#[test]
fn what_embedders_compile_stays_small() {
    for (package, kept_out) in KEPT_OUT {
        let output = Command::new(env!("CARGO"))
            .args(["tree", "--package", package, "--edges", "normal", "--prefix", "none", "--format", "{p}"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .expect("cargo draws the tree");
        let tree = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let names: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
        let found: Vec<_> = kept_out.iter().filter(|name| names.contains(*name)).collect();
        assert!(found.is_empty(), "`{package}` brings {found:?} along");
    }
}
