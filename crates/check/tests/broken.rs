//! Broken projects and what is said of them: one file each in `broken/`, one snapshot each.
//!
//! A case is the module `main.flow`; a line `--- NAME` begins another file. Beside it stand the people, the records and
//! the systems of the example, so that each case shows its own mistake and little else.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod common;

use std::collections::BTreeSet;

use common::{beside_the_example, human, prove};

#[test]
fn broken_projects_are_refused_in_words_that_say_what_to_change() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/broken");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| {
            entry.unwrap().file_name().to_str().unwrap().strip_suffix(".flow").map(str::to_owned)
        })
        .collect();
    names.sort();
    assert!(names.len() >= 45, "{} cases", names.len());
    let mut silent = BTreeSet::new();
    for name in names {
        let case = std::fs::read_to_string(format!("{folder}/{name}.flow")).unwrap();
        let checked = prove(&beside_the_example(&case));
        let said = human(&checked);
        if said.is_empty() {
            silent.insert(name.clone());
        }
        insta::with_settings!({ snapshot_path => "broken/snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(name.as_str(), said);
        });
    }
    assert_eq!(silent, BTreeSet::new(), "of these nothing is said");
}
