//! The files of a project, read and parsed: one module each.
//!
//! Limits are checked before anything is parsed, so that no project can stop a check. What is wrong with a text becomes
//! diagnostics here; the tree goes on to the names.

use countersign_diagnostics::{Diagnostic, FileId, Files, codes};
use countersign_syntax::{Token, ast, parse};

use crate::sources::Sources;
use crate::syntax;

/// How many modules a project may have.
const MAX_MODULES: usize = 2_000;
/// How many bytes of source a project may have.
const MAX_PROJECT_BYTES: usize = 32 << 20;

/// A module as it was written.
#[derive(Debug)]
pub(crate) struct Module {
    /// Its text.
    pub(crate) file: FileId,
    /// What a `use` calls it: its path without the ending, with dots.
    pub(crate) name: String,
    /// The folder of its file, with a slash at its end; empty at the top.
    pub(crate) folder: String,
    /// What it says.
    pub(crate) tree: ast::Module,
    /// Its tokens without trivia.
    pub(crate) tokens: Vec<Token>,
}

/// Reads all modules, in the order of their paths.
pub(crate) fn read(sources: &dyn Sources, files: &mut Files, found: &mut Vec<Diagnostic>) -> Vec<Module> {
    let mut paths = sources.modules();
    paths.sort();
    paths.dedup();
    let mut modules = Vec::new();
    let mut bytes = 0_usize;
    let total = paths.len();
    for path in paths.into_iter().take(MAX_MODULES) {
        let text = match sources.read(&path) {
            Ok(text) => text,
            Err(error) => {
                let file = files.add(path.clone(), "");
                found.push(
                    Diagnostic::new(
                        codes::UNREADABLE_FILE,
                        file,
                        0..0,
                        format!("`{path}` cannot be read: {error}"),
                    )
                    .reason("what it says would be missing from the program"),
                );
                continue;
            }
        };
        bytes = bytes.saturating_add(text.len());
        if bytes > MAX_PROJECT_BYTES {
            let file = files.add(path, "");
            found.push(
                Diagnostic::new(codes::PROJECT_TOO_LARGE, file, 0..0, "the files of this project are too large together")
                    .reason(format!("a check ends within bounds that are known beforehand: {MAX_PROJECT_BYTES} bytes of source"))
                    .help("split it into projects that emit events to each other"),
            );
            break;
        }
        let file = files.add(path.clone(), text.as_str());
        let parsed = parse(&text);
        found.extend(parsed.errors.iter().map(|error| syntax::diagnostic(file, &text, error)));
        let name = module_name(&path);
        if !is_importable(&name) {
            found.push(
                Diagnostic::new(codes::BAD_MODULE_NAME, file, 0..0, format!("`{path}` has a name that no `use` can write"))
                    .reason("a file is a module named after itself, and names are small letters, digits and underscores")
                    .help(format!("call it `{}.flow`", tame(&name))),
            );
        }
        let folder = path.rfind('/').and_then(|at| path.get(..=at)).unwrap_or_default().to_owned();
        let tokens = parsed.tokens.into_iter().filter(|token| !token.kind.is_trivia()).collect();
        modules.push(Module { file, name, folder, tree: parsed.module, tokens });
    }
    if total > MAX_MODULES
        && let Some(module) = modules.first()
    {
        found.push(Diagnostic::new(
            codes::PROJECT_TOO_LARGE,
            module.file,
            0..0,
            format!("this project has {total} modules, and {MAX_MODULES} is the most"),
        ));
    }
    modules
}

fn module_name(path: &str) -> String {
    path.strip_suffix(".flow").unwrap_or(path).replace('/', ".")
}

fn is_importable(name: &str) -> bool {
    name.split('.').all(|part| {
        let mut letters = part.chars();
        letters.next().is_some_and(|first| first.is_ascii_lowercase() || first == '_')
            && letters.all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
    })
}

fn tame(name: &str) -> String {
    let last = name.rsplit('.').next().unwrap_or(name);
    let word = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '_' };
    let tamed: String = last.chars().map(word).collect();
    if tamed.starts_with(|first: char| first.is_ascii_lowercase()) { tamed } else { format!("m_{tamed}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_named_after_its_path() {
        assert_eq!(module_name("people.flow"), "people");
        assert_eq!(module_name("finance/invoices.flow"), "finance.invoices");
        assert!(is_importable("finance.invoices_2026"));
        for name in ["2026", "My-Flows", "finance.", ""] {
            assert!(!is_importable(name), "{name}");
        }
        assert_eq!(tame("My-Flows"), "my_flows");
        assert_eq!(tame("a.2026"), "m_2026");
    }
}
