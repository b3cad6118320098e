//! Texts made safe to show: what a file holds must neither drive a terminal nor reorder what a person reads.

use crate::model::{Counterexample, Diagnostic};

/// The text on one line, with everything invisible made visible.
pub fn one_line(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines
        .join(" ")
        .chars()
        .map(|character| if character == '\t' { ' ' } else { visible(character) })
        .collect()
}

/// The text with its line breaks kept and everything invisible made visible.
pub fn lines(text: &str) -> String {
    text.lines().map(|line| line.chars().map(visible).collect::<String>()).collect::<Vec<_>>().join("\n")
}

/// The character itself, or a mark where it would act instead of being shown: controls, which drive terminals, and
/// marks of direction, which make code read otherwise than it is compiled. One character for one, so that columns hold.
pub fn visible(character: char) -> char {
    match character {
        '\t' => character,
        _ if character.is_control() || acts(character) => '\u{FFFD}',
        other => other,
    }
}

/// Separators of lines, the mark of byte order and the marks of direction.
fn acts(character: char) -> bool {
    let marks =
        matches!(character, '\u{2028}' | '\u{2029}' | '\u{FEFF}' | '\u{61C}' | '\u{200E}' | '\u{200F}');
    marks || matches!(character, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Everything that a finding says apart from its place, for formats that have a single text for it.
pub fn message(diagnostic: &Diagnostic) -> String {
    let mut parts = vec![one_line(&diagnostic.headline)];
    parts.extend(
        diagnostic
            .labels
            .iter()
            .filter(|label| diagnostic.is_primary(label) && !label.text.is_empty())
            .map(|label| one_line(&label.text)),
    );
    parts.extend(diagnostic.reason.iter().map(|reason| format!("why: {}", one_line(reason))));
    parts.extend(
        diagnostic.counterexample.iter().map(|case| format!("for example: {}", case_in_a_line(case))),
    );
    parts.extend(diagnostic.help.iter().map(|help| format!("help: {}", one_line(help))));
    parts.extend(diagnostic.fixes.iter().map(|fix| format!("fix: {}", one_line(&fix.title))));
    parts.join("\n")
}

fn case_in_a_line(case: &Counterexample) -> String {
    let inputs: Vec<String> = case
        .inputs
        .iter()
        .map(|(name, literal)| format!("{} = {}", one_line(name), one_line(literal)))
        .collect();
    let story = case.story.iter().map(|story| one_line(story));
    std::iter::once(inputs.join(", "))
        .filter(|inputs| !inputs.is_empty())
        .chain(story)
        .collect::<Vec<_>>()
        .join(": ")
}
