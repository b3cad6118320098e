//! Rounds: who is asked, until when, and what follows when nobody answers.

use countersign_ir::program::{ApprovalId, Ask, Consent, LastResort, LevelId, RoleId, Span};
use countersign_ir::value::SECOND;

use super::{Context, Mode, Task, TopicKind};
use crate::eval::EvalError;
use crate::protocol::{Answer, Fact, Membership, Number, Output, Question, Verdict};
use crate::state::Deployment;

const DAY: i64 = 86_400 * SECOND;

/// How a level of a policy is settled first.
pub(super) fn first_mode(
    deployment: &Deployment,
    policy: ApprovalId,
    level: LevelId,
    owner: RoleId,
) -> Result<Mode, EvalError> {
    let level = deployment.approval(policy)?.levels.get(level.index());
    Ok(match level.map(|level| &level.consent) {
        Some(Consent::Ask(ask)) => Mode::Ask(ask.clone()),
        Some(Consent::Silence { tell, after }) => Mode::Silence { tell: *tell, after: *after },
        // An automatic level opens no task; should one be opened all the same, a person decides.
        Some(Consent::Automatic) | None => Mode::Owner { role: owner },
    })
}

impl Mode {
    /// The roles that are asked or told.
    pub(super) fn roles(&self) -> Vec<RoleId> {
        match self {
            Self::Ask(ask) => ask.of.clone(),
            Self::Silence { tell, .. } => vec![*tell],
            Self::Owner { role } => vec![*role],
        }
    }
}

impl Task {
    fn excluded(&self) -> &[String] {
        match &self.topic.kind {
            TopicKind::Consent { excluded, .. } => excluded,
            _ => &[],
        }
    }

    /// Asks the directory who the people of this round are. The roles that stand in come behind those that are asked.
    pub(super) fn begin_round(&mut self, context: &mut Context<'_>) -> Result<(), EvalError> {
        let mut roles = self.mode.roles();
        let asked = roles.len();
        for place in 0..asked {
            let mut next = roles.get(place).copied();
            while let Some(role) = next {
                next = context.deployment.role(role)?.away_to.filter(|stand_in| !roles.contains(stand_in));
                roles.extend(next);
            }
        }
        let names: Result<Vec<String>, EvalError> =
            roles.iter().map(|role| context.deployment.role(*role).map(|role| role.name.clone())).collect();
        let number = self.number();
        self.waits.members = Some(number);
        let question = Question::Members { roles: names?, persons: self.excluded().to_vec() };
        context.outputs.push(Output::Consult { number, question });
        Ok(())
    }

    /// The host's answer to the directory's or the calendar's question.
    pub(super) fn consulted(
        &mut self,
        context: &mut Context<'_>,
        question: Number,
        answer: Answer,
    ) -> Result<(), EvalError> {
        if self.waits.members == Some(question) {
            self.waits.members = None;
            match answer {
                Answer::Members { roles, unknown } => self.people_known(context, &roles, &unknown)?,
                // Whom to ask is not known: the policy's last resort speaks.
                Answer::Failed(reason) => {
                    self.remarks.push(format!("the directory did not answer: {reason}"));
                    self.expire(context)?;
                }
                Answer::At(_) | Answer::Text { .. } => {}
            }
        } else if self.waits.calendar == Some(question) {
            self.waits.calendar = None;
            match answer {
                Answer::At(at) => self.set_deadline(context, at),
                Answer::Failed(reason) => {
                    self.remarks.push(format!("the calendar did not answer: {reason}"));
                    // A wait must end: without a calendar, a day on the wall stands for a day at work.
                    let wall = match self.span() {
                        Some(Span::Days(days, _)) => i64::from(days) * DAY,
                        Some(Span::Hours(ns, _) | Span::Wall(ns)) => ns,
                        None => DAY,
                    };
                    self.set_deadline(context, context.at.saturating_add(wall));
                }
                Answer::Members { .. } | Answer::Text { .. } => {}
            }
        }
        Ok(())
    }

    fn people_known(
        &mut self,
        context: &mut Context<'_>,
        roles: &[Membership],
        unknown: &[String],
    ) -> Result<(), EvalError> {
        if let Some(stranger) = unknown.first()
            && !matches!(self.mode, Mode::Owner { .. })
            && self.round == 0
        {
            return self.ask_owner(context, stranger);
        }
        let asked = self.mode.roles().len();
        let mut excluded = self.excluded().to_vec();
        // Who has given the first consent cannot give the second one too.
        let earlier = self.answers.iter().filter(|said| said.round < self.consent_since);
        excluded.extend(earlier.map(|said| said.person.clone()));
        self.people.clear();
        let mut channels: Vec<(String, String)> = Vec::new();
        let mut add = |task: &mut Self, membership: &Membership| {
            let mut added = false;
            for member in &membership.members {
                if excluded.contains(member) || task.people.iter().any(|(person, _)| person == member) {
                    continue;
                }
                added = true;
                task.people.push((member.clone(), membership.role.clone()));
                for (system, address) in &membership.channels {
                    let to = if address.is_empty() { member } else { address };
                    if !channels.iter().any(|(s, t)| s == system && t == to) {
                        channels.push((system.clone(), to.clone()));
                    }
                }
            }
            if !task.asked.contains(&membership.role) {
                task.asked.push(membership.role.clone());
            }
            added
        };
        let mut stand_ins = roles.get(asked..).unwrap_or_default().iter();
        for membership in roles.iter().take(asked) {
            if !add(self, membership) {
                // All of a role are excluded or there is nobody: who stands in is asked.
                for stand_in in stand_ins.by_ref() {
                    if add(self, stand_in) {
                        break;
                    }
                }
            }
        }
        if let Mode::Ask(ask) = &self.mode
            && self.people.len() < usize::from(ask.quorum)
        {
            self.remarks.push(format!(
                "only {} of {} people could have answered",
                self.people.len(),
                ask.quorum
            ));
            return self.expire(context);
        }
        if let Mode::Ask(ask) = self.mode.clone()
            && !self.answers.is_empty()
        {
            // What was said before the others were asked still counts.
            self.count(context, ask)?;
            if !self.open() || self.waits.members.is_some() {
                return Ok(());
            }
        }
        let silence = matches!(self.mode, Mode::Silence { .. });
        if silence && channels.is_empty() {
            self.remarks.push("nobody could be told: the role has no channel".into());
            return self.expire(context);
        }
        // The window of an objection opens when a channel has taken the notice, that of an answer at once.
        if !silence {
            self.ask_calendar(context);
        }
        self.notify(context, channels);
        if matches!(self.mode, Mode::Owner { .. }) {
            let timer = self.number();
            self.waits.reminder = Some(timer);
            context.outputs.push(Output::SetTimer { timer, at: context.at.saturating_add(DAY) });
        }
        Ok(())
    }

    /// The directory does not know whom four eyes exclude, so nobody can say who is the other pair: the owner is asked,
    /// whose yes is not the level's evidence.
    fn ask_owner(&mut self, context: &mut Context<'_>, stranger: &str) -> Result<(), EvalError> {
        let owner = context.deployment.flow(self.topic.flow)?.owner;
        self.remarks.push(format!(
            "the directory does not know `{stranger}`, whom four eyes exclude, so the owner is asked instead"
        ));
        self.mode = Mode::Ask(Ask {
            quorum: 1,
            of: vec![owner],
            within: Span::Wall(2 * DAY),
            otherwise: LastResort::Refuse,
            then: None,
        });
        self.round += 1;
        self.begin_round(context)
    }

    fn span(&self) -> Option<Span> {
        match &self.mode {
            Mode::Ask(ask) => Some(ask.within),
            Mode::Silence { after, .. } => Some(*after),
            Mode::Owner { .. } => None,
        }
    }

    /// Finds out when this round ends.
    pub(super) fn ask_calendar(&mut self, context: &mut Context<'_>) {
        let calendar = match self.span() {
            None => return,
            Some(Span::Wall(ns)) => {
                self.set_deadline(context, context.at.saturating_add(ns));
                return;
            }
            Some(Span::Days(_, calendar) | Span::Hours(_, calendar)) => calendar,
        };
        let Some(span) = self.span() else { return };
        let number = self.number();
        self.waits.calendar = Some(number);
        let calendar = context.deployment.program.calendars.get(calendar.index()).cloned();
        let question = Question::Deadline { from: context.at, span, calendar };
        context.outputs.push(Output::Consult { number, question });
    }

    fn set_deadline(&mut self, context: &mut Context<'_>, at: i64) {
        self.deadline = Some(at);
        self.at_deadline = match &self.mode {
            Mode::Silence { .. } => "it counts as approved unless somebody objects".into(),
            Mode::Ask(ask) => match &ask.otherwise {
                LastResort::Refuse => "it is refused".into(),
                LastResort::Ask(next) => {
                    let roles = next.of.iter().filter_map(|role| context.deployment.role(*role).ok());
                    format!(
                        "{} are asked",
                        roles.map(|role| role.name.as_str()).collect::<Vec<_>>().join(", ")
                    )
                }
                LastResort::Hand { role, .. } => match context.deployment.role(*role) {
                    Ok(role) => format!("it is handed to {}", role.name),
                    Err(_) => "it is handed over".into(),
                },
            },
            Mode::Owner { .. } => String::new(),
        };
        let timer = self.number();
        self.waits.deadline = Some(timer);
        context.outputs.push(Output::SetTimer { timer, at });
    }

    /// A timer came due.
    pub(super) fn due(&mut self, context: &mut Context<'_>, timer: Number) -> Result<(), EvalError> {
        if self.waits.deadline == Some(timer) {
            self.waits.deadline = None;
            if matches!(self.mode, Mode::Silence { .. }) {
                self.settle(context, Verdict::Silence);
                return Ok(());
            }
            return self.expire(context);
        }
        if self.waits.reminder == Some(timer) {
            let again = self.number();
            self.waits.reminder = Some(again);
            context.outputs.push(Output::SetTimer { timer: again, at: context.at.saturating_add(DAY) });
            let channels: Vec<_> = self.notices.iter().map(|n| (n.system.clone(), n.to.clone())).collect();
            self.notices.clear();
            self.notify(context, channels);
            return Ok(());
        }
        self.notice_due(context, timer);
        Ok(())
    }

    /// Nobody answered in time, or nobody can: the last resort of this round.
    pub(super) fn expire(&mut self, context: &mut Context<'_>) -> Result<(), EvalError> {
        if let Some(timer) = self.waits.deadline.take() {
            context.outputs.push(Output::CancelTimer { timer });
        }
        let resort = match &self.mode {
            Mode::Ask(ask) => ask.otherwise.clone(),
            Mode::Silence { .. } => LastResort::Refuse,
            // An owner's task has no end but an answer.
            Mode::Owner { .. } => return Ok(()),
        };
        match resort {
            LastResort::Refuse => self.settle(context, Verdict::Unanswered),
            LastResort::Hand { role, because } => self.settle(context, Verdict::Handed { role, because }),
            LastResort::Ask(next) => self.next_round(context, *next)?,
        }
        Ok(())
    }

    /// Others are asked: because nobody answered, or because the policy wants a second consent after a yes.
    pub(super) fn next_round(&mut self, context: &mut Context<'_>, ask: Ask) -> Result<(), EvalError> {
        if let Some(timer) = self.waits.deadline.take() {
            context.outputs.push(Output::CancelTimer { timer });
        }
        for notice in self.notices.drain(..) {
            if let Some(timer) = notice.timer {
                context.outputs.push(Output::CancelTimer { timer });
            }
        }
        self.mode = Mode::Ask(ask);
        self.round += 1;
        self.deadline = None;
        context.facts.push(Fact::Asked {
            task: context.cell.key.clone(),
            question: self.topic.question.clone(),
            level: format!("round {}", self.round + 1),
        });
        self.begin_round(context)
    }
}
