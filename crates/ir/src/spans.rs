//! Where the parts of a program stand in its source, so that findings over the program point into the text.
//!
//! The table stands beside the program and not in it: moving a line changes no hash. Files are named by their place in
//! [`SpanTable::files`], which is the order in which the checker met them.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::program::{ActionId, ApprovalId, DecisionId, FlowId, GuardrailId, LevelId, StepId, SystemId};

/// A range of bytes of a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Place {
    /// Which of [`SpanTable::files`].
    pub file: u32,
    /// The bytes.
    pub span: Range<usize>,
}

/// A part of a program that findings speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Subject {
    /// A step of a flow.
    Step(FlowId, StepId),
    /// A flow.
    Flow(FlowId),
    /// A decision.
    Decision(DecisionId),
    /// A rule of a decision, by its place.
    Rule(DecisionId, u16),
    /// An action of a system.
    Action(SystemId, ActionId),
    /// A guardrail.
    Guardrail(GuardrailId),
    /// A level of an approval policy.
    Level(ApprovalId, LevelId),
}

/// The places of a program's parts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SpanTable {
    /// The paths of the files, relative to the project.
    pub files: Vec<String>,
    /// The places, sorted by subject.
    places: Vec<(Subject, Place)>,
}

impl SpanTable {
    /// Says where something stands; the last word counts.
    pub fn insert(&mut self, subject: Subject, place: Place) {
        match self.places.binary_search_by(|(known, _)| known.cmp(&subject)) {
            Ok(at) => {
                if let Some(entry) = self.places.get_mut(at) {
                    entry.1 = place;
                }
            }
            Err(at) => self.places.insert(at, (subject, place)),
        }
    }

    /// Where something stands, if the table knows it.
    pub fn place(&self, subject: Subject) -> Option<&Place> {
        let at = self.places.binary_search_by(|(known, _)| known.cmp(&subject)).ok()?;
        self.places.get(at).map(|(_, place)| place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_found_again_and_the_last_word_counts() {
        let mut table = SpanTable::default();
        let flow = |n| Subject::Flow(FlowId(n));
        let place = |start| Place { file: 0, span: start..start + 1 };
        for (n, start) in [(2, 20), (0, 5), (1, 10), (0, 7)] {
            table.insert(flow(n), place(start));
        }
        let found: Vec<_> = (0..4).map(|n| table.place(flow(n)).map(|place| place.span.start)).collect();
        assert_eq!(found, [Some(7), Some(10), Some(20), None]);
    }
}
