//! The file of the record: an entry a line, on disk before anybody is told.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::record::Entry;

/// Why the record cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error("{path}: {error}")]
    Io { path: PathBuf, error: io::Error },
    #[error("{path}: another receiver writes to this record")]
    Taken { path: PathBuf },
    #[error("{path}, line {line}: this is no entry of a record: {problem}")]
    Damaged { path: PathBuf, line: u64, problem: String },
}

/// The open file. Its end is always the end of a whole entry.
pub struct Log(File);

impl Log {
    /// Open the file, and read what is in it. A last line that was cut off by a kill was never answered and goes.
    pub fn open(path: &Path) -> Result<(Self, Vec<Entry>), LogError> {
        let failed = |error| LogError::Io { path: path.to_owned(), error };
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path).map_err(failed)?;
        file.try_lock().map_err(|_| LogError::Taken { path: path.to_owned() })?;
        let (entries, whole) = read(&file, path)?;
        file.set_len(whole).map_err(failed)?;
        file.seek(SeekFrom::End(0)).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        Ok((Self(file), entries))
    }

    /// On disk when this returns. After an error the end of the file is not known: the process has to end.
    pub fn append(&mut self, entry: &Entry) -> io::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        self.0.write_all(&line)?;
        self.0.sync_data()
    }
}

fn read(file: &File, path: &Path) -> Result<(Vec<Entry>, u64), LogError> {
    let mut lines = BufReader::new(file);
    let (mut entries, mut whole, mut line) = (Vec::new(), 0, Vec::new());
    loop {
        line.clear();
        let length = lines
            .read_until(b'\n', &mut line)
            .map_err(|error| LogError::Io { path: path.to_owned(), error })?;
        if length == 0 || line.last() != Some(&b'\n') {
            return Ok((entries, whole));
        }
        let expected = entries.len() as u64 + 1;
        let damaged = |problem| LogError::Damaged { path: path.to_owned(), line: expected, problem };
        let entry: Entry = serde_json::from_slice(&line).map_err(|error| damaged(error.to_string()))?;
        if entry.n != expected {
            return Err(damaged(format!("its number is {}", entry.n)));
        }
        entries.push(entry);
        whole += length as u64;
    }
}
