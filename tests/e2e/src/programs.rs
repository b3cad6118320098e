//! Where the programs are that a test starts. Nothing is built here: a missing one fails the test and says what to do.

use std::path::{Path, PathBuf};

/// The release binary.
pub fn countersign() -> PathBuf {
    built("COUNTERSIGN_BIN", "countersign", "countersign-cli")
}

/// ERP and billing.
pub fn receiver() -> PathBuf {
    built("RECEIVER_BIN", "receiver", "receiver")
}

/// A Python that has `aiosmtpd`.
pub fn python() -> PathBuf {
    let path = std::env::var_os("E2E_PYTHON")
        .map_or_else(|| workspace().join("target/venv/bin/python"), PathBuf::from);
    assert!(
        path.is_file(),
        "the SMTP server of the end-to-end tests needs a Python with aiosmtpd, and {} is not there; \
         `cargo xtask test` makes it, or: python3 -m venv target/venv && target/venv/bin/pip install aiosmtpd; \
         another one is named by E2E_PYTHON",
        path.display()
    );
    path
}

/// The folder of the workspace.
pub fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

fn built(variable: &str, name: &str, package: &str) -> PathBuf {
    let path = std::env::var_os(variable).map_or_else(|| target().join("release").join(name), PathBuf::from);
    assert!(
        path.is_file(),
        "the program `{name}` is not at {}; build it with `cargo build --release -p {package}`, or name it in {variable}",
        path.display()
    );
    path
}

fn target() -> PathBuf {
    let named = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    named.map_or_else(|| workspace().join("target"), |path| workspace().join(path))
}
