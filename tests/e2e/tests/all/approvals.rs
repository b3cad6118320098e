//! What people are asked for: quorums, deadlines, four eyes.

use e2e::stack::{ANA, BEN, CAROL, DANA, ELI};
use e2e::{Invoice, Stack, eventually, http};
use serde_json::json;

use crate::books::{nothing_was_paid, paid_once_and_read_back};

#[test]
fn a_large_invoice_is_paid_when_two_people_have_agreed() {
    let stack = Stack::start();
    let run = stack.submit(&Invoice::new("i-1", "20000.00"));
    let task = stack.task(DANA, "approval", Some(&run));
    assert_eq!(task.people, [DANA, ELI, CAROL]);
    for person in [DANA, ELI, CAROL] {
        stack.mail_to(person, &["Pay 20000.00 EUR to Acme Paper?"]);
    }
    let inbox = stack.cli(DANA, &["inbox"]);
    assert!(inbox.ok().contains("Pay 20000.00 EUR to Acme Paper?"), "{}", inbox.out);

    stack.cli(DANA, &["approve", &task.id]).ok();
    let again = stack.cli(DANA, &["approve", &task.id]).fails();
    assert!(again.contains("already"), "{again}");
    assert_eq!(stack.run(&run).status, "open");
    nothing_was_paid(&stack);

    stack.cli(CAROL, &["approve", &task.id, "--because", "as agreed with the vendor"]).ok();
    stack.until(&run, "done");
    paid_once_and_read_back(&stack, "i-1", "20000.00");
    let why = stack.api(ANA).why(&run).expect("the run has a why");
    assert_eq!(why["consents"][0]["evidence"], "human", "{why}");
    assert_eq!(why["consents"][0]["people"], json!([DANA, CAROL]), "{why}");
}

#[test]
fn a_large_invoice_is_refused_as_soon_as_two_can_no_longer_agree() {
    let stack = Stack::start();
    let run = stack.submit(&Invoice::new("i-1", "20000.00"));
    let task = stack.task(DANA, "approval", Some(&run));
    stack.cli(DANA, &["refuse", &task.id, "--because", "the price is wrong"]).ok();
    assert_eq!(stack.run(&run).status, "open", "two of three can still agree");
    stack.cli(ELI, &["refuse", &task.id]).ok();

    stack.until(&run, "refused");
    assert_eq!(stack.receiver.invoice_status("i-1"), "refused");
    nothing_was_paid(&stack);
    let late = stack.cli(CAROL, &["approve", &task.id]).fails();
    assert!(late.contains(ELI), "whoever comes late is told who was before them: {late}");
    assert_eq!(stack.run(&run).status, "refused");
}

#[test]
fn a_large_invoice_that_nobody_answers_goes_to_the_cfo_and_is_refused_in_the_end() {
    let mut stack = Stack::start();
    let run = stack.submit(&Invoice::new("i-1", "20000.00"));
    let first = stack.task(DANA, "approval", Some(&run));
    let deadline = first.deadline.expect("a question has a deadline");
    // Two office days from Monday morning.
    assert!(deadline.starts_with("2026-11-25T"), "{deadline}");

    let before = stack.mailbox().iter().filter(|mail| mail.to == CAROL).count();
    stack.sleep_past(&deadline);
    let api = stack.api(CAROL);
    let (second, until) = eventually("the cfo alone is asked", || {
        let task = api.task(&first.id)?;
        let later = task.deadline.clone().filter(|later| *later != deadline);
        match later {
            Some(later) if task.people == [CAROL] => Ok((task, later)),
            _ => Err(format!("{task:?}")),
        }
    });
    eventually("the cfo is told", || {
        let now = stack.mailbox().iter().filter(|mail| mail.to == CAROL).count();
        if now > before { Ok(()) } else { Err(format!("{now} mails")) }
    });
    assert_eq!(second.status, "open");
    stack.cli(DANA, &["approve", &first.id]).fails();

    stack.sleep_past(&until);
    stack.until(&run, "refused");
    assert_eq!(stack.receiver.invoice_status("i-1"), "refused");
    nothing_was_paid(&stack);
}

#[test]
fn whoever_entered_an_invoice_cannot_agree_to_its_payment() {
    let stack = Stack::start();
    let run = stack.submit(&Invoice::new("i-1", "20000.00").entered_by(DANA));
    let task = stack.task(ELI, "approval", Some(&run));
    assert_eq!(task.people, [ELI, CAROL]);

    assert_eq!(stack.api(DANA).inbox().expect("an inbox"), []);
    let refused = stack.cli(DANA, &["approve", &task.id]).fails();
    assert!(refused.contains("four eyes"), "{refused}");
    stack.cli(ELI, &["approve", &task.id]).ok();
    stack.cli(DANA, &["approve", &task.id]).fails();
    assert_eq!(stack.run(&run).status, "open");
    nothing_was_paid(&stack);

    stack.cli(CAROL, &["approve", &task.id]).ok();
    stack.until(&run, "done");
    paid_once_and_read_back(&stack, "i-1", "20000.00");
}

#[test]
fn one_refusal_is_enough_where_both_who_are_left_would_have_to_agree() {
    let stack = Stack::start();
    let run = stack.submit(&Invoice::new("i-1", "20000.00").entered_by(DANA));
    let task = stack.task(ELI, "approval", Some(&run));
    stack.cli(CAROL, &["refuse", &task.id]).ok();
    stack.until(&run, "refused");
    nothing_was_paid(&stack);
}

#[test]
fn an_answer_to_something_else_than_what_is_asked_does_not_count() {
    let stack = Stack::start();
    let run = stack.submit(&Invoice::new("i-1", "20000.00"));
    let task = stack.task(DANA, "approval", Some(&run));
    let answer = format!("/tasks/{}/answer", task.id);
    let api = stack.api(DANA);
    let shown = api.task(&task.id).expect("the task").shown;
    let other: String = shown.chars().map(|c| if c == '0' { '1' } else { '0' }).collect();
    let say = |body| api.send("POST", &answer, Some(&body)).expect("an answer").status;
    assert_eq!(say(json!({"choice": "approve", "shown": other})), 403);
    assert_eq!(say(json!({"choice": "object"})), 403);
    assert_eq!(say(json!({"choice": "pay"})), 422);
    assert_eq!(say(json!({})), 422);
    assert_eq!(say(json!({"choice": "approve", "shown": shown})), 200);
    stack.cli(CAROL, &["approve", &task.id]).ok();
    stack.until(&run, "done");
    paid_once_and_read_back(&stack, "i-1", "20000.00");
}

#[test]
fn nobody_answers_for_somebody_else_or_without_having_signed_in() {
    let stack = Stack::start();
    let run = stack.submit(&Invoice::new("i-1", "20000.00"));
    let task = stack.task(DANA, "approval", Some(&run));
    let stranger = stack.command("nobody", &["approve", &task.id]).fails();
    assert!(stranger.contains("countersign login"), "{stranger}");
    let other = stack.cli(BEN, &["approve", &task.id]).fails();
    assert!(other.contains("others"), "{other}");
    stack.command("mallory", &["login", "mallory@evil.test"]).fails();

    let answer = format!("{}/api/v1/tasks/{}/answer", stack.url(), task.id);
    let yes = format!(r#"{{"choice": "approve", "person": "{DANA}"}}"#);
    for headers in
        [&[][..], &[("authorization", "Bearer none")][..], &[("authorization", "Basic ZGFuYQ==")][..]]
    {
        let said = http::send("POST", &answer, headers, Some(&yes)).expect("an answer");
        assert_eq!(said.status, 401, "{said:?}");
    }
    // A link that is followed decides nothing.
    let followed =
        stack.api(DANA).send("GET", &format!("/tasks/{}/answer", task.id), None).expect("an answer");
    assert_eq!(followed.status, 405, "{followed:?}");
    assert_eq!(stack.run(&run).status, "open");
    nothing_was_paid(&stack);
}
