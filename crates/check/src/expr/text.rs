//! Texts, and what can be computed into them; addresses and persons, whose form is checked where they are written.

use countersign_diagnostics::codes;
use countersign_ir::json::{is_email, is_url};
use countersign_ir::program::{Expr, TextPart, Type, Typed};
use countersign_ir::value::Value;
use countersign_syntax::ast;

use super::{Frame, constant, poisoned};
use crate::checker::Checker;
use crate::collect::is_poisoned;

impl Checker<'_> {
    pub(super) fn text(&mut self, frame: &mut Frame, text: &ast::Text, hint: Option<&Type>) -> Typed {
        let Some(plain) = text.as_plain() else {
            let parts = self.text_parts(frame, text);
            return Typed { expr: Expr::Text(parts), ty: Type::Text };
        };
        let (fits, ty, what, example) = match hint {
            Some(Type::Email) => (is_email(plain), Type::Email, "an e-mail address", "ap@acme.test"),
            Some(Type::Person) => (is_email(plain), Type::Person, "a person", "dana@acme.test"),
            Some(Type::Url) => (is_url(plain), Type::Url, "an absolute URL", "https://erp.acme.test"),
            _ => return constant(Value::text(plain), Type::Text),
        };
        if !fits {
            let shown = self.clause(text.span);
            self.push(
                self.at(codes::IMPOSSIBLE_VALUE, text.span, format!("`{shown}` is not {what}"))
                    .primary(format!("expected one such as \"{example}\"")),
            );
            return poisoned();
        }
        if ty == Type::Person {
            // One person is one person, however the address is written: as with the members of roles.
            return constant(Value::text(plain.to_lowercase()), ty);
        }
        constant(Value::text(plain), ty)
    }

    /// The pieces of a text for people: anything but records, lists and messages can be computed into it.
    pub(crate) fn text_parts(&mut self, frame: &mut Frame, text: &ast::Text) -> Vec<TextPart> {
        let mut out = Vec::new();
        for part in &text.parts {
            match part {
                ast::TextPart::Literal { value, .. } => out.push(TextPart::Literal(value.to_string())),
                ast::TextPart::Computed(tree) => {
                    let found = self.infer(frame, tree, None);
                    self.refuse_unreadable(tree, &found.ty);
                    out.push(TextPart::Hole(found.expr));
                }
            }
        }
        out
    }

    fn refuse_unreadable(&mut self, tree: &ast::Expr, ty: &Type) {
        let help = match ty {
            ty if is_poisoned(ty) => return,
            Type::Record(_) => "name one of its fields",
            Type::List(..) => "show it with `showing`, or count it with `count(x in list)`",
            Type::Draft => "a rendered text is sent, not put into another",
            Type::Optional(_) => "say what stands there when it is absent: `{x ?? \"unknown\"}`",
            _ => return,
        };
        let shown = self.clause(tree.span);
        let name = self.type_name(ty);
        self.push(
            self.at(codes::TYPE_MISMATCH, tree.span, format!("`{shown}` cannot be read out in a sentence"))
                .primary(format!("this is `{name}`"))
                .help(help),
        );
    }
}
