//! Who signed in where: the tokens of a person's own, in a file that nobody else may read.
//!
//! The file is `$COUNTERSIGN_CREDENTIALS`, else `countersign/credentials.json` in the user's configuration
//! (`$XDG_CONFIG_HOME`, `~/.config`). `$COUNTERSIGN_TOKEN` stands in for the file.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::project::write_private;

/// The file, by the address of the process.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    servers: BTreeMap<String, Server>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Server {
    /// Who signed in last.
    last: String,
    /// The token of each.
    people: BTreeMap<String, String>,
}

/// The token for a process: that of `person`, or of whoever signed in last.
pub fn token(server: &str, person: Option<&str>) -> Result<String, Failure> {
    let from_environment = std::env::var("COUNTERSIGN_TOKEN").ok().filter(|token| !token.is_empty());
    match (from_environment, person) {
        (Some(token), None) => return Ok(token),
        (Some(_), Some(person)) => {
            return Err(Failure::new(
                format!(
                    "COUNTERSIGN_TOKEN is set, and `--as {person}` names a person: it is not clear who acts"
                ),
                "leave out `--as`, or unset COUNTERSIGN_TOKEN",
            ));
        }
        (None, _) => {}
    }
    let path = path()?;
    let kept = read(&path)?;
    let signed_in = kept.servers.get(server);
    let person = person.or(signed_in.map(|server| server.last.as_str()));
    let Some(person) = person else {
        return Err(Failure::new(
            format!("nobody has signed in at {server}"),
            "sign in inside the project with `countersign login PERSON`, such as `countersign login dana@acme.test`",
        ));
    };
    signed_in.and_then(|server| server.people.get(person)).cloned().ok_or_else(|| {
        Failure::new(
            format!("{person} has not signed in at {server}"),
            format!("run `countersign login {person}` inside the project"),
        )
    })
}

/// Keeps a token, as that of whoever signed in last. Says where.
pub fn keep(server: &str, person: &str, token: &str) -> Result<PathBuf, Failure> {
    let path = path()?;
    let mut kept = read(&path)?;
    let entry = kept.servers.entry(server.to_owned()).or_default();
    person.clone_into(&mut entry.last);
    entry.people.insert(person.to_owned(), token.to_owned());
    write_private(&path, &kept).map_err(|error| Failure::write(&path, error))?;
    Ok(path)
}

fn path() -> Result<PathBuf, Failure> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(path) = set("COUNTERSIGN_CREDENTIALS") {
        return Ok(path);
    }
    let configuration = set("XDG_CONFIG_HOME").or_else(|| {
        std::env::home_dir().filter(|home| !home.as_os_str().is_empty()).map(|home| home.join(".config"))
    });
    configuration.map(|folder| folder.join("countersign").join("credentials.json")).ok_or_else(|| {
        Failure::new(
            "there is no home directory to keep a sign-in in",
            "set COUNTERSIGN_CREDENTIALS to the path of a file",
        )
    })
}

fn read(path: &Path) -> Result<Kept, Failure> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Kept::default()),
        Err(error) => return Err(Failure::read(path, error)),
    };
    serde_json::from_str(&text).map_err(|error| {
        Failure::new(
            format!("{} is not what `countersign login` writes: {error}", path.display()),
            "remove the file and sign in again",
        )
    })
}
