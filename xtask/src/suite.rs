//! `cargo xtask test`: everything that a change must pass.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::machine;
use crate::runner::{Report, cargo, root, target};
use crate::tally::Tally;

/// The crate whose tests drive the release binary.
pub const END_TO_END: &str = "e2e";

/// Runs everything and counts.
pub fn run() -> Result<Tally, String> {
    let target = target()?;
    let mut report = Report::new();

    report.check("format", &mut cargo(&["fmt", "--all", "--check"]));
    let lints = ["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"];
    report.check("lints", &mut cargo(&lints));
    let built = build(&mut report);
    tests(&mut report);
    if built {
        projects(&mut report, &target);
        end_to_end(&mut report, "end to end", &target, &[], &[]);
    }
    Ok(report.sum())
}

/// The binary and the systems that the end-to-end tests put behind it.
pub fn build(report: &mut Report) -> bool {
    let packages = ["build", "--release", "--package", "countersign-cli", "--package", "receiver"];
    report.check("release build", &mut cargo(&packages))
}

fn tests(report: &mut Report) {
    let runner: &[&str] = if machine::has_nextest() {
        &["nextest", "run", "--no-fail-fast", "--no-tests", "pass"]
    } else {
        &["test", "--all-targets", "--no-fail-fast", "--quiet"]
    };
    // Those drive the release binary, with servers beside it, and have a part of their own.
    let but_end_to_end = ["--workspace", "--exclude", END_TO_END];
    report.tests("tests", cargo(runner).args(but_end_to_end));
    report.tests(
        "examples in the documentation",
        &mut cargo(&["test", "--workspace", "--doc", "--no-fail-fast", "--quiet"]),
    );
}

/// The example projects, as their user would check and test them.
fn projects(report: &mut Report, target: &Path) {
    let binary = binary(target);
    for project in example_projects() {
        let name = project.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let on = |command: &str| {
            let mut run = Command::new(&binary);
            run.arg(command).arg(&project).current_dir(root());
            run
        };
        report.check(&format!("{name}: check"), &mut on("check"));
        report.check(&format!("{name}: fmt"), on("fmt").arg("--check"));
        report.check(&format!("{name}: test"), &mut on("test"));
    }
}

fn example_projects() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join("examples")).into_iter().flatten().flatten();
    let mut projects: Vec<PathBuf> =
        entries.map(|entry| entry.path()).filter(|path| path.join("countersign.toml").is_file()).collect();
    projects.sort();
    projects
}

/// The release binary against real servers.
pub fn end_to_end(
    report: &mut Report,
    name: &str,
    target: &Path,
    arguments: &[&str],
    variables: &[(&str, String)],
) {
    let python = match machine::python(target) {
        Ok(python) => python,
        Err(missing) => {
            eprintln!("error: {missing}");
            report.note(name, Tally::one(false));
            return;
        }
    };
    let mut command = cargo(&["test", "--package", END_TO_END, "--no-fail-fast"]);
    command.args(arguments).envs(variables.iter().map(|(name, value)| (name, value)));
    command.env("COUNTERSIGN_BIN", binary(target));
    command.env("RECEIVER_BIN", release(target, "receiver"));
    command.env("E2E_PYTHON", python);
    report.tests(name, &mut command);
}

fn binary(target: &Path) -> PathBuf {
    release(target, "countersign")
}

fn release(target: &Path, name: &str) -> PathBuf {
    target.join("release").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}
