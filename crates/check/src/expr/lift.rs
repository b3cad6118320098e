//! What stands in an expression and is done ahead of it: renderings and the history of a key.

use countersign_diagnostics::codes;
use countersign_ir::program::{self, Type, Typed};
use countersign_syntax::{Span, ast};

use super::{Frame, Lift, Lifting, poisoned};
use crate::checker::Checker;

/// How many earlier runs a history holds at most.
const HISTORY: u32 = 1_000;
/// How many decisions of one earlier run it holds at most.
const DECISIONS: u32 = 50;

impl Checker<'_> {
    /// `render "remittance.txt" with { paid, invoice }`
    pub(super) fn render(
        &mut self,
        frame: &mut Frame,
        span: Span,
        template: &ast::PlainText,
        with: Option<&ast::RecordLiteral>,
    ) -> Typed {
        let with = match with {
            Some(literal) => self.anonymous(frame, literal),
            None => {
                Typed { expr: program::Expr::Record(Vec::new()), ty: Type::Record(self.shape(Vec::new())) }
            }
        };
        if let Lifting::Nothing(place) | Lifting::Reads(place) = frame.lifting {
            self.not_here(span, "a rendered text", place);
            return poisoned();
        }
        match self.template(template) {
            Some(id) => {
                self.check_template(id, template.span, &with.ty);
                frame.lift(Lift::Render { template: id, with }, Type::Draft, span)
            }
            None => Typed { expr: poisoned().expr, ty: Type::Draft },
        }
    }

    /// `history within 90d`
    pub(super) fn history(&mut self, frame: &mut Frame, span: Span, within: &ast::Expr) -> Typed {
        let within = self.length(within);
        if let Lifting::Nothing(place) | Lifting::Reads(place) = frame.lifting {
            self.not_here(span, "the history", place);
            return poisoned();
        }
        let ty = Type::List(Box::new(Type::Record(self.history_record())), HISTORY);
        frame.lift(Lift::History { within: within.unwrap_or_default() }, ty, span)
    }

    /// The record of an earlier run, which the language fixes.
    pub(crate) fn history_record(&mut self) -> program::RecordId {
        if let Some(id) = self.history {
            return id;
        }
        let field = |name: &str, ty: Type| program::Field { name: name.to_owned(), ty, refinement: None };
        let decision = program::Record {
            name: "PastDecision".to_owned(),
            fields: vec![field("name", Type::Text), field("answer", Type::Text)],
        };
        let decision = program::RecordId(crate::collect::push(&mut self.program.records, decision));
        let run = program::Record {
            name: "PastRun".to_owned(),
            fields: vec![
                field("run", Type::Text),
                field("when", Type::Instant),
                field("outcome", Type::Text),
                field("decisions", Type::List(Box::new(Type::Record(decision)), DECISIONS)),
                field("key", Type::Text),
            ],
        };
        let id = program::RecordId(crate::collect::push(&mut self.program.records, run));
        self.history = Some(id);
        id
    }

    /// A length of time that is known beforehand and longer than nothing, in nanoseconds.
    pub(crate) fn length(&mut self, tree: &ast::Expr) -> Option<i64> {
        let ast::ExprKind::Duration(literal) = &tree.kind else {
            if !matches!(tree.kind, ast::ExprKind::Error) {
                self.push(
                    self.at(codes::TYPE_MISMATCH, tree.span, "expected a duration")
                        .primary("not a duration such as `90s`, `30min`, `2h`, `5d`")
                        .help("a length of time is written out here, so that people can be told of it beforehand"),
                );
            }
            return None;
        };
        let ns = i64::try_from(literal.total_millis()).ok().and_then(|ms| ms.checked_mul(1_000_000));
        match ns {
            Some(ns) if ns > 0 => Some(ns),
            _ => {
                let shown = self.clause(tree.span);
                self.push(
                    self.at(
                        codes::IMPOSSIBLE_VALUE,
                        tree.span,
                        format!("`{shown}` is no length of time to wait"),
                    )
                    .primary("longer than nothing, and shorter than an age"),
                );
                None
            }
        }
    }
}
