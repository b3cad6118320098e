//! `countersign explain`: the page of a code.

use clap::Args;
use countersign_diagnostics::{Severity, all, did_you_mean, lookup};

use crate::Outcome;
use crate::commands::Form;
use crate::failure::Failure;
use crate::page::Tone;
use crate::screen::Screen;
use crate::table::Table;

/// The page for a diagnostic: what, why it matters, wrong, right
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  countersign explain CS0101
  countersign explain unclosed-bracket
  countersign explain --list")]
pub struct Arguments {
    /// A code or its name
    #[arg(value_name = "CODE", required_unless_present = "list")]
    pub code: Option<String>,
    /// List all codes instead
    #[arg(long, conflicts_with = "code")]
    pub list: bool,
    /// For whom the result is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: Form,
}

/// Carries it out.
pub fn execute(arguments: &Arguments, screen: &mut Screen) -> Result<Outcome, Failure> {
    match &arguments.code {
        Some(code) => one(code, arguments.format, screen),
        None => list(arguments.format, screen),
    }
}

fn one(asked: &str, format: Form, screen: &mut Screen) -> Result<Outcome, Failure> {
    let Some(code) = lookup(asked) else {
        let near: Vec<_> =
            did_you_mean(asked).iter().map(|code| format!("`{code}` ({})", code.name)).collect();
        let help = if near.is_empty() {
            "`countersign explain --list` lists all codes".to_owned()
        } else {
            format!("did you mean {}?", near.join(" or "))
        };
        return Err(Failure::new(format!("there is no code `{asked}`"), help));
    };
    match format {
        Form::Json => screen.json(&about(code.info()))?,
        Form::Human => screen.result(&format!("{}\n", code.page.trim_end()))?,
    }
    Ok(Outcome::Clean)
}

fn list(format: Form, screen: &mut Screen) -> Result<Outcome, Failure> {
    if format == Form::Json {
        let codes: Vec<_> = all().map(|code| about(code.info())).collect();
        screen.json(&codes)?;
        return Ok(Outcome::Clean);
    }
    let mut table = Table::new(&["code", "name", "summary"]);
    for code in all() {
        let tone = if code.severity == Severity::Error { Tone::Bad } else { Tone::Warn };
        table.row(vec![
            (tone, code.as_str().into()),
            (Tone::Plain, code.name.into()),
            (Tone::Plain, code.summary.into()),
        ]);
    }
    let mut page = screen.page();
    table.print(&mut page);
    screen.show(page)?;
    Ok(Outcome::Clean)
}

fn about(code: &countersign_diagnostics::CodeInfo) -> serde_json::Value {
    serde_json::json!({
        "code": code.code,
        "name": code.name,
        "severity": code.severity.as_str(),
        "area": code.area,
        "summary": code.summary,
        "page": code.page,
    })
}
