//! The project that a command is about.

use std::path::{Path, PathBuf};

use countersign::{Compilation, Compiled, DirectorySources};
use countersign_diagnostics::{Counts, Format, Style, render};
use countersign_ir::value::Value;
use countersign_sim::plausible;

use crate::failure::Failure;
use crate::screen::Screen;

/// Where a process keeps what is its own, below the project.
const HOME: &str = ".countersign";

/// The project in or above a path; the current folder where none is named.
pub fn find(path: Option<&Path>) -> Result<DirectorySources, Failure> {
    let path = path.unwrap_or(Path::new("."));
    let real = std::fs::canonicalize(path).map_err(|error| Failure::read(path, error))?;
    DirectorySources::find(&real)
        .ok_or_else(|| Failure::NoProject(crate::safe::line(&real.display().to_string())))
}

/// A file or folder of what a process keeps beside the project.
pub fn beside(sources: &DirectorySources, name: &str) -> PathBuf {
    sources.root().join(HOME).join(name)
}

/// The compiled project, for commands that need one. What was found is shown on standard error.
pub fn compiled(sources: &DirectorySources, screen: &mut Screen) -> Result<Compiled, Failure> {
    let Compilation { files, diagnostics, compiled } = countersign::compile(sources);
    if let Some(compiled) = compiled {
        return Ok(compiled);
    }
    let style = Style { color: screen.error_color, width: screen.width };
    screen.aside(&render(Format::Human, style, &files, &diagnostics));
    Err(Failure::DoesNotCompile(Counts::of(&files, &diagnostics).to_string()))
}

/// Puts a text in the place of a file, whole or not at all, with the permissions that the file had.
pub fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    // What is written is the file that a link leads to, and not the link.
    let path = std::fs::canonicalize(path)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().set_permissions(std::fs::metadata(&path)?.permissions())?;
    file.as_file().sync_all()?;
    file.persist(&path)?;
    Ok(())
}

/// Writes something as JSON into a file that only its owner can read, whole or not at all.
pub fn write_private(path: &Path, value: &impl serde::Serialize) -> std::io::Result<()> {
    use std::io::Write;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    // A temporary file is made with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    serde_json::to_writer_pretty(&mut file, value)?;
    file.write_all(b"\n")?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// The values of the settings where no system is reached: those that nobody gave a value, such as addresses of systems,
/// are made up.
pub fn settings_without_systems(compiled: &Compiled) -> Result<Vec<Value>, Failure> {
    let mut program = compiled.program.clone();
    let plausible: Vec<_> =
        program.settings.iter().map(|setting| plausible(&program, &setting.name, &setting.ty)).collect();
    for (setting, plausible) in program.settings.iter_mut().zip(plausible) {
        setting.default.get_or_insert(plausible);
    }
    countersign::settings(&program, &compiled.manifest, &[]).map_err(|wrong| {
        let wrong: Vec<_> = wrong.iter().map(ToString::to_string).collect();
        Failure::new(wrong.join("\n"), "mend the values under `[settings]` of countersign.toml")
    })
}
