//! The one style, construct by construct.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use countersign_fmt::{FormatRefused, format};

/// Formats, and makes sure that formatting again changes nothing.
fn formatted(source: &str) -> String {
    let once = format(source).unwrap();
    assert_eq!(format(&once).unwrap(), once, "formatting twice differs");
    once
}

#[test]
fn a_block_on_one_line_stays_on_one_line() {
    let source = "system s{via http{base u auth bearer T   timeout 10s}}\nenum E{a,b}\nuse m.{ a,b }";
    insta::assert_snapshot!(formatted(source), @r#"
    system s { via http { base u  auth bearer T  timeout 10s } }
    enum E { a, b }
    use m.{a, b}
    "#);
}

#[test]
fn a_block_with_a_line_end_has_a_line_for_each_entry() {
    let source =
        "record R { a: Text b_longer: Int where b_longer > 0,\n c: [Text] up to 3 }\nenum E { a,\nb }";
    insta::assert_snapshot!(formatted(source), @r#"
    record R {
      a:        Text
      b_longer: Int where b_longer > 0,
      c:        [Text] up to 3
    }

    enum E {
      a,
      b
    }
    "#);
}

#[test]
fn rules_stand_in_columns() {
    let source = r#"decide d(a: A) -> L owned by o {
when a.b=>full because "x"
/// The usual.
when a.amount<=5_000 EUR and a.trusted=>fast because "y"
otherwise=>full because "z"
}"#;
    insta::assert_snapshot!(formatted(source), @r#"
    decide d(a: A) -> L owned by o {
      when a.b                                 => full because "x"
      /// The usual.
      when a.amount <= 5_000 EUR and a.trusted => fast because "y"
      otherwise                                => full because "z"
    }
    "#);
}

#[test]
fn an_empty_line_starts_new_columns() {
    let source = "flow f { act {\na = b()\n\n\nlonger = c()\nd=e()\nmail.send()\nx = y() } }";
    insta::assert_snapshot!(formatted(source), @r#"
    flow f {
      act {
        a = b()

        longer = c()
        d      = e()
        mail.send()
        x = y()
      }
    }
    "#);
}

#[test]
fn levels_go_on_below_their_first_step() {
    let source = "approval p {\ninstant => automatic\nfull_review => ask a within 2d in office\nelse refuse\nthen ask b else refuse }";
    insta::assert_snapshot!(formatted(source), @r#"
    approval p {
      instant     => automatic
      full_review => ask a within 2d in office
                     else refuse
                     then ask b else refuse
    }
    "#);
}

#[test]
fn keywords_of_actions_and_tests_stand_in_a_column() {
    let source = "system s { action a(b: B) {\neffect messages b\ndo deliver { b }\nverify acknowledged\nirreversible because \"sent\" } }\ntest \"t\" {\ngiven s.a(_) answers without effect\nwhen f receives x\nthen level is instant }";
    insta::assert_snapshot!(formatted(source), @r#"
    system s {
      action a(b: B) {
        effect messages b
        do     deliver { b }
        verify acknowledged
        irreversible because "sent"
      }
    }

    test "t" {
      given s.a(_) answers without effect
      when  f receives x
      then  level is instant
    }
    "#);
}

#[test]
fn brackets_break_where_their_first_element_does() {
    let source = "sample a: T = {\nb: 1, c: [1,\n2], d: f(\nx) }";
    insta::assert_snapshot!(formatted(source), @r#"
    sample a: T = {
      b: 1,
      c: [1, 2],
      d: f(
        x
      )
    }
    "#);
}

#[test]
fn signs_and_brackets_stand_by_what_they_belong_to() {
    let source = "fn f( a:Guess < A >?,b:Money ( EUR ) )->Int=- a . b [c]*(-d)- -1+sum( x for x in [1 ,2] where not(x) )\nsample t: Text = \"a { b . c } d{ e }\"";
    insta::assert_snapshot!(formatted(source), @r#"
    fn f(a: Guess<A>?, b: Money(EUR)) -> Int = -a.b[c] * (-d) - -1 + sum(x for x in [1, 2] where not (x))
    sample t: Text = "a {b.c} d{e}"
    "#);
}

#[test]
fn comments_stay_where_they_belong() {
    let source = "//! Module.\n// Free.\nrecord R { // open\na: Text // a\nlonger: Text // b\n\n// before the end\n}\n// last";
    insta::assert_snapshot!(formatted(source), @r#"
    //! Module.

    // Free.
    record R {  // open
      a:      Text  // a
      longer: Text  // b

      // before the end
    }
    // last
    "#);
}

#[test]
fn a_comment_inside_of_an_entry_breaks_its_line_only() {
    let source = "flow f { act { mail.send(to: a, // who\nbody: b)\nx = a // one\n+ b } }";
    insta::assert_snapshot!(formatted(source), @r#"
    flow f {
      act {
        mail.send(
          to: a,  // who
          body: b
        )
        x = a  // one
            + b
      }
    }
    "#);
}

#[test]
fn items_of_several_lines_stand_apart() {
    let source =
        "secret A\nsecret B\nrole r {\nmembers \"a\"\n}\nrole s { members \"b\" }\nrole t { members \"c\" }";
    insta::assert_snapshot!(formatted(source), @r#"
    secret A
    secret B

    role r {
      members "a"
    }

    role s { members "b" }
    role t { members "c" }
    "#);
}

#[test]
fn nothing_is_formatted_to_nothing() {
    assert_eq!(formatted(""), "");
    assert_eq!(formatted(" \n\n "), "");
    assert_eq!(formatted("\u{feff}// a\r\n"), "// a\n");
}

#[test]
fn a_file_with_a_mistake_is_refused() {
    let refused = format("record {").unwrap_err();
    assert!(matches!(&refused, FormatRefused::Mistakes(mistakes) if mistakes.len() == 1), "{refused:?}");
    assert_eq!(refused.to_string(), "a file with mistakes is not formatted; mend them first");
}
