//! Requests: what is sent, with nothing in it that could turn it into another.

use countersign_diagnostics::codes;
use countersign_ir::program::{Request, TextPart, Type, Typed};
use countersign_ir::wire::Verb;
use countersign_syntax::ast;

use super::is_plain;
use crate::checker::Checker;
use crate::collect::is_poisoned;
use crate::expr::Frame;
use crate::words::listed;

const VERBS: &[(&str, Verb)] = &[
    ("get", Verb::Get),
    ("post", Verb::Post),
    ("put", Verb::Put),
    ("patch", Verb::Patch),
    ("delete", Verb::Delete),
    ("deliver", Verb::Deliver),
];

impl Checker<'_> {
    /// A request of a read (`reads`) or of an action.
    pub(super) fn request(
        &mut self,
        frame: &mut Frame,
        tree: &ast::Request,
        kind: &str,
        reads: bool,
    ) -> Option<Request> {
        let Some((_, verb)) = VERBS.iter().find(|(name, _)| *name == tree.verb.as_str()) else {
            let names: Vec<&str> = VERBS.iter().map(|(name, _)| *name).collect();
            self.push(
                self.at(
                    codes::BAD_REQUEST,
                    tree.verb.span,
                    format!("`{}` is no way to ask or to act", tree.verb.text),
                )
                .help(format!("write {}", listed(&names, "or"))),
            );
            return None;
        };
        if !self.suits(tree, *verb, kind, reads) {
            return None;
        }
        let target = match &tree.path {
            Some(path) => self.target(frame, path),
            None => Vec::new(),
        };
        let body = tree.body.as_ref().map(|body| self.body(frame, body));
        if let Some(body) = &body {
            self.check_body(tree, *verb, body);
        }
        Some(Request { verb: *verb, target, body })
    }

    fn suits(&mut self, tree: &ast::Request, verb: Verb, kind: &str, reads: bool) -> bool {
        let word = &tree.verb.text;
        let problem = if verb == Verb::Deliver && !matches!(kind, "smtp" | "sim" | "") {
            Some(
                self.at(
                    codes::BAD_REQUEST,
                    tree.verb.span,
                    format!("`{word}` is for mail, and this system is reached via `{kind}`"),
                )
                .help("write `post \"/…\" { … }`"),
            )
        } else if verb != Verb::Deliver && kind == "smtp" {
            Some(
                self.at(
                    codes::BAD_REQUEST,
                    tree.verb.span,
                    format!("`{word}` means nothing to a mail server"),
                )
                .help("write `deliver { to, body }`"),
            )
        } else if reads && verb != Verb::Get {
            Some(
                self.at(codes::BAD_REQUEST, tree.verb.span, format!("a read cannot `{word}`"))
                    .primary("changes the world")
                    .reason("reads are repeated freely, so this would be done again and again, unproved")
                    .help("declare it as an `action`, with its effect, its proof and its undo"),
            )
        } else if !reads && verb == Verb::Get {
            Some(
                self.at(codes::BAD_REQUEST, tree.verb.span, "an action that only asks is a read")
                    .primary("changes nothing")
                    .reason("systems answer a `get` from caches and repeat it freely: what it is said to do may never happen")
                    .help("declare it as a `read`, or use the verb that changes something"),
            )
        } else if verb == Verb::Deliver && tree.path.is_some() {
            Some(
                self.at(codes::BAD_REQUEST, tree.span, "mail has no path")
                    .help("write `deliver { to, body }`"),
            )
        } else if verb == Verb::Get && tree.body.is_some() {
            Some(
                self.at(codes::BAD_REQUEST, tree.span, "what is read has no body")
                    .help("put what is asked for into the path, as in `\"/payments?invoice={invoice}\"`"),
            )
        } else if verb != Verb::Deliver && tree.path.is_none() {
            Some(
                self.at(codes::BAD_REQUEST, tree.span, format!("`{word}` needs a path"))
                    .help("write one such as `\"/payments/{id}\"`"),
            )
        } else if verb == Verb::Deliver && tree.body.is_none() {
            Some(
                self.at(codes::BAD_REQUEST, tree.span, "what is delivered, and to whom?")
                    .help("write `deliver { to, body }`"),
            )
        } else {
            None
        };
        match problem {
            Some(problem) => {
                self.push(problem);
                false
            }
            None => true,
        }
    }

    /// Path and query: what is inserted is encoded for its place, and can only be what has a plain form.
    fn target(&mut self, frame: &mut Frame, path: &ast::Text) -> Vec<TextPart> {
        let mut out = Vec::new();
        let begins = matches!(path.parts.first(), Some(ast::TextPart::Literal { value, .. }) if value.starts_with('/') && !value.starts_with("//"));
        if !begins {
            self.push(
                self.at(codes::UNSAFE_HOLE, path.span, "a path begins with `/`")
                    .primary("could become another address")
                    .reason("what is asked must always go to this system, whatever the values are")
                    .help("the address of the system stands in its connector; write the path below it"),
            );
        }
        for part in &path.parts {
            match part {
                ast::TextPart::Literal { span, value } => {
                    let strange = |c: char| c.is_whitespace() || c.is_control() || c == '\\' || c == '#';
                    if value.contains(strange)
                        || value.split(['/', '?']).any(|piece| piece == ".." || piece == ".")
                    {
                        self.push(
                            self.at(codes::UNSAFE_HOLE, *span, "this cannot stand in a path")
                                .primary("blanks, `#`, `\\` and `..` have no place here"),
                        );
                    }
                    out.push(TextPart::Literal(value.to_string()));
                }
                ast::TextPart::Computed(tree) => {
                    let found = self.infer(frame, tree, None);
                    if !is_plain(&found.ty) && !is_poisoned(&found.ty) {
                        let (shown, name) = (self.clause(tree.span), self.type_name(&found.ty));
                        self.push(
                            self.at(codes::UNSAFE_HOLE, tree.span, format!("`{shown}` cannot stand in a path"))
                                .primary(format!("this is `{name}`"))
                                .reason("only what has one plain form can be put into an address and mean the same to both sides")
                                .help("insert a text, a number, a date or a value of an enum; send all else in the body"),
                        );
                    }
                    out.push(TextPart::Hole(found.expr));
                }
            }
        }
        out
    }

    fn body(&mut self, frame: &mut Frame, tree: &ast::Expr) -> Typed {
        match &tree.kind {
            ast::ExprKind::Record(literal) => self.anonymous(frame, literal),
            _ => {
                let found = self.infer(frame, tree, None);
                if !matches!(found.ty, Type::Record(_)) {
                    let name = self.type_name(&found.ty);
                    self.push(
                        self.at(codes::TYPE_MISMATCH, tree.span, "what is sent is a record")
                            .primary(format!("this is `{name}`")),
                    );
                }
                found
            }
        }
    }

    fn check_body(&mut self, tree: &ast::Request, verb: Verb, body: &Typed) {
        let Type::Record(id) = &body.ty else { return };
        let Some(record) = self.program.records.get(id.index()).cloned() else { return };
        let ty =
            |name: &str| record.fields.iter().find(|field| field.name == name).map(|field| field.ty.clone());
        if verb == Verb::Deliver {
            let to = ty("to").is_some_and(|ty| matches!(ty, Type::Email | Type::Person) || is_poisoned(&ty));
            let text = ty("body").is_some_and(|ty| ty == Type::Draft || is_poisoned(&ty));
            if !to || !text || record.fields.len() != 2 {
                self.push(
                    self.at(codes::BAD_REQUEST, tree.span, "mail is delivered to somebody and has a body")
                        .primary("needs `to`, an `Email`, and `body`, a `Draft`")
                        .help("write `deliver { to, body }`"),
                );
            }
        } else if let Some(draft) = record.fields.iter().find(|field| field.ty == Type::Draft) {
            self.push(
                self.at(
                    codes::BAD_REQUEST,
                    tree.span,
                    format!("`{}` is a rendered text, which only mail delivers", draft.name),
                )
                .help("send its parts as fields"),
            );
        }
    }
}
