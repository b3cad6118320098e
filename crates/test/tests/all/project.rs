//! The project of `examples/invoices`, compiled, with tests and simulation of our own where a case needs them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use countersign_check::{Compiled, Memory, check};
use countersign_diagnostics::{Diagnostic, Format, Style, render};
use countersign_engine::Deployment;
use countersign_ir::program::Program;
use countersign_test::{TestResult, play, settings_for_tests};

const FILES: [&str; 8] = [
    "countersign.toml",
    "holidays.ics",
    "invoices.flow",
    "people.flow",
    "records.flow",
    "remittance.txt",
    "simulation.flow",
    "systems.flow",
];

/// What every test file of ours begins with.
pub const HEAD: &str = r#"
use invoices.{pay_invoice, payment}
use people.{accounts_payable, cfo, finance_lead, office}
use records.{Invoice, Payment, Vendor}
use systems.{billing, erp, mail}

sample small: Invoice = { id: "i-1", vendor: "v-1", amount: 120 EUR, due: 2026-12-01, status: open, entered_by: "ana@acme.test" }
sample middle: Invoice = small with { id: "i-2", amount: 3_000 EUR }
sample large: Invoice = small with { id: "i-3", amount: 20_000 EUR }
"#;

/// The texts of the example, without its own tests.
pub fn example() -> Memory {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/invoices");
    FILES.iter().fold(Memory::new(), |sources, name| {
        sources.with(*name, std::fs::read_to_string(folder.join(name)).unwrap())
    })
}

/// The example with a file added or replaced.
pub fn compile(sources: &Memory) -> Compiled {
    let mut checked = check(sources);
    checked.diagnostics.retain(Diagnostic::is_error);
    match checked.compiled {
        Some(compiled) => compiled,
        None => panic!(
            "{}",
            render(Format::Human, Style { color: false, width: 110 }, &checked.files, &checked.diagnostics)
        ),
    }
}

pub fn deployment(program: Program) -> Arc<Deployment> {
    let settings = settings_for_tests(&program, &BTreeMap::new());
    Arc::new(Deployment::new(program, settings, "acme"))
}

/// The example, compiled once.
pub fn invoices() -> &'static Compiled {
    static COMPILED: OnceLock<Compiled> = OnceLock::new();
    COMPILED.get_or_init(|| compile(&example()))
}

/// Runs test blocks against the example.
pub fn run(tests: &str) -> Vec<TestResult> {
    run_with(example(), tests)
}

/// Runs test blocks against a project.
pub fn run_with(sources: Memory, tests: &str) -> Vec<TestResult> {
    let Compiled { program, suite, .. } = compile(&sources.with("tests.flow", format!("{HEAD}{tests}")));
    let deployment = deployment(program);
    let played = suite.tests.iter().map(|test| {
        let (host, result) = play(&deployment, &suite.simulation, test);
        host.replay().unwrap_or_else(|why| panic!("{} cannot be replayed: {why}", test.name));
        result
    });
    played.collect()
}

/// Runs test blocks that must pass.
pub fn check_passes(tests: &str) {
    let results = run(tests);
    assert!(!results.is_empty(), "there is no test in it");
    for result in results {
        assert!(result.passed(), "{}", report(&result));
    }
}

/// A failure as a person would read it.
pub fn report(result: &TestResult) -> String {
    match &result.failure {
        None => format!("{}: passed", result.name),
        Some(failure) => format!(
            "{}\n  line {}: {}\n  expected {}\n  found    {}\n    {}",
            result.name,
            failure.line,
            failure.step,
            failure.expected,
            failure.found,
            failure.trace.join("\n    ")
        ),
    }
}
