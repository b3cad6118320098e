//! A text for people, put together from words that may come from anywhere.
//!
//! Every word is made safe when it is added; only the tones, which are ours, ever become colours.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};

use crate::safe;

/// How a word is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it stands.
    Plain,
    /// What the eye should find.
    Strong,
    /// What it may pass over.
    Dim,
    /// All is well.
    Good,
    /// Somebody is waited for.
    Warn,
    /// Something is wrong.
    Bad,
}

impl Tone {
    /// How the status of a run, a task or an action is meant.
    pub fn of_status(status: &str) -> Self {
        match status {
            "done" | "verified" | "approved" | "human" | "automatic" => Self::Good,
            "open" | "sent" | "planned" | "silence" => Self::Warn,
            "blocked" | "handed" | "dropped" | "unverified" | "not_done" | "refused" | "unanswered" => {
                Self::Bad
            }
            _ => Self::Plain,
        }
    }

    fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Strong => Style::new().bold(),
            Self::Dim => Style::new().dimmed(),
            Self::Good => AnsiColor::Green.on_default(),
            Self::Warn => AnsiColor::Yellow.on_default(),
            Self::Bad => AnsiColor::Red.on_default().bold(),
        }
    }
}

/// A text that grows by words and lines.
#[derive(Debug)]
pub struct Page {
    color: bool,
    text: String,
}

impl Page {
    /// An empty page.
    pub fn new(color: bool) -> Self {
        Self { color, text: String::new() }
    }

    /// Adds words to the line.
    pub fn say(&mut self, tone: Tone, words: &str) -> &mut Self {
        let words = safe::line(words);
        if self.color && tone != Tone::Plain {
            let style = tone.style();
            let _ = write!(self.text, "{style}{words}{style:#}");
        } else {
            self.text.push_str(&words);
        }
        self
    }

    /// Adds words as they are.
    pub fn plain(&mut self, words: &str) -> &mut Self {
        self.say(Tone::Plain, words)
    }

    /// Ends the line. Blanks at its end are taken away.
    pub fn end(&mut self) -> &mut Self {
        let kept = self.text.trim_end_matches(' ').len();
        self.text.truncate(kept);
        self.text.push('\n');
        self
    }

    /// Adds a whole line.
    pub fn line(&mut self, words: &str) -> &mut Self {
        self.plain(words).end()
    }

    /// Adds an empty line, unless the page is empty.
    pub fn gap(&mut self) -> &mut Self {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self
    }

    /// The text.
    pub fn finish(self) -> String {
        self.text
    }
}

/// An instant as people read it: `2026-11-23 08:00:00Z`. What is no instant stays as it is.
pub fn instant(text: &str) -> String {
    let Some((date, time)) = text.split_once('T') else { return text.to_owned() };
    let seconds: String = time.chars().take_while(|c| c.is_ascii_digit() || *c == ':').collect();
    let zone = if time.ends_with('Z') { "Z" } else { "" };
    format!("{date} {seconds}{zone}")
}

/// JSON on one line as people read it: a text without its quotes, a record as in the language.
pub fn value(json: &serde_json::Value) -> String {
    use serde_json::Value as Json;
    match json {
        Json::Null => "none".into(),
        Json::String(text) => text.clone(),
        Json::Array(elements) => {
            format!("[{}]", elements.iter().map(value).collect::<Vec<_>>().join(", "))
        }
        Json::Object(fields) if fields.is_empty() => "{}".into(),
        Json::Object(fields) => {
            let fields: Vec<_> =
                fields.iter().map(|(name, field)| format!("{name}: {}", value(field))).collect();
            format!("{{ {} }}", fields.join(", "))
        }
        plain => plain.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_ours_alone() {
        let mut page = Page::new(true);
        page.say(Tone::Good, "done\u{1b}[0m").end();
        assert_eq!(page.finish(), "\u{1b}[32mdone\\u{1b}[0m\u{1b}[0m\n");
        let mut page = Page::new(false);
        page.say(Tone::Bad, "blocked").plain("  ").end();
        assert_eq!(page.finish(), "blocked\n");
    }

    #[test]
    fn instants_lose_what_nobody_reads() {
        assert_eq!(instant("2026-11-23T08:00:00.123456Z"), "2026-11-23 08:00:00Z");
        assert_eq!(instant("soon"), "soon");
    }

    #[test]
    fn values_read_as_in_the_language() {
        let json = serde_json::json!({ "id": "i-1", "lines": [1, true], "note": null });
        assert_eq!(value(&json), "{ id: i-1, lines: [1, true], note: none }");
    }
}
