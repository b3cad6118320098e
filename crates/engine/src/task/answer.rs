//! Answers: who may give one, which of them count, and what they come to.

use std::collections::BTreeSet;

use countersign_ir::hash::Hash;
use countersign_ir::program::Ask;

use super::{Choice, Context, Mode, Said, Shown, Task, Topic, TopicKind};
use crate::cell::{CellId, CellKind, derived};
use crate::eval::EvalError;
use crate::protocol::{Body, Fact, Output, Verdict};

impl Task {
    /// A person answers.
    pub(super) fn answer(
        &mut self,
        context: &mut Context<'_>,
        person: &str,
        choice: Choice,
        because: Option<String>,
        shown: Option<Hash>,
    ) -> Result<(), EvalError> {
        if let Some((verdict, _)) = &self.verdict {
            let forestalled = match (verdict, self.answers.last()) {
                (Verdict::Approved | Verdict::Refused | Verdict::Settled(_), Some(said)) => {
                    format!("{} by {}", said.choice.word(), said.person)
                }
                (Verdict::Silence, _) => "approved, since nobody objected in time".into(),
                (Verdict::Unanswered | Verdict::Handed { .. }, _) => "the deadline".into(),
                (_, None) => "it was withdrawn".into(),
            };
            let objects = matches!(choice, Choice::Object | Choice::Refuse) && *verdict == Verdict::Silence;
            let fact = Fact::Late { person: person.into(), choice: choice.word().into(), forestalled };
            context.facts.push(fact);
            if objects {
                self.offer_undo(context, person, because.as_deref());
            }
            return Ok(());
        }
        let decline = |context: &mut Context<'_>, reason: String| {
            context.facts.push(Fact::Declined { person: person.into(), reason });
        };
        // Who is told of what passes by silence may say no in either word.
        let choice = match (&self.mode, choice) {
            (Mode::Silence { .. }, Choice::Refuse) => Choice::Object,
            (_, choice) => choice,
        };
        if !self.choices().contains(&choice) {
            let words: Vec<_> = self.choices().iter().map(|choice| choice.word()).collect();
            decline(
                context,
                format!("`{}` is no answer here, expected {}", choice.word(), words.join(" or ")),
            );
            return Ok(());
        }
        let Some((_, role)) = self.people.iter().find(|(member, _)| member == person).cloned() else {
            let why = match &self.topic.kind {
                TopicKind::Consent { excluded, .. } if excluded.iter().any(|e| e == person) => {
                    "four eyes: whoever asks for it cannot agree to it"
                }
                _ => "this question goes to others",
            };
            decline(context, why.into());
            return Ok(());
        };
        if shown.is_some_and(|shown| shown != self.shown) {
            decline(context, "what you saw is not what is asked now; look at it again".into());
            return Ok(());
        }
        if self.answers.iter().any(|said| said.person == person && said.choice == choice) {
            decline(context, "you have answered already".into());
            return Ok(());
        }
        self.answers.retain(|said| said.person != person);
        self.answers.push(Said {
            person: person.into(),
            role,
            choice,
            because,
            at: context.at,
            round: self.round,
        });
        self.weigh(context, choice)
    }

    fn weigh(&mut self, context: &mut Context<'_>, choice: Choice) -> Result<(), EvalError> {
        match (self.mode.clone(), choice) {
            (Mode::Ask(ask), _) => self.count(context, ask)?,
            (Mode::Silence { .. }, _) => self.settle(context, Verdict::Refused),
            (Mode::Owner { .. }, choice) => self.settle(context, Verdict::Settled(choice)),
        }
        Ok(())
    }

    /// Whether enough have said yes, or too few are left who could.
    pub(super) fn count(&mut self, context: &mut Context<'_>, ask: Ask) -> Result<(), EvalError> {
        let by = |wanted: Choice| -> BTreeSet<&str> {
            let since = self.consent_since;
            let said = self.answers.iter().filter(|said| said.choice == wanted && said.round >= since);
            let in_round = said.filter(|said| self.people.iter().any(|(person, _)| *person == said.person));
            in_round.map(|said| said.person.as_str()).collect()
        };
        let quorum = usize::from(ask.quorum);
        let yes = by(Choice::Approve).len();
        let no = by(Choice::Refuse).len();
        if yes >= quorum {
            return if let Some(next) = ask.then {
                self.consent_since = self.round + 1;
                self.next_round(context, *next)
            } else {
                self.settle(context, Verdict::Approved);
                Ok(())
            };
        }
        // Who has said no is lost to the quorum; with too few left it cannot be reached any more.
        if self.people.len() - no < quorum {
            self.settle(context, Verdict::Refused);
        }
        Ok(())
    }

    /// An objection after silence: it was done in good faith, and the owner is offered the way back.
    fn offer_undo(&self, context: &mut Context<'_>, person: &str, because: Option<&str>) {
        let Some(run) = self.topic.run.clone() else { return };
        let topic = Topic {
            kind: TopicKind::Objection,
            deployment: self.topic.deployment,
            flow: self.topic.flow,
            run: None,
            question: format!("{person} objects to what passed by silence: {}", self.topic.question),
            showing: because.into_iter().map(|because| Shown::text("because", because)).collect(),
            about: self.topic.about,
            suggestion: Some(format!("take it back: countersign undo {}", run.key)),
        };
        let key = derived("task", "countersign/task/v1", &[&context.cell.key, "objection", person]);
        let to = CellId::new(CellKind::Task, key);
        context.outputs.push(Output::Send { to, body: Body::Open(Box::new(topic)) });
    }
}
