//! Simulated systems, call by call: what reads answer, what actions make true, what goes wrong.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests: a panic is the verdict"
)]

use std::path::Path;
use std::sync::Arc;

use countersign_check::{Memory, check};
use countersign_engine::Deployment;
use countersign_ir::classify::TOO_LATE;
use countersign_ir::json::{Refine, decode};
use countersign_ir::program::{ActionId, Expr, Program, ReadId, SystemId, Type};
use countersign_ir::suite::{Extent, Fault, Given, Operation};
use countersign_ir::value::{Currency, Money, SECOND, Value};
use countersign_ir::wire::{self, Call, Reply, Verb};
use countersign_sim::World;

const HOUR: i64 = 3_600 * SECOND;

/// A house of doors, whose postconditions are of every shape that the simulation understands.
const DOORS: &str = r#"
enum DoorState { fresh, open, closed, gone }
record Lock { code: Text  tries: Int }
record Door { id: Text  floor: Int  locked: Bool  state: DoorState  keeper: Email?  lock: Lock }

system doors {
  via sim {}
  read door(id: Text) -> Door { get "/doors/{id}" }
  read maybe(id: Text) -> Door? { get "/maybe/{id}" }

  action build(floor: Int) -> Door {
    effect creates Door
    do     post "/doors" { floor }
    verify door(result.id) matches { floor: floor, state: open } within 1min
    irreversible because "it stands"
  }
  action shut(id: Text) {
    effect changes Door.state
    do     post "/doors/{id}/shut" {}
    verify door(id).state is one of [closed, gone] within 1min
    irreversible because "it is shut"
  }
  action lock(id: Text, code: Text) {
    effect changes Door.locked
    do     post "/doors/{id}/lock" { code }
    verify door(id).locked and door(id).lock.code == code and door(id).state is not fresh within 1min
    irreversible because "it is locked"
  }
  action unlock(id: Text) {
    effect changes Door.locked
    do     post "/doors/{id}/unlock" {}
    verify not door(id).locked within 1min
    irreversible because "it is open"
  }
  action keep(id: Text) {
    effect changes Door.keeper
    do     post "/doors/{id}/keep" {}
    verify door(id).keeper is some within 1min
    irreversible because "somebody keeps it"
  }
  action remove(id: Text) {
    effect deletes Door
    do     delete "/doors/{id}"
    verify maybe(id) is none within 1min
    irreversible because "it is gone"
  }
}
"#;

struct Stage {
    deployment: Arc<Deployment>,
    world: World,
    now: i64,
    calls: u32,
}

fn stage(sources: &Memory) -> Stage {
    let checked = check(sources);
    let Some(compiled) = checked.compiled else { panic!("{:#?}", checked.diagnostics) };
    let settings = compiled.program.settings.iter();
    let settings = settings.map(|setting| {
        let plausible = || countersign_sim::plausible(&compiled.program, &setting.name, &setting.ty);
        setting.default.clone().unwrap_or_else(plausible)
    });
    let settings = settings.collect();
    let deployment = Arc::new(Deployment::new(compiled.program, settings, "acme"));
    let world = World::new(Arc::clone(&deployment), &compiled.suite.simulation);
    Stage { deployment, world, now: 0, calls: 0 }
}

fn invoices() -> Stage {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/invoices");
    let names = [
        "countersign.toml",
        "holidays.ics",
        "invoices.flow",
        "people.flow",
        "records.flow",
        "remittance.txt",
    ];
    let files = names.iter().chain(&["simulation.flow", "systems.flow"]);
    stage(&files.fold(Memory::new(), |sources, name| {
        sources.with(*name, std::fs::read_to_string(folder.join(name)).unwrap())
    }))
}

fn doors() -> Stage {
    stage(&Memory::new().with("doors.flow", DOORS))
}

/// Every refinement holds: systems answer what they like.
struct Lenient;

impl Refine for Lenient {
    fn holds(&self, _: &Expr, _: &[Value]) -> bool {
        true
    }
}

fn euros(amount: i64) -> Value {
    Value::Money(Money { minor: amount * 100, currency: Currency::new("EUR").unwrap() })
}

fn invoice(id: &str, amount: i64) -> Value {
    Value::record([
        Value::text(id),
        Value::text("v-1"),
        euros(amount),
        Value::Date(20_800),
        Value::variant("open"),
        Value::text("ana@acme.test"),
    ])
}

fn payment(id: &str, invoice: &str, amount: i64, status: &str) -> Value {
    Value::record([Value::text(id), Value::text(invoice), euros(amount), Value::variant(status)])
}

fn place<T>(all: &[T], is: impl Fn(&T) -> bool) -> u16 {
    u16::try_from(all.iter().position(is).unwrap()).unwrap()
}

impl Stage {
    fn program(&self) -> &Program {
        &self.deployment.program
    }

    fn operation(&self, name: &str) -> (SystemId, Operation) {
        let (system, operation) = name.split_once('.').unwrap();
        let id = SystemId(place(&self.program().systems, |s| s.name == system));
        let declared = &self.program().systems[id.index()];
        if declared.reads.iter().any(|read| read.name == operation) {
            (id, Operation::Read(ReadId(place(&declared.reads, |read| read.name == operation))))
        } else {
            (id, Operation::Action(ActionId(place(&declared.actions, |action| action.name == operation))))
        }
    }

    fn call(&mut self, name: &str, args: &[Value], key: Option<&str>) -> Reply {
        let (system, operation) = name.split_once('.').unwrap();
        let (_, which) = self.operation(name);
        let (name, args) = (operation.to_owned(), args.to_vec());
        let operation = match which {
            Operation::Read(_) => wire::Operation::Read { name, args },
            Operation::Action(_) => wire::Operation::Action { name, args },
        };
        self.calls += 1;
        let call = Call {
            system: system.to_owned(),
            verb: if matches!(operation, wire::Operation::Read { .. }) { Verb::Get } else { Verb::Post },
            target: String::new(),
            body: None,
            key: Some(key.map_or_else(|| format!("key-{}", self.calls), str::to_owned)),
            send_before: i64::MAX,
            operation: Some(operation),
        };
        self.world.perform(self.now, &call)
    }

    /// What an operation answers, by its type; none if the system says that there is nothing.
    fn value(&mut self, name: &str, args: &[Value]) -> Option<Value> {
        let (system, operation) = self.operation(name);
        let declared = &self.program().systems[system.index()];
        let ty = match operation {
            Operation::Read(read) => Some(declared.reads[read.index()].result.clone()),
            Operation::Action(action) => declared.actions[action.index()].result.clone(),
        };
        match self.call(name, args, None) {
            Reply::Answered { status: 404, .. } => None,
            Reply::Answered { status: 200, body, .. } => {
                let ty = ty.unwrap_or(Type::Optional(Box::new(Type::Bool)));
                Some(decode(self.program(), &ty, body.as_bytes(), &Lenient).unwrap_or(Value::None))
            }
            other => panic!("{other:?}"),
        }
    }

    fn given(&mut self, name: &str, args: &[Option<Value>], value: Value) {
        let (system, Operation::Read(read)) = self.operation(name) else { panic!("{name} is no read") };
        self.world.given(self.now, &Given::Read { system, read, args: args.to_vec(), value });
    }

    fn fault(&mut self, name: &str, args: &[Option<Value>], fault: Fault, extent: Extent) {
        let (system, operation) = self.operation(name);
        let given = Given::Fault { system, operation, args: args.to_vec(), fault, extent };
        self.world.given(self.now, &given);
    }

    fn status(&mut self, name: &str, args: &[Value]) -> String {
        match self.call(name, args, None) {
            Reply::Answered { status, .. } => status.to_string(),
            Reply::NotSent { .. } => "not sent".into(),
            Reply::InDoubt { .. } => "in doubt".into(),
        }
    }

    fn effects(&self) -> usize {
        self.world.effects().len()
    }
}

fn text(value: &str) -> Value {
    Value::text(value)
}

fn field(value: Option<Value>, place: usize) -> Value {
    match value {
        Some(Value::Record(fields)) => fields[place].clone(),
        other => panic!("expected a record, found {other:?}"),
    }
}

#[test]
fn a_read_answers_what_is_said_of_it_the_more_specific_first() {
    let mut stage = invoices();
    assert_eq!(field(stage.value("erp.vendor", &[text("v-1")]), 1), text("Acme Paper"));
    assert_eq!(field(stage.value("erp.vendor", &[text("v-2")]), 1), text("New Chairs"));
    assert_eq!(field(stage.value("erp.vendor", &[text("v-77")]), 1), text("Acme Paper"));
    assert_eq!(stage.value("billing.payment", &[text("p-1")]), None);
    assert_eq!(stage.value("billing.payments_for", &[text("i-1")]), Some(Value::list([])));
}

#[test]
fn a_test_overrules_the_simulation_and_its_own_more_specific_word_its_general_one() {
    let mut stage = invoices();
    stage.given("billing.payment", &[Some(text("p-1"))], payment("p-1", "exact", 1, "settled"));
    stage.given("billing.payment", &[None], payment("any", "any", 1, "settled"));
    assert_eq!(field(stage.value("billing.payment", &[text("p-1")]), 1), text("exact"));
    assert_eq!(field(stage.value("billing.payment", &[text("p-2")]), 1), text("any"));
    let vendor = |name: &str| {
        Value::record([text("v"), text(name), Value::Bool(true), Value::Bool(false), text("a@b.test")])
    };
    stage.given("erp.vendor", &[None], vendor("everybody"));
    assert_eq!(field(stage.value("erp.vendor", &[text("v-2")]), 1), text("everybody"));
}

#[test]
fn what_an_action_did_holds_until_something_else_is_said() {
    let mut stage = invoices();
    stage.given("erp.invoice", &[Some(text("i-1"))], invoice("i-1", 120));
    stage.value("erp.mark", &[invoice("i-1", 120), Value::variant("disputed")]);
    assert_eq!(field(stage.value("erp.invoice", &[text("i-1")]), 4), Value::variant("disputed"));
    stage.given("erp.invoice", &[None], invoice("i-1", 120));
    assert_eq!(field(stage.value("erp.invoice", &[text("i-1")]), 4), Value::variant("open"));
}

#[test]
fn an_action_makes_its_own_proof_true_and_its_look_up_finds_it() {
    let mut stage = invoices();
    let expected = payment("billing-pay-1", "i-1", 120, "settled");
    assert_eq!(stage.value("billing.pay", &[invoice("i-1", 120)]), Some(expected.clone()));
    assert_eq!(stage.value("billing.payment", &[text("billing-pay-1")]), Some(expected.clone()));
    assert_eq!(stage.value("billing.payments_for", &[text("i-1")]), Some(Value::list([expected])));
    let second = stage.value("billing.pay", &[invoice("i-2", 7)]);
    assert_eq!(second, Some(payment("billing-pay-2", "i-2", 7, "settled")));
}

#[test]
fn a_record_that_changed_is_seen_so_in_every_list() {
    let mut stage = invoices();
    let paid = stage.value("billing.pay", &[invoice("i-1", 120)]).unwrap();
    let refund = stage.value("billing.refund", &[paid]).unwrap();
    let expected = Value::record([text("billing-refund-1"), text("billing-pay-1"), euros(120)]);
    assert_eq!(refund, expected);
    let payments = stage.value("billing.payments_for", &[text("i-1")]);
    assert_eq!(payments, Some(Value::list([payment("billing-pay-1", "i-1", 120, "refunded")])));
    let refunds = stage.value("billing.refunds_of", &[text("billing-pay-1")]);
    assert_eq!(refunds, Some(Value::list([expected])));
}

#[test]
fn what_follows_from_an_action_follows_only_when_it_took_effect() {
    let mut stage = invoices();
    stage.fault("billing.pay", &[None], Fault::AnswersWithoutEffect, Extent::Times(1));
    stage.value("billing.pay", &[invoice("i-1", 120)]);
    assert_eq!(stage.value("erp.invoice", &[text("i-1")]), None);
    stage.value("billing.pay", &[invoice("i-1", 120)]);
    assert_eq!(field(stage.value("erp.invoice", &[text("i-1")]), 4), Value::variant("settled"));
}

#[test]
fn who_announces_a_record_holds_it_unless_something_else_is_said() {
    let mut stage = invoices();
    let ty = stage.program().flows[0].trigger.payload.clone();
    stage.world.announce(&ty, &invoice("i-1", 120));
    assert_eq!(stage.value("erp.invoice", &[text("i-1")]), Some(invoice("i-1", 120)));
    assert_eq!(stage.value("erp.invoice", &[text("i-2")]), None);
    stage.given("erp.invoice", &[None], invoice("i-9", 9));
    assert_eq!(stage.value("erp.invoice", &[text("i-1")]), Some(invoice("i-9", 9)));
}

#[test]
fn a_repeated_key_gets_the_first_answer_for_as_long_as_the_system_honours_it() {
    let mut stage = invoices();
    let first = stage.call("billing.pay", &[invoice("i-1", 120)], Some("k"));
    stage.now = 23 * HOUR;
    assert_eq!(stage.call("billing.pay", &[invoice("i-1", 120)], Some("k")), first);
    assert_eq!(stage.effects(), 1);
    stage.now = 25 * HOUR;
    assert_ne!(stage.call("billing.pay", &[invoice("i-1", 120)], Some("k")), first);
    assert_eq!(stage.effects(), 2);
    // The ledger says nothing of keys.
    stage.call("erp.mark", &[invoice("i-1", 120), Value::variant("refused")], Some("m"));
    stage.call("erp.mark", &[invoice("i-1", 120), Value::variant("refused")], Some("m"));
    assert_eq!(stage.effects(), 4);
}

#[test]
fn a_key_whose_answer_was_lost_is_answered_without_a_second_effect() {
    let mut stage = invoices();
    stage.fault("billing.pay", &[None], Fault::TakesEffectButAnswers(500), Extent::Times(2));
    for (expected, effects) in [("500", 1), ("500", 1), ("200", 1)] {
        let found = match stage.call("billing.pay", &[invoice("i-1", 120)], Some("k")) {
            Reply::Answered { status, .. } => status.to_string(),
            other => panic!("{other:?}"),
        };
        assert_eq!((found.as_str(), stage.effects()), (expected, effects));
    }
}

#[test]
fn each_fault_says_and_does_what_its_name_says() {
    let answer = payment("p-9", "i-1", 12, "failed");
    let cases = [
        (Fault::FailsWith(503), "503", 0),
        (Fault::TimesOut, "in doubt", 0),
        (Fault::GoesDown, "not sent", 0),
        (Fault::AnswersWithoutEffect, "200", 0),
        (Fault::TakesEffectButAnswers(502), "502", 1),
        (Fault::Answers(answer.clone()), "200", 0),
    ];
    for (fault, status, effects) in cases {
        let mut stage = invoices();
        stage.fault("billing.pay", &[None], fault.clone(), Extent::Always);
        assert_eq!(stage.status("billing.pay", &[invoice("i-1", 120)]), status, "{fault:?}");
        assert_eq!(stage.effects(), effects, "{fault:?}");
    }
    let mut stage = invoices();
    stage.fault("billing.pay", &[None], Fault::Answers(answer.clone()), Extent::Always);
    assert_eq!(stage.value("billing.pay", &[invoice("i-1", 120)]), Some(answer.clone()));
    assert_eq!(stage.value("billing.payment", &[text("p-9")]), Some(answer));
}

#[test]
fn a_fault_holds_for_its_arguments_its_time_and_its_number() {
    let mut stage = invoices();
    stage.fault("erp.vendor", &[Some(text("v-1"))], Fault::FailsWith(500), Extent::For(HOUR));
    assert_eq!(stage.status("erp.vendor", &[text("v-2")]), "200");
    assert_eq!(stage.status("erp.vendor", &[text("v-1")]), "500");
    stage.now = HOUR;
    assert_eq!(stage.status("erp.vendor", &[text("v-1")]), "200");
    stage.fault("erp.vendor", &[None], Fault::TimesOut, Extent::Times(2));
    stage.fault("erp.vendor", &[None], Fault::GoesDown, Extent::Times(1));
    let statuses: Vec<String> = (0..4).map(|_| stage.status("erp.vendor", &[text("v-1")])).collect();
    assert_eq!(statuses, ["not sent", "in doubt", "in doubt", "200"]);
}

#[test]
fn a_message_is_kept_and_a_notice_shares_the_fate_of_messages() {
    let mut stage = invoices();
    let body = r#"{"to": "ana@acme.test", "body": {"subject": "One", "text": "Two"}}"#;
    let notice = Call {
        system: "mail".into(),
        verb: Verb::Deliver,
        target: String::new(),
        body: Some(body.into()),
        key: None,
        send_before: i64::MAX,
        operation: None,
    };
    let taken = stage.world.perform(0, &notice);
    assert_eq!(taken, Reply::Answered { status: 250, retry_after: None, body: "taken".into() });
    let [message] = stage.world.messages() else { panic!("one message") };
    assert_eq!(
        (message.to.as_str(), message.subject.as_str(), message.notice),
        ("ana@acme.test", "One", true)
    );
    stage.fault("mail.send", &[Some(text("ana@acme.test")), None], Fault::GoesDown, Extent::Always);
    assert!(matches!(stage.world.perform(0, &notice), Reply::NotSent { .. }));
    assert_eq!((stage.world.messages().len(), stage.effects()), (1, 0));
}

#[test]
fn what_never_leaves_is_said_so() {
    let mut stage = invoices();
    let call = |system: &str, send_before: i64| Call {
        system: system.into(),
        verb: Verb::Get,
        target: "/x".into(),
        body: None,
        key: None,
        send_before,
        operation: None,
    };
    let late = stage.world.perform(11, &call("erp", 10));
    assert_eq!(late, Reply::NotSent { reason: TOO_LATE.into() });
    let nobody = stage.world.perform(0, &call("crm", 10));
    assert_eq!(nobody, Reply::NotSent { reason: "there is no system `crm`".into() });
    assert_eq!(stage.world.calls().len(), 2);
}

#[test]
fn every_shape_of_postcondition_becomes_true() {
    let mut stage = doors();
    let built = stage.value("doors.build", &[Value::Int(3)]).unwrap();
    assert_eq!(field(Some(built.clone()), 0), text("doors-build-1"));
    assert_eq!(field(Some(built.clone()), 1), Value::Int(3));
    assert_eq!(field(Some(built), 3), Value::variant("open"));
    let id = [text("doors-build-1")];
    let door = |stage: &mut Stage, place| field(stage.value("doors.door", &id), place);
    stage.call("doors.lock", &[id[0].clone(), text("1234")], None);
    assert_eq!(door(&mut stage, 2), Value::Bool(true));
    assert_eq!(field(Some(door(&mut stage, 5)), 0), text("1234"));
    assert_eq!(door(&mut stage, 3), Value::variant("open"), "it was not fresh, so it stays as it is");
    stage.call("doors.unlock", &id, None);
    assert_eq!(door(&mut stage, 2), Value::Bool(false));
    stage.call("doors.shut", &id, None);
    assert_eq!(door(&mut stage, 3), Value::variant("closed"));
    assert_eq!(door(&mut stage, 4), Value::None);
    stage.call("doors.keep", &id, None);
    assert_eq!(door(&mut stage, 4), text("someone@example.test"));
    stage.given("doors.maybe", &[None], field_door());
    stage.call("doors.remove", &id, None);
    assert_eq!(stage.value("doors.maybe", &id), Some(Value::None));
}

fn field_door() -> Value {
    let lock = Value::record([text("0"), Value::Int(0)]);
    let (floor, locked, state) = (Value::Int(1), Value::Bool(false), Value::variant("open"));
    Value::record([text("d"), floor, locked, state, Value::None, lock])
}

#[test]
fn a_world_can_be_handed_to_another_thread() {
    fn sendable<T: Send>(_: &T) {}
    let stage = invoices();
    sendable(&stage.world);
    assert!(stage.world.calls().is_empty());
}
