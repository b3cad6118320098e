//! Notices: the messages that tell people of a task. A notice may come twice, so one in doubt is simply sent again.

use countersign_ir::classify::{Outcome, classify};
use countersign_ir::time::instant_text;
use countersign_ir::value::SECOND;
use countersign_ir::wire::{Call, Reply, Verb};

use super::{Context, Mode, Notice, Task};
use crate::backoff;
use crate::eval::EvalError;
use crate::protocol::{Fact, Number, Output};

/// How often a notice is tried, over about a day.
const ATTEMPTS: u32 = 300;

impl Task {
    /// Tells everybody of this round.
    pub(super) fn notify(&mut self, context: &mut Context<'_>, channels: Vec<(String, String)>) {
        for (system, to) in channels {
            let notice = Notice { system, to, call: None, timer: None, attempts: 0, accepted: false };
            self.notices.push(notice);
            self.send(context, self.notices.len() - 1);
        }
    }

    fn send(&mut self, context: &mut Context<'_>, place: usize) {
        let number = self.number();
        let subject = self.topic.question.chars().take(150).collect::<String>();
        let text = self.message(context);
        let Some(notice) = self.notices.get_mut(place) else { return };
        notice.call = Some(number);
        notice.timer = None;
        notice.attempts += 1;
        let body = serde_json::json!({"to": notice.to, "body": {"subject": subject, "text": text}});
        let call = Call {
            system: notice.system.clone(),
            verb: Verb::Deliver,
            target: String::new(),
            body: Some(body.to_string()),
            key: Some(format!("{}-{number}", context.cell.key)),
            send_before: context.at.saturating_add(60 * SECOND),
            operation: None,
        };
        context.outputs.push(Output::Call { number, call });
    }

    fn message(&self, context: &Context<'_>) -> String {
        let mut lines = vec![self.topic.question.clone(), String::new()];
        for shown in &self.topic.showing {
            lines.push(format!("{}: {}", shown.label, shown.json));
        }
        lines.extend(self.remarks.iter().cloned());
        if let Some(suggestion) = &self.topic.suggestion {
            lines.push(format!("suggestion: {suggestion}"));
        }
        lines.push(String::new());
        if let Some(at) = self.deadline {
            lines.push(format!("at {}: {}", instant_text(at), self.at_deadline));
        } else if let Mode::Silence { .. } = self.mode {
            lines.push("it counts as approved unless somebody objects in time".into());
        }
        // A link or a command is a pointer, not a power: whoever follows it signs in first.
        for choice in self.choices() {
            let task = &context.cell.key;
            lines.push(match choice {
                super::Choice::Approve | super::Choice::Refuse | super::Choice::Object => {
                    format!("countersign {} {task}", choice.word())
                }
                other => format!("countersign answer {task} {}", other.word()),
            });
        }
        lines.join("\n")
    }

    /// A channel answered.
    pub(super) fn noticed(
        &mut self,
        context: &mut Context<'_>,
        call: Number,
        reply: &Reply,
    ) -> Result<(), EvalError> {
        let open = self.open();
        let Some(place) = self.notices.iter().position(|notice| notice.call == Some(call)) else {
            return Ok(());
        };
        let Some(notice) = self.notices.get_mut(place) else { return Ok(()) };
        notice.call = None;
        let whom = notice.to.clone();
        let channel = notice.system.clone();
        if let Outcome::Succeeded { .. } = classify(Verb::Deliver, reply, &[]) {
            notice.accepted = true;
            context.facts.push(Fact::Told { whom, channel, accepted: true });
            if open
                && matches!(self.mode, Mode::Silence { .. })
                && self.deadline.is_none()
                && self.waits.calendar.is_none()
            {
                self.ask_calendar(context);
            }
            return Ok(());
        }
        context.facts.push(Fact::Told { whom, channel, accepted: false });
        if !open {
            return Ok(());
        }
        let attempts = notice.attempts;
        if attempts < ATTEMPTS {
            let number = self.number();
            if let Some(notice) = self.notices.get_mut(place) {
                notice.timer = Some(number);
            }
            let delay = backoff::delay(context.cell, number, attempts, 300 * SECOND);
            context.outputs.push(Output::SetTimer { timer: number, at: context.at.saturating_add(delay) });
            return Ok(());
        }
        let all_failed = self.notices.iter().all(|n| !n.accepted && n.call.is_none() && n.timer.is_none());
        if all_failed && matches!(self.mode, Mode::Silence { .. }) {
            self.remarks.push("nobody could be told".into());
            return self.expire(context);
        }
        Ok(())
    }

    /// The time for another attempt has come.
    pub(super) fn notice_due(&mut self, context: &mut Context<'_>, timer: Number) {
        if let Some(place) = self.notices.iter().position(|notice| notice.timer == Some(timer)) {
            self.send(context, place);
        }
    }
}
