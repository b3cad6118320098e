//! Texts of strangers made safe to show.
//!
//! A payload, a reply or a reason may hold what a terminal obeys instead of showing, and marks that make a line read
//! otherwise than it is. Both are written out as `\u{…}`, so that a person sees that something is there, and what.

use std::fmt::Write;

/// One line: breaks become blanks, what acts is written out.
pub fn line(text: &str) -> String {
    written(text, |character| matches!(character, '\n' | '\r' | '\t').then_some(' '))
}

/// Several lines: breaks are kept, what acts is written out.
pub fn lines(text: &str) -> String {
    written(text, |character| (character == '\n').then_some('\n'))
}

/// JSON that was serialised, with what acts as escapes of JSON. It still says the same: such characters stand only
/// inside of its strings.
pub fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character != '\n' && acts(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(character);
        }
    }
    out
}

fn written(text: &str, kept: impl Fn(char) -> Option<char>) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match kept(character) {
            Some(instead) => out.push(instead),
            None if acts(character) => {
                let _ = write!(out, "{}", character.escape_unicode());
            }
            None => out.push(character),
        }
    }
    out
}

/// Whether a character does something instead of being seen: controls, separators of lines, marks of direction, what has
/// no width, and tags.
fn acts(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{AD}'
                | '\u{61C}'
                | '\u{180E}'
                | '\u{200B}'..='\u{200F}'
                | '\u{2028}'..='\u{202E}'
                | '\u{2060}'..='\u{206F}'
                | '\u{FEFF}'
                | '\u{FFF9}'..='\u{FFFB}'
                | '\u{E0000}'..='\u{E007F}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_drives_a_terminal_is_written_out() {
        assert_eq!(line("\u{1b}[2Jpaid\u{7}"), "\\u{1b}[2Jpaid\\u{7}");
        assert_eq!(line("\u{9b}31m"), "\\u{9b}31m");
        assert_eq!(line("a\r\nb\tc"), "a  b c");
    }

    #[test]
    fn what_reorders_a_line_is_written_out() {
        assert_eq!(line("pay \u{202e}001\u{202c} EUR"), "pay \\u{202e}001\\u{202c} EUR");
        assert_eq!(line("\u{2066}x\u{2069}"), "\\u{2066}x\\u{2069}");
        assert_eq!(line("pay\u{200b}pal"), "pay\\u{200b}pal");
    }

    #[test]
    fn what_people_write_stays() {
        for text in ["Größe 10 €", "支払い", "שלום", "👍🏽", "e\u{301}"] {
            assert_eq!(line(text), text);
        }
        assert_eq!(lines("a\nb"), "a\nb");
    }

    #[test]
    fn json_means_the_same_afterwards() {
        let value = serde_json::json!({ "name": "\u{202e}x\u{9b}y\u{1b}\n\u{e0041}" });
        let text = json(&serde_json::to_string_pretty(&value).unwrap());
        assert!(!text.chars().any(|c| c != '\n' && acts(c)), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }
}
