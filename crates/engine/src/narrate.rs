//! Facts in plain sentences: what `why`, the journal and the traces of tests show to people.
//!
//! In goes one [`Fact`], out comes one sentence without its full stop. Names of the program stand as they are written;
//! values as people read them, cut where they would drown the sentence.

use serde_json::Value as Json;

use crate::protocol::Fact;

/// How much of a value a sentence shows, in characters.
const CUT: usize = 160;

/// What a fact says.
pub fn sentence(fact: &Fact) -> String {
    match fact {
        Fact::Began { flow, event } => format!("{flow} began, because of {event}"),
        Fact::Learned { name, value } => format!("{name} is {}", plain(value)),
        Fact::Decided { decision, rule, when, answer, because, inputs } => {
            let by = if when == "otherwise" {
                format!("rule {rule} (otherwise)")
            } else {
                format!("rule {rule} (when {when})")
            };
            let inputs = list(inputs);
            format!(
                "{decision} answered {answer} by {by}{}; it looked at {inputs}",
                reason(because.as_deref())
            )
        }
        Fact::Asked { question, level, .. } => match level.strip_prefix("round ") {
            Some(round) => format!("others were asked, in round {round}: {question}"),
            None => format!("people were asked for {level}: {question}"),
        },
        Fact::Consented { evidence, people, because, .. } => consented(evidence, people, because.as_deref()),
        Fact::Intended { action, args, guardrails, attempt, .. } => {
            let again = if *attempt > 1 { format!(", attempt {attempt}") } else { String::new() };
            let checked = match guardrails.as_slice() {
                [] => String::new(),
                names => {
                    format!(", within {}", names.iter().map(|n| quoted(n)).collect::<Vec<_>>().join(" and "))
                }
            };
            format!("{action} was cleared to go out{again}{checked}, with {}", list(args))
        }
        Fact::Stopped { action, guardrail, missing } => {
            format!("the guardrail {} stopped {action}: {missing}", quoted(guardrail))
        }
        Fact::Before { action, value } => format!("before {action} the system held {}", plain(value)),
        Fact::Done { action, result, how } => done(action, result, how),
        Fact::Failed { what, class, reason, again_at } => failed(what, class, reason, *again_at),
        Fact::Probed { action, outcome } => match outcome.as_str() {
            "found" => format!("a look-up found that {action} took effect"),
            "absent" => format!("a look-up found that {action} took no effect"),
            _ => format!("a look-up could not tell whether {action} took effect"),
        },
        Fact::Verified { what, condition, grade } => verified(what, condition, grade),
        Fact::Unverified { what, condition } => {
            format!("{what} is not proved: `{condition}` did not become true in time")
        }
        Fact::Blocked { problem, .. } => format!("it waits for a person: {problem}"),
        Fact::Told { whom, channel, accepted: true } => format!("{whom} was told by {channel}"),
        Fact::Told { whom, channel, accepted: false } => format!("{whom} could not be told by {channel}"),
        Fact::Late { person, choice, forestalled } => {
            format!("{person} said `{choice}` too late, it was settled before: {forestalled}")
        }
        Fact::Declined { person, reason } => format!("what {person} said was not accepted: {reason}"),
        Fact::Ended { outcome, because } => format!("it ended: {outcome}{}", reason(because.as_deref())),
        Fact::TakesBack { person, because, run, by, stays } => {
            let stays = match stays.as_slice() {
                [] => String::new(),
                stays => format!("; what stays: {}", stays.join("; ")),
            };
            format!("{person} takes {run} back, by {by}{}{stays}", reason(Some(because)))
        }
        Fact::Repeated { first, same: true } => format!("the same came before, as {first}"),
        Fact::Repeated { first, same: false } => {
            format!("{first} came before with the same key and says something else")
        }
    }
}

fn consented(evidence: &str, people: &[String], because: Option<&str>) -> String {
    let who = if people.is_empty() { "nobody".to_owned() } else { people.join(" and ") };
    match evidence {
        "automatic" => "nobody had to agree: the level is automatic".to_owned(),
        "silence" => "nobody objected in time, which counts as a yes".to_owned(),
        "human" => format!("{who} agreed{}", reason(because)),
        "refused" => format!("{who} answered, and it was refused{}", reason(because)),
        "unanswered" => "it was refused, because nobody answered in time".to_owned(),
        "handed" => "nobody answered in time, so it was handed over".to_owned(),
        choice => format!("{who} decided: {choice}{}", reason(because)),
    }
}

fn done(action: &str, result: &str, how: &str) -> String {
    let result = if result.is_empty() { String::new() } else { format!(": {}", plain(result)) };
    match how {
        "found" => format!("{action} had taken effect{result}"),
        "adopted" => format!("{action} was done before, and what came of it counts here{result}"),
        "person" => format!("somebody said that {action} took effect"),
        _ => format!("{action} was answered{result}"),
    }
}

fn failed(what: &str, class: &str, reason: &str, again_at: Option<i64>) -> String {
    let again = match again_at {
        Some(at) => format!("; it is tried again at {}", countersign_ir::time::instant_text(at)),
        None => String::new(),
    };
    match class {
        "in doubt" => format!("nobody knows yet whether {what} took effect: {reason}{again}"),
        "infrastructure" => format!("{what} could not be reached: {reason}{again}"),
        "transient" => format!("{what} failed for now: {reason}{again}"),
        _ => format!("{what} failed: {reason}{again}"),
    }
}

fn verified(what: &str, condition: &str, grade: &str) -> String {
    match grade {
        "independent" => format!("{what} is proved: `{condition}` was read back"),
        "acknowledged" => format!("{what} rests on the system's own word"),
        grade => match grade.strip_prefix("unverified ") {
            Some(because) => format!("{what} is not verified, {because}"),
            None => format!("{what} rests on {grade}"),
        },
    }
}

fn reason(because: Option<&str>) -> String {
    because.map(|because| format!(", because {}", quoted(because))).unwrap_or_default()
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

fn list(named: &[(String, String)]) -> String {
    if named.is_empty() {
        return "nothing".to_owned();
    }
    let parts: Vec<String> = named.iter().map(|(name, value)| format!("{name} {}", plain(value))).collect();
    parts.join(", ")
}

/// A value that is kept as JSON, as people read it.
pub fn plain(json: &str) -> String {
    let text = match serde_json::from_str::<Json>(json) {
        Ok(value) => literal(&value, true),
        Err(_) => json.to_owned(),
    };
    if text.chars().count() <= CUT { text } else { text.chars().take(CUT).chain(['…']).collect() }
}

fn literal(value: &Json, outermost: bool) -> String {
    match value {
        Json::Null => "none".to_owned(),
        Json::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Json::Number(number) => number.to_string(),
        Json::String(text) if text.is_empty() || text.contains('\n') => {
            quoted(text.lines().next().unwrap_or(""))
        }
        Json::String(text) => text.clone(),
        Json::Array(elements) if elements.is_empty() => "an empty list".to_owned(),
        Json::Array(elements) if outermost => {
            let parts: Vec<String> = elements.iter().map(|element| literal(element, false)).collect();
            format!("[{}]", parts.join(", "))
        }
        Json::Array(elements) => format!("{} entries", elements.len()),
        Json::Object(fields) => {
            let parts = fields.iter().map(|(name, value)| format!("{name}: {}", literal(value, false)));
            format!("{{ {} }}", parts.collect::<Vec<_>>().join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(fact: &Fact, expected: &str) {
        assert_eq!(sentence(fact), expected);
    }

    fn consented(evidence: &str, people: &[&str], because: Option<&str>) -> Fact {
        Fact::Consented {
            task: None,
            evidence: evidence.into(),
            people: people.iter().map(ToString::to_string).collect(),
            because: because.map(Into::into),
        }
    }

    #[test]
    fn a_decision_names_its_rule_its_reason_and_what_it_looked_at() {
        let decided = |when: &str, because: Option<&str>| Fact::Decided {
            decision: "level".into(),
            rule: 2,
            when: when.into(),
            answer: "instant".into(),
            because: because.map(Into::into),
            inputs: vec![("amount".into(), "\"120.00 EUR\"".into()), ("trusted".into(), "true".into())],
        };
        check(
            &decided("amount <= 500 EUR", Some("small, and we know them")),
            "level answered instant by rule 2 (when amount <= 500 EUR), because \"small, and we know them\"; \
             it looked at amount 120.00 EUR, trusted yes",
        );
        check(
            &decided("otherwise", None),
            "level answered instant by rule 2 (otherwise); it looked at amount 120.00 EUR, trusted yes",
        );
    }

    #[test]
    fn what_people_said_reads_as_they_would_tell_it() {
        check(&consented("human", &["dana@x", "carol@x"], None), "dana@x and carol@x agreed");
        check(
            &consented("refused", &["dana@x"], Some("no budget")),
            "dana@x answered, and it was refused, because \"no budget\"",
        );
        check(&consented("silence", &[], None), "nobody objected in time, which counts as a yes");
        check(&consented("retry", &["ana@x"], None), "ana@x decided: retry");
    }

    #[test]
    fn what_happened_to_an_action_says_how_it_is_known() {
        let done = |how: &str| Fact::Done {
            action: "billing.pay".into(),
            result: "{\"id\":\"p-1\"}".into(),
            how: how.into(),
        };
        check(&done("answered"), "billing.pay was answered: { id: p-1 }");
        check(&done("found"), "billing.pay had taken effect: { id: p-1 }");
        check(&done("adopted"), "billing.pay was done before, and what came of it counts here: { id: p-1 }");
        let failed = |class: &str| Fact::Failed {
            what: "billing.pay".into(),
            class: class.into(),
            reason: "the system answered 500".into(),
            again_at: (class == "transient").then_some(0),
        };
        check(
            &failed("in doubt"),
            "nobody knows yet whether billing.pay took effect: the system answered 500",
        );
        check(
            &failed("transient"),
            "billing.pay failed for now: the system answered 500; it is tried again at 1970-01-01T00:00:00Z",
        );
        let verified = |grade: &str| Fact::Verified {
            what: "mail.send".into(),
            condition: "x is y".into(),
            grade: grade.into(),
        };
        check(&verified("independent"), "mail.send is proved: `x is y` was read back");
        check(&verified("acknowledged"), "mail.send rests on the system's own word");
        check(
            &verified("unverified because it has no reads"),
            "mail.send is not verified, because it has no reads",
        );
        check(&verified("the word of ana@x"), "mail.send rests on the word of ana@x");
    }

    #[test]
    fn who_takes_a_run_back_says_why_and_hears_what_stays() {
        let takes_back = |stays: &[&str]| Fact::TakesBack {
            person: "ana@x".into(),
            because: "sent twice".into(),
            run: "run-1".into(),
            by: "undo-1".into(),
            stays: stays.iter().map(ToString::to_string).collect(),
        };
        check(&takes_back(&[]), "ana@x takes run-1 back, by undo-1, because \"sent twice\"");
        check(
            &takes_back(&["mail.send: a sent message cannot be recalled"]),
            "ana@x takes run-1 back, by undo-1, because \"sent twice\"; \
             what stays: mail.send: a sent message cannot be recalled",
        );
    }

    #[test]
    fn a_long_value_does_not_drown_its_sentence() {
        let value = serde_json::json!({"text": "x".repeat(1000), "lines": [1, 2, 3]}).to_string();
        let said = sentence(&Fact::Learned { name: "message".into(), value });
        assert_eq!(said.chars().count(), "message is ".len() + CUT + 1);
        assert!(said.ends_with("x…"));
        check(
            &Fact::Learned { name: "order".into(), value: "{\"lines\":[1,2],\"note\":null}".into() },
            "order is { lines: 2 entries, note: none }",
        );
    }
}
