//! Where output goes: results to standard output, everything else to standard error.

use std::io::{self, IsTerminal, Write};

use miette::{GraphicalReportHandler, GraphicalTheme, ThemeCharacters, ThemeStyles};

use crate::failure::Failure;
use crate::page::Page;
use crate::safe;

/// The columns where nothing says how wide a terminal is.
const WIDTH: usize = 100;

/// The two streams, and how they may be written to.
pub struct Screen {
    /// Whether results may have colours.
    pub color: bool,
    /// How wide lines of prose may be.
    pub width: usize,
    /// Whether a person is at both ends.
    pub interactive: bool,
    /// Whether what is said beside results may have colours.
    pub error_color: bool,
    out: io::Stdout,
    err: io::Stderr,
}

impl Screen {
    /// Looks at the streams and the environment. Colours are for terminals, and never against `NO_COLOR`.
    pub fn detect() -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let colors = !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        let width = terminal_size::terminal_size().map_or(WIDTH, |(width, _)| usize::from(width.0));
        Self {
            color: colors && io::stdout().is_terminal(),
            width: width.clamp(40, 120),
            interactive: io::stdin().is_terminal() && io::stdout().is_terminal(),
            error_color: colors && io::stderr().is_terminal(),
            out: io::stdout(),
            err: io::stderr(),
        }
    }

    /// A page in this screen's manner.
    pub fn page(&self) -> Page {
        Page::new(self.color)
    }

    /// Shows a page as the result.
    pub fn show(&mut self, page: Page) -> Result<(), Failure> {
        self.result(&page.finish())
    }

    /// Writes a result that is safe already: a page, or what a renderer made.
    pub fn result(&mut self, text: &str) -> Result<(), Failure> {
        let mut out = self.out.lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(Failure::Output)
    }

    /// Writes JSON for programs, an object to a text.
    pub fn json(&mut self, value: &impl serde::Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(value).map_err(|error| Failure::Output(error.into()))?;
        self.result(&format!("{}\n", safe::json(&text)))
    }

    /// Says something beside the result, on standard error.
    pub fn note(&mut self, words: &str) {
        let _ = writeln!(self.err.lock(), "{}", safe::line(words));
    }

    /// Shows a text that is safe already beside the result, on standard error.
    pub fn aside(&mut self, text: &str) {
        let _ = self.err.lock().write_all(text.as_bytes());
    }

    /// Says why a command was not carried out, and what to do next.
    pub fn failure(&mut self, failure: &Failure) {
        if failure.is_nobody_listening() {
            return;
        }
        let styles = if self.error_color { ThemeStyles::ansi() } else { ThemeStyles::none() };
        let mut characters = ThemeCharacters::unicode();
        characters.error = "error:".into();
        let theme = GraphicalTheme { characters, styles };
        let mut text = String::new();
        // Lines are left to the terminal: a path that is broken in two cannot be copied.
        let handler = GraphicalReportHandler::new_themed(theme).with_wrap_lines(false).with_links(false);
        if handler.render_report(&mut text, failure).is_err() {
            text = format!("error: {failure}\n");
        }
        for line in text.lines().skip_while(|line| line.is_empty()) {
            let _ = writeln!(self.err.lock(), "{}", outdented(line));
        }
    }
}

/// A line without the two blanks before it, which may stand behind a colour.
fn outdented(line: &str) -> String {
    match line.split_once("  ") {
        Some((before, rest))
            if before.is_empty() || (before.starts_with('\u{1b}') && before.ends_with('m')) =>
        {
            format!("{before}{rest}")
        }
        _ => line.to_owned(),
    }
}
