//! Mistakes of a text in words: what the parser found, as diagnostics.

use countersign_diagnostics::{Diagnostic, FileId, Fix, codes};
use countersign_syntax::{Expected, Hint, Relation, SyntaxError, SyntaxErrorKind as Kind, TokenKind};

/// The diagnostic of a mistake in that text.
pub(crate) fn diagnostic(file: FileId, text: &str, error: &SyntaxError) -> Diagnostic {
    let here = error.span.text(text);
    let found = found(text, error);
    let expected = expected(&error.expected);
    let (code, headline, reason) = match error.kind {
        Kind::Unexpected if expected.is_empty() => {
            (codes::UNEXPECTED_TOKEN, format!("{found} cannot stand here"), None)
        }
        Kind::Unexpected => (codes::UNEXPECTED_TOKEN, format!("expected {expected}, found {found}"), None),
        Kind::Missing => (codes::UNEXPECTED_TOKEN, format!("expected {expected} before {found}"), None),
        Kind::MissingOperand => {
            let operator = error.related.map_or(here, |(span, _)| span.text(text));
            (
                codes::MISSING_OPERAND,
                format!("`{operator}` has nothing on one of its sides"),
                Some("half a condition would decide for whoever meant to write the other half"),
            )
        }
        Kind::MisspeltKeyword => (
            codes::MISSPELT_KEYWORD,
            match &error.hint {
                Some(Hint::Replace { with, .. }) => format!("`{here}` is no keyword: did you mean `{with}`?"),
                _ => format!("`{here}` is no keyword"),
            },
            Some("a clause with a misspelt keyword is a clause that does not exist"),
        ),
        Kind::ReservedName => (
            codes::UNEXPECTED_TOKEN,
            format!("`{here}` is a word of the language and cannot be a name"),
            None,
        ),
        Kind::UnclosedBracket => (
            codes::UNCLOSED_BRACKET,
            format!("`{here}` is never closed"),
            Some("what belongs inside and what does not could only be guessed"),
        ),
        Kind::UnopenedBracket => (
            codes::UNCLOSED_BRACKET,
            format!("`{here}` closes nothing"),
            Some("what belongs inside and what does not could only be guessed"),
        ),
        Kind::UnterminatedText => (
            codes::UNTERMINATED_TEXT,
            "this text has no closing quote on its line".to_owned(),
            Some("the rest of the line would be read as part of a message"),
        ),
        Kind::BadEscape => (codes::BAD_LITERAL, format!("`{here}` means nothing in a text"), None),
        Kind::ComputedText => (
            codes::BAD_LITERAL,
            "nothing can be computed into this text".to_owned(),
            Some("the name of a file, a path or a test has to be the same each time"),
        ),
        Kind::BadNumber => (codes::BAD_LITERAL, format!("`{here}` cannot be read as a number"), None),
        Kind::UnknownUnit => (codes::BAD_LITERAL, format!("`{here}` has a unit that does not exist"), None),
        Kind::BadDuration => (codes::BAD_LITERAL, format!("`{here}` cannot be read as a duration"), None),
        Kind::BadDate => (codes::BAD_LITERAL, format!("`{here}` is no day of the calendar"), None),
        Kind::BadTime => (codes::BAD_LITERAL, format!("`{here}` is no time of day"), None),
        Kind::BadInstant => (codes::BAD_LITERAL, format!("`{here}` is no point in time"), None),
        Kind::UnknownCharacter => (codes::INVALID_CHARACTER, format!("`{here}` has no meaning here"), None),
        Kind::BadName => {
            (codes::INVALID_CHARACTER, format!("the name `{here}` has letters other than `a` to `z`"), None)
        }
        Kind::BadCount => (codes::BAD_LITERAL, format!("`{here}` is no number of times"), None),
        Kind::TooDeep => (codes::TOO_LARGE, "this is nested too deep".to_owned(), None),
        Kind::FileTooLong | Kind::TooManyTokens => {
            (codes::TOO_LARGE, "this file is too large".to_owned(), None)
        }
    };
    let mut problem = Diagnostic::new(code, file, error.span.range(), headline);
    if let Some(reason) = reason {
        problem = problem.reason(reason);
    }
    if let Some((span, relation)) = error.related {
        let text = match relation {
            Relation::ExpectedBefore => "its end is missing before this",
            Relation::Operator => "this operator",
            Relation::OpenedHere => "opened here",
        };
        problem = problem.label(file, span.range(), text);
    }
    for line in help(error.kind) {
        problem = problem.help(*line);
    }
    match error.hint.as_ref().map(|hint| fix(file, hint)) {
        Some(fix) => problem.fix(fix),
        None => problem,
    }
}

fn help(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::MissingOperand => &["write the missing side, or take the operator away"],
        Kind::ReservedName => &["choose another name"],
        Kind::UnterminatedText => &["close the text with `\"`; write `\\n` for a new line in it"],
        Kind::BadEscape => &["texts know `\\n`, `\\t`, `\\\"`, `\\\\`, `\\{`, `\\}` and `\\u{…}`"],
        Kind::ComputedText => &["write it out; for a brace that stands for itself write `\\{`"],
        Kind::BadNumber => {
            &["underscores group digits, as in `5_000`; a point starts the fraction, as in `0.5`"]
        }
        Kind::UnknownUnit => {
            &["durations are `90s`, `30min`, `2h`, `5d`, `1w`; money is `500 EUR`; a share is `5%`"]
        }
        Kind::BadDuration => &["parts go from large to small, as in `1h30min`"],
        Kind::BadDate => &["dates are written as `2026-11-22`"],
        Kind::BadTime => &["times are written as `09:00`"],
        Kind::BadInstant => &["points in time are written as `2026-11-22T09:00:00Z`"],
        Kind::BadName => &["names have small letters, digits and underscores, and begin with a letter"],
        Kind::BadCount => &["write `once`, `twice` or `3 times`"],
        Kind::TooDeep => &["give the parts names, with `fn` or in the decide stage"],
        Kind::FileTooLong | Kind::TooManyTokens => &["split it into modules"],
        _ => &[],
    }
}

fn fix(file: FileId, hint: &Hint) -> Fix {
    match hint {
        Hint::Replace { span, with } => {
            Fix::suggested(format!("write `{with}`")).edit(file, span.range(), with.as_str())
        }
        Hint::Insert { at, text } => {
            Fix::suggested(format!("add `{}`", text.trim())).insert(file, *at as usize, text.as_str())
        }
        Hint::Remove { span } => Fix::suggested("leave it out").remove(file, span.range()),
    }
}

fn found(text: &str, error: &SyntaxError) -> String {
    match error.found {
        Some(token) if token.kind == TokenKind::End => "the end of the file".to_owned(),
        Some(token) => {
            let word = token.span.text(text);
            let line = word.lines().next().unwrap_or_default();
            let short: String = line.chars().take(40).collect();
            if short.is_empty() { token.kind.text().to_owned() } else { format!("`{short}`") }
        }
        None => "what follows".to_owned(),
    }
}

/// The first few things that could have stood there; more would hide them all.
fn expected(expected: &[Expected]) -> String {
    let word = |one: &Expected| {
        if one.is_literal() { format!("`{}`", one.text()) } else { one.text().to_owned() }
    };
    let words: Vec<String> = expected.iter().take(6).map(word).collect();
    let more = if expected.len() > 6 { ", or another word" } else { "" };
    match words.split_last() {
        None => String::new(),
        Some((only, [])) => format!("{only}{more}"),
        Some((last, rest)) if more.is_empty() => format!("{} or {last}", rest.join(", ")),
        Some(_) => format!("{}{more}", words.join(", ")),
    }
}
