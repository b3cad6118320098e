//! The example project compiles without a finding.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod common;

use common::{folder, human, prove};
use countersign_check::settings;

#[test]
fn the_invoices_compile_without_a_finding() {
    let checked = prove(&folder("examples/invoices"));
    assert_eq!(human(&checked), "");
    let compiled = checked.compiled.unwrap();
    assert!(settings(&compiled.program, &compiled.manifest, &[]).is_ok());
    insta::assert_debug_snapshot!("program", compiled.program);
    insta::assert_debug_snapshot!("suite", compiled.suite);
    insta::assert_debug_snapshot!("manifest", compiled.manifest);
}
