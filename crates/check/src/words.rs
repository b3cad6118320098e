//! Words for messages: what was probably meant, and lists as people write them.

/// The one of `known` that `written` is most like, if any is like it at all.
pub(crate) fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = written.to_lowercase();
    let mut best: Option<(f64, &str)> = None;
    for candidate in known {
        if candidate == written {
            continue;
        }
        let likeness = strsim::jaro_winkler(&lower, &candidate.to_lowercase());
        let edits = strsim::damerau_levenshtein(&lower, &candidate.to_lowercase());
        let same_start = lower.chars().next() == candidate.to_lowercase().chars().next();
        let close = same_start && likeness >= 0.88 || edits <= 1 && lower.chars().count() > 2;
        if close && best.is_none_or(|(score, _)| likeness > score) {
            best = Some((likeness, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// `a`, `a and b`, `a, b and c`, each in backticks.
pub(crate) fn listed<S: AsRef<str>>(words: &[S], last: &str) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{}`", word.as_ref())).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((end, rest)) => format!("{} {last} {end}", rest.join(", ")),
    }
}

/// `a Vendor`, `an Invoice`, in backticks.
pub(crate) fn a(name: &str) -> String {
    let vowel = name.trim_start_matches('[').starts_with(['A', 'E', 'I', 'O', 'a', 'e', 'i', 'o']);
    format!("{} `{name}`", if vowel { "an" } else { "a" })
}

/// `1 argument`, `2 arguments`.
pub(crate) fn count(number: usize, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_what_was_meant_and_nothing_else() {
        let known = ["finance_lead", "cfo", "accounts_payable"];
        assert_eq!(nearest("finance_led", known), Some("finance_lead"));
        assert_eq!(nearest("CFO", known), Some("cfo"));
        assert_eq!(nearest("ceo", known), Some("cfo"));
        assert_eq!(nearest("warehouse", known), None);
        assert_eq!(nearest("unblock", ["block"]), None);
        assert_eq!(nearest("", known), None);
    }

    #[test]
    fn a_list_reads_as_a_sentence() {
        assert_eq!(listed(&["a"], "or"), "`a`");
        assert_eq!(listed(&["a", "b", "c"], "or"), "`a`, `b` or `c`");
        assert_eq!(listed::<&str>(&[], "or"), "");
        assert_eq!((a("Invoice"), a("Vendor")), ("an `Invoice`".into(), "a `Vendor`".into()));
    }
}
