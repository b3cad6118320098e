//! The project as it is handed out, with the release binary: checked, formatted, tested, tried.

use std::time::{Duration, Instant};

use e2e::people::countersign;
use e2e::{Invoice, Stack, project};
use tempfile::TempDir;

struct Handed {
    folder: TempDir,
}

impl Handed {
    fn out() -> Self {
        let folder = TempDir::with_prefix("countersign-e2e-").expect("there is room");
        project::copy(&folder.path().join("project"), &[]);
        Self { folder }
    }

    fn command(&self, arguments: &[&str]) -> e2e::Said {
        let home = self.folder.path().join("home");
        countersign(&self.folder.path().join("project"), &home, &[], arguments)
    }
}

#[test]
fn the_example_is_clean_formatted_and_tested() {
    let project = Handed::out();
    project.command(&["check"]).ok();
    project.command(&["fmt", "--check"]).ok();
    let began = Instant::now();
    let said = project.command(&["test"]);
    assert!(said.ok().contains("nobody answers a large invoice"), "{}", said.out);
    assert!(began.elapsed() < Duration::from_secs(5), "three weeks took {:?}", began.elapsed());
}

#[test]
fn a_mistake_is_found_before_anything_starts() {
    let project = Handed::out();
    let file = project.folder.path().join("project/invoices.flow");
    let text = std::fs::read_to_string(&file).expect("the example has it");
    let looser = text.replace("invoice.amount <= 5_000 EUR ", "invoice.amount <= 50_000 EUR ");
    assert_ne!(text, looser);
    std::fs::write(&file, looser).expect("it can be changed");
    let check = project.command(&["check"]).fails();
    assert!(check.contains("a large payment needs a full review"), "{check}");
    let run = project.command(&["run", "--listen", "127.0.0.1:0"]).fails();
    assert!(run.contains("a large payment needs a full review"), "{run}");
    assert!(!project.folder.path().join("project/.countersign/runs.db").exists());
}

#[test]
fn a_secret_that_is_not_set_is_named_before_anything_starts() {
    let project = Handed::out();
    let said = project.command(&["run", "--listen", "127.0.0.1:0"]).fails();
    for name in ["ERP_TOKEN", "BILLING_TOKEN", "ERP_WEBHOOK"] {
        assert!(said.contains(name), "`{name}` is not in:\n{said}");
    }
}

#[test]
fn the_simulation_runs_an_invoice_without_any_other_system() {
    let mut stack = Stack::simulated();
    let file = stack.folder().join("invoice.json");
    std::fs::write(&file, Invoice::new("i-1", "120.00").json().to_string()).expect("there is room");
    let path = file.to_str().expect("a plain path").to_owned();
    let sent = stack.cli(e2e::stack::ANA, &["send", "/erp/invoices", "--file", &path]);
    let run = sent
        .ok()
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
        .find(|word| word.starts_with("run-"))
        .unwrap_or_else(|| panic!("no run in:\n{}", sent.out))
        .to_owned();
    let seen = stack.until(&run, "done");
    assert_eq!(seen.action("billing.pay"), "verified");
    assert_eq!(stack.receiver.record(), [], "no system was asked");
    let why = stack.cli(e2e::stack::ANA, &["why", &run]);
    assert!(why.ok().contains("small, and we know them"), "{}", why.out);
    stack.down();
}
