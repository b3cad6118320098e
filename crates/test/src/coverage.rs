//! Which rules of which decisions fired.

use std::collections::BTreeSet;

use countersign_engine::protocol::Fact;
use countersign_ir::program::Program;

use crate::TestResult;
use crate::host::{Event, Virtual};

/// A rule that fired: the decision's name, and which rule, from 1.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RuleSeen {
    /// The decision.
    pub decision: String,
    /// The rule, from 1.
    pub rule: u32,
}

/// How much of a decision tests have seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// The decision.
    pub decision: String,
    /// How many of its rules fired.
    pub covered: usize,
    /// How many there are.
    pub rules: usize,
    /// Those that never fired: which, from 1, and its condition as the source says it.
    pub missing: Vec<(u32, String)>,
}

/// The rules that fired in front of a host.
pub(crate) fn seen(host: &Virtual) -> BTreeSet<RuleSeen> {
    let facts = host.happened().iter().filter_map(|(_, event)| match event {
        Event::Fact(_, Fact::Decided { decision, rule, .. }) => {
            Some(RuleSeen { decision: decision.clone(), rule: *rule })
        }
        _ => None,
    });
    facts.collect()
}

/// What all tests together have seen of each decision.
pub fn coverage(program: &Program, results: &[TestResult]) -> Vec<Coverage> {
    let decisions = program.decisions.iter().map(|decision| {
        let fired = |rule: u32| {
            results
                .iter()
                .any(|test| test.rules.iter().any(|r| r.decision == decision.name && r.rule == rule))
        };
        let numbered = (1..).zip(&decision.rules);
        let missing = numbered.filter(|(rule, _)| !fired(*rule)).map(|(rule, declared)| {
            (rule, declared.when.as_ref().map_or_else(|| "otherwise".to_owned(), |when| when.text.clone()))
        });
        let missing: Vec<(u32, String)> = missing.collect();
        Coverage {
            decision: decision.name.clone(),
            covered: decision.rules.len() - missing.len(),
            rules: decision.rules.len(),
            missing,
        }
    });
    decisions.collect()
}
