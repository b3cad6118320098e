//! The table of codes: one row here and one page in `pages/` make a code.
//!
//! A row reads `CODE Severity NAME "summary";`. It becomes the constant `codes::NAME` and, with underscores for hyphens,
//! the name that people see; `pages/CODE.md` is its page. Codes are never renumbered and never given a second meaning.

use crate::model::Severity;
use crate::registry::{Code, CodeInfo};

macro_rules! registry {
    ($(area $area:literal { $($code:ident $severity:ident $name:ident $summary:literal;)* })*) => {
        $($(
            #[doc = concat!(stringify!($code), ": ", $summary)]
            pub const $name: Code = {
                static NAME: [u8; stringify!($name).len()] = kebab(stringify!($name));
                static INFO: CodeInfo = CodeInfo {
                    code: stringify!($code),
                    name: match std::str::from_utf8(&NAME) { Ok(name) => name, Err(_) => stringify!($name) },
                    severity: Severity::$severity,
                    summary: $summary,
                    area: $area,
                    page: include_str!(concat!("pages/", stringify!($code), ".md")),
                };
                Code::of(&INFO)
            };
        )*)*

        /// Every code, in the order of the table.
        pub(crate) static ALL: &[Code] = &[$($($name,)*)*];
    };
}

registry! {
    // CS00xx
    area "syntax" {
        CS0001 Error UNEXPECTED_TOKEN "a word or sign stands where another was expected";
        CS0002 Error UNCLOSED_BRACKET "a bracket is opened and never closed, or closed and never opened";
        CS0003 Error UNTERMINATED_TEXT "a text has no closing quote";
        CS0004 Error BAD_LITERAL "a number, unit, date or time cannot be read";
        CS0005 Error MISSING_OPERAND "an operator has nothing on one of its sides";
        CS0006 Error MISSPELT_KEYWORD "a word is almost a keyword";
        CS0007 Error TOO_LARGE "a file is larger or nested deeper than the limit";
        CS0008 Error INVALID_CHARACTER "a character has no meaning outside of a text or a comment";
    }
    // CS01xx
    area "names" {
    }
    // CS02xx
    area "types" {
    }
    // CS03xx
    area "systems and actions" {
    }
    // CS04xx
    area "decisions and people" {
    }
    // CS05xx
    area "flows" {
    }
    // CS06xx
    area "tests" {
    }
    // CS07xx
    area "project and files" {
    }
    // The guarantees follow: G1 is CS10xx, G2 is CS11xx, and so on to G13, which is CS22xx.
    area "G1: no decision with a gap" {
    }
    area "G2: no rule that cannot fire, no two that fight" {
    }
    area "G3: no unproved action" {
    }
    area "G4: no effect past a guardrail" {
    }
    area "G5: one writer of a field" {
    }
    area "G6: nothing waits for ever" {
    }
    area "G7: nothing irreversible lightly" {
    }
    area "G8: no guess used as a fact" {
    }
    area "G9: no unclassified failure" {
    }
    area "G10: no unbounded work" {
    }
    area "G11: no untrusted value where it can hurt" {
    }
    area "G12: no secret on display" {
    }
    area "G13: four eyes are four" {
    }
}

/// `UNCLOSED_BRACKET` as `unclosed-bracket`.
#[expect(
    clippy::indexing_slicing,
    reason = "evaluated at compile time only, where a wrong index is a compile error"
)]
const fn kebab<const N: usize>(name: &str) -> [u8; N] {
    let bytes = name.as_bytes();
    let mut out = [0; N];
    let mut at = 0;
    while at < N {
        out[at] = if bytes[at] == b'_' { b'-' } else { bytes[at].to_ascii_lowercase() };
        at += 1;
    }
    out
}
