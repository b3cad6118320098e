//! A run told to people: five stages, and in each what became known, when, from whom and why.

use countersign_server::api::types::{RunDetail, TimelineEntry, Why, WhyAction};
use serde_json::Value as Json;

use crate::page::{Page, Tone, instant, value};

/// The stages of a flow, and what is beside them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Trigger,
    Understand,
    Decide,
    Act,
    Verify,
    Undo,
}

impl Stage {
    fn name(self) -> &'static str {
        match self {
            Self::Trigger => "trigger",
            Self::Understand => "understand",
            Self::Decide => "decide",
            Self::Act => "act",
            Self::Verify => "verify",
            Self::Undo => "undo",
        }
    }
}

/// One run in full.
pub fn run(page: &mut Page, run: &RunDetail) {
    let summary = &run.summary;
    page.say(Tone::Strong, &summary.id).plain("  ").plain(&summary.flow).plain("  ");
    page.say(Tone::of_status(&summary.status), &summary.status).end();
    page.say(Tone::Dim, &format!("began {} with {}", instant(&summary.began), summary.event)).end();
    page.say(Tone::Dim, &format!("pinned to program and settings {}", run.deployment)).end();

    timeline(page, run);

    if !run.actions.is_empty() {
        page.gap().say(Tone::Strong, "actions").end();
        for action in &run.actions {
            page.plain("  ").plain(&action.action).plain("  ");
            page.say(Tone::of_status(&action.status), &action.status);
            if action.undone {
                page.plain(", taken back");
            }
            page.say(Tone::Dim, &format!("  key {}", action.key)).end();
        }
    }
    page.gap();
    match &run.ended {
        Some(ended) => {
            page.say(Tone::of_status(&ended.outcome), &ended.outcome)
                .plain(&format!(" at {}", instant(&ended.at)));
            because(page, ended.because.as_deref());
            page.end();
        }
        None => {
            page.say(Tone::Warn, "now").plain(": ").plain(&run.doing).end();
        }
    }
    undo(page, run);
}

fn undo(page: &mut Page, run: &RunDetail) {
    let summary = &run.summary;
    if let Some(of) = &summary.undoes {
        page.line(&format!("takes back {of}"));
        return;
    }
    match &summary.undone_by {
        Some(by) if summary.undone => {
            page.line(&format!("taken back by {by}"));
        }
        Some(by) => {
            page.line(&format!("being taken back by {by}: not all of it was, so far"));
        }
        None if run
            .actions
            .iter()
            .any(|action| matches!(action.status.as_str(), "done" | "verified" | "unverified")) =>
        {
            let command = format!("to take it back: countersign undo {} --because \"…\"", summary.id);
            page.say(Tone::Dim, &command).end();
        }
        None => {}
    }
}

/// Every fact under its stage. What has no stage of its own stands where it happened.
fn timeline(page: &mut Page, run: &RunDetail) {
    let mut now = None;
    for entry in &run.timeline {
        for (fact, line) in facts(entry) {
            let stage = stage(run, entry, fact, now);
            if now != Some(stage) {
                page.gap().say(Tone::Strong, stage.name()).end();
                now = Some(stage);
            }
            page.plain("  ").say(Tone::Dim, &instant(&entry.at)).plain("  ").plain(line);
            page.say(Tone::Dim, &format!("  ({})", entry.actor)).end();
        }
    }
}

/// The sentences of an entry, each with its fact where the two go together.
fn facts(entry: &TimelineEntry) -> impl Iterator<Item = (Option<&Json>, &str)> {
    let paired = entry.facts.len() == entry.lines.len();
    entry.lines.iter().enumerate().map(move |(at, line)| {
        let fact = if paired { entry.facts.get(at) } else { entry.facts.first() };
        (fact, line.as_str())
    })
}

fn stage(run: &RunDetail, entry: &TimelineEntry, fact: Option<&Json>, now: Option<Stage>) -> Stage {
    if matches!(entry.kind.as_str(), "undo" | "undone" | "start_undo") {
        return Stage::Undo;
    }
    let here = now.unwrap_or(Stage::Trigger);
    let Some((kind, body)) = fact.and_then(Json::as_object).and_then(|fact| fact.iter().next()) else {
        return here;
    };
    // An undo is all of one piece.
    if here == Stage::Undo {
        return here;
    }
    match kind.as_str() {
        "began" | "repeated" => Stage::Trigger,
        // Decisions and actions give names their values too.
        "learned" if matches!(here, Stage::Trigger) => Stage::Understand,
        "decided" => Stage::Decide,
        "asked" | "consented" | "intended" | "stopped" | "before" | "done" | "probed" => Stage::Act,
        "verified" | "unverified" => {
            let what = body.get("what").and_then(Json::as_str).unwrap_or_default();
            let is_action = run.actions.iter().any(|action| action.action == what);
            if is_action { Stage::Act } else { Stage::Verify }
        }
        _ => here,
    }
}

/// Why a run went as it did.
pub fn why(page: &mut Page, why: &Why) {
    page.say(Tone::Strong, &why.run).plain("  ").plain(&why.flow).plain("  ");
    page.say(Tone::of_status(&why.status), &why.status).end();
    for decision in &why.decisions {
        page.gap().plain(&decision.decision).plain(" is ").say(Tone::Strong, &decision.answer);
        because(page, decision.because.as_deref());
        page.end();
        page.line(&format!("  rule {}: {}", decision.rule, rule(&decision.when)));
        for input in &decision.inputs {
            page.plain("  ")
                .say(Tone::Dim, &format!("{}: ", input.name))
                .plain(&input_value(&input.value))
                .end();
        }
    }
    for consent in &why.consents {
        page.gap().plain("consent: ").say(Tone::of_status(&consent.evidence), &consent.evidence);
        if !consent.people.is_empty() {
            page.plain(&format!(", by {}", consent.people.join(" and ")));
        }
        because(page, consent.because.as_deref());
        if let Some(task) = &consent.task {
            page.say(Tone::Dim, &format!("  {task}"));
        }
        page.end();
    }
    for action in &why.actions {
        page.gap();
        one_action(page, action);
    }
    if let Some(blocked) = &why.blocked {
        page.gap().say(Tone::Bad, "it goes no further: ").plain(blocked).end();
    }
    if let Some(ended) = &why.ended {
        page.gap()
            .say(Tone::of_status(&ended.outcome), &ended.outcome)
            .plain(&format!(" at {}", instant(&ended.at)));
        because(page, ended.because.as_deref());
        page.end();
    }
}

/// What a rule looked at: records come as JSON.
fn input_value(text: &str) -> String {
    serde_json::from_str(text).map_or_else(|_| text.to_owned(), |json: Json| value(&json))
}

fn rule(when: &str) -> String {
    if when == "otherwise" { when.to_owned() } else { format!("when {when}") }
}

fn one_action(page: &mut Page, action: &WhyAction) {
    page.plain(&action.action).plain(": ").say(Tone::of_status(&action.status), &action.status).end();
    for guardrail in &action.guardrails {
        page.line(&format!("  passed the guardrail \"{guardrail}\""));
    }
    let attempts = match action.attempts {
        0 => "never sent".to_owned(),
        1 => "sent once".to_owned(),
        times => format!("sent {times} times"),
    };
    let known = match action.how.as_deref() {
        Some("answered") => ", and the system said so",
        Some("found") => ", and found by looking it up",
        Some("adopted") => ", and an earlier run had done the same",
        Some("person") => ", and a person said that it took effect",
        _ => "",
    };
    page.line(&format!("  {attempts}{known}"));
    if let Some(condition) = &action.condition {
        let (tone, word) =
            if action.status == "unverified" { (Tone::Bad, "not proved") } else { (Tone::Good, "proved") };
        page.plain("  ").say(tone, word).plain(": ").plain(condition);
        if let Some(grade) = &action.grade {
            page.say(Tone::Dim, &format!("  ({grade})"));
        }
        page.end();
    } else if let Some(grade) = &action.grade {
        let known =
            if grade == "acknowledged" { "it rests on the system's own word" } else { grade.as_str() };
        page.plain("  ").say(Tone::Warn, known).end();
    }
}

fn because(page: &mut Page, because: Option<&str>) {
    if let Some(because) = because {
        page.plain(&format!(", because \"{because}\""));
    }
}
