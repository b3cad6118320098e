//! ERP and billing for the end-to-end tests, in a process of their own.
//!
//! Every request is on disk, with what it did, before it is answered; after a kill the record is replayed. So the record
//! judges who paid what how often, whatever the tested program believes. It acts wrongly where it is told to: see
//! [`fault::Fault`] and the routes under `/control`.

mod control;
mod fault;
mod log;
mod record;
mod route;
mod server;
mod store;
mod systems;
mod world;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

/// ERP and billing for tests: acts, fails as told, and records each request durably before it answers.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where to listen; port 0 takes a free one, which is printed.
    #[arg(long, default_value = "127.0.0.1:7501")]
    listen: SocketAddr,
    /// The file of the record, a JSON object a line; replayed if it is there.
    #[arg(long)]
    log: PathBuf,
    /// A bearer token that is let in, as often as there are tokens; without any, everybody is. `/control` needs none.
    #[arg(long)]
    token: Vec<String>,
}

#[tokio::main]
#[expect(clippy::print_stderr, reason = "the one place where this binary reports why it ends")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match server::run(arguments.listen, &arguments.log, arguments.token).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("receiver: {error}");
            ExitCode::FAILURE
        }
    }
}
