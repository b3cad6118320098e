//! `countersign.toml`: the project's name, the values of its settings, where the store and the checkpoints lie.
//!
//! An unknown key is an error, since whoever wrote it expects it to do something.

use std::ops::Range;

use countersign_diagnostics::{Code, Diagnostic, FileId, Files, Fix, codes};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::sources::{SourceError, Sources};
use crate::words::{listed, nearest};

/// The file's name.
pub const FILE: &str = "countersign.toml";

/// What `countersign.toml` says; a project without one has all defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manifest {
    /// `[project] name`
    pub name: Option<String>,
    /// `[settings]`, in the order of the file.
    pub settings: Vec<ManifestSetting>,
    /// `[audit] checkpoints`: where signed checkpoints are kept.
    pub checkpoints: Option<String>,
    /// `[store] path`: where the store lies.
    pub store: Option<String>,
}

/// A line of `[settings]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestSetting {
    /// The setting.
    pub name: String,
    /// Its value as it was written, without the quotes of TOML.
    pub value: String,
    /// Where the name stands.
    pub name_span: Range<usize>,
    /// Where the value stands.
    pub value_span: Range<usize>,
}

/// Reads the manifest. Its file is given only if there is one.
pub(crate) fn read(
    sources: &dyn Sources,
    files: &mut Files,
    found: &mut Vec<Diagnostic>,
) -> (Manifest, Option<FileId>) {
    let text = match sources.read(FILE) {
        Ok(text) => text,
        Err(SourceError::Missing) => return (Manifest::default(), None),
        Err(error) => {
            let file = files.add(FILE, "");
            found.push(Diagnostic::new(
                codes::UNREADABLE_FILE,
                file,
                0..0,
                format!("`{FILE}` cannot be read: {error}"),
            ));
            return (Manifest::default(), Some(file));
        }
    };
    let file = files.add(FILE, text.as_str());
    let mut reader = Reader { file, found };
    let manifest = match DeTable::parse(&text) {
        Ok(table) => reader.manifest(table.get_ref()),
        Err(error) => {
            let span = error.span().unwrap_or(0..0);
            reader.say(codes::BAD_MANIFEST, span, format!("`{FILE}` cannot be read: {}", error.message()));
            Manifest::default()
        }
    };
    (manifest, Some(file))
}

struct Reader<'a> {
    file: FileId,
    found: &'a mut Vec<Diagnostic>,
}

type Entry<'v, 'i> = (&'v Spanned<std::borrow::Cow<'i, str>>, &'v Spanned<DeValue<'i>>);

impl Reader<'_> {
    fn say(&mut self, code: Code, span: Range<usize>, headline: String) {
        self.found.push(Diagnostic::new(code, self.file, span, headline));
    }

    fn manifest(&mut self, table: &DeTable<'_>) -> Manifest {
        let mut manifest = Manifest::default();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let DeValue::Table(inner) = value.get_ref() else {
                self.unknown(key.span(), name, "", &["project", "settings", "audit", "store"]);
                continue;
            };
            match name {
                "project" => manifest.name = self.text(inner, name, "name"),
                "audit" => manifest.checkpoints = self.text(inner, name, "checkpoints"),
                "store" => manifest.store = self.text(inner, name, "path"),
                "settings" => {
                    manifest.settings = inner.iter().filter_map(|entry| self.setting(entry)).collect();
                }
                _ => self.unknown(key.span(), name, "", &["project", "settings", "audit", "store"]),
            }
        }
        manifest.settings.sort_by_key(|setting| setting.name_span.start);
        manifest
    }

    /// The text of the only key that a section has.
    fn text(&mut self, table: &DeTable<'_>, section: &str, known: &str) -> Option<String> {
        let mut found = None;
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            match value.get_ref() {
                _ if name != known => self.unknown(key.span(), name, section, &[known]),
                DeValue::String(text) if !text.trim().is_empty() => found = Some(text.to_string()),
                _ => self.say(
                    codes::BAD_MANIFEST,
                    value.span(),
                    format!("`{section}.{name}` is a text in quotes"),
                ),
            }
        }
        found
    }

    fn setting(&mut self, (key, value): Entry<'_, '_>) -> Option<ManifestSetting> {
        let text = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(number) => number.as_str().to_owned(),
            DeValue::Float(number) => number.as_str().to_owned(),
            DeValue::Boolean(yes) => yes.to_string(),
            DeValue::Datetime(time) => time.to_string(),
            DeValue::Array(_) | DeValue::Table(_) => {
                self.found.push(
                    Diagnostic::new(
                        codes::BAD_MANIFEST,
                        self.file,
                        value.span(),
                        format!("the setting `{}` is one value, not several", key.get_ref()),
                    )
                    .help("write it as a literal of the language in quotes, such as `\"500 EUR\"`, or as a number"),
                );
                return None;
            }
        };
        Some(ManifestSetting {
            name: key.get_ref().to_string(),
            value: text,
            name_span: key.span(),
            value_span: value.span(),
        })
    }

    fn unknown(&mut self, span: Range<usize>, name: &str, section: &str, known: &[&str]) {
        let place = if section.is_empty() { format!("`{FILE}`") } else { format!("`[{section}]`") };
        let mut problem = Diagnostic::new(
            codes::UNKNOWN_MANIFEST_KEY,
            self.file,
            span.clone(),
            format!("{place} has no `{name}`"),
        )
        .primary("nobody reads this")
        .reason("whoever wrote it expects it to do something");
        problem = match nearest(name, known.iter().copied()) {
            Some(meant) => problem
                .help(format!("did you mean `{meant}`?"))
                .fix(Fix::suggested(format!("write `{meant}`")).edit(self.file, span, meant)),
            None => problem.help(format!("it has {}", listed(known, "and"))),
        };
        self.found.push(problem);
    }
}
