//! What a reply means: success, nothing there, a failure of a class, or doubt.
//!
//! In goes the verb of the call, the reply as the connector gave it and what the program says of single statuses; out
//! comes one [`Outcome`]. Pure, because the engine decides by it and replays it: the same reply always means the same.
//!
//! Two questions are kept apart. *Did it happen?* An action whose reply does not say so is in doubt and is looked up
//! before anything else; no rule of a program can talk that doubt away. *What kind of failure was it?* That is the
//! class, which says what comes once the doubt is settled.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::wire::{FailureClass, Reply, Verb};

/// The reason of a [`Reply::NotSent`] whose `send_before` had passed.
///
/// It tells our own lateness from a system that cannot be reached: the first is tried again, the second opens a breaker.
pub const TOO_LATE: &str = "the time to send it was over";

/// The status of a [`Reply::Answered`] with which a connector itself turns a call down that can never be sent, such as a
/// malformed address; the body says why. Nothing left. Always a failure of class data, whatever rules there are.
pub const UNSENDABLE: u16 = 0;

/// What a program says of one status: `status 409 is data "already paid"`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StatusRule {
    /// The status of HTTP, or the reply code of SMTP.
    pub status: u16,
    /// What it means here.
    pub meaning: Meaning,
    /// The program's own words for it.
    pub note: Option<String>,
}

/// What a status can be declared to mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Meaning {
    /// `is none`: what was asked for does not exist. Of a read alone; for an action the rule is passed over.
    Nothing,
    /// `is transient`, `is data`, `is infrastructure`.
    Failure(FailureClass),
}

/// What a reply comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome<'a> {
    /// The read has its answer, the action was accepted.
    Succeeded {
        /// The body as it came; empty for mail that has no words with its code.
        body: &'a str,
    },
    /// The read found nothing, and the program says that this is an answer.
    Nothing,
    /// It did not happen. For an action that is certain: it may be tried again without a look.
    Failed {
        /// What happens next.
        class: FailureClass,
        /// In words, for people.
        reason: String,
        /// Seconds to wait first, where the system named them.
        retry_after: Option<u32>,
    },
    /// The action may have happened. Settle it first; the class counts from there, and for the breaker at once.
    InDoubt {
        /// What happens next, once it is settled that it did not happen.
        class: FailureClass,
        /// In words, for people.
        reason: String,
        /// Seconds to wait first, where the system named them.
        retry_after: Option<u32>,
    },
}

/// Class a reply. The first rule for a status wins, so those of one operation stand before those of its system.
pub fn classify<'a>(verb: Verb, reply: &'a Reply, rules: &[StatusRule]) -> Outcome<'a> {
    match reply {
        Reply::NotSent { reason } => {
            let class =
                if reason == TOO_LATE { FailureClass::Transient } else { FailureClass::Infrastructure };
            Outcome::Failed { class, reason: reason.clone(), retry_after: None }
        }
        Reply::InDoubt { reason } => {
            failure(verb == Verb::Get, FailureClass::Transient, reason.clone(), None)
        }
        Reply::Answered { status: UNSENDABLE, body, .. } => {
            Outcome::Failed { class: FailureClass::Data, reason: body.clone(), retry_after: None }
        }
        Reply::Answered { status, retry_after, body } => answered(verb, *status, *retry_after, body, rules),
    }
}

fn answered<'a>(
    verb: Verb,
    status: u16,
    retry_after: Option<u32>,
    body: &'a str,
    rules: &[StatusRule],
) -> Outcome<'a> {
    let rule = rules
        .iter()
        .find(|rule| rule.status == status && (verb == Verb::Get || rule.meaning != Meaning::Nothing));
    let class = match rule.map(|rule| rule.meaning) {
        Some(Meaning::Nothing) => return Outcome::Nothing,
        Some(Meaning::Failure(class)) => class,
        None if (200..300).contains(&status) => return Outcome::Succeeded { body },
        None if verb == Verb::Deliver => class_of_mail(status),
        None => class_of_http(status),
    };
    let certain = match verb {
        Verb::Get => true,
        Verb::Deliver => (400..600).contains(&status),
        Verb::Post | Verb::Put | Verb::Patch | Verb::Delete => refuses(status),
    };
    failure(certain, class, reason(status, rule), retry_after)
}

fn failure(certain: bool, class: FailureClass, reason: String, retry_after: Option<u32>) -> Outcome<'static> {
    if certain {
        Outcome::Failed { class, reason, retry_after }
    } else {
        Outcome::InDoubt { class, reason, retry_after }
    }
}

/// Whether a status of HTTP says that nothing was done.
///
/// A 2xx that the program calls a failure does not, nor do 302 and 303, with which many systems answer what they have
/// just carried out.
const fn refuses(status: u16) -> bool {
    matches!(status, 300 | 301 | 304 | 305 | 307 | 308 | 400..=407 | 409..=499)
}

const fn class_of_http(status: u16) -> FailureClass {
    match status {
        503 => FailureClass::Infrastructure,
        // What the system will never do, however often it is asked.
        501 | 505 => FailureClass::Data,
        408 | 425 | 429 | 500..=599 => FailureClass::Transient,
        _ => FailureClass::Data,
    }
}

const fn class_of_mail(code: u16) -> FailureClass {
    match code {
        400..=499 => FailureClass::Transient,
        _ => FailureClass::Data,
    }
}

fn reason(status: u16, rule: Option<&StatusRule>) -> String {
    let mut words = format!("the system answered {status}");
    if let Some(note) = rule.and_then(|rule| rule.note.as_deref()) {
        // Writing to a string cannot fail.
        let _ = write!(words, ": {note}");
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use FailureClass::{Data, Infrastructure, Transient};

    const ACTIONS: [Verb; 4] = [Verb::Post, Verb::Put, Verb::Patch, Verb::Delete];

    fn answer(status: u16) -> Reply {
        Reply::Answered { status, retry_after: Some(7), body: "body".to_owned() }
    }

    fn rule(status: u16, meaning: Meaning) -> StatusRule {
        StatusRule { status, meaning, note: Some("in its own words".to_owned()) }
    }

    /// One word for an outcome: `ok`, `none`, or the class, with a `?` where the action is in doubt.
    fn word(verb: Verb, status: u16, rules: &[StatusRule]) -> String {
        let class = |class| match class {
            Transient => "transient",
            Data => "data",
            Infrastructure => "infrastructure",
        };
        match classify(verb, &answer(status), rules) {
            Outcome::Succeeded { body } => {
                assert_eq!(body, "body");
                "ok".to_owned()
            }
            Outcome::Nothing => "none".to_owned(),
            Outcome::Failed { class: c, retry_after, .. } => {
                assert_eq!(retry_after, Some(7));
                class(c).to_owned()
            }
            Outcome::InDoubt { class: c, retry_after, .. } => {
                assert_eq!(retry_after, Some(7));
                format!("{}?", class(c))
            }
        }
    }

    #[test]
    fn every_status_of_http_has_a_class_and_only_a_refusal_is_certain() {
        let table: &[(&[u16], &str, &str)] = &[
            (&[200, 201, 202, 204, 299], "ok", "ok"),
            (&[300, 301, 304, 307, 308], "data", "data"),
            (&[302, 303], "data", "data?"),
            (&[400, 401, 403, 404, 405, 409, 410, 422, 451, 499], "data", "data"),
            (&[425, 429], "transient", "transient"),
            (&[408, 500, 502, 504, 507, 522], "transient", "transient?"),
            (&[501, 505], "data", "data?"),
            (&[503], "infrastructure", "infrastructure?"),
            (&[100, 101, 199, 600, 999], "data", "data?"),
        ];
        for (statuses, read, action) in table {
            for &status in *statuses {
                assert_eq!(word(Verb::Get, status, &[]), *read, "get {status}");
                for verb in ACTIONS {
                    assert_eq!(word(verb, status, &[]), *action, "{verb:?} {status}");
                }
            }
        }
    }

    #[test]
    fn a_reply_code_of_mail_is_definite() {
        for (code, expected) in
            [(250, "ok"), (251, "ok"), (354, "data?"), (421, "transient"), (451, "transient"), (550, "data")]
        {
            assert_eq!(word(Verb::Deliver, code, &[]), expected, "{code}");
        }
    }

    #[test]
    fn a_rule_changes_the_class_and_never_the_doubt() {
        let rules = [
            rule(409, Meaning::Failure(Transient)),
            rule(500, Meaning::Failure(Data)),
            rule(202, Meaning::Failure(Transient)),
        ];
        assert_eq!(word(Verb::Post, 409, &rules), "transient");
        assert_eq!(word(Verb::Post, 500, &rules), "data?");
        assert_eq!(word(Verb::Post, 202, &rules), "transient?");
        assert_eq!(word(Verb::Get, 500, &rules), "data");
        assert_eq!(word(Verb::Post, 404, &rules), "data");
    }

    #[test]
    fn none_is_an_answer_to_a_read_alone() {
        let rules = [rule(404, Meaning::Nothing), rule(404, Meaning::Failure(Infrastructure))];
        assert_eq!(word(Verb::Get, 404, &rules), "none");
        assert_eq!(word(Verb::Delete, 404, &rules), "infrastructure");
    }

    #[test]
    fn the_first_rule_for_a_status_wins() {
        let rules = [rule(404, Meaning::Failure(Transient)), rule(404, Meaning::Nothing)];
        assert_eq!(word(Verb::Get, 404, &rules), "transient");
    }

    #[test]
    fn the_reason_names_the_status_and_the_programs_own_words() {
        let reply = answer(409);
        let outcome = classify(Verb::Post, &reply, &[rule(409, Meaning::Failure(Data))]);
        let expected = "the system answered 409: in its own words".to_owned();
        assert_eq!(outcome, Outcome::Failed { class: Data, reason: expected, retry_after: Some(7) });
    }

    #[test]
    fn what_was_not_sent_is_certain_and_lateness_is_not_the_systems_fault() {
        for verb in [Verb::Get, Verb::Post, Verb::Deliver] {
            for (reason, class) in [("the connection was refused", Infrastructure), (TOO_LATE, Transient)] {
                let reply = Reply::NotSent { reason: reason.to_owned() };
                let expected = Outcome::Failed { class, reason: reason.to_owned(), retry_after: None };
                assert_eq!(classify(verb, &reply, &[]), expected);
            }
        }
    }

    #[test]
    fn a_lost_answer_leaves_an_action_in_doubt_and_a_read_to_be_repeated() {
        let reply = Reply::InDoubt { reason: "the connection was lost".to_owned() };
        let reason = "the connection was lost".to_owned();
        for verb in [Verb::Post, Verb::Put, Verb::Patch, Verb::Delete, Verb::Deliver] {
            let expected = Outcome::InDoubt { class: Transient, reason: reason.clone(), retry_after: None };
            assert_eq!(classify(verb, &reply, &[]), expected);
        }
        let expected = Outcome::Failed { class: Transient, reason, retry_after: None };
        assert_eq!(classify(Verb::Get, &reply, &[]), expected);
    }

    #[test]
    fn what_cannot_be_sent_is_data_whatever_the_rules_say() {
        let reply =
            Reply::Answered { status: UNSENDABLE, retry_after: None, body: "no such address".to_owned() };
        let expected =
            Outcome::Failed { class: Data, reason: "no such address".to_owned(), retry_after: None };
        for meaning in [Meaning::Nothing, Meaning::Failure(Infrastructure)] {
            assert_eq!(classify(Verb::Get, &reply, &[rule(UNSENDABLE, meaning)]), expected);
        }
    }
}
