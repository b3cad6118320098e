//! The reference of the command line is what the binary prints, and so are its main ways to fail.

#[test]
fn the_reference_shows_what_the_binary_prints() {
    let cases = trycmd::TestCases::new();
    plain(&cases);
    cases.case("../../docs/reference/cli.md");
}

#[test]
fn what_goes_wrong_says_what_to_do_next() {
    let cases = trycmd::TestCases::new();
    plain(&cases);
    cases.case("tests/cmd/*.trycmd");
}

/// Nothing of this machine's settings.
fn plain(cases: &trycmd::TestCases) {
    cases.env("NO_COLOR", "1");
    cases.env("COUNTERSIGN_TOKEN", "").env("COUNTERSIGN_CREDENTIALS", "credentials.json");
}
