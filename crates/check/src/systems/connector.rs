//! Connectors: which there are, and which options each of them has.

use countersign_diagnostics::{Fix, codes};
use countersign_ir::json::is_url;
use countersign_ir::program::{Connector, Expr, OptionValue, Type};
use countersign_ir::value::Value;
use countersign_syntax::ast;

use crate::checker::Checker;
use crate::collect::is_poisoned;
use crate::expr::{Frame, fits};
use crate::words::{listed, nearest};

/// What an option takes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    Url(&'static [&'static str]),
    Email,
    Duration,
    Auth,
    Rate,
}

struct Known {
    name: &'static str,
    options: &'static [(&'static str, Takes)],
    /// The option without which nothing can be reached.
    needs: Option<(&'static str, &'static str)>,
}

const CONNECTORS: &[Known] = &[
    Known {
        name: "http",
        options: &[
            ("base", Takes::Url(&["http", "https"])),
            ("auth", Takes::Auth),
            ("timeout", Takes::Duration),
            ("limit", Takes::Rate),
        ],
        needs: Some(("base", "where it is: `base erp_url`")),
    },
    Known {
        name: "smtp",
        options: &[
            ("server", Takes::Url(&["smtp", "smtps"])),
            ("from", Takes::Email),
            ("timeout", Takes::Duration),
        ],
        needs: Some(("server", "where the mail server is: `server smtp_url`")),
    },
    Known { name: "sim", options: &[], needs: None },
];

/// Connectors of the language that this version does not have.
const LATER: &[&str] = &["sql", "slack", "llm", "mcp", "host", "people"];

impl Checker<'_> {
    pub(super) fn connector(&mut self, tree: &ast::System) -> Connector {
        let mut connector = Connector { kind: String::new(), options: Vec::new() };
        let mut said = false;
        for entry in &tree.entries {
            let ast::SystemEntryKind::Via(via) = &entry.kind else { continue };
            if said {
                self.repeated(entry.span, "via");
                continue;
            }
            said = true;
            let name = via.connector.as_str();
            match CONNECTORS.iter().find(|known| known.name == name) {
                Some(known) => {
                    known.name.clone_into(&mut connector.kind);
                    connector.options = self.options(via, known);
                }
                None if LATER.contains(&name) => {
                    self.not_yet(via.connector.span, &format!("the connector `{name}`"));
                }
                None => self.unknown_connector(&via.connector),
            }
        }
        if !said && !tree.entries.iter().any(|entry| entry.kind == ast::SystemEntryKind::Error) {
            self.push(
                self.at(codes::MISSING_CLAUSE, tree.name.span, format!("nothing says how `{}` is reached", tree.name.text))
                    .help("add a connector: `via http { base erp_url  auth bearer ERP_TOKEN }`, or `via sim {}` for a simulated system"),
            );
        }
        connector
    }

    fn unknown_connector(&mut self, name: &ast::Name) {
        let known: Vec<&str> = CONNECTORS.iter().map(|known| known.name).collect();
        let mut problem = self
            .at(codes::UNKNOWN_OPTION, name.span, format!("there is no connector `{}`", name.text))
            .primary("cannot be reached that way")
            .help(format!("connectors are {}", listed(&known, "and")));
        if let Some(meant) = nearest(name.as_str(), known) {
            problem = problem.fix(Fix::suggested(format!("write `{meant}`")).edit(
                self.file(),
                name.span.range(),
                meant,
            ));
        }
        self.push(problem);
    }

    fn options(&mut self, via: &ast::Via, known: &Known) -> Vec<(String, OptionValue)> {
        let mut out: Vec<(String, OptionValue)> = Vec::new();
        let mut seen: Vec<&str> = Vec::new();
        for option in &via.options {
            let key = option.key.as_str();
            let Some((name, takes)) = known.options.iter().find(|(name, _)| *name == key) else {
                self.unknown_option(&option.key, known);
                continue;
            };
            if seen.contains(&key) {
                self.repeated(option.span, name);
            }
            seen.push(key);
            out.extend(self.option(option, name, *takes));
        }
        for (needed, help) in known.needs.iter().chain(
            // Mail without a sender is refused by every server.
            (known.name == "smtp").then_some(&("from", "who sends: `from \"billing@acme.test\"`")),
        ) {
            if !seen.contains(needed) {
                self.push(
                    self.at(
                        codes::MISSING_CLAUSE,
                        via.connector.span,
                        format!("`via {}` has no `{needed}`", known.name),
                    )
                    .primary(format!("`{needed}` missing"))
                    .help(format!("say {help}")),
                );
            }
        }
        out
    }

    fn unknown_option(&mut self, key: &ast::Name, known: &Known) {
        let names: Vec<&str> = known.options.iter().map(|(name, _)| *name).collect();
        let mut problem = self
            .at(codes::UNKNOWN_OPTION, key.span, format!("`{}` has no option `{}`", known.name, key.text))
            .primary("not one of its options")
            .reason("whoever wrote it expects it to do something");
        problem = match nearest(key.as_str(), names.iter().copied()) {
            Some(meant) => problem
                .help(format!("did you mean `{meant}`?"))
                .fix(Fix::suggested(format!("write `{meant}`")).edit(self.file(), key.span.range(), meant)),
            None if names.is_empty() => {
                problem.help("it has none: a simulated system answers what `simulation` and tests say")
            }
            None => problem.help(format!("it has {}", listed(&names, "and"))),
        };
        self.push(problem);
    }

    fn option(
        &mut self,
        option: &ast::ConnectorOption,
        name: &str,
        takes: Takes,
    ) -> Option<(String, OptionValue)> {
        let value = match (&option.value, takes) {
            (ast::OptionValue::Error, _) => return None,
            (ast::OptionValue::Auth { scheme, secret }, Takes::Auth) => return self.auth(scheme, secret),
            (ast::OptionValue::Rate { count, per }, Takes::Rate) => return self.rate(count, per),
            (ast::OptionValue::Value(value), Takes::Url(schemes)) => {
                self.late(value, &Type::Url, name, Some(schemes))
            }
            (ast::OptionValue::Value(value), Takes::Email) => self.late(value, &Type::Email, name, None),
            (ast::OptionValue::Value(value), Takes::Duration) => {
                self.late(value, &Type::Duration, name, None)
            }
            (_, Takes::Auth) => {
                self.push(
                    self.at(codes::UNKNOWN_OPTION, option.span, "`auth` names how and with which secret")
                        .help("write `auth bearer TOKEN`"),
                );
                return None;
            }
            (_, Takes::Rate) => {
                self.push(
                    self.at(codes::UNKNOWN_OPTION, option.span, "`limit` names how many in what time")
                        .help("write `limit 50 per second`"),
                );
                return None;
            }
            _ => {
                self.push(self.at(codes::UNKNOWN_OPTION, option.span, format!("`{name}` takes one value")));
                return None;
            }
        };
        value.map(|value| (name.to_owned(), value))
    }

    fn auth(&mut self, scheme: &ast::Name, secret: &ast::Expr) -> Option<(String, OptionValue)> {
        if scheme.as_str() != "bearer" {
            self.push(
                self.at(codes::UNKNOWN_OPTION, scheme.span, format!("`auth {}` is not known", scheme.text))
                    .help("write `auth bearer TOKEN`"),
            );
            return None;
        }
        match &secret.kind {
            ast::ExprKind::Name(name) => {
                let id = self.secret(name)?;
                Some(("auth bearer".to_owned(), OptionValue::Secret(id)))
            }
            ast::ExprKind::Error => None,
            _ => {
                self.push(
                    self.at(codes::SECRET_ON_DISPLAY, secret.span, "a token is a secret, and a secret is never written down")
                        .primary("would lie in the source")
                        .reason("whoever can read the project could act as us")
                        .help("declare it with `secret TOKEN`, and name it here; its value stays with the deployment"),
                );
                None
            }
        }
    }

    fn rate(&mut self, count: &ast::Expr, per: &ast::Name) -> Option<(String, OptionValue)> {
        let number = match &count.kind {
            ast::ExprKind::Int(n) if (1..=1_000_000).contains(n) => *n,
            ast::ExprKind::Error => return None,
            _ => {
                self.push(
                    self.at(codes::TYPE_MISMATCH, count.span, "how many is a whole number")
                        .primary("not a number such as `50`"),
                );
                return None;
            }
        };
        if per.as_str() != "second" {
            self.not_yet(per.span, &format!("a limit per {}", per.text));
            return None;
        }
        Some(("limit".to_owned(), OptionValue::Value(Value::Int(number))))
    }

    /// A literal, or a setting that the deployment binds.
    fn late(
        &mut self,
        tree: &ast::Expr,
        ty: &Type,
        option: &str,
        schemes: Option<&[&str]>,
    ) -> Option<OptionValue> {
        let mut frame = Frame::pure(Vec::new(), "a connector");
        let found = self.infer(&mut frame, tree, Some(ty));
        if is_poisoned(&found.ty) {
            return None;
        }
        let expr = self.fit(tree.span, found.clone(), ty);
        if !fits(&found.ty, ty) {
            return None;
        }
        match expr {
            Expr::Setting(id) => Some(OptionValue::Setting(id)),
            Expr::Const(value) => {
                if let (Some(schemes), Value::Text(url)) = (schemes, &value)
                    && let Some((scheme, _)) = url.split_once("://")
                    && is_url(url)
                    && !schemes.contains(&scheme)
                {
                    self.push(
                        self.at(
                            codes::IMPOSSIBLE_VALUE,
                            tree.span,
                            format!("`{option}` cannot be reached by `{scheme}`"),
                        )
                        .help(format!("write an address that begins with {}", listed(schemes, "or"))),
                    );
                    return None;
                }
                Some(OptionValue::Value(value))
            }
            _ => {
                self.push(
                    self.at(codes::NOT_A_LITERAL, tree.span, format!("`{option}` is a literal or a setting"))
                        .primary("cannot be worked out here"),
                );
                None
            }
        }
    }
}
