//! The directory: who the members of roles are, and how each role is told.
//!
//! Until sign-in knows people by itself, the program's own roles are the directory. Persons are compared as they are
//! written: an address that differs in a letter is a stranger, and strangers make the engine ask somebody else.

use countersign_engine::protocol::{Answer, Membership};
use countersign_ir::program::{Program, Role};

/// Members of each role, in the order of the question, and those of `persons` who are members of none.
pub(crate) fn members(program: &Program, roles: &[String], persons: &[String]) -> Answer {
    let known = |person: &String| program.roles.iter().any(|role| role.members.contains(person));
    Answer::Members {
        roles: roles.iter().map(|name| membership(program, name)).collect(),
        unknown: persons.iter().filter(|person| !known(person)).cloned().collect(),
    }
}

/// A role that a newer program no longer has is a role without members: nobody can answer for it.
fn membership(program: &Program, name: &str) -> Membership {
    let role = program.roles.iter().find(|role| role.name == name);
    Membership {
        role: name.to_owned(),
        members: role.map(|role| role.members.clone()).unwrap_or_default(),
        channels: role.map(|role| channels(program, role)).unwrap_or_default(),
    }
}

fn channels(program: &Program, role: &Role) -> Vec<(String, String)> {
    let named = role.notify.iter().filter_map(|channel| {
        let system = program.systems.get(channel.system.index())?;
        Some((system.name.clone(), channel.address.clone()))
    });
    named.collect()
}
