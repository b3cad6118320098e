//! The directory and rendered texts, as the engine asks for them.

#![expect(clippy::panic, reason = "tests: a panic is the verdict")]

use std::sync::Arc;

use countersign_engine::Deployment;
use countersign_engine::protocol::{Answer, Membership, Question};
use countersign_host::Oracle;
use countersign_ir::program::{Channel, Connector, FORMAT, Program, Role, SEMANTICS, System, SystemId};

fn role(name: &str, members: &[&str], notify: Vec<Channel>) -> Role {
    Role {
        name: name.into(),
        doc: String::new(),
        members: members.iter().map(ToString::to_string).collect(),
        notify,
        away_to: None,
    }
}

fn oracle() -> Oracle {
    let mail = System {
        name: "mail".into(),
        doc: String::new(),
        connector: Connector { kind: "smtp".into(), options: Vec::new() },
        statuses: Vec::new(),
        honours_key: None,
        visible_within: 0,
        reads: Vec::new(),
        actions: Vec::new(),
    };
    let channel = |address: &str| Channel { system: SystemId(0), address: address.into() };
    let program = Program {
        format: FORMAT,
        semantics: SEMANTICS,
        name: "test".into(),
        records: Vec::new(),
        enums: Vec::new(),
        settings: Vec::new(),
        secrets: Vec::new(),
        calendars: Vec::new(),
        roles: vec![
            role("lead", &["dana@acme.test", "eli@acme.test"], vec![channel("")]),
            role("cfo", &["carol@acme.test"], vec![channel("cfo@acme.test"), channel("")]),
        ],
        systems: vec![mail],
        approvals: Vec::new(),
        decisions: Vec::new(),
        guardrails: Vec::new(),
        flows: Vec::new(),
        templates: Vec::new(),
    };
    Oracle::new(Arc::new(Deployment::new(program, Vec::new(), "acme")))
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

#[test]
fn the_directory_answers_in_the_order_of_the_question() {
    let question = Question::Members { roles: names(&["cfo", "lead", "gone"]), persons: Vec::new() };
    let member = |role: &str, members: &[&str], channels: &[(&str, &str)]| Membership {
        role: role.into(),
        members: names(members),
        channels: channels.iter().map(|(system, to)| ((*system).to_owned(), (*to).to_owned())).collect(),
    };
    let expected = Answer::Members {
        roles: vec![
            member("cfo", &["carol@acme.test"], &[("mail", "cfo@acme.test"), ("mail", "")]),
            member("lead", &["dana@acme.test", "eli@acme.test"], &[("mail", "")]),
            member("gone", &[], &[]),
        ],
        unknown: Vec::new(),
    };
    assert_eq!(oracle().answer(&question), expected);
}

#[test]
fn who_is_a_member_of_nothing_is_unknown_and_spelling_counts() {
    let persons = names(&["dana@acme.test", "Dana@acme.test", "zoe@acme.test"]);
    let Answer::Members { unknown, .. } = oracle().answer(&Question::Members { roles: Vec::new(), persons })
    else {
        panic!("expected members");
    };
    assert_eq!(unknown, ["Dana@acme.test", "zoe@acme.test"]);
}

fn render(name: &str, source: &str, context: &str) -> Answer {
    let (template, source, context) = (name.to_owned(), source.to_owned(), context.to_owned());
    oracle().answer(&Question::Render { template, source, context })
}

fn text(subject: &str, text: &str) -> Answer {
    Answer::Text { subject: subject.into(), text: text.into() }
}

fn refusal(source: &str) -> String {
    match render("note.txt", source, r#"{"paid": {"id": "p-1"}}"#) {
        Answer::Failed(reason) => reason,
        other => panic!("expected a refusal, found {other:?}"),
    }
}

#[test]
fn the_first_line_is_the_subject_where_the_second_is_blank() {
    let context = r#"{"paid": {"id": "p-1", "amount": "120.00 EUR"}}"#;
    let source = "Payment {{ paid.id }}\n\nWe have paid {{ paid.amount }}.\n";
    assert_eq!(render("a.txt", source, context), text("Payment p-1", "We have paid 120.00 EUR."));
    assert_eq!(render("a.txt", "One\r\n\r\nTwo", "{}"), text("One", "Two"));
    assert_eq!(render("a.txt", "One\nTwo\n\nThree", "{}"), text("", "One\nTwo\n\nThree"));
    assert_eq!(render("a.txt", "One", "{}"), text("", "One"));
    assert_eq!(render("a.txt", "", "{}"), text("", ""));
}

#[test]
fn a_subject_stays_one_line_whatever_its_holes_hold() {
    let found = render("a.txt", "Hello {{ name }}\n\nText", "{\"name\": \"Zoe\\r\\tBcc: x@y\"}");
    assert_eq!(found, text("Hello Zoe  Bcc: x@y", "Text"));
}

#[test]
fn plain_text_is_not_escaped_and_markup_is() {
    let context = r#"{"name": "<b>Tom & Co</b>"}"#;
    assert_eq!(render("a.txt", "{{ name }}", context), text("", "<b>Tom & Co</b>"));
    assert_eq!(render("a.html", "{{ name }}", context), text("", "&lt;b&gt;Tom &amp; Co&lt;&#x2f;b&gt;"));
}

#[test]
fn what_a_template_cannot_do_is_refused_with_its_line() {
    insta::assert_snapshot!(refusal("fine\n{{ paid.missing }}"), @"`note.txt`, line 2: it shows a name that has no value");
    insta::assert_snapshot!(refusal("{{ nobody }}"), @"`note.txt`, line 1: it shows a name that has no value");
    insta::assert_snapshot!(refusal("{% include 'other.txt' %}"), @"`note.txt`, line 1: syntax error: unknown statement include");
    insta::assert_snapshot!(refusal("{{ paid.id"), @"`note.txt`, line 1: syntax error: unexpected end of input, expected end of variable block");
    insta::assert_snapshot!(refusal("{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}"), @"`note.txt`, line 1: it does not come to an end");
    insta::assert_snapshot!(refusal("{{ 'x' * 400000 }}"), @"`note.txt` gives more than 262144 bytes");
}
