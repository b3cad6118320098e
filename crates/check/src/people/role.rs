//! Roles: who is responsible, how they are told, who stands in.

use std::collections::BTreeSet;

use countersign_diagnostics::codes;
use countersign_ir::json::is_email;
use countersign_ir::program::{Channel, Program, RoleId};
use countersign_syntax::ast;

use crate::checker::Checker;
use crate::scope::Symbol;

impl Checker<'_> {
    pub(super) fn role_body(&mut self, tree: &ast::Role, id: RoleId) {
        let mut members: Vec<String> = Vec::new();
        let mut notify: Vec<Channel> = Vec::new();
        let mut away = None;
        let mut said_away = false;
        for entry in &tree.entries {
            match &entry.kind {
                ast::RoleEntryKind::Members(names) => {
                    for name in names {
                        self.member(tree, name, &mut members);
                    }
                }
                ast::RoleEntryKind::Notify(channels) => {
                    for channel in channels {
                        notify.extend(self.channel(channel));
                    }
                }
                ast::RoleEntryKind::AwayTo(name) => {
                    if said_away {
                        self.repeated(entry.span, "away");
                    }
                    said_away = true;
                    away = self.role(name);
                }
                ast::RoleEntryKind::Error => {}
            }
        }
        let has_error = tree
            .entries
            .iter()
            .any(|entry| self.has_errors_in(entry.span) || entry.kind == ast::RoleEntryKind::Error);
        if members.is_empty() && !has_error {
            self.push(
                self.at(
                    codes::EMPTY_ROLE,
                    tree.name.span,
                    format!("nobody is in the role `{}`", tree.name.text),
                )
                .primary("has no members")
                .reason("what it is asked would wait until its deadline, and its tasks would be nobody's")
                .help("name who they are: `members \"dana@acme.test\"`"),
            );
        }
        if let Some(role) = self.program.roles.get_mut(id.index()) {
            role.members = members;
            role.notify = notify;
            role.away_to = away;
        }
    }

    fn member(&mut self, tree: &ast::Role, name: &ast::PlainText, members: &mut Vec<String>) {
        // One person is one person, however the address is written.
        let address = name.value.to_lowercase();
        if !is_email(&address) {
            self.push(
                self.at(codes::IMPOSSIBLE_VALUE, name.span, format!("`{}` is no person", name.value))
                    .primary("expected an e-mail address such as \"dana@acme.test\"")
                    .help("people are known by the address with which they sign in"),
            );
        } else if members.contains(&address) {
            self.push(
                self.at(
                    codes::EMPTY_ROLE,
                    name.span,
                    format!("`{}` is in the role `{}` twice", name.value, tree.name.text),
                )
                .primary("again here")
                .reason("a quorum counts persons, and this looks like one more than there is")
                .help("leave one of them out"),
            );
        } else {
            members.push(address);
        }
    }

    fn channel(&mut self, channel: &ast::Channel) -> Option<Channel> {
        let id = self.system(&channel.system)?;
        let kind = self.connector_kind(id);
        if kind.as_deref() != Some("smtp") {
            let kind = kind.unwrap_or_else(|| "no connector".into());
            self.push(
                self.at(codes::BAD_CHANNEL, channel.span, format!("nobody can be told through `{}`", channel.system.text))
                    .primary(format!("reached via `{kind}`"))
                    .reason("people would never hear that they are asked, and every question would end at its deadline")
                    .help("name a system that is reached via `smtp`"),
            );
            return None;
        }
        let address = match &channel.place {
            None => String::new(),
            Some(place) if is_email(&place.value) => place.value.to_string(),
            Some(place) => {
                self.push(
                    self.at(codes::BAD_CHANNEL, place.span, format!("`{}` is no address to write to", place.value))
                        .help("leave it out to write to each member, or name a mailbox such as \"finance@acme.test\""),
                );
                return None;
            }
        };
        Some(Channel { system: id, address })
    }

    /// How a system is reached, as its source says it: bodies of systems are read later.
    fn connector_kind(&self, id: countersign_ir::program::SystemId) -> Option<String> {
        let declared = self.items.iter().find(|declared| declared.symbol == Symbol::System(id))?;
        let ast::ItemKind::System(system) = &declared.item.kind else { return None };
        system.entries.iter().find_map(|entry| match &entry.kind {
            ast::SystemEntryKind::Via(via) => Some(via.connector.text.to_string()),
            _ => None,
        })
    }

    /// Whoever is away is stood in for; in a circle nobody is.
    pub(crate) fn refuse_away_circles(&mut self) {
        let mut told: BTreeSet<RoleId> = BTreeSet::new();
        for at in 0..self.items.len() {
            let Some(declared) = self.items.get(at).copied() else { continue };
            let (ast::ItemKind::Role(tree), Symbol::Role(id)) = (&declared.item.kind, declared.symbol) else {
                continue;
            };
            let mut way = vec![id];
            let mut next = self.away_to(id);
            while let Some(role) = next {
                if role == id {
                    break;
                }
                if way.contains(&role) {
                    // A circle further on; it is told where it starts.
                    way.clear();
                    break;
                }
                way.push(role);
                next = self.away_to(role);
            }
            if next.is_none() || way.is_empty() || told.contains(&id) {
                continue;
            }
            told.extend(way.iter().copied());
            let name = |id: &RoleId| {
                self.program.roles.get(id.index()).map_or("", |role| role.name.as_str()).to_owned()
            };
            let names: Vec<String> = way.iter().chain([&id]).map(name).collect();
            self.here = declared.module;
            let span = tree.entries.iter().find_map(|entry| match &entry.kind {
                ast::RoleEntryKind::AwayTo(_) => Some(entry.span),
                _ => None,
            });
            self.push(
                self.at(
                    codes::AWAY_CYCLE,
                    span.unwrap_or(tree.name.span),
                    format!("these roles stand in for each other in a circle: {}", names.join(" → ")),
                )
                .primary("comes back to where it started")
                .reason("when all of them are away, the question would go round and nobody would answer it")
                .help("let the last of them stand alone"),
            );
        }
    }

    fn away_to(&self, id: RoleId) -> Option<RoleId> {
        self.program.roles.get(id.index()).and_then(|role| role.away_to)
    }
}

/// The distinct persons of some roles.
pub(crate) fn distinct_members<'p>(program: &'p Program, roles: &[RoleId]) -> BTreeSet<&'p str> {
    let of = |id: &RoleId| program.roles.get(id.index()).map_or(&[][..], |role| role.members.as_slice());
    roles.iter().flat_map(of).map(String::as_str).collect()
}
