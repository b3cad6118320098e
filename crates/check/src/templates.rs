//! Templates: texts beside the modules, that may name only what they are given.

use std::collections::BTreeSet;

use countersign_diagnostics::{Diagnostic, codes};
use countersign_ir::program::{self, TemplateId, Type};
use countersign_syntax::{Span, ast};

use crate::checker::Checker;
use crate::collect::is_poisoned;
use crate::expr::opened;
use crate::words::{listed, nearest};

/// How many bytes a template may have.
const MAX_BYTES: usize = 256 << 10;

impl Checker<'_> {
    /// The path of a file that a module names: beside the module, never outside of the project.
    pub(crate) fn beside(&mut self, name: &ast::PlainText) -> Option<String> {
        let strange = name.value.is_empty()
            || name.value.starts_with('/')
            || name.value.contains(['\\', ':'])
            || name.value.chars().any(char::is_control)
            || name.value.split('/').any(|part| part == ".." || part == "." || part.is_empty());
        if strange {
            self.push(
                self.at(codes::UNREADABLE_FILE, name.span, format!("`{}` is no file of this project", name.value))
                    .primary("a path below the folder of this module")
                    .reason("a program is made of what lies in its project, so that the same project is the same program everywhere"),
            );
            return None;
        }
        let folder = self.modules.get(self.here).map_or("", |module| module.folder.as_str());
        Some(format!("{folder}{}", name.value))
    }

    /// The template of a file, read when it is first named.
    pub(crate) fn template(&mut self, name: &ast::PlainText) -> Option<TemplateId> {
        let path = self.beside(name)?;
        if let Some(at) = self.program.templates.iter().position(|known| known.name == path) {
            return Some(TemplateId(crate::checker::index(at)));
        }
        let problem = match self.sources.read(&path) {
            Ok(source) if source.len() <= MAX_BYTES => {
                self.files.add(path.clone(), source.as_str());
                let template = program::Template { name: path, source };
                return Some(TemplateId(crate::collect::push(&mut self.program.templates, template)));
            }
            Ok(_) => format!("the template `{path}` is larger than {MAX_BYTES} bytes"),
            Err(error) => format!("the template `{path}` cannot be read: {error}"),
        };
        self.push(
            self.at(codes::BAD_TEMPLATE, name.span, problem)
                .primary("looked for beside this module")
                .reason("there would be nothing to send"),
        );
        None
    }

    /// Whether a template can be rendered from a record of that type.
    pub(crate) fn check_template(&mut self, id: TemplateId, asked: Span, with: &Type) {
        let Some(template) = self.program.templates.get(id.index()).cloned() else { return };
        let mut environment = minijinja::Environment::new();
        if let Err(error) = environment.add_template(&template.name, &template.source) {
            let problem = self.broken_template(&template, &error);
            self.push(problem.label(self.file(), asked.range(), "rendered here"));
            return;
        }
        let Ok(parsed) = environment.get_template(&template.name) else { return };
        let wanted: BTreeSet<String> = parsed.undeclared_variables(true).into_iter().collect();
        for path in wanted {
            self.check_hole(&template, asked, with, &path);
        }
    }

    fn broken_template(&self, template: &program::Template, error: &minijinja::Error) -> Diagnostic {
        let file = self.files.find(&template.name).unwrap_or_else(|| self.file());
        let line = error.line().unwrap_or(1).saturating_sub(1);
        let span = error.range().unwrap_or_else(|| self.files.line_span(file, line));
        let detail = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
        Diagnostic::new(
            codes::BAD_TEMPLATE,
            file,
            span,
            format!("the template `{}` cannot be read: {detail}", template.name),
        )
        .help("what is filled in is written `{{ invoice.id }}`")
    }

    fn check_hole(&mut self, template: &program::Template, asked: Span, with: &Type, path: &str) {
        let mut ty = with.clone();
        let mut seen = String::new();
        for name in path.split('.') {
            let Type::Record(id) = opened(&ty).clone() else {
                // The fields of a list's elements are reached in a loop, and those of texts are the renderer's own.
                return;
            };
            if is_poisoned(&ty) {
                return;
            }
            let Some(record) = self.program.records.get(id.index()) else { return };
            let known: Vec<&str> = record.fields.iter().map(|field| field.name.as_str()).collect();
            match record.fields.iter().find(|field| field.name == name) {
                Some(field) => ty = field.ty.clone(),
                None => {
                    let problem = self.unknown_hole(template, asked, &seen, name, &known);
                    self.push(problem);
                    return;
                }
            }
            if !seen.is_empty() {
                seen.push('.');
            }
            seen.push_str(name);
        }
    }

    fn unknown_hole(
        &self,
        template: &program::Template,
        asked: Span,
        of: &str,
        name: &str,
        known: &[&str],
    ) -> Diagnostic {
        let path = if of.is_empty() { name.to_owned() } else { format!("{of}.{name}") };
        let file = self.files.find(&template.name).unwrap_or_else(|| self.file());
        let span = hole(self.files.text(file), &path);
        let headline = if of.is_empty() {
            format!("`{}` names `{name}`, which it is not given", template.name)
        } else {
            format!("`{}` names `{path}`, and `{of}` has no `{name}`", template.name)
        };
        let given = match (known, of) {
            ([], _) => "it is given nothing: add what it names after `with`".to_owned(),
            (known, "") => format!("it is given {}", listed(known, "and")),
            (known, of) => format!("`{of}` has {}", listed(known, "and")),
        };
        let problem = Diagnostic::new(codes::BAD_TEMPLATE, file, span, headline)
            .primary("nothing is known by this name")
            .label(self.file(), asked.range(), "rendered here")
            .reason("whoever gets the message would read a gap where this should stand");
        match nearest(name, known.iter().copied()) {
            Some(meant) => problem.help(format!("did you mean `{meant}`?")),
            None => problem.help(given),
        }
    }
}

/// Where a template names a path first; its beginning where the path is written in another way.
fn hole(text: &str, path: &str) -> std::ops::Range<usize> {
    let first = path.split('.').next().unwrap_or(path);
    let found = |wanted: &str| {
        text.match_indices("{{").find_map(|(open, _)| {
            let inside = text.get(open..)?;
            let end = inside.find("}}").unwrap_or(inside.len());
            let at = inside.get(..end)?.find(wanted)?;
            Some(open + at..open + at + wanted.len())
        })
    };
    found(path).or_else(|| found(first)).unwrap_or(0..0)
}
