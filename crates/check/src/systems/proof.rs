//! How an action is proved, and how an attempt in doubt is settled.

use countersign_diagnostics::codes;
use countersign_ir::program::{
    self, Action, Postcondition, Probe, Slot, SystemId, Type, Typed, Verification,
};
use countersign_syntax::{Span, ast};

use super::action::{after_frame, own_frame};
use super::params_as_locals;
use crate::checker::{Checker, index};
use crate::collect::is_poisoned;
use crate::expr::{Frame, Lift, Lifting, fits, mentions, opened};
use crate::words::a;

impl Checker<'_> {
    /// A condition over fresh reads. The reads go into slots behind those of the frame.
    pub(crate) fn postcondition(&mut self, frame: &mut Frame, tree: &ast::Expr) -> Postcondition {
        let condition = self.expr(frame, tree, &Type::Bool);
        let mut reads = Vec::new();
        for lifted in frame.lifted.drain(..) {
            if let Lift::Read(call) = lifted.what {
                reads.push((lifted.into, call));
            }
        }
        Postcondition { reads, condition, text: self.clause(tree.span) }
    }

    pub(super) fn verify(
        &mut self,
        action: &Action,
        system: SystemId,
        condition: &ast::Expr,
        within: Option<&ast::Expr>,
        span: Span,
        before: &Type,
    ) -> Option<Verification> {
        let mut frame = after_frame(action, system, before, Lifting::Reads("a verification"));
        let check = self.postcondition(&mut frame, condition);
        let params = action.params.len();
        let is_argument = |slot: Slot| slot.index() < params;
        let on_reads =
            check.reads.iter().any(|(_, call)| call.args.iter().any(|arg| mentions(arg, &is_argument)));
        if !self.has_errors_in(span) {
            if check.reads.is_empty() {
                self.hollow(condition.span, "this does not look at the world", "rests on the reply alone");
            } else if params > 0 && !on_reads && !mentions(&check.condition, &is_argument) {
                self.hollow(
                    condition.span,
                    "this does not compare the world with what was asked for",
                    "says nothing of the arguments",
                );
            }
        }
        let Some(within) = within else {
            self.push(
                self.at(codes::NO_DEADLINE, span, "this proof has no deadline")
                    .primary("until when?")
                    .reason("a proof that may come at any time is one whose failure nobody is ever told of")
                    .help("say how long it may take: `within 10min`")
                    .fix(countersign_diagnostics::Fix::suggested("allow 10 minutes").insert(
                        self.file(),
                        span.end as usize,
                        " within 10min",
                    )),
            );
            return None;
        };
        let within_ns = self.length(within)?;
        self.refuse_too_long(within.span, within_ns);
        Some(Verification::Independent { check, within: within_ns })
    }

    fn hollow(&mut self, span: Span, headline: &str, label: &str) {
        self.push(
            self.at(codes::HOLLOW_PROOF, span, headline)
                .primary(label)
                .reason("a system that says yes and does something else, or nothing, would be believed")
                .help("read it back and compare it with the arguments: `verify payment(result.id) matches { invoice: invoice.id, … }`")
                .help("if the system's own word must do, say so: `verify acknowledged`"),
        );
    }

    /// What finds out whether an attempt took effect.
    pub(super) fn probe(&mut self, action: &Action, system: SystemId, tree: &ast::Expr) -> Option<Probe> {
        let (call_tree, pattern) = match &tree.kind {
            ast::ExprKind::Matches { subject, pattern } => (&**subject, Some(pattern)),
            _ => (tree, None),
        };
        let mut frame = own_frame(params_as_locals(&action.params), system, "a probe");
        let (call, ty) = self.read_call(&mut frame, call_tree, "a probe")?;
        let element = match &ty {
            Type::List(of, _) => (**of).clone(),
            ty => opened(ty).clone(),
        };
        if is_poisoned(&element) {
            return None;
        }
        let slot = Slot(index(action.probe_slot()));
        let matches = pattern.map(|pattern| {
            let of = Typed { expr: program::Expr::Slot(slot), ty: element.clone() };
            self.meets(&mut frame, call_tree.span, &of, pattern)
        });
        if let Some(result) = &action.result
            && !fits(&element, result)
            && !is_poisoned(result)
        {
            let (found, wanted) = (self.type_name(&element), self.type_name(result));
            self.push(
                self.at(
                    codes::BAD_PROBE,
                    call_tree.span,
                    format!("this finds {}, and `{}` answers {}", a(&found), action.name, a(&wanted)),
                )
                .primary(format!("gives `{found}`"))
                .reason("what a probe finds is the answer that was lost, and the run goes on with it")
                .help(format!("probe with a read that gives {}, a list of them or `{wanted}?`", a(&wanted))),
            );
            return None;
        }
        if matches.is_none() && !matches!(ty, Type::List(..) | Type::Optional(_)) {
            self.push(
                self.at(codes::BAD_PROBE, tree.span, "this probe always finds something")
                    .primary("is there before the attempt, too")
                    .reason("every attempt in doubt would count as done, also one that never arrived")
                    .help("say what shows that it took effect: `probe … matches { status: status }`"),
            );
            return None;
        }
        Some(Probe { call, matches })
    }
}
