//! Approval policies: what each level takes, with an end to every wait.

use countersign_diagnostics::{Diagnostic, codes};
use countersign_ir::program::{Ask, Consent, LastResort, Level, RoleId};
use countersign_ir::spans::Subject;
use countersign_syntax::{Span, ast};

use super::distinct_members;
use crate::checker::{Checker, Declared, index};
use crate::scope::Symbol;
use crate::types::Lists;
use crate::words::listed;

/// How many asks one level may come to, since what follows on a yes is written out behind each of them.
const MAX_ASKS: usize = 64;

impl<'a> Checker<'a> {
    pub(crate) fn approval_body(&mut self, declared: Declared<'a>) {
        let (ast::ItemKind::Approval(tree), Symbol::Approval(id)) = (&declared.item.kind, declared.symbol)
        else {
            return;
        };
        let mut levels = Vec::new();
        for (at, level) in tree.levels.iter().enumerate() {
            let consent = self.consent(&level.consent).unwrap_or(Consent::Automatic);
            self.placed(Subject::Level(id, countersign_ir::program::LevelId(index(at))), level.span);
            levels.push(Level { name: level.name.text.to_string(), consent });
        }
        if let Some(approval) = self.program.approvals.get_mut(id.index()) {
            approval.levels = levels;
        }
    }

    pub(crate) fn approval_params(&mut self, tree: &ast::Approval) -> Vec<countersign_ir::program::Param> {
        self.params(&tree.params, Lists::Any)
    }

    fn bad_consent(&self, span: Span, headline: &str) -> Diagnostic {
        self.at(codes::BAD_CONSENT, span, headline)
    }

    fn consent(&mut self, tree: &ast::Consent) -> Option<Consent> {
        let asks: usize =
            tree.rounds.iter().map(|round| round.steps.len().max(1)).fold(1, usize::saturating_mul);
        if asks > MAX_ASKS {
            self.push(
                self.bad_consent(tree.span, "this level is longer than anybody could follow")
                    .reason("who is asked and when must be clear to whoever waits for it")
                    .help("make it two levels, or ask fewer times"),
            );
            return None;
        }
        let first = tree.rounds.first()?.steps.first()?;
        match &first.kind {
            ast::StepKind::Automatic | ast::StepKind::TellUnlessObjected { .. } => {
                if tree.rounds.len() > 1 || tree.rounds.first().is_some_and(|round| round.steps.len() > 1) {
                    self.push(
                        self.bad_consent(tree.span, "`automatic` and silence stand alone")
                            .primary("nothing can follow on them")
                            .help("ask somebody instead, or make it two levels"),
                    );
                    return None;
                }
                self.silent(&first.kind)
            }
            _ => self.rounds(&tree.rounds).map(Consent::Ask),
        }
    }

    fn silent(&mut self, step: &ast::StepKind) -> Option<Consent> {
        match step {
            ast::StepKind::TellUnlessObjected { whom, after } => {
                let roles = self.roles(whom);
                let after = self.deadline(after);
                match roles.as_deref() {
                    Some([tell]) => after.map(|after| Consent::Silence { tell: *tell, after }),
                    Some([_, _, ..]) => {
                        self.not_yet(whom.span, "telling several roles at once");
                        None
                    }
                    _ => None,
                }
            }
            _ => Some(Consent::Automatic),
        }
    }

    /// Rounds that must all say yes, one after the other.
    fn rounds(&mut self, rounds: &[ast::Steps]) -> Option<Ask> {
        let (first, rest) = rounds.split_first()?;
        let then = if rest.is_empty() { None } else { Some(self.rounds(rest)?) };
        self.chain(&first.steps, then.as_ref())
    }

    /// An ask, and what happens instead when nobody answers in time.
    fn chain(&mut self, steps: &[ast::Step], then: Option<&Ask>) -> Option<Ask> {
        let (first, rest) = steps.split_first()?;
        let ask = match &first.kind {
            ast::StepKind::Ask(ask) => self.ask(first.span, ask),
            ast::StepKind::Error => None,
            _ => {
                self.push(
                    self.bad_consent(first.span, "a level that is not automatic begins by asking somebody")
                        .primary("nobody is asked")
                        .help("begin with `ask ROLE within …`"),
                );
                None
            }
        };
        let otherwise = match rest {
            [] => {
                self.push(
                    self.at(codes::NO_LAST_RESORT, first.span, "nothing happens when nobody answers")
                        .primary("and then?")
                        .reason(
                            "the case would lie there for ever, and whoever waits for it would hear nothing",
                        )
                        .help("say what happens then: `else refuse`, `else ask …` or `else hand to …`")
                        .fix(countersign_diagnostics::Fix::suggested("refuse then").insert(
                            self.file(),
                            first.span.end as usize,
                            " else refuse",
                        )),
                );
                None
            }
            [last] => self.last_resort(last, then),
            more => self.chain(more, then).map(|ask| LastResort::Ask(Box::new(ask))),
        };
        let (quorum, of, within) = ask?;
        Some(Ask { quorum, of, within, otherwise: otherwise?, then: then.cloned().map(Box::new) })
    }

    fn last_resort(&mut self, step: &ast::Step, then: Option<&Ask>) -> Option<LastResort> {
        match &step.kind {
            ast::StepKind::Refuse => Some(LastResort::Refuse),
            ast::StepKind::HandTo(hand) => {
                let role = self.one_role(&hand.whom)?;
                let because = match &hand.because {
                    Some(because) => self.fixed(because),
                    None => "nobody answered in time".to_owned(),
                };
                Some(LastResort::Hand { role, because })
            }
            // An ask at the end lacks its own last resort, which `chain` says.
            ast::StepKind::Ask(_) => {
                self.chain(std::slice::from_ref(step), then).map(|ask| LastResort::Ask(Box::new(ask)))
            }
            ast::StepKind::Error => None,
            ast::StepKind::Automatic | ast::StepKind::TellUnlessObjected { .. } => {
                self.push(
                    self.at(codes::NO_LAST_RESORT, step.span, "silence would become a yes")
                        .primary("nobody has answered")
                        .reason(
                            "a question that nobody answered would be approved, and nobody could say by whom",
                        )
                        .help("refuse, ask somebody else, or hand it to somebody"),
                );
                None
            }
            _ => {
                self.push(
                    self.bad_consent(step.span, "this does not end the question")
                        .primary("and then?")
                        .help("a level ends with `refuse` or `hand to ROLE`"),
                );
                None
            }
        }
    }

    fn ask(
        &mut self,
        span: Span,
        tree: &ast::Ask,
    ) -> Option<(u16, Vec<RoleId>, countersign_ir::program::Span)> {
        if let Some(reminding) = &tree.reminding {
            self.not_yet(reminding.span, "`reminding`");
        }
        let quorum = match tree.people.as_ref().map(|people| (&people.kind, people.span)) {
            None => Some(1),
            Some((ast::ExprKind::Int(n), span)) => match u16::try_from(*n).ok().filter(|n| *n > 0) {
                Some(n) => Some(n),
                None => {
                    self.push(
                        self.at(codes::QUORUM_OUT_OF_REACH, span, format!("`{n}` people cannot be asked"))
                            .help("ask one person or more"),
                    );
                    None
                }
            },
            Some((ast::ExprKind::Error, _)) => None,
            Some((_, span)) => {
                self.push(
                    self.at(codes::TYPE_MISMATCH, span, "how many people are asked is a whole number")
                        .primary("not a number such as `2`"),
                );
                None
            }
        };
        let of = self.roles(&tree.whom);
        let within = match &tree.within {
            Some(within) => self.deadline(within),
            None => {
                self.push(
                    self.at(codes::NO_DEADLINE, span, "this question has no deadline")
                        .primary("until when?")
                        .reason("an approver who is away would hold the case up for ever, and nobody would notice")
                        .help("say how long they have: `within 2d in office`"),
                );
                None
            }
        };
        let (quorum, of) = (quorum?, of?);
        let known = distinct_members(&self.program, &of);
        let reach = known.len();
        if usize::from(quorum) > reach && !self.roles_failed(&of) {
            let names: Vec<&str> = of
                .iter()
                .filter_map(|id| self.program.roles.get(id.index()))
                .map(|role| role.name.as_str())
                .collect();
            let whom = listed(&names, "and");
            self.push(
                self.at(
                    codes::QUORUM_OUT_OF_REACH,
                    span,
                    format!("{quorum} people have to agree, and {whom} are {reach} together"),
                )
                .primary("can never be reached")
                .reason("a quorum counts distinct persons, so this would refuse every case")
                .help("ask fewer people, or more roles"),
            );
        }
        Some((quorum, of, within?))
    }

    fn roles_failed(&self, roles: &[RoleId]) -> bool {
        roles.iter().any(|id| self.program.roles.get(id.index()).is_none_or(|role| role.members.is_empty()))
    }

    /// A role or a list of roles.
    pub(crate) fn roles(&mut self, tree: &ast::Expr) -> Option<Vec<RoleId>> {
        match &tree.kind {
            ast::ExprKind::Name(name) => self.role(name).map(|role| vec![role]),
            ast::ExprKind::List(items) if !items.is_empty() => {
                let mut out: Vec<RoleId> = Vec::new();
                for item in items {
                    for role in self.roles(item)? {
                        if out.contains(&role) {
                            let shown = self.clause(item.span);
                            self.push(
                                self.at(
                                    codes::DUPLICATE_NAME,
                                    item.span,
                                    format!("`{shown}` is asked twice"),
                                )
                                .help("leave one of them out"),
                            );
                        } else {
                            out.push(role);
                        }
                    }
                }
                Some(out)
            }
            ast::ExprKind::Field { .. } => {
                self.not_yet(tree.span, "asking whom data names");
                None
            }
            ast::ExprKind::Error => None,
            _ => {
                self.push(
                    self.at(codes::WRONG_KIND, tree.span, "expected a role or a list of roles")
                        .primary("whom?"),
                );
                None
            }
        }
    }

    /// Exactly one role.
    pub(crate) fn one_role(&mut self, tree: &ast::Expr) -> Option<RoleId> {
        match self.roles(tree)?.as_slice() {
            [role] => Some(*role),
            _ => {
                self.push(
                    self.at(codes::WRONG_KIND, tree.span, "expected one role")
                        .primary("several")
                        .help("what is everybody's task is nobody's: name one"),
                );
                None
            }
        }
    }
}
