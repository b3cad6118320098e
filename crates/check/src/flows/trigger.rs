//! What starts a flow.

use countersign_diagnostics::codes;
use countersign_ir::program::{Once, SecretId, Signature, Slot, Trigger, Type};
use countersign_syntax::{Span, ast};

use crate::checker::{Checker, POISON};
use crate::collect::is_poisoned;
use crate::expr::{Frame, Local};
use crate::types::Lists;

/// A trigger with the name of its event.
pub(super) struct Triggered<'t> {
    pub(super) lowered: Trigger,
    pub(super) event: Option<&'t ast::Name>,
}

impl<'a> Checker<'a> {
    pub(super) fn trigger(&mut self, tree: &'a ast::Flow) -> Triggered<'a> {
        let mut triggers = tree.entries.iter().filter_map(|entry| match &entry.kind {
            ast::FlowEntryKind::On(trigger) => Some((trigger, entry.span)),
            _ => None,
        });
        let first = triggers.next();
        if let Some((_, span)) = triggers.next() {
            self.push(
                self.at(codes::REPEATED_CLAUSE, span, format!("`{}` has a second trigger", tree.name.text))
                    .help("let the second be a flow of its own"),
            );
        }
        let Some((ast::Trigger::Webhook { path, event, ty, entries }, span)) = first else {
            if !tree.entries.iter().any(|entry| entry.kind == ast::FlowEntryKind::Error) {
                self.push(
                    self.at(
                        codes::BAD_TRIGGER,
                        tree.name.span,
                        format!("nothing starts `{}`", tree.name.text),
                    )
                    .primary("no `on`")
                    .help("say what does: `on webhook \"/erp/invoices\" as invoice: Invoice { … }`"),
                );
            }
            let lowered = Trigger {
                path: String::new(),
                payload: POISON,
                signature: Signature::Unsigned { because: String::new() },
                once: None,
            };
            return Triggered { lowered, event: None };
        };
        self.check_path(path);
        let payload = self.ty(ty, Lists::Bounded);
        if !matches!(payload, Type::Record(_)) {
            let name = self.type_name(&payload);
            self.push(
                self.at(codes::BAD_TRIGGER, ty.span, "an event is a record")
                    .primary(format!("this is `{name}`"))
                    .help("declare a `record` with its fields, so that each of them is checked at the door"),
            );
        }
        let (signature, once) = self.webhook(path, event, &payload, entries, span);
        let lowered = Trigger { path: path.value.to_string(), payload, signature, once };
        Triggered { lowered, event: Some(event) }
    }

    fn check_path(&mut self, path: &ast::PlainText) {
        let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.~".contains(c);
        let value = path.value.as_str();
        let ours =
            value.starts_with("/api/") || value == "/healthz" || value == "/readyz" || value == "/metrics";
        if !value.starts_with('/')
            || value.len() < 2
            || value.contains("//")
            || value.ends_with('/')
            || !value.chars().all(plain)
        {
            self.push(
                self.at(codes::BAD_TRIGGER, path.span, format!("`{value}` is no path to post to"))
                    .primary("a path such as \"/erp/invoices\"")
                    .help(
                        "begin with `/`; use letters, digits, `-`, `_`, `.` and `~`, and no `/` at the end",
                    ),
            );
        } else if ours {
            self.push(
                self.at(codes::BAD_TRIGGER, path.span, format!("`{value}` is taken"))
                    .primary("answered by the runtime itself")
                    .help("choose a path that does not begin with `/api/`"),
            );
        }
    }

    fn webhook(
        &mut self,
        path: &ast::PlainText,
        event: &ast::Name,
        payload: &Type,
        entries: &[ast::WebhookEntry],
        span: Span,
    ) -> (Signature, Option<Once>) {
        let mut signature = None;
        let mut once = None;
        let (mut signed, mut counted, mut broken) = (false, false, false);
        for entry in entries {
            match &entry.kind {
                ast::WebhookEntryKind::Signed { .. } | ast::WebhookEntryKind::Unsigned { .. } => {
                    if signed {
                        self.repeated(entry.span, "signed");
                    }
                    signed = true;
                    signature = self.signature_of(&entry.kind);
                }
                ast::WebhookEntryKind::Once(tree) => {
                    if counted {
                        self.repeated(entry.span, "once");
                    }
                    counted = true;
                    let locals = vec![Local::slot(&event.text, Slot(0), payload)];
                    let mut frame = Frame::pure(locals, "what makes two events the same");
                    let per = self.key(&mut frame, &tree.per);
                    match &tree.lasting {
                        Some(lasting) => once = self.length(lasting).map(|for_| Once { per, for_ }),
                        None => self.push(
                            self.at(
                                codes::MISSING_CLAUSE,
                                entry.span,
                                "for how long is it kept that an event came?",
                            )
                            .primary("no `for`")
                            .reason("what is kept for ever grows for ever")
                            .help("say how late a repetition may come: `once per invoice.id for 30d`")
                            .fix(
                                countersign_diagnostics::Fix::suggested("keep it for 30 days").insert(
                                    self.file(),
                                    entry.span.end as usize,
                                    " for 30d",
                                ),
                            ),
                        ),
                    }
                }
                ast::WebhookEntryKind::Error => broken = true,
            }
        }
        if !signed && !broken {
            self.push(
                self.at(codes::UNSIGNED_WEBHOOK, path.span, "anybody can post here")
                    .primary("nothing says how the sender proves itself")
                    .reason("whoever finds the address could start a run with whatever they like")
                    .help("check a signature: `signed standard with secret ERP_WEBHOOK`")
                    .help("if the sender has none, say why that is right: `unsigned because \"…\"`"),
            );
        }
        if !counted && !broken && !is_poisoned(payload) {
            self.push(
                self.at(codes::EVENT_COUNTED_TWICE, span, "an event that is sent twice starts two runs")
                    .primary("no `once`")
                    .reason("senders repeat what was not acknowledged in time, so sooner or later one event comes twice")
                    .help("say what makes two events the same: `once per invoice.id for 30d`"),
            );
        }
        (signature.unwrap_or(Signature::Unsigned { because: String::new() }), once)
    }

    fn signature_of(&mut self, entry: &ast::WebhookEntryKind) -> Option<Signature> {
        match entry {
            ast::WebhookEntryKind::Unsigned { because } => {
                Some(Signature::Unsigned { because: self.fixed(because) })
            }
            ast::WebhookEntryKind::Signed { scheme, secret } => {
                let secret: Option<SecretId> = self.secret(secret);
                if scheme.as_str() != "standard" {
                    if matches!(scheme.as_str(), "github" | "stripe" | "hmac") {
                        self.not_yet(scheme.span, &format!("the signature scheme `{}`", scheme.text));
                    } else {
                        self.push(
                            self.at(
                                codes::UNKNOWN_OPTION,
                                scheme.span,
                                format!("there is no signature scheme `{}`", scheme.text),
                            )
                            .help("write `signed standard with secret …`, which is Standard Webhooks"),
                        );
                    }
                    return None;
                }
                secret.map(|secret| Signature::Standard { secret })
            }
            _ => None,
        }
    }
}
