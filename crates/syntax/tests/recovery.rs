//! Mistakes are told one by one, where they are, and what stands around them is understood.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::format_push_string,
    reason = "a test fails by a panic"
)]

use countersign_syntax::ast::{ItemKind, Module};
use countersign_syntax::{Hint, SyntaxError, parse};
use proptest::prelude::*;

/// The mistakes of a text, a line each: where, what kind, what is underlined, and what would help.
fn mistakes(source: &str) -> String {
    parse(source).errors.iter().map(|error| told(error, source) + "\n").collect()
}

fn told(error: &SyntaxError, source: &str) -> String {
    let line = source[..error.span.start as usize].matches('\n').count() + 1;
    let mut told = format!("{line}: {:?} `{}`", error.kind, error.span.text(source));
    if !error.expected.is_empty() {
        let expected: Vec<_> = error.expected.iter().map(|expected| expected.text()).collect();
        told += &format!(", expected {}", expected.join(" | "));
    }
    if let Some((span, relation)) = error.related {
        told += &format!(", {relation:?} `{}`", span.text(source));
    }
    match &error.hint {
        Some(Hint::Replace { with, .. }) => told += &format!(", write `{with}`"),
        Some(Hint::Insert { text, .. }) => told += &format!(", add `{text}`"),
        Some(Hint::Remove { .. }) => told += ", leave it out",
        None => {}
    }
    told
}

fn kinds(module: &Module) -> Vec<&'static str> {
    let kind = |kind: &ItemKind| match kind {
        ItemKind::Use(_) => "use",
        ItemKind::Record(_) => "record",
        ItemKind::Secret(_) => "secret",
        ItemKind::Decide(_) => "decide",
        ItemKind::Flow(_) => "flow",
        ItemKind::Role(_) => "role",
        ItemKind::Error => "error",
        _ => "other",
    };
    module.items.iter().map(|item| kind(&item.kind)).collect()
}

#[test]
fn three_mistakes_are_three_errors() {
    let source = r#"decide level(a: A) -> L owned by lead {
  when a.blocked full because "blocked"
  when a.amount <= and a.trusted => instant because "small"
  when a.amount <= 5 EUR => fast becuase "mandate"
  otherwise => full
}
secret TOKEN
"#;
    insta::assert_snapshot!(mistakes(source), @r#"
    2: Missing `full`, expected =>, add ` =>`
    3: MissingOperand `and`, expected an expression, Operator `<=`
    4: MisspeltKeyword `becuase`, expected because | when | otherwise, write `because`
    "#);
    let module = parse(source).module;
    assert_eq!(kinds(&module), ["decide", "secret"]);
    let ItemKind::Decide(decide) = &module.items[0].kind else { panic!() };
    assert_eq!(decide.rules.len(), 2, "what was understood is there");
}

#[test]
fn a_misspelt_word_is_told_with_the_word_that_was_meant() {
    let source = r#"flwo a { }
flow pay ownd by lead {
  on webhok "/x" as i: I { once pr i.id }
  act {
    aprove payment at level "Pay?" { b.pay(i) }
    hand too lead because "x"
  }
}
approval p {
  a => ask 2 peple of [b, c]
       els refuse
  d => tel b, approved after 1h unless objected
}
"#;
    insta::assert_snapshot!(mistakes(source), @r#"
    1: MisspeltKeyword `flwo`, expected approval | calendar | decide | enum | flow | fn | guardrail | record | role | sample | secret | setting | simulation | system | test | use, write `flow`
    2: MisspeltKeyword `ownd`, expected { | live | owned | shadow | suggest, write `owned`
    3: MisspeltKeyword `webhok`, expected webhook, write `webhook`
    5: MisspeltKeyword `aprove`, expected =, write `approve`
    6: MisspeltKeyword `too`, expected = | to, write `to`
    10: MisspeltKeyword `peple`, expected =>, write `people`
    11: MisspeltKeyword `els`, expected =>, write `else`
    12: MisspeltKeyword `tel`, expected ask | automatic | hand | refuse | tell, write `tell`
    "#);
}

#[test]
fn what_is_missing_is_told_where_it_should_stand() {
    let source = r#"sample a: T 3
sample b: T =
setting c Int
fn d(a: A) Int = 1
role e
record f { a Text }
guardrail "g" { money above 5 EUR }
use h.a
"#;
    insta::assert_snapshot!(mistakes(source), @r#"
    1: Missing `3`, expected =, add ` =`
    2: Missing ``, expected an expression
    3: Missing `Int`, expected :, add `:`
    4: Missing `Int`, expected ->, add ` ->`
    5: Missing ``, expected {, add ` {`
    6: Missing `Text`, expected :, add `:`
    7: Unexpected `}`, expected need | needs | per
    8: Missing ``, expected ., add `.`
    "#);
}

#[test]
fn a_bracket_that_is_not_closed_is_told_once() {
    let source = r#"flow a {
  act {
    x = b.pay(i
    y = c.pay([i, j)
  }
  verify { a.b(c) is d within 1h
}
role r {
  members "a"

secret A
"#;
    insta::assert_snapshot!(mistakes(source), @r#"
    3: UnclosedBracket `(`, ExpectedBefore `y`
    4: UnclosedBracket `[`, ExpectedBefore `)`
    6: UnclosedBracket `{`, ExpectedBefore `}`
    8: UnclosedBracket `{`, ExpectedBefore `secret`
    "#);
    assert_eq!(kinds(&parse(source).module), ["flow", "role", "secret"]);
}

#[test]
fn a_bracket_that_closes_nothing_is_told_and_left_out() {
    let source = "flow a {\n  act {\n    b.pay(i))\n    }\n  }\n  key i\n}\nsecret A\n}\nsecret B";
    insta::assert_snapshot!(mistakes(source), @r#"
    3: UnopenedBracket `)`, OpenedHere `{`
    4: UnopenedBracket `}`
    9: UnopenedBracket `}`
    "#);
    assert_eq!(kinds(&parse(source).module), ["flow", "secret", "secret"]);
}

#[test]
fn a_literal_that_is_none_is_told_once() {
    let source = r#"sample a: T = [10sec, 1h2h, 12EUR, 5 EURO]
sample b: T = 2026-02-30
sample c: T = 2026-2-3
sample d: T = 9:00
sample e: T = 25:00
sample f: T = 1__000
sample g: T = 1234567890123456789
sample h: T = 2026-02-03T10:00
sample i: T = 1.5h
sample j: T = "no end
sample k: T = "a\qb {c" 
sample l: T = größe
sample m: T = a & b
sample n: T = “a”
"#;
    insta::assert_snapshot!(mistakes(source), @r#"
    1: UnknownUnit `10sec`, write `10s`
    1: BadDuration `1h2h`
    1: UnknownUnit `12EUR`, write `12 EUR`
    2: BadDate `2026-02-30`
    3: BadDate `2026-2-3`, write `2026-02-03`
    4: BadTime `9:00`, write `09:00`
    5: BadTime `25:00`
    6: BadNumber `1__000`, write `1000`
    7: BadNumber `1234567890123456789`
    8: BadInstant `2026-02-03T10:00`
    9: BadDuration `1.5h`
    10: UnterminatedText `"no end`, add `"`
    11: BadEscape `\q`
    11: UnclosedBracket `{`, ExpectedBefore `"`
    12: BadName `größe`
    13: UnknownCharacter `&`, write `and`
    14: UnknownCharacter `“`, write `"`
    14: UnknownCharacter `”`, write `"`
    "#);
}

#[test]
fn a_text_that_names_something_is_the_same_each_time() {
    let source = "guardrail \"a {b}\" { deletes of C need review }\nrole r { members \"{x}@y\" }";
    insta::assert_snapshot!(mistakes(source), @r#"
    1: ComputedText `b`
    2: ComputedText `x`
    "#);
}

#[test]
fn a_mistake_inside_of_a_text_or_bracket_stays_inside() {
    let source =
        "sample a: T = \"a {b +} c {} d {e}\"\nsample b: T = f(1 2) + [3 4]\nsample c: T = { a: 1 b: 2 }";
    insta::assert_snapshot!(mistakes(source), @r#"
    1: MissingOperand `}`, expected an expression, Operator `+`
    2: Unexpected `2`, expected ) | , | for
    3: Unexpected `b`, expected } | ,
    "#);
    assert!(!kinds(&parse(source).module).contains(&"error"));
}

#[test]
fn a_reserved_word_is_no_name() {
    let source = "secret when\nrecord R { in: Text }\nflow for { }";
    insta::assert_snapshot!(mistakes(source), @r#"
    1: ReservedName `when`, expected a name
    2: ReservedName `in`, expected a name
    3: ReservedName `for`, expected a name
    "#);
}

#[test]
fn what_no_item_starts_with_is_passed_over_to_the_next() {
    let source = "hello world\nsecret A\n) x\nsecret B\n{ a }\nsecret C";
    insta::assert_snapshot!(mistakes(source), @r#"
    1: Unexpected `hello`, expected approval | calendar | decide | enum | flow | fn | guardrail | record | role | sample | secret | setting | simulation | system | test | use
    3: UnopenedBracket `)`
    5: Unexpected `{`, expected approval | calendar | decide | enum | flow | fn | guardrail | record | role | sample | secret | setting | simulation | system | test | use
    "#);
    let kinds = kinds(&parse(source).module);
    assert_eq!(kinds.iter().filter(|kind| **kind == "secret").count(), 3);
}

/// Places in this program where a mistake can be made, each on a line of its own.
const PROGRAM: &str = r#"use people.{cfo}
record Vendor {
  id: Text
  name: Text
}
setting limit: Money(EUR) = 500 EUR where limit <= 1_000 EUR
system erp {
  via http { base url  auth bearer TOKEN  timeout 10s }
  visible within 5s
  read vendor(id: Text) -> Vendor { get "/vendors/{id}" }
  action mark(vendor: Vendor) {
    effect changes Vendor.name
    once   per vendor.id
    do     patch "/vendors" { a: vendor.id }
    verify vendor(vendor.id).name is "x" within 1min
  }
}
approval payment {
  instant => automatic
  full => ask 2 people of [cfo] within 2d
          else refuse
}
decide level(v: Vendor) -> payment.Level owned by cfo {
  when v.blocked => full because "blocked"
  otherwise => instant
}
flow pay owned by cfo {
  on webhook "/x" as v: Vendor {
    signed standard with secret TOKEN
  }
  understand {
    a = erp.vendor(v.id)
  }
  act {
    approve payment at a "Mark?" showing [v] {
      erp.mark(v)
    }
  }
  verify {
    erp.vendor(v.id).name is "x" within 1d
  }
}
test "t" {
  when pay receives { id: "1" }
  then level is instant
  then did erp.mark
}
"#;

const MISTAKES: &[(&str, &str)] = &[
    ("use people.{cfo}", "use people {cfo}"),
    ("id: Text\n", "id Text\n"),
    ("name: Text\n", "name: = Text\n"),
    ("500 EUR where", "500 EUR were"),
    ("timeout 10s", "timeout 10sec"),
    ("visible within", "visible in"),
    ("-> Vendor { get", "=> Vendor { get"),
    ("effect changes", "efect changes"),
    ("per vendor.id", "pr vendor.id"),
    ("{ a: vendor.id }", "{ a = vendor.id }"),
    ("within 1min", "within"),
    ("=> automatic", "-> automatic"),
    ("2 people of", "2 people off"),
    ("v.blocked =>", "v.blocked"),
    ("otherwise => instant", "otherwise => "),
    ("signed standard with", "signed standard"),
    ("a = erp.vendor(v.id)", "a = erp.vendor(v.id"),
    ("approve payment at a", "approve payment a"),
    ("erp.mark(v)", "erp.mark(v +)"),
    ("within 1d", "within within"),
    ("receives {", "recieves {"),
    ("then level is instant", "then level is"),
    ("then did", "thn did"),
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mistakes_on_different_lines_are_told_each(which in prop::collection::btree_set(0..MISTAKES.len(), 0..8)) {
        let mut source = PROGRAM.to_owned();
        let mut lines = Vec::new();
        for at in &which {
            let (good, bad) = MISTAKES[*at];
            let place = PROGRAM.find(good).unwrap();
            lines.push(PROGRAM[..place].matches('\n').count() + 1);
            source = source.replacen(good, bad, 1);
        }
        let told: Vec<_> = parse(&source)
            .errors
            .iter()
            .map(|error| source[..error.span.start as usize].matches('\n').count() + 1)
            .collect();
        prop_assert_eq!(told, lines, "\n{}{}", source, mistakes(&source));
        let mut read = kinds(&parse(&source).module);
        read.retain(|kind| *kind != "error");
        let whole = kinds(&parse(PROGRAM).module);
        prop_assert!(read.len() + which.len() >= whole.len(), "{:?}", read);
    }
}
