//! `countersign login`: a token for a person, from whoever may read the project's operator key.

use std::path::PathBuf;

use clap::Args;
use countersign_server::api::types::{LoginRequest, LoginResponse};

use crate::Outcome;
use crate::client::{Client, ServerArguments};
use crate::credentials;
use crate::failure::Failure;
use crate::project;
use crate::screen::Screen;

/// Sign in as a person, for the commands that act
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  countersign login dana@acme.test                    # inside the project
  countersign login dana@acme.test --project examples/invoices
  countersign inbox --as dana@acme.test               # when several have signed in

The process writes a key into the project's `.countersign` that only its owner can read. Who can read it may \
sign anybody in, until there is sign-in proper.")]
pub struct Arguments {
    /// The e-mail address of a member of a role
    #[arg(value_name = "PERSON")]
    pub person: String,
    /// A folder or file of the project that runs
    #[arg(long, value_name = "PATH")]
    pub project: Option<PathBuf>,
    /// The operator's key, if it does not lie in the project
    #[arg(long, value_name = "FILE", conflicts_with = "project")]
    pub key: Option<PathBuf>,
    #[command(flatten)]
    pub server: ServerArguments,
}

/// Carries it out.
pub fn execute(arguments: &Arguments, screen: &mut Screen) -> Result<Outcome, Failure> {
    let key = operator_key(arguments)?;
    let client = Client::anonymous(&arguments.server)?;
    let request = LoginRequest { person: arguments.person.clone(), operator_key: key };
    let signed_in: LoginResponse = client.post("/api/v1/login", &request)?.read()?;
    let path = credentials::keep(client.base(), &signed_in.person, &signed_in.token)?;
    let roles = signed_in.roles.join(", ");
    let mut page = screen.page();
    page.line(&format!("signed in at {} as {} ({roles})", client.base(), signed_in.person));
    screen.show(page)?;
    screen.note(&format!("the token is kept in {}", path.display()));
    Ok(Outcome::Clean)
}

fn operator_key(arguments: &Arguments) -> Result<String, Failure> {
    let path = match &arguments.key {
        Some(path) => path.clone(),
        None => project::beside(&project::find(arguments.project.as_deref())?, "operator.key"),
    };
    match std::fs::read_to_string(&path) {
        Ok(key) => Ok(key.trim().to_owned()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(Failure::new(
            format!("there is no operator key at {}", path.display()),
            "start the process first with `countersign dev` or `countersign run`: it writes the key; if it lies \
             elsewhere, name it with `--key FILE`",
        )),
        Err(error) => Err(Failure::read(&path, error)),
    }
}
