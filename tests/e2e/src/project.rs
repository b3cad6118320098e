//! A copy of `examples/invoices`, with settings of its own.

use std::fs;
use std::path::Path;

use crate::programs::workspace;

/// Copies the example, without what an earlier run may have left in it, and points its settings elsewhere.
pub fn copy(to: &Path, settings: &[(&str, &str)]) {
    copy_folder(&workspace().join("examples/invoices"), to);
    let file = to.join("countersign.toml");
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut used = 0;
    let lines: Vec<String> = text
        .lines()
        .map(|line| {
            let name = line.split('=').next().unwrap_or_default().trim();
            match settings.iter().find(|(setting, _)| *setting == name) {
                Some((_, value)) => {
                    used += 1;
                    format!("{name} = {value:?}")
                }
                None => line.to_owned(),
            }
        })
        .collect();
    assert_eq!(used, settings.len(), "{} lacks one of the settings {settings:?}:\n{text}", file.display());
    fs::write(&file, lines.join("\n") + "\n").unwrap_or_else(|error| panic!("{}: {error}", file.display()));
}

/// Copies a folder with all that is in it, but for `.countersign`.
pub fn copy_folder(from: &Path, to: &Path) {
    let failed = |error| -> ! { panic!("cannot copy {} to {}: {error}", from.display(), to.display()) };
    fs::create_dir_all(to).unwrap_or_else(|error| failed(error));
    for entry in fs::read_dir(from).unwrap_or_else(|error| failed(error)) {
        let entry = entry.unwrap_or_else(|error| failed(error));
        let target = to.join(entry.file_name());
        if entry.file_name() == ".countersign" {
            continue;
        }
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).unwrap_or_else(|error| failed(error));
        }
    }
}
