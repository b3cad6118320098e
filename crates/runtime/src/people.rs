//! People: the directory of the current program, and tokens that stand for who signed in.
//!
//! The store keeps hashes of tokens alone, beside the journal. A token stands for a person for as long as some role of the
//! program has that person as a member.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use countersign_ir::hash::{Hash, Hasher};
use countersign_ir::program::Program;

use crate::error::InputError;
use crate::handle::Handle;

/// The roles that have this person as a member.
pub fn roles_of(program: &Program, person: &str) -> Vec<String> {
    let roles = program.roles.iter();
    let of = roles.filter(|role| role.members.iter().any(|member| member == person));
    of.map(|role| role.name.clone()).collect()
}

/// Tokens that were looked up before: hash and person.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    known: RwLock<BTreeMap<String, String>>,
}

/// Every token begins so, so that scanners for leaked secrets can find it.
const PREFIX: &str = "csgn_";

/// The meta value that says whose a token is. Its name holds the token's hash.
fn meta_name(token: &str) -> String {
    format!("token/{}", Hasher::new("countersign/token/v1").text(token).finish().hex())
}

impl Handle {
    /// The roles that have this person as a member now.
    pub fn roles_of(&self, person: &str) -> Vec<String> {
        roles_of(&self.deployment().program, person)
    }

    /// Makes a token for a person of the directory. It is shown this once; the store keeps its hash.
    pub async fn issue_token(&self, person: &str) -> Result<String, InputError> {
        if self.roles_of(person).is_empty() {
            return Err(InputError::Forbidden(format!("no role of the program has `{person}` as a member")));
        }
        let mut drawn = [0; 32];
        getrandom::fill(&mut drawn).map_err(|error| InputError::Random(error.to_string()))?;
        let token = format!("{PREFIX}{}", Hash(drawn).hex());
        self.put_meta(meta_name(&token), person.to_owned()).await?;
        Ok(token)
    }

    /// Whom a token stands for; nobody if it is unknown, or if the person has left all roles.
    pub async fn person_of(&self, token: &str) -> Result<Option<String>, InputError> {
        if !token.starts_with(PREFIX) || token.len() > 200 {
            return Ok(None);
        }
        let name = meta_name(token);
        let known = self.tokens().known.read().unwrap_or_else(PoisonError::into_inner).get(&name).cloned();
        let person = if known.is_some() { known } else { self.look_up(name).await? };
        Ok(person.filter(|person| !self.roles_of(person).is_empty()))
    }

    async fn look_up(&self, name: String) -> Result<Option<String>, InputError> {
        let asked = name.clone();
        let found = self.read(move |shelf| shelf.store.meta(&asked)).await?;
        if let Some(person) = &found {
            let mut known = self.tokens().known.write().unwrap_or_else(PoisonError::into_inner);
            known.insert(name, person.clone());
        }
        Ok(found)
    }
}
