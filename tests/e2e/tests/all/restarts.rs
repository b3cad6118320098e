//! Time goes on while the process is down.

use std::time::Duration;

use e2e::stack::{ANA, DANA, ELI};
use e2e::{Invoice, Setup, Stack};

use crate::books::{attempts, nothing_was_paid, paid_once_and_read_back};

#[test]
fn a_window_that_ends_while_the_process_is_down_counts_once_when_it_is_back() {
    let mut stack = Stack::start();
    let run = stack.submit(&Invoice::new("i-1", "3000.00"));
    stack.mail_to(DANA, &["Pay 3000.00 EUR"]);
    stack.mail_to(ELI, &["Pay 3000.00 EUR"]);
    let told = stack.task(DANA, "approval", Some(&run));
    stack.kill();
    stack.command(ANA, &["audit", "verify"]).ok();
    nothing_was_paid(&stack);
    stack.up();
    assert_eq!(stack.run(&run).status, "open", "the window has not ended");

    stack.sleep_through(Duration::from_hours(2));
    stack.until(&run, "done");
    stack.restart();
    paid_once_and_read_back(&stack, "i-1", "3000.00");
    assert_eq!(attempts(&stack.receiver.record(), "i-1").len(), 1);
    stack.mail_to("ap@paper.test", &["i-1"]);
    assert_eq!(stack.mailbox().iter().filter(|mail| mail.to == "ap@paper.test").count(), 1);
    assert_eq!(stack.task_detail(&told.id).status, "settled");
}

#[test]
fn a_waiting_run_goes_on_by_the_rules_that_it_began_with() {
    let mut stack = Stack::start();
    let before = stack.submit(&Invoice::new("i-1", "20000.00"));
    let task = stack.task(DANA, "approval", Some(&before));
    stack.cli(DANA, &["approve", &task.id]).ok();

    stack.down();
    let rules = stack.project().join("invoices.flow");
    let text = std::fs::read_to_string(&rules).expect("the example has it");
    let changed = text
        .replace("Money(EUR) = 500 EUR", "Money(EUR) = 100 EUR")
        .replace("ask 2 people of [finance_lead, cfo]", "ask finance_lead");
    assert_ne!(changed, text);
    std::fs::write(&rules, changed).expect("it can be changed");
    stack.up();

    let small = stack.submit(&Invoice::new("i-2", "120.00"));
    stack.mail_to(ELI, &["Pay 120.00 EUR"]);
    let large = stack.submit(&Invoice::new("i-3", "20000.00"));
    let other = stack.task(DANA, "approval", Some(&large));
    stack.cli(DANA, &["approve", &other.id]).ok();
    stack.until(&large, "done");
    assert_eq!(stack.run(&before).status, "open", "it still wants two");
    stack.cli(ELI, &["approve", &task.id]).ok();
    stack.until(&before, "done");
    paid_once_and_read_back(&stack, "i-1", "20000.00");
    assert_eq!(stack.run(&small).status, "open");
    stack.cli(ANA, &["audit", "verify"]).ok();
}

#[test]
fn a_store_keeps_its_kind_of_time() {
    let mut stack = Stack::with(&Setup { speed: 600, ..Setup::default() });
    stack.until(&stack.submit(&Invoice::new("i-1", "120.00")), "done");
    stack.down();
    let said = stack.operator(&["run", "--listen", "127.0.0.1:0"]).fails();
    assert!(said.contains("--clock"), "{said}");
    stack.up();
    stack.cli(ANA, &["audit", "verify"]).ok();
}
