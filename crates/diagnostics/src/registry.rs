//! The registry: every code with its name, severity, summary and page.
//!
//! The table itself is `codes.rs`; this module holds what a row becomes and how rows are found again.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

use crate::codes;
use crate::model::Severity;

/// What the registry knows of a code.
#[derive(Debug, PartialEq, Eq)]
pub struct CodeInfo {
    /// The code, such as `CS0101`.
    pub code: &'static str,
    /// Its name in kebab-case, such as `unclosed-bracket`.
    pub name: &'static str,
    /// How grave it is unless the finder says otherwise.
    pub severity: Severity,
    /// One line: what is wrong.
    pub summary: &'static str,
    /// The area that it belongs to, such as `syntax`.
    pub area: &'static str,
    /// The page in Markdown that `countersign explain` prints: what, why it matters, wrong, right.
    pub page: &'static str,
}

/// A registered code. Only the registry makes one: use the constants of [`crate::codes`].
#[derive(Clone, Copy)]
pub struct Code(&'static CodeInfo);

impl Code {
    pub(crate) const fn of(info: &'static CodeInfo) -> Self {
        Self(info)
    }

    /// The row of the registry.
    pub const fn info(self) -> &'static CodeInfo {
        self.0
    }

    /// The code, such as `CS0101`.
    pub const fn as_str(self) -> &'static str {
        self.0.code
    }
}

impl Deref for Code {
    type Target = CodeInfo;

    fn deref(&self) -> &CodeInfo {
        self.0
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.code)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0.code)
    }
}

impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.0.code == other.0.code
    }
}

impl Eq for Code {}

impl PartialOrd for Code {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Code {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.code.cmp(other.0.code)
    }
}

impl Hash for Code {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.code.hash(state);
    }
}

/// All codes, in the order of the table.
pub fn all() -> impl ExactSizeIterator<Item = Code> {
    codes::ALL.iter().copied()
}

/// The code that a person means by `CS0101`, `cs0101`, `101` or its name.
pub fn lookup(asked: &str) -> Option<Code> {
    let asked = asked.trim();
    all().find(|code| same(code, asked))
}

/// The codes nearest to one that is unknown, at most three, the nearest first.
pub fn did_you_mean(asked: &str) -> Vec<Code> {
    let asked = asked.trim().to_ascii_lowercase();
    let likeness = |code: &Code| {
        let by_name = strsim::jaro_winkler(&asked, code.name);
        let by_code = strsim::jaro_winkler(&asked, &code.code.to_ascii_lowercase());
        by_name.max(by_code)
    };
    let mut near: Vec<(f64, Code)> =
        all().map(|code| (likeness(&code), code)).filter(|(score, _)| *score >= 0.8).collect();
    near.sort_by(|(a, left), (b, right)| b.total_cmp(a).then_with(|| left.cmp(right)));
    near.into_iter().take(3).map(|(_, code)| code).collect()
}

fn same(code: &CodeInfo, asked: &str) -> bool {
    let number = code.code.trim_start_matches("CS");
    code.code.eq_ignore_ascii_case(asked)
        || code.name.eq_ignore_ascii_case(asked)
        || (asked.bytes().all(|byte| byte.is_ascii_digit())
            && !asked.is_empty()
            && number.trim_start_matches('0') == asked.trim_start_matches('0'))
}
