//! Files of the audit: written whole or not at all, and on disk when the call returns.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use super::AuditError;

/// No checkpoint or key is larger than this.
const LARGEST: u64 = 1 << 16;

pub(crate) fn failure(path: &Path, error: &io::Error) -> AuditError {
    AuditError::Io { path: path.display().to_string(), why: error.to_string() }
}

pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

/// Puts a file in place: readers see the old contents or the new, never a part.
pub(crate) fn write_whole(folder: &Path, name: &str, text: &str) -> Result<(), AuditError> {
    let path = folder.join(name);
    let draft = folder.join(format!(".{name}.draft"));
    let write = || {
        let mut file = File::create(&draft)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, &path)?;
        sync_folder(folder)
    };
    write().map_err(|e| failure(&path, &e))
}

/// Reads a small text file; one that is larger than any of ours is cut and will not parse.
pub(crate) fn read_text(path: &Path) -> Result<String, AuditError> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LARGEST).read_to_end(&mut bytes));
    read.map_err(|e| failure(path, &e))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
