//! The tree of each construct, without its places.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use countersign_syntax::parse;
use std::fmt::Debug;

/// The tree of a text without mistakes, short enough to be read.
fn tree(source: &str) -> String {
    let parse = parse(source);
    assert_eq!(parse.errors, [], "in {source}");
    let docs =
        if parse.module.docs.lines.is_empty() { String::new() } else { short(&parse.module.docs) + "\n" };
    docs + &parse.module.items.iter().map(|item| short(item) + "\n").collect::<String>()
}

/// A node as it is shown by `{:#?}`, in fewer lines and without what is the same everywhere.
fn short(node: &impl Debug) -> String {
    let shown = format!("{node:#?}");
    let mut lines = shown.lines().peekable();
    let node = Node::read(&mut lines);
    let mut out = String::new();
    node.write(0, &mut out);
    out
}

struct Node {
    head: String,
    children: Vec<Node>,
    tail: String,
}

impl Node {
    fn read<'a>(lines: &mut std::iter::Peekable<impl Iterator<Item = &'a str>>) -> Self {
        let head = lines.next().unwrap().trim().trim_end_matches(',').to_owned();
        let opens = head.ends_with(['{', '(', '[']);
        let mut node = Self { head, children: Vec::new(), tail: String::new() };
        if !opens {
            return node;
        }
        loop {
            let next = lines.peek().unwrap().trim().trim_end_matches(',');
            if matches!(next, "}" | ")" | "]") {
                next.clone_into(&mut node.tail);
                lines.next();
                break;
            }
            let child = Self::read(lines);
            if !child.is_noise() {
                node.children.push(child);
            }
        }
        node.simple()
    }

    fn is_noise(&self) -> bool {
        let is_span = |text: &str| {
            text.split_once("..").is_some_and(|(a, b)| a.parse::<u32>().and(b.parse::<u32>()).is_ok())
        };
        let value = self.head.split_once(": ").map_or(self.head.as_str(), |(_, value)| value);
        is_span(value)
            || self.head == "docs: Docs"
            || (self.head.ends_with(": None") && self.head != "test: None")
            || self.head.ends_with(": []")
    }

    /// Without wrappers that hold one thing and have no name of interest.
    fn simple(mut self) -> Self {
        let label = self.head.rsplit_once(": ").map(|(label, _)| format!("{label}: ")).unwrap_or_default();
        let kind = self.head.strip_prefix(label.as_str()).unwrap_or(&self.head);
        let single = self.children.len() == 1;
        match kind {
            "Name {" if single => Self::leaf(format!(
                "{label}`{}`",
                self.children.remove(0).head.trim_start_matches("text: ").trim_matches('"')
            )),
            "Some(" | "Expr {" | "TypeExpr {" | "Steps {" | "Consent {" | "Step {" | "Path {" | "Docs {"
                if single =>
            {
                let mut child = self.children.remove(0);
                let inner =
                    child.head.split_once(": ").map_or(child.head.as_str(), |(_, inner)| inner).to_owned();
                child.head = format!("{label}{inner}");
                child
            }
            "Docs {" => Self::leaf(format!("{label}Docs")),
            _ => self,
        }
    }

    fn leaf(head: String) -> Self {
        Self { head, children: Vec::new(), tail: String::new() }
    }

    fn line(&self) -> String {
        let children: Vec<_> = self.children.iter().map(Self::line).collect();
        format!("{}{}{}", self.head, children.join(", "), self.tail)
    }

    fn write(&self, depth: usize, out: &mut String) {
        let line = self.line();
        let indent = "  ".repeat(depth);
        if line.len() + indent.len() <= 110 || self.children.is_empty() {
            out.push_str(&indent);
            out.push_str(&line);
            return;
        }
        out.push_str(&indent);
        out.push_str(&self.head);
        for child in &self.children {
            out.push('\n');
            child.write(depth + 1, out);
        }
        out.push('\n');
        out.push_str(&indent);
        out.push_str(&self.tail);
    }
}

macro_rules! trees {
    ($($name:ident: $source:expr;)*) => {
        $( #[test] fn $name() { insta::assert_snapshot!(tree($source)); } )*
    };
}

trees! {
    use_and_docs: "//! What this is.\n//! More.\nuse people.{cfo, office}\n/// For billing.\nsecret TOKEN";
    records: "record A { id: Text  b: Money(EUR) where b > 0 EUR, /// Doc.\n c: [Line] up to 200 key sku  d: Guess<Intent>?  e: payment.Level }\nenum E { open, /// Last.\n closed }";
    values: "setting limit: Money(EUR) = 500 EUR where 0 EUR <= limit <= 1_000 EUR\nsetting url: Url\nsample a: A = { b: 1 }\nfn f(a: Int, b: [Int]) -> Int? = a";
    literals: "sample a: T = [1_000, 0.5, 1_000.50 EUR, 5%, 1h30min, 2 months, 1 year, 2026-11-22, 09:00, 2026-11-22T09:00:00Z, true, none]";
    texts: r#"sample a: T = ["plain", "", "a\"b\n\u{e9}\{x}", "Pay {a.b} to {f("x{y}")}?", "{a}{b}"]"#;
    precedence: "sample a: T = not a or b and c.d + 2 * -e ?? f == g";
    chains: "sample a: T = [a < b <= c, (a < b) < c, a is b, a is not one of [b, c], a is not none, a is some, a was automatic]";
    calls: "sample a: T = [f(), a.b(c, d: e).g[h].i, any(l in ls where l.ok), sum(l.a for l in ls), [l.b for l in ls where l.c]]";
    changes: "sample a: T = [b with { c: 1, d }, p(x) matches { s: t }, render \"r.txt\" with { b }, history within 90d, c in EUR at r.s]";
    system: r#"system s {
  via http { base url  auth bearer TOKEN  timeout 10s  limit 50 per second }
  breaker { open after 5 failures in 30s  try after 1min  health get "/healthz" }
  failure { status 409 is data "paid"  status 404 is none }
  honours key for 24h
  visible within 1min
  truth Customer.tier
  /// Reads.
  read r(id: Text) -> [P] up to 10 { get "/p/{id}"  fresh for 5min  failure { status 503 is infrastructure } }
}"#;
    action: r#"system s {
  action pay(i: Invoice) -> Payment {
    effect moves money out i.amount, creates Payment
    once per [i.id, x] for 30d
    before invoice(i.id)
    do post "/payments" { invoice: i.id }
    probe payments(i.id) matches { invoice: i.id }
    verify payment(result.id).status is settled within 10min
    undo refund(result)
  }
  action send(to: Email) {
    effect messages to
    do deliver { to }
    verify acknowledged
    irreversible because "sent"
  }
  action set(c: C) { effect changes C.o  do put "/c"  unverified because "no read" }
}"#;
    people: r##"calendar office { zone "Europe/Berlin"  open mon..thu, fri 09:00..12:00, 13:00..17:30  closed from "h.ics"  closed on 2026-12-24, 2026-12-31 }
role lead { members "a@b", "c@d"  notify mail, slack "#x"  away to cfo }"##;
    approval: r#"approval p(c: Centre) {
  instant => automatic
  fast => tell lead, approved after 30min in office unless objected
  full => ask 2 people of [lead, cfo] within 2d in office reminding c.owner every 1d else ask cfo else hand to desk because "late"
          then ask cfo within 1d else refuse
}"#;
    decide: "decide d(a: A) -> p.Level owned by lead {\n  /// Doc.\n  when a.b => x because \"y {a.c}\"\n  otherwise => z\n}";
    guardrail: r#"guardrail "g" {
  money above 20_000 EUR per Invoice.vendor in 7d needs payment.full silence is enough
  messages from "r.txt" need nothing because "copy"
  messages need review when an Intent is one of [complaint, legal]
  messages need review when a Customer has tier platinum
  deletes of Customer need payment.full
}"#;
    flow: r#"flow f owned by lead shadow {
  on webhook "/x" as i: Invoice { signed standard with secret S  once per i.id for 30d }
  key i.v
  priority high when i.big
  understand { v = erp.vendor(i.v) within 1min else ask cfo within 1h else hand to desk because "x"  e = history within 90d }
  act {
    approve payment(v) at level "Pay {i.amount}?" showing [i, v] {
      four eyes with i.who
      paid = b.pay(i)
    } if refused { erp.mark(i) }
    when v.ok => { still v.ok  mail.send(to: v) within 1h }
    when v.bad => skip because "bad"
    tell cfo "x"
    hand to cfo because "y"
  }
  verify { erp.i(i.id).s is settled within 1d  x throughout 30min else undo live  a.b }
}
flow g live owned by x { on webhook "/y" as i: I { unsigned because "local" } }"#;
    test: r#"test "t" for each case in "c.csv" {
  given erp.vendor(_, x: 1) is { id: "v" }
  given b.pay answers without effect
  given b.pay(_) answers { id: 1 }
  given b.pay(_) fails with 503 for 1h
  given b.pay(_) times out 2 times
  given b goes down for 3h
  given b.pay(_) takes effect but answers 500
  when f receives small with { a: 1 } twice
  when lead approves
  when "a@b" refuses because "no"
  when lead objects
  after 4d in office
  then level is instant
  then did b.pay once
  then never b.pay
  then unverified b.pay
  then task for desk about b.pay
  then asked [lead, cfo]
  then told lead
  then run refused
}"#;
    simulation: "simulation {\n  given erp.v(_) is { id: 1 }\n  when b.pay(i, j) then erp.i(i.id) is i with { s: t } then erp.j(j) is none\n}";
}

#[test]
fn words_of_other_places_are_names() {
    let source = "record open { key: Text  before: Text  priority: role  test: Text? }\nsample a: open = { key: flow, before: system.test(use), secret }";
    assert_eq!(parse(source).errors, []);
}

#[test]
fn line_ends_mean_nothing() {
    let source = r#"decide d(a: A) -> L owned by x { when a.b and c => y because "z" otherwise => w } secret A secret B"#;
    let spread: String =
        parse(source).tokens.iter().map(|token| token.span.text(source).replace(' ', "\n")).collect();
    let (tight, spread) = (tree(source), tree(&spread));
    assert_eq!(tight, spread);
}
