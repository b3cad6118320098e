//! A project on disk, as the compiler reads it.
//!
//! Nothing outside of the project's directory is read, whatever a file names and wherever a link leads; nothing is
//! executed; nothing is written.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use countersign_check::{MANIFEST_FILE, SourceError, Sources};

/// The largest file that is read, in bytes.
const LARGEST: u64 = 32 << 20;

/// How deep folders may lie in each other; deeper ones are taken for a circle of links.
const DEEPEST: usize = 32;

/// The sources in a directory and the folders below it.
///
/// Hidden folders, `target` and folders that hold a project of their own are passed over.
#[derive(Debug, Clone)]
pub struct DirectorySources {
    root: PathBuf,
}

impl DirectorySources {
    /// The project in that directory, the one with `countersign.toml`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The project that a path lies in: the nearest directory upward, itself included, with a `countersign.toml`.
    pub fn find(path: &Path) -> Option<Self> {
        let path = fs::canonicalize(path).ok()?;
        let root = path.ancestors().find(|folder| folder.join(MANIFEST_FILE).is_file())?;
        Some(Self::new(root))
    }

    /// Where a file of the project lies; none if it would lie outside.
    pub fn locate(&self, path: &str) -> Option<PathBuf> {
        let relative = Path::new(path);
        let is_inside = !path.contains(['\\', '\0'])
            && relative.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        is_inside.then(|| self.root.join(relative))
    }
}

impl Sources for DirectorySources {
    fn modules(&self) -> Vec<String> {
        let mut found = Vec::new();
        walk(&self.root, "", 0, &mut found);
        found.sort();
        found
    }

    fn read(&self, path: &str) -> Result<String, SourceError> {
        let outside = || SourceError::Unreadable("it lies outside of the project".into());
        let place = self.locate(path).ok_or_else(outside)?;
        let real = fs::canonicalize(&place).map_err(|error| unreadable(&error))?;
        let root = fs::canonicalize(&self.root).map_err(|error| unreadable(&error))?;
        if !real.starts_with(&root) {
            return Err(outside());
        }
        let mut bytes = Vec::new();
        let file = File::open(&real).map_err(|error| unreadable(&error))?;
        if !file.metadata().is_ok_and(|about| about.is_file()) {
            return Err(SourceError::Unreadable("it is not a file".into()));
        }
        file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
        if bytes.len() as u64 > LARGEST {
            return Err(SourceError::Unreadable(format!("it is larger than {} MiB", LARGEST >> 20)));
        }
        String::from_utf8(bytes).map_err(|_| SourceError::NotText)
    }
}

fn unreadable(error: &io::Error) -> SourceError {
    match error.kind() {
        io::ErrorKind::NotFound => SourceError::Missing,
        _ => SourceError::Unreadable(error.to_string()),
    }
}

fn walk(folder: &Path, prefix: &str, depth: usize, found: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let Ok(name) = entry.file_name().into_string() else { continue };
        if name.starts_with('.') {
            continue;
        }
        let path = entry.path();
        // Links to folders are not followed: they could lead outside, or in a circle.
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder {
            let is_other = name == "target" || path.join(MANIFEST_FILE).is_file();
            if !is_other && depth < DEEPEST {
                walk(&path, &format!("{prefix}{name}/"), depth + 1, found);
            }
        } else if Path::new(&name).extension().is_some_and(|ending| ending == "flow") {
            found.push(format!("{prefix}{name}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(files: &[(&str, &str)]) -> (tempfile::TempDir, DirectorySources) {
        let outer = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = outer.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let sources = DirectorySources::new(outer.path().join("project"));
        (outer, sources)
    }

    #[test]
    fn modules_are_the_flow_files_of_this_project_and_of_no_other() {
        let (_outer, sources) = project(&[
            ("project/countersign.toml", ""),
            ("project/b.flow", ""),
            ("project/desk/a.flow", ""),
            ("project/readme.md", ""),
            ("project/.hidden/c.flow", ""),
            ("project/target/d.flow", ""),
            ("project/other/countersign.toml", ""),
            ("project/other/e.flow", ""),
        ]);
        assert_eq!(sources.modules(), ["b.flow", "desk/a.flow"]);
    }

    #[test]
    fn nothing_outside_of_the_project_is_read() {
        let (outer, sources) = project(&[("project/a.flow", "a"), ("secret.txt", "s")]);
        assert_eq!(sources.read("a.flow").as_deref(), Ok("a"));
        assert_eq!(sources.read("missing.txt"), Err(SourceError::Missing));
        let outside = Err(SourceError::Unreadable("it lies outside of the project".into()));
        assert_eq!(sources.read("../secret.txt"), outside);
        assert_eq!(sources.read(outer.path().join("secret.txt").to_str().unwrap()), outside);
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(
                outer.path().join("secret.txt"),
                outer.path().join("project/link.txt"),
            )
            .unwrap();
            assert_eq!(sources.read("link.txt"), outside);
        }
    }

    #[test]
    fn what_is_not_text_is_said_to_be_none() {
        let (outer, sources) = project(&[("project/a.flow", "")]);
        fs::write(outer.path().join("project/a.flow"), [0xff, 0xfe]).unwrap();
        assert_eq!(sources.read("a.flow"), Err(SourceError::NotText));
        fs::create_dir(outer.path().join("project/folder.flow")).unwrap();
        assert_eq!(sources.read("folder.flow"), Err(SourceError::Unreadable("it is not a file".into())));
    }

    #[test]
    fn a_project_is_found_from_anywhere_inside_it() {
        let (outer, sources) = project(&[("project/countersign.toml", ""), ("project/desk/a.flow", "")]);
        let root = fs::canonicalize(sources.root()).unwrap();
        for inside in ["project", "project/desk", "project/desk/a.flow"] {
            let found = DirectorySources::find(&outer.path().join(inside)).map(|sources| sources.root);
            assert_eq!(found.as_deref(), Some(root.as_path()), "{inside}");
        }
        assert!(DirectorySources::find(&outer.path().join("nowhere")).is_none());
    }
}
