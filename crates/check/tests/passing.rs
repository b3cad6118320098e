//! Programs that come close to a mistake and are none: not a word is said of them.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod common;

use common::{beside_the_example, human, prove};
use countersign_check::check;

fn passes(case: &str) {
    let checked = prove(&beside_the_example(case));
    assert_eq!(human(&checked), "", "{case}");
    assert!(checked.compiled.is_some());
}

const RULE: &str = "use records.{Invoice, Vendor, InvoiceStatus}\nuse people.{cfo}\n\
    decide it(invoice: Invoice, vendor: Vendor, status: InvoiceStatus, limit: Money(EUR)?) -> Bool owned by cfo {\n";

/// A rule with that condition; what it does not import would be a warning, so all of it is used.
fn rule(condition: &str) {
    passes(&format!("{RULE}  when {condition} => true because \"so\"\n  otherwise => false\n}}\n"));
}

#[test]
fn a_lone_file_needs_no_manifest() {
    passes("enum Desk { standard, priority }");
    passes("");
}

#[test]
fn what_may_be_absent_can_be_used_once_it_is_known_to_be_there() {
    rule("limit is some and invoice.amount > limit");
    rule("limit is none or invoice.amount > limit");
    rule("not (limit is none) and limit <= invoice.amount");
    rule("invoice.amount > (limit ?? 500 EUR)");
}

#[test]
fn values_of_enums_are_found_by_the_type_that_is_expected() {
    rule("invoice.status is open");
    rule("invoice.status is one of [open, disputed]");
    rule("status == InvoiceStatus.settled");
    rule("settled == status");
    rule("invoice.status is not status");
}

#[test]
fn a_local_name_goes_before_a_value_of_an_enum_unless_it_does_not_fit() {
    passes(
        "use people.{cfo}\nenum Size { small, limit }\n\
         decide size(limit: Int) -> Size owned by cfo {\n  when limit > 3 => limit because \"so\"\n  otherwise => small\n}",
    );
}

#[test]
fn numbers_money_and_time_go_together_where_they_can() {
    rule("0 EUR < invoice.amount * 3 <= 5_000 EUR");
    rule("invoice.amount * 5% + 1 EUR > 10 EUR");
    rule("invoice.due - 30d > 2026-11-22");
    rule("invoice.due > 2026-11-22 + 2w");
    rule("-invoice.amount < -(5 EUR)");
    rule("1.5 > 1 and 1 < 1.5");
    rule("vendor.name == invoice.vendor");
    rule("vendor.contact is \"ap@acme.test\"");
}

#[test]
fn a_decision_over_one_enum_needs_no_otherwise_if_each_value_has_a_rule() {
    passes(
        "use records.{InvoiceStatus}\nuse people.{cfo}\ndecide over(status: InvoiceStatus) -> Bool owned by cfo {\n\
         \x20 when status is one of [settled, refused] => true because \"nothing follows\"\n\
         \x20 when status is open or status is disputed => false\n}",
    );
    passes(
        "use people.{cfo}\ndecide desk(urgent: Bool) -> Int owned by cfo {\n  when urgent => 1\n  when not urgent => 2\n}",
    );
}

#[test]
fn functions_are_written_out_where_they_are_called() {
    let text = "use people.{cfo}\nfn twice(n: Int) -> Int = n + n\nfn four(n: Int) -> Int = twice(twice(n))\n\
        decide large(n: Int) -> Bool owned by cfo {\n  when four(n + 1) > 9 => true\n  otherwise => false\n}";
    let compiled = check(&beside_the_example(text)).compiled.unwrap();
    let rule = &compiled.program.decisions[0].rules[0];
    let sum = "Arithmetic(Add, Arithmetic(Add, Arithmetic(Add, Slot(Slot(0)), Const(Int(1))), ";
    let shown = format!("{:?}", rule.when.as_ref().unwrap().condition);
    assert!(shown.contains(sum), "{shown}");
    assert_eq!(rule.when.as_ref().unwrap().text, "four(n + 1) > 9");
}

#[test]
fn formatting_and_comments_do_not_change_a_programs_hash() {
    let hash = |text: &str| check(&beside_the_example(text)).compiled.unwrap().program.hash();
    let plain = "use people.{cfo}\ndecide large(n: Int) -> Bool owned by cfo { when n + 1 > 9 => true otherwise => false }";
    let airy = "use people.{cfo}\n\n// why\ndecide large( n : Int ) -> Bool\n  owned by cfo {\n  when n+1>9 // nine\n    => true\n  otherwise => false\n}";
    assert_eq!(hash(plain), hash(airy));
    assert_ne!(hash(plain), hash(&plain.replace('9', "8")));
}

#[test]
fn what_an_approval_binds_is_known_behind_it() {
    passes(
        "use people.{accounts_payable, cfo}\nuse records.{Invoice}\nuse systems.{billing}\nsecret HOOK\n\
         approval payment { full => ask cfo within 4h else hand to accounts_payable because \"nobody\" }\n\
         flow pay owned by accounts_payable {\n\
         \x20 on webhook \"/invoices\" as invoice: Invoice { signed standard with secret HOOK once per [invoice.id, invoice.vendor] for 30d }\n\
         \x20 key [invoice.vendor, invoice.status]\n\
         \x20 understand { past = history within 90d }\n\
         \x20 decide { often = count(run in past) > 3  when often => skip because \"too often\" }\n\
         \x20 act {\n\
         \x20   approve payment at full \"Pay {invoice.amount}?\" showing [invoice, past] { paid = billing.pay(invoice) }\n\
         \x20   when paid.status is pending => { tell cfo \"{paid.id} is pending\" }\n\
         \x20 }\n\
         \x20 verify { billing.payment(paid.id) matches { status: settled } within 1d }\n}",
    );
}

#[test]
fn a_question_can_go_on_to_others_and_need_a_second_yes() {
    passes(
        "use people.{cfo, finance_lead, office}\napproval payment {\n\
         \x20 full => ask 2 people of finance_lead within 2d in office else ask cfo within 4h in office else refuse\n\
         \x20         then ask cfo within 20d in office else refuse\n}",
    );
}

#[test]
fn unsigned_and_unverified_pass_with_a_reason() {
    passes(
        "use people.{cfo}\nuse records.{Vendor}\nsystem crm {\n  via sim {}\n\
         \x20 read vendor(id: Text) -> Vendor? { get \"/vendors/{id}\" failure { status 404 is none } }\n\
         \x20 action poke(id: Text) {\n    effect changes Vendor.name\n    do post \"/vendors/{id}/poke\" {}\n\
         \x20   probe vendor(id) matches { name: \"poked\" }\n\
         \x20   unverified because \"nothing shows\"\n    irreversible because \"nothing happened\"\n  }\n}\n\
         flow poke owned by cfo {\n  on webhook \"/poke\" as vendor: Vendor { unsigned because \"only inside\" once per vendor.id for 1d }\n}",
    );
}

/// A flow that pays, with those rules, under the guardrail that above 5,000 EUR somebody must have said yes.
fn paying(declared: &str, rules: &str, act: &str) {
    passes(&format!(
        "use people.{{accounts_payable, cfo}}\nuse records.{{Invoice}}\nuse systems.{{billing}}\nsecret HOOK\n{declared}\n\
         approval payment {{ instant => automatic  full => ask cfo within 4h else refuse }}\n\
         decide level_of(invoice: Invoice) -> payment.Level owned by cfo {{ {rules} }}\n\
         flow pay owned by accounts_payable {{\n\
         \x20 on webhook \"/invoices\" as invoice: Invoice {{ signed standard with secret HOOK once per invoice.id for 30d }}\n\
         \x20 decide {{ level = level_of(invoice)  amount = invoice.amount }}\n\
         \x20 act {{ {act} }}\n\
         \x20 verify {{ billing.payments_for(invoice.id) is not [] within 1d }}\n}}"
    ));
}

const APPROVED: &str =
    "approve payment at level \"Pay {amount}?\" showing [invoice] { billing.pay(invoice) }";
const GUARDRAIL: &str = "guardrail \"large\" { money above 5_000 EUR needs payment.full }";

#[test]
fn a_guardrail_holds_where_each_rule_of_another_level_bounds_the_amount() {
    paying(GUARDRAIL, "when invoice.amount <= 5_000 EUR => instant otherwise => full", APPROVED);
    paying(GUARDRAIL, "when not (invoice.amount > 5_000 EUR) => instant otherwise => full", APPROVED);
    paying(GUARDRAIL, "when 1 EUR < invoice.amount < 5_000.01 EUR => instant otherwise => full", APPROVED);
}

#[test]
fn a_guardrail_holds_where_an_earlier_rule_has_taken_the_large_amounts() {
    paying(GUARDRAIL, "when invoice.amount > 5_000 EUR => full otherwise => instant", APPROVED);
}

#[test]
fn a_guardrail_holds_for_every_value_that_a_setting_may_have() {
    let setting = "setting limit: Money(EUR) = 500 EUR where 0 EUR <= limit <= 5_000 EUR";
    paying(
        &format!("{setting}\n{GUARDRAIL}"),
        "when invoice.amount <= limit => instant otherwise => full",
        APPROVED,
    );
    let unbounded =
        "setting limit: Money(EUR) = 500 EUR\nguardrail \"large\" { money above limit needs payment.full }";
    paying(unbounded, "when invoice.amount <= limit => instant otherwise => full", APPROVED);
}

#[test]
fn a_guardrail_holds_where_the_flow_itself_keeps_large_amounts_out() {
    let act = "when amount <= 100 EUR => { billing.pay(invoice) }";
    paying(GUARDRAIL, "when invoice.amount <= 5_000 EUR => instant otherwise => full", act);
}
