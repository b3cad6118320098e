//! Texts rendered from templates: a template and the JSON that it may show go in, a subject and a text come out.
//!
//! A template sees nothing but its context: it includes no other, reads no file, and a name that is not there is an
//! error, never an empty place. Work and size are bounded.

use std::io;

use countersign_engine::protocol::Answer;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};

/// How much a template may do, in the engine's units of work.
const FUEL: u64 = 200_000;
/// How long a rendered text may get, in bytes.
const LIMIT: usize = 256 * 1024;

/// Renders a template. The subject is the first line, if the second is blank.
pub(crate) fn text(template: &str, source: &str, context: &str) -> Answer {
    match render(template, source, context) {
        Ok(text) => {
            let (subject, text) = split(&text);
            Answer::Text { subject, text }
        }
        Err(reason) => Answer::Failed(reason),
    }
}

fn render(template: &str, source: &str, context: &str) -> Result<String, String> {
    let context: serde_json::Value = serde_json::from_str(context)
        .map_err(|error| format!("what `{template}` may show is not valid JSON: {error}"))?;
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|name| {
        let markup = name.rsplit_once('.').is_some_and(|(_, end)| matches!(end, "html" | "htm" | "xml"));
        if markup { AutoEscape::Html } else { AutoEscape::None }
    });
    environment.set_fuel(Some(FUEL));
    let mut text = Bounded { bytes: Vec::new(), exceeded: false };
    let rendered = environment.template_from_named_str(template, source).and_then(|template| {
        template.render_captured_to(minijinja::value::Serde(&context), &mut text).map(drop)
    });
    if text.exceeded {
        return Err(format!("`{template}` gives more than {LIMIT} bytes"));
    }
    rendered.map_err(|error| complaint(template, &error))?;
    String::from_utf8(text.bytes).map_err(|_| format!("`{template}` gives what is not text"))
}

fn complaint(template: &str, error: &minijinja::Error) -> String {
    let place = error.line().map(|line| format!(", line {line}")).unwrap_or_default();
    let what = match (error.kind(), error.detail()) {
        (minijinja::ErrorKind::OutOfFuel, _) => "it does not come to an end".to_owned(),
        (minijinja::ErrorKind::UndefinedError, _) => "it shows a name that has no value".to_owned(),
        (kind, Some(detail)) => format!("{kind}: {detail}"),
        (kind, None) => kind.to_string(),
    };
    format!("`{template}`{place}: {what}")
}

/// The first line is the subject, if a blank line follows it. A subject is one line, whatever its holes held.
fn split(text: &str) -> (String, String) {
    let lines =
        |text: &str| text.split_once('\n').map(|(line, rest)| (line.trim().to_owned(), rest.to_owned()));
    let parts = lines(text)
        .and_then(|(first, rest)| {
            let (second, rest) = lines(&rest).unwrap_or((rest.trim().to_owned(), String::new()));
            second.is_empty().then_some((first, rest))
        })
        .filter(|(subject, _)| !subject.is_empty());
    match parts {
        Some((subject, rest)) => (subject.replace(char::is_control, " "), rest),
        None => (String::new(), text.to_owned()),
    }
}

/// Takes bytes up to the limit.
struct Bounded {
    bytes: Vec<u8>,
    exceeded: bool,
}

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > LIMIT {
            self.exceeded = true;
            return Err(io::Error::other("too long"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
