//! The operator's key: who can read the project's folder may say who people are, until there is sign-in proper.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use countersign_ir::hash::Hash;
use subtle::ConstantTimeEq;

/// The key.
pub(crate) struct OperatorKey(String);

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub enum OperatorKeyError {
    /// The file cannot be read or written.
    #[error("the operator's key {path} cannot be used: {why}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        why: io::Error,
    },
    /// Others can read it.
    #[error("the operator's key {path} can be read by others; run `chmod 600 {path}`")]
    Public {
        /// Which file.
        path: PathBuf,
    },
    /// It is not one of ours.
    #[error("the operator's key {path} is no key; remove the file, and a new one is made")]
    Malformed {
        /// Which file.
        path: PathBuf,
    },
}

const DIGITS: usize = 64;

impl OperatorKey {
    /// Reads the key, or makes one that its owner alone can read.
    pub(crate) fn open_or_create(path: &Path) -> Result<Self, OperatorKeyError> {
        let io = |why: io::Error| OperatorKeyError::Io { path: path.to_owned(), why };
        match fs::read_to_string(path) {
            Ok(text) => {
                private(path)?;
                let key = text.trim();
                if key.len() == DIGITS && key.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                    Ok(Self(key.to_owned()))
                } else {
                    Err(OperatorKeyError::Malformed { path: path.to_owned() })
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut drawn = [0; 32];
                getrandom::fill(&mut drawn).map_err(|error| io(io::Error::other(error.to_string())))?;
                let key = Hash(drawn).hex();
                write_private(path, &format!("{key}\n")).map_err(io)?;
                Ok(Self(key))
            }
            Err(error) => Err(io(error)),
        }
    }

    /// Whether that is the key, in constant time.
    pub(crate) fn is(&self, claimed: &str) -> bool {
        self.0.as_bytes().ct_eq(claimed.trim().as_bytes()).into()
    }
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(unix)]
fn private(path: &Path) -> Result<(), OperatorKeyError> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = fs::metadata(path).map_err(|why| OperatorKeyError::Io { path: path.to_owned(), why })?;
    let of_others = metadata.permissions().mode() & 0o077;
    if of_others == 0 { Ok(()) } else { Err(OperatorKeyError::Public { path: path.to_owned() }) }
}

#[cfg(not(unix))]
fn private(_path: &Path) -> Result<(), OperatorKeyError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".countersign/operator.key");
        OperatorKey::open_or_create(&path).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let again = OperatorKey::open_or_create(&path).unwrap();
        assert!(again.is(&text));
        assert!(!again.is(""));
        assert!(!again.is(&text.replace(|c: char| c.is_ascii_digit(), "f")));
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("operator.key");
        OperatorKey::open_or_create(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let error = OperatorKey::open_or_create(&path).err().unwrap();
        assert!(matches!(error, OperatorKeyError::Public { .. }), "{error}");
    }

    #[test]
    fn what_is_no_key_is_not_taken_for_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("operator.key");
        write_private(&path, "secret").unwrap();
        let error = OperatorKey::open_or_create(&path).err().unwrap();
        assert!(matches!(error, OperatorKeyError::Malformed { .. }), "{error}");
    }
}
