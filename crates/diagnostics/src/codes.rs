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
        CS0101 Error UNKNOWN_MODULE "a `use` names a module that does not exist";
        CS0102 Error UNKNOWN_NAME "a name means nothing where it stands";
        CS0103 Error DUPLICATE_NAME "two things have one name";
        CS0104 Error IMPORT_CYCLE "modules use each other in a circle";
        CS0105 Warning UNUSED_IMPORT "a name is imported and never used";
        CS0106 Error WRONG_KIND "a name means something of another kind than is needed";
        CS0107 Error UNKNOWN_FIELD "a record has no field of that name";
        CS0108 Error UNKNOWN_VARIANT "an enum has no value of that name";
        CS0109 Error UNKNOWN_TYPE "a type does not exist";
    }
    // CS02xx
    area "types" {
        CS0201 Error TYPE_MISMATCH "a value is of another type than is needed";
        CS0202 Error CURRENCY_MISMATCH "amounts of different currencies meet";
        CS0203 Error UNLIKE_COMPARISON "things are compared that cannot be";
        CS0204 Error BAD_ARITHMETIC "things are added, subtracted or multiplied that cannot be";
        CS0205 Error WRONG_ARGUMENTS "arguments are missing, unknown or too many";
        CS0206 Error MAY_BE_ABSENT "a value that may be absent is used as if it were there";
        CS0207 Error IMPOSSIBLE_VALUE "a value that cannot exist, or that its type does not admit";
        CS0208 Error LIST_BOUNDS "a list has no bound, or may be longer than its place admits";
        CS0209 Error SETTING_OUT_OF_BOUNDS "a setting's value lies outside of its own bounds";
        CS0210 Error MISSING_FIELD "a record is made without one of its fields";
        CS0211 Error RECURSIVE_DEFINITION "a function or a record contains itself";
        CS0212 Error UNKNOWN_CURRENCY "a unit that is no currency of ISO 4217";
        CS0213 Error WRONG_FORM "a type is given what it does not take, such as a unit";
    }
    // CS03xx
    area "systems and actions" {
        CS0301 Error UNKNOWN_OPTION "a connector does not exist, or has no such option";
        CS0302 Error MISSING_CLAUSE "a declaration lacks a clause that it cannot do without";
        CS0303 Error REPEATED_CLAUSE "a clause stands twice where it may stand once";
        CS0304 Error BAD_REQUEST "a request cannot be sent as it stands";
        CS0305 Error UNDECLARED_EFFECT "an action does not say what it does to the world";
        CS0306 Error BAD_STATUS "a failure rule speaks of what is no status";
        CS0307 Error BAD_PROBE "a probe cannot find out whether an attempt took effect";
        CS0308 Error BAD_UNDO "an undo does not take its action back";
        CS0309 Error MISSING_BEFORE "`before` is used and nothing is read before";
    }
    // CS04xx
    area "decisions and people" {
        CS0401 Error MISSING_OWNER "nobody answers for it";
        CS0402 Error BAD_CALENDAR "a calendar that never opens, or opens twice at once";
        CS0403 Error BAD_CALENDAR_FILE "a file of holidays that cannot be read as such";
        CS0404 Error EMPTY_ROLE "a role without members, or with one twice";
        CS0405 Error BAD_CHANNEL "a role cannot be told anything that way";
        CS0406 Error BAD_CONSENT "a level of an approval is put together in a way that means nothing";
    }
    // CS05xx
    area "flows" {
        CS0501 Error STAGE_ORDER "the stages of a flow are out of order";
        CS0502 Error MISPLACED_STEP "a step stands in a stage that it does not belong to";
        CS0503 Error BAD_TRIGGER "a flow that nothing can start, or that cannot be started like that";
        CS0504 Error UNSIGNED_WEBHOOK "a webhook that does not say how its sender proves itself";
        CS0505 Warning EVENT_COUNTED_TWICE "a trigger does not say what makes two events the same";
        CS0506 Error NAME_BOUND_TWICE "a flow gives one name two values";
        CS0507 Error BAD_TEMPLATE "a template does not exist, or names what it is not given";
        CS0508 Error UNREACHABLE_STEP "a step stands behind one that ends the run";
        CS0509 Error HISTORY_WITHOUT_KEY "a flow asks for its history and has no key";
    }
    // CS06xx
    area "tests" {
        CS0601 Error NOT_A_LITERAL "a test or sample needs a value that is known beforehand";
        CS0602 Error BAD_EXPECTATION "a test expects what no run could show";
        CS0603 Error BAD_GIVEN "a test or simulation says of a call what cannot be so";
    }
    // CS07xx
    area "project and files" {
        CS0701 Error BAD_MANIFEST "`countersign.toml` cannot be read";
        CS0702 Error UNKNOWN_MANIFEST_KEY "`countersign.toml` says something that nobody reads";
        CS0703 Error BAD_SETTING_VALUE "`countersign.toml` gives a setting a value that it cannot have";
        CS0704 Error UNREADABLE_FILE "a file cannot be read";
        CS0705 Error PROJECT_TOO_LARGE "a project is larger than the limits";
        CS0706 Error NOT_YET_SUPPORTED "a part of the language that this version does not compile";
        CS0707 Error BAD_MODULE_NAME "a file's name cannot be used in a `use`";
    }
    // The guarantees follow: G1 is CS10xx, G2 is CS11xx, and so on to G13, which is CS22xx.
    area "G1: no decision with a gap" {
        CS1001 Error MISSING_OTHERWISE "a decision has no answer for some of its inputs";
    }
    area "G2: no rule that cannot fire, no two that fight" {
        CS1101 Error UNREACHABLE_RULE "a rule can never fire";
    }
    area "G3: no unproved action" {
        CS1201 Error UNPROVED_ACTION "an action does not say how it is proved";
        CS1202 Error HOLLOW_PROOF "a verification that does not look at the world";
        CS1203 Error UNVERIFIED_FLOW "a flow acts and never looks whether it worked";
    }
    area "G4: no effect past a guardrail" {
        CS1301 Error PAST_A_GUARDRAIL "an action gets past a guardrail";
        CS1302 Error GUARDRAIL_NOT_SHOWN "it cannot be shown that a guardrail holds";
        CS1303 Error UNCONSENTED_MESSAGE "a message leaves without anybody's consent";
        CS1304 Error NOT_SHOWN "people agree to what they are not shown";
    }
    area "G5: one writer of a field" {
    }
    area "G6: nothing waits for ever" {
        CS1501 Error NO_DEADLINE "something waits without a deadline";
        CS1502 Error NO_LAST_RESORT "nothing happens when nobody answers";
        CS1503 Error AWAY_CYCLE "roles stand in for each other in a circle";
        CS1504 Error DEADLINE_TOO_LONG "a deadline lies beyond the ceiling";
    }
    area "G7: nothing irreversible lightly" {
        CS1601 Error NO_WAY_BACK "an action does not say how it is taken back";
        CS1602 Error UNCONSENTED_AND_IRREVERSIBLE "what cannot be taken back happens without a person's consent";
        CS1603 Error SILENCE_IS_NO_CONSENT "what cannot be taken back happens because nobody objected";
    }
    area "G8: no guess used as a fact" {
    }
    area "G9: no unclassified failure" {
        CS1801 Warning NO_WAY_TO_SETTLE "an attempt in doubt cannot be settled without a person";
    }
    area "G10: no unbounded work" {
    }
    area "G11: no untrusted value where it can hurt" {
        CS2001 Error UNSAFE_HOLE "a value stands where it could change what a request means";
    }
    area "G12: no secret on display" {
        CS2101 Error SECRET_ON_DISPLAY "a secret is used where it could be seen";
    }
    area "G13: four eyes are four" {
        CS2201 Error QUORUM_OUT_OF_REACH "more people have to agree than there are";
        CS2202 Error BAD_FOUR_EYES "`four eyes` names what is no person";
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
