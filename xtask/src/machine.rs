//! What the machine must have beside cargo, made ready where it can be.
//!
//! The end-to-end tests send mail to a server that is not ours, `aiosmtpd`. It lives in a Python environment of its own
//! under the target directory, so that nothing of the machine is changed.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The mail server of the tests, in the version that they were written against.
const MAIL_SERVER: &str = "aiosmtpd==1.4.6";

/// The Python that has the mail server.
///
/// # Errors
/// What has to be installed by hand, and how.
pub fn python(target: &Path) -> Result<PathBuf, String> {
    let folder = target.join("venv");
    let python = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    if has_mail_server(&python) {
        return Ok(python);
    }
    let system = if cfg!(windows) { "python" } else { "python3" };
    if !succeeds(Command::new(system).arg("--version")) {
        return Err(
            "the end-to-end tests need Python 3: install it (Debian, Ubuntu: `apt-get install python3 \
                    python3-venv`), then run `cargo xtask test` again"
                .into(),
        );
    }
    println!("preparing a Python environment with {MAIL_SERVER} in {}", folder.display());
    if !succeeds(Command::new(system).args(["-m", "venv", "--clear"]).arg(&folder)) {
        return Err(
            "Python cannot make an environment: install its `venv` module (Debian, Ubuntu: `apt-get install \
                    python3-venv`), then run `cargo xtask test` again"
                .into(),
        );
    }
    let pip = ["-m", "pip", "--disable-pip-version-check", "install", "--quiet", MAIL_SERVER];
    if !succeeds(Command::new(&python).args(pip)) || !has_mail_server(&python) {
        return Err(format!(
            "`pip` could not install {MAIL_SERVER}: check the connection to the package index, then run `cargo xtask \
             test` again"
        ));
    }
    Ok(python)
}

fn has_mail_server(python: &Path) -> bool {
    python.exists() && succeeds(Command::new(python).args(["-c", "import aiosmtpd"]).stderr(Stdio::null()))
}

/// Whether a command of cargo is there.
pub fn has_nextest() -> bool {
    let mut command = crate::runner::cargo(&["nextest", "--version"]);
    succeeds(command.stdout(Stdio::null()).stderr(Stdio::null()))
}

fn succeeds(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).status().is_ok_and(|status| status.success())
}
