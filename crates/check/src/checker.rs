//! The state of one check, and its order: names, types, settings, signatures, bodies, tests.
//!
//! Bodies refer to each other only through signatures, so each is read once, in any order. What is wrong is pushed as a
//! diagnostic and stands in the program as a poisoned type or a placeholder, of which nothing is said again; a program
//! leaves this crate only if no error was found.

use countersign_diagnostics::{Code, Diagnostic, FileId, Files, codes};
use countersign_ir::program::{self, Program, Type};
use countersign_ir::spans::{Place, SpanTable, Subject};
use countersign_ir::suite::Suite;
use countersign_ir::value::Value;
use countersign_syntax::{Span, ast};

use crate::clause;
use crate::modules::Module;
use crate::scope::{Scope, Symbol};
use crate::sources::Sources;

/// The type of what is wrong, about which enough has been said. No program has so many records.
pub(crate) const POISON: Type = Type::Record(program::RecordId(u16::MAX));

/// How many entries a table of the program may have; indices have 16 bits.
const MAX_TABLE: usize = 60_000;

/// How deep functions and samples may rest on each other.
pub(crate) const MAX_DEPTH: usize = 32;

/// A declaration with its module and what its name means.
#[derive(Clone, Copy)]
pub(crate) struct Declared<'a> {
    pub(crate) module: usize,
    pub(crate) item: &'a ast::Item,
    pub(crate) symbol: Symbol,
}

/// A function, read when it is first called.
pub(crate) struct Function<'a> {
    pub(crate) module: usize,
    pub(crate) tree: &'a ast::Function,
    pub(crate) params: Vec<program::Param>,
    pub(crate) result: Type,
    pub(crate) body: Lazy<program::Expr>,
}

/// A sample, read when it is first used.
pub(crate) struct Sample<'a> {
    pub(crate) module: usize,
    pub(crate) tree: &'a ast::Sample,
    pub(crate) ty: Type,
    pub(crate) value: Lazy<Value>,
}

/// Something that is read when it is first needed.
#[derive(Clone)]
pub(crate) enum Lazy<T> {
    Untouched,
    /// It is being read: who asks for it now, asks in a circle.
    InProgress,
    Done(T),
    /// An error has been given.
    Failed,
}

/// One check.
pub(crate) struct Checker<'a> {
    pub(crate) sources: &'a dyn Sources,
    pub(crate) files: Files,
    pub(crate) found: Vec<Diagnostic>,
    pub(crate) modules: &'a [Module],
    pub(crate) scopes: Vec<Scope>,
    pub(crate) items: Vec<Declared<'a>>,
    pub(crate) functions: Vec<Function<'a>>,
    pub(crate) samples: Vec<Sample<'a>>,
    pub(crate) program: Program,
    pub(crate) suite: Suite,
    pub(crate) spans: SpanTable,
    /// The record of an earlier run, once a flow asks for its history.
    pub(crate) history: Option<program::RecordId>,
    /// The module that is being read.
    pub(crate) here: usize,
    /// How many nodes inlining may still make.
    pub(crate) inlining: usize,
    /// How many functions and samples are being read inside of each other.
    pub(crate) depth: usize,
}

impl<'a> Checker<'a> {
    pub(crate) fn new(
        sources: &'a dyn Sources,
        files: Files,
        modules: &'a [Module],
        name: &str,
        found: Vec<Diagnostic>,
    ) -> Self {
        Self {
            sources,
            files,
            found,
            modules,
            scopes: modules.iter().map(|_| Scope::default()).collect(),
            items: Vec::new(),
            functions: Vec::new(),
            samples: Vec::new(),
            program: Program {
                format: program::FORMAT,
                semantics: program::SEMANTICS,
                name: name.to_owned(),
                records: Vec::new(),
                enums: Vec::new(),
                settings: Vec::new(),
                secrets: Vec::new(),
                calendars: Vec::new(),
                roles: Vec::new(),
                systems: Vec::new(),
                approvals: Vec::new(),
                decisions: Vec::new(),
                guardrails: Vec::new(),
                flows: Vec::new(),
                templates: Vec::new(),
            },
            suite: Suite::default(),
            spans: SpanTable::default(),
            history: None,
            here: 0,
            inlining: 200_000,
            depth: 0,
        }
    }

    /// The whole check. Settings come from the manifest's reader, which needs the program.
    pub(crate) fn run(&mut self) {
        self.collect();
        if self.is_too_large() {
            return;
        }
        self.import_all();
        self.each(Self::enum_variants);
        self.each(Self::record_fields);
        self.refuse_endless_records();
        self.each(Self::setting_type);
        self.each(Self::signature);
        self.each(Self::setting_value);
        self.each(Self::check_defaults);
        self.each(Self::record_refinements);
        self.each(Self::people);
        self.refuse_away_circles();
        self.each(Self::function_body);
        self.each(Self::sample_value);
        self.each(Self::approval_body);
        self.each(Self::decision_body);
        self.each(Self::system_body);
        self.each(Self::guardrail_body);
        self.each(Self::flow_body);
        self.each(Self::suite_body);
        self.refuse_shared_paths();
        self.unused_imports();
        if self.tables().into_iter().any(|len| len > MAX_TABLE) {
            self.too_large();
        }
        self.spans.files = self.files.ids().map(|file| self.files.path(file).to_owned()).collect();
    }

    fn each(&mut self, what: fn(&mut Self, Declared<'a>)) {
        for at in 0..self.items.len() {
            if let Some(declared) = self.items.get(at).copied() {
                self.here = declared.module;
                what(self, declared);
            }
        }
    }

    fn tables(&self) -> [usize; 9] {
        let program = &self.program;
        let frames = program.flows.iter().map(|flow| flow.slots.len().max(flow.steps.len())).max();
        let operations =
            program.systems.iter().map(|system| system.reads.len().max(system.actions.len())).max();
        let fields = program.records.iter().map(|record| record.fields.len()).max();
        [
            self.items.len(),
            program.records.len(),
            program.enums.len(),
            program.templates.len(),
            program.approvals.iter().map(|approval| approval.levels.len()).max().unwrap_or_default(),
            program.decisions.iter().map(|decision| decision.rules.len()).max().unwrap_or_default(),
            frames.unwrap_or_default(),
            operations.unwrap_or_default(),
            fields.unwrap_or_default(),
        ]
    }

    fn is_too_large(&mut self) -> bool {
        let too_large = self.items.len() > MAX_TABLE;
        if too_large {
            self.too_large();
        }
        too_large
    }

    fn too_large(&mut self) {
        self.here = 0;
        self.push(
            self.at(codes::PROJECT_TOO_LARGE, Span::at(0), "this project declares more than a program can hold")
                .reason(format!("a program has at most {MAX_TABLE} declarations of a kind, steps of a flow or fields of a record"))
                .help("split it into projects that emit events to each other"),
        );
    }

    /// The file of the module that is being read.
    pub(crate) fn file(&self) -> FileId {
        self.modules.get(self.here).map_or(FileId::new(0), |module| module.file)
    }

    /// A diagnostic in the module that is being read.
    pub(crate) fn at(&self, code: Code, span: Span, headline: impl Into<String>) -> Diagnostic {
        Diagnostic::new(code, self.file(), span.range(), headline)
    }

    pub(crate) fn push(&mut self, problem: Diagnostic) {
        self.found.push(problem);
    }

    /// Something of the language that this version does not compile.
    pub(crate) fn not_yet(&mut self, span: Span, what: &str) {
        self.push(
            self.at(codes::NOT_YET_SUPPORTED, span, format!("{what} is not supported by this version"))
                .reason("what is not compiled would not happen, so it is refused rather than passed over"),
        );
    }

    /// What the source says there, with canonical blanks.
    pub(crate) fn clause(&self, span: Span) -> String {
        let Some(module) = self.modules.get(self.here) else { return String::new() };
        clause::text(self.files.text(module.file), &module.tokens, span)
    }

    /// Says that definitions rest on each other too deep.
    pub(crate) fn too_deep(&mut self, span: Span) {
        self.push(
            self.at(codes::PROJECT_TOO_LARGE, span, "definitions rest on each other too deep")
                .reason(format!(
                    "a person could not follow them, and a check ends within bounds: {MAX_DEPTH} deep"
                ))
                .help("write some of them out"),
        );
    }

    /// Notes where a part of the program stands.
    pub(crate) fn placed(&mut self, subject: Subject, span: Span) {
        let place = Place { file: self.file().index(), span: span.range() };
        self.spans.insert(subject, place);
    }

    /// A text in which nothing may be computed, such as a reason.
    pub(crate) fn fixed(&mut self, text: &ast::Text) -> String {
        match text.as_plain() {
            Some(plain) if plain.trim().is_empty() => {
                self.push(
                    self.at(codes::MISSING_CLAUSE, text.span, "a reason that says nothing")
                        .primary("whoever asks why is told this")
                        .reason(
                            "it is all that the audit journal will have to say for the rule or the exception",
                        )
                        .help("say it in the words of whoever answers for it"),
                );
                String::new()
            }
            Some(plain) => plain.to_owned(),
            None => {
                self.push(
                    self.at(codes::NOT_A_LITERAL, text.span, "a reason is the same each time, and nothing is computed into it")
                        .reason("it is repeated in the audit journal and the certificate, where the values are not known")
                        .help("write it out; for a brace that stands for itself write `\\{`"),
                );
                String::new()
            }
        }
    }
}

/// An index of 16 bits. Tables that are larger are refused at the end, so that a saturated one is never used.
pub(crate) fn index(at: usize) -> u16 {
    u16::try_from(at).unwrap_or(u16::MAX)
}
