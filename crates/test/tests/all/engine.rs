//! The engine, step by step: what test blocks cannot say.

use std::sync::Arc;

use countersign_engine::protocol::{Fact, Fate};
use countersign_engine::run::{Agenda, DeedStatus, Doing, Run};
use countersign_engine::task::{Choice, Task, TopicKind};
use countersign_engine::{CellId, CellKind, Deployment};
use countersign_ir::program::{Expr, FlowId, Program};
use countersign_ir::suite::{Extent, Fault, Given, Operation};
use countersign_ir::value::{Money, SECOND, Value};
use countersign_sim::World;
use countersign_test::host::{Event, Virtual};
use countersign_test::start_of;

use crate::project::{deployment, invoices};

pub const FLOW: FlowId = FlowId(0);
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

/// The example with its simulation, about to begin.
pub struct Stage {
    pub host: Virtual,
}

/// What an operation of the example is called.
pub fn operation(deployment: &Deployment, name: &str) -> (countersign_ir::program::SystemId, Operation) {
    let (system, operation) = name.split_once('.').unwrap();
    let place = deployment.program.systems.iter().position(|s| s.name == system).unwrap();
    let declared = &deployment.program.systems[place];
    let id = |place: usize| u16::try_from(place).unwrap();
    let read = declared.reads.iter().position(|read| read.name == operation);
    let action = declared.actions.iter().position(|action| action.name == operation);
    let operation = match (read, action) {
        (Some(read), _) => Operation::Read(countersign_ir::program::ReadId(id(read))),
        (_, Some(action)) => Operation::Action(countersign_ir::program::ActionId(id(action))),
        _ => panic!("there is no {name}"),
    };
    (countersign_ir::program::SystemId(id(place)), operation)
}

pub fn invoice(id: &str, euros: i64, entered_by: &str) -> Value {
    let currency = countersign_ir::value::Currency::new("EUR").unwrap();
    Value::record([
        Value::text(id),
        Value::text("v-1"),
        Value::Money(Money { minor: euros * 100, currency }),
        Value::Date(20_800),
        Value::variant("open"),
        Value::text(entered_by),
    ])
}

pub fn small() -> Value {
    invoice("i-1", 120, "ana@acme.test")
}

pub fn large() -> Value {
    invoice("i-3", 20_000, "ana@acme.test")
}

impl Stage {
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    /// The example with its program changed: what a wrong compiler could have made of it.
    pub fn with(change: impl FnOnce(&mut Program)) -> Self {
        let mut compiled = invoices().clone();
        change(&mut compiled.program);
        let simulation = compiled.suite.simulation;
        let deployment = deployment(compiled.program);
        let world = World::new(Arc::clone(&deployment), &simulation);
        let start = start_of(&deployment.program);
        Self { host: Virtual::new(deployment, world, start) }
    }

    pub fn fault(&mut self, name: &str, fault: Fault, extent: Extent) {
        let (system, operation) = operation(self.host.deployment(), name);
        let declared = &self.host.deployment().program.systems[system.index()];
        let params = match operation {
            Operation::Read(read) => declared.reads[read.index()].params.len(),
            Operation::Action(action) => declared.actions[action.index()].params.len(),
        };
        let now = self.host.now();
        let args = vec![None; params];
        self.host.world_mut().given(now, &Given::Fault { system, operation, args, fault, extent });
    }

    pub fn receive(&mut self, payload: &Value) -> Fate {
        let receipts = self.host.receive(FLOW, payload).unwrap();
        self.host.settle(10 * SECOND).unwrap();
        receipts.into_iter().next().unwrap().fate
    }

    pub fn after(&mut self, ns: i64) {
        self.host.advance(self.host.now() + ns).unwrap();
        self.host.settle(10 * SECOND).unwrap();
    }

    pub fn answer(&mut self, task: &CellId, person: &str, choice: Choice) {
        self.host.answer(task, person, choice, Some("that is how it is")).unwrap();
        self.host.settle(10 * SECOND).unwrap();
    }

    pub fn effects(&self, name: &str) -> usize {
        let (system, operation) = operation(self.host.deployment(), name);
        let effects = self.host.world().effects().iter();
        effects.filter(|e| e.system == system && Operation::Action(e.action) == operation).count()
    }

    pub fn calls(&self, name: &str) -> usize {
        let (system, operation) = operation(self.host.deployment(), name);
        let calls = self.host.world().calls().iter();
        calls.filter(|c| c.system == Some(system) && c.operation == Some(operation)).count()
    }

    pub fn run(&self, place: usize) -> &Run {
        self.host.runs().nth(place).unwrap().1
    }

    pub fn run_cell(&self, place: usize) -> CellId {
        self.host.runs().nth(place).unwrap().0.clone()
    }

    /// The last task that is still open.
    pub fn open_task(&self) -> (CellId, Task) {
        let open = self.host.tasks().rfind(|(_, task)| task.open());
        open.map(|(cell, task)| (cell.clone(), task.clone())).unwrap()
    }

    pub fn facts(&self) -> impl Iterator<Item = &Fact> {
        self.host.happened().iter().filter_map(|(_, event)| match event {
            Event::Fact(_, fact) => Some(fact),
            Event::Called(..) => None,
        })
    }
}

#[test]
fn a_repeated_transport_id_gets_the_first_receipt_again() {
    let mut stage = Stage::new();
    let first = stage.host.receive_as(FLOW, &small(), "msg-1").unwrap();
    assert_eq!(first[0].fate, Fate::Accepted);
    for _ in 0..100 {
        assert_eq!(stage.host.receive_as(FLOW, &small(), "msg-1").unwrap(), first);
    }
    stage.after(0);
    assert_eq!(stage.host.runs().count(), 1);
    assert_eq!(stage.effects("billing.pay"), 1);
    stage.host.replay().unwrap();
}

#[test]
fn a_hundred_events_of_one_key_are_one_run_and_a_differing_one_is_a_conflict_for_the_owner() {
    let mut stage = Stage::new();
    assert_eq!(stage.receive(&small()), Fate::Accepted);
    for _ in 0..99 {
        assert_eq!(stage.receive(&small()), Fate::Duplicate);
    }
    assert_eq!(stage.receive(&invoice("i-1", 130, "ana@acme.test")), Fate::Conflict);
    assert_eq!(stage.host.runs().count(), 1);
    assert_eq!(stage.effects("billing.pay"), 1);
    let (cell, task) = stage.open_task();
    assert_eq!(task.topic.kind, TopicKind::Conflict);
    assert_eq!(task.asked, ["accounts_payable"]);
    stage.answer(&cell, "ben@acme.test", Choice::Acknowledge);
    assert_eq!(stage.host.tasks().filter(|(_, task)| task.open()).count(), 0);
    stage.host.replay().unwrap();
}

#[test]
fn the_key_of_an_event_is_free_again_when_its_time_is_over_but_the_payment_is_not_made_twice() {
    let mut stage = Stage::new();
    stage.receive(&small());
    stage.after(31 * DAY);
    assert_eq!(stage.receive(&small()), Fate::Accepted);
    assert_eq!(stage.host.runs().count(), 2);
    assert_eq!(stage.effects("billing.pay"), 1);
    assert_eq!(stage.calls("billing.pay"), 1);
    assert_eq!(stage.run(1).status(), "done");
    assert!(stage.facts().any(|fact| matches!(fact, Fact::Done { how, .. } if how == "adopted")));
    assert_eq!(stage.run(1).frame[4], stage.run(0).frame[4], "both speak of the same payment");
    stage.host.replay().unwrap();
}

#[test]
fn a_second_run_waits_for_the_first_ones_payment_and_adopts_it() {
    let mut stage = Stage::new();
    stage.fault("billing.pay", Fault::GoesDown, Extent::For(40 * DAY));
    stage.receive(&small());
    // A day later the owner has a task; the first run still holds the payment.
    stage.after(31 * DAY);
    assert_eq!(stage.run(0).status(), "blocked");
    stage.receive(&small());
    assert_eq!(stage.run(1).status(), "open");
    stage.after(10 * DAY);
    let task = match &stage.run(0).doing {
        Doing::Blocked { task, .. } => task.clone(),
        other => panic!("{other:?}"),
    };
    stage.answer(&task, "ana@acme.test", Choice::Retry);
    assert_eq!((stage.run(0).status(), stage.run(1).status()), ("done", "done"));
    assert_eq!(stage.effects("billing.pay"), 1);
    stage.host.replay().unwrap();
}

#[test]
fn a_dropped_payment_frees_its_claim_for_the_run_that_waits() {
    let mut stage = Stage::new();
    stage.fault("billing.pay", Fault::GoesDown, Extent::For(35 * DAY));
    stage.receive(&small());
    stage.after(31 * DAY);
    stage.receive(&small());
    stage.after(5 * DAY);
    let (task, _) = {
        let blocked = stage.host.tasks().find(|(_, t)| t.open() && t.topic.run == Some(stage.run_cell(0)));
        blocked.map(|(cell, task)| (cell.clone(), task.clone())).unwrap()
    };
    stage.answer(&task, "ana@acme.test", Choice::Drop);
    assert_eq!(stage.run(0).status(), "dropped");
    assert_eq!(stage.run(1).status(), "done");
    assert_eq!(stage.effects("billing.pay"), 1);
    stage.host.replay().unwrap();
}

#[test]
fn a_paid_invoice_is_taken_back_once() {
    let mut stage = Stage::new();
    stage.receive(&small());
    let run = stage.run_cell(0);
    stage.host.undo(&run, "ana@acme.test", "wrong vendor").unwrap();
    stage.host.settle(10 * SECOND).unwrap();
    assert_eq!(stage.effects("billing.refund"), 1);
    let undo = stage.run(1);
    assert!(matches!(undo.agenda, Agenda::Undo { .. }));
    assert_eq!(undo.status(), "done");
    assert_eq!(undo.deeds[0].status, DeedStatus::Verified);
    let deeds: Vec<bool> = stage.run(0).deeds.iter().map(|deed| deed.undone).collect();
    assert_eq!(deeds, [true, false], "the payment came back, the message cannot");
    stage.host.undo(&run, "ben@acme.test", "again").unwrap();
    stage.host.settle(10 * SECOND).unwrap();
    assert_eq!(stage.effects("billing.refund"), 1);
    stage.host.replay().unwrap();
}

#[test]
fn what_was_changed_since_is_not_taken_back_without_asking() {
    let mut stage = Stage::new();
    stage.receive(&small());
    let (system, read) = operation(stage.host.deployment(), "billing.payment");
    let Operation::Read(read) = read else { panic!("a read") };
    let paid = stage.run(0).frame[4].clone().unwrap();
    let Value::Record(fields) = &paid else { panic!("a payment") };
    let mut failed = fields.to_vec();
    failed[3] = Value::variant("failed");
    let now = stage.host.now();
    let given = Given::Read { system, read, args: vec![None], value: Value::record(failed) };
    stage.host.world_mut().given(now, &given);
    let run = stage.run_cell(0);
    stage.host.undo(&run, "ana@acme.test", "wrong vendor").unwrap();
    stage.host.settle(10 * SECOND).unwrap();
    assert_eq!(stage.effects("billing.refund"), 0);
    let (task, topic) = stage.open_task();
    assert_eq!(topic.choices(), [Choice::Approve, Choice::Retry, Choice::Drop]);
    stage.answer(&task, "ana@acme.test", Choice::Approve);
    assert_eq!(stage.effects("billing.refund"), 1);
    stage.host.replay().unwrap();
}

#[test]
fn an_owner_may_have_it_tried_again_or_give_it_up() {
    for (choice, status, effects) in [(Choice::Retry, "done", 1), (Choice::Drop, "dropped", 0)] {
        let mut stage = Stage::new();
        stage.fault("billing.pay", Fault::FailsWith(409), Extent::Times(1));
        stage.receive(&small());
        let (task, topic) = stage.open_task();
        assert_eq!(topic.choices(), [Choice::Retry, Choice::Drop]);
        stage.answer(&task, "carol@acme.test", choice);
        assert_eq!(stage.run(0).status(), "blocked", "it is not the cfo's to decide");
        stage.answer(&task, "ana@acme.test", choice);
        assert_eq!(stage.run(0).status(), status);
        assert_eq!(stage.effects("billing.pay"), effects);
        stage.host.replay().unwrap();
    }
}

#[test]
fn a_late_proof_is_looked_for_when_the_owner_says_so() {
    let mut stage = Stage::new();
    stage.fault("billing.payment", Fault::FailsWith(500), Extent::For(HOUR));
    stage.receive(&small());
    stage.after(11 * MINUTE);
    assert_eq!(stage.run(0).status(), "blocked");
    assert_eq!(stage.run(0).deeds[0].status, DeedStatus::Unverified);
    stage.after(HOUR);
    let (task, topic) = stage.open_task();
    assert_eq!(topic.choices(), [Choice::Retry, Choice::TookEffect, Choice::Drop]);
    stage.answer(&task, "ana@acme.test", Choice::Retry);
    assert_eq!(stage.run(0).deeds[0].status, DeedStatus::Verified);
    assert_eq!(stage.run(0).status(), "done");
    assert_eq!(stage.calls("billing.pay"), 1);
    stage.host.replay().unwrap();
}

/// Makes every rule of the decision answer `instant`, as a wrong compiler might.
fn all_instant(program: &mut Program) {
    for rule in &mut program.decisions[0].rules {
        rule.result = Expr::Const(Value::variant("instant"));
    }
}

#[test]
fn the_gate_stops_what_a_wrong_program_would_let_through() {
    let mut stage = Stage::with(all_instant);
    stage.receive(&large());
    assert_eq!(stage.calls("billing.pay"), 0);
    assert_eq!(stage.run(0).status(), "blocked");
    let stopped = stage.facts().find_map(|fact| match fact {
        Fact::Stopped { guardrail, missing, .. } => Some(format!("{guardrail}: {missing}")),
        _ => None,
    });
    assert_eq!(
        stopped.unwrap(),
        "a large payment needs a full review: it needs the consent of payment.full_review"
    );
    // Neither another try nor anybody's word gets it past the gate.
    let (task, _) = stage.open_task();
    stage.answer(&task, "ana@acme.test", Choice::Retry);
    assert_eq!(stage.calls("billing.pay"), 0);
    assert_eq!(stage.run(0).status(), "blocked");
    stage.host.replay().unwrap();
}

#[test]
fn the_gate_of_a_newer_program_holds_for_runs_of_an_older_one() {
    let mut stage = Stage::with(|program| {
        program.guardrails.clear();
        all_instant(program);
    });
    stage.fault("erp.vendor", Fault::GoesDown, Extent::For(HOUR));
    stage.receive(&large());
    assert_eq!(stage.run(0).status(), "open");
    stage.host.deploy(deployment(invoices().program.clone()));
    stage.after(2 * HOUR);
    assert_eq!(stage.calls("billing.pay"), 0);
    assert_eq!(stage.run(0).status(), "blocked");
    stage.host.replay().unwrap();
}

#[test]
fn an_action_in_doubt_without_a_probe_or_an_honoured_key_is_a_persons_to_settle() {
    let mut stage = Stage::with(|program| {
        let billing = program.systems.iter_mut().find(|system| system.name == "billing").unwrap();
        billing.honours_key = None;
        for action in &mut billing.actions {
            action.probe = None;
        }
    });
    stage.fault("billing.pay", Fault::TimesOut, Extent::Always);
    stage.receive(&small());
    stage.after(2 * DAY);
    assert_eq!(stage.calls("billing.pay"), 1, "never a blind second attempt");
    let (task, topic) = stage.open_task();
    assert!(topic.topic.question.contains("nobody knows whether billing.pay took effect"));
    stage.answer(&task, "ana@acme.test", Choice::Drop);
    assert_eq!(stage.run(0).status(), "dropped");
    stage.host.replay().unwrap();
}

#[test]
fn without_a_probe_an_honoured_key_is_sent_again_within_its_time() {
    let mut stage = Stage::with(|program| {
        let billing = program.systems.iter_mut().find(|system| system.name == "billing").unwrap();
        for action in &mut billing.actions {
            action.probe = None;
        }
    });
    stage.fault("billing.pay", Fault::TakesEffectButAnswers(500), Extent::Times(3));
    stage.receive(&small());
    stage.after(HOUR);
    assert_eq!((stage.calls("billing.pay"), stage.effects("billing.pay")), (4, 1));
    assert_eq!(stage.run(0).status(), "done");
    stage.host.replay().unwrap();
}

#[test]
fn what_was_sent_again_carries_the_same_key() {
    let mut stage = Stage::new();
    stage.fault("billing.pay", Fault::FailsWith(429), Extent::Times(5));
    stage.receive(&small());
    stage.after(HOUR);
    let calls = stage.host.world().calls().iter().filter(|called| called.call.target == "/payments");
    let keys: std::collections::BTreeSet<_> = calls.map(|called| called.call.key.clone()).collect();
    assert_eq!(keys.len(), 1);
    assert_eq!(keys.into_iter().next().unwrap(), Some(stage.run(0).deeds[0].key.clone()));
}

#[test]
fn a_person_who_answers_late_is_told_who_was_first() {
    let mut stage = Stage::new();
    stage.receive(&large());
    let (task, _) = stage.open_task();
    stage.answer(&task, "dana@acme.test", Choice::Approve);
    stage.answer(&task, "carol@acme.test", Choice::Approve);
    assert_eq!(stage.run(0).status(), "done");
    stage.answer(&task, "eli@acme.test", Choice::Refuse);
    let late = stage.facts().find_map(|fact| match fact {
        Fact::Late { person, forestalled, .. } => Some(format!("{person}: {forestalled}")),
        _ => None,
    });
    assert_eq!(late.unwrap(), "eli@acme.test: approve by carol@acme.test");
    assert_eq!(stage.run(0).status(), "done");
    stage.host.replay().unwrap();
}

#[test]
fn an_answer_to_something_else_than_what_is_asked_now_does_not_count() {
    use countersign_engine::protocol::{Actor, Body};
    let mut stage = Stage::new();
    stage.receive(&large());
    let (task, _) = stage.open_task();
    let shown = Some(countersign_ir::hash::Hash([7; 32]));
    let body = Body::Answer { choice: Choice::Approve, because: None, shown };
    stage.host.input(task, Actor::Person("dana@acme.test".into()), body).unwrap();
    assert!(stage.open_task().1.answers.is_empty());
}

#[test]
fn what_was_given_up_in_doubt_is_looked_up_by_whoever_comes_next() {
    let mut stage = Stage::new();
    stage.fault("billing.pay", Fault::TakesEffectButAnswers(500), Extent::Times(1));
    stage.fault("billing.payments_for", Fault::FailsWith(400), Extent::For(HOUR));
    stage.receive(&small());
    let (task, topic) = stage.open_task();
    assert!(topic.topic.question.contains("nobody knows whether billing.pay took effect"));
    stage.answer(&task, "ana@acme.test", Choice::Drop);
    assert_eq!(stage.run(0).status(), "dropped");
    stage.after(31 * DAY);
    stage.receive(&small());
    assert_eq!(stage.run(1).status(), "done");
    assert_eq!((stage.calls("billing.pay"), stage.effects("billing.pay")), (1, 1));
    stage.host.replay().unwrap();
}

#[test]
fn what_was_given_up_in_doubt_and_cannot_be_looked_up_is_asked_about_again() {
    let mut stage = Stage::with(|program| {
        let billing = program.systems.iter_mut().find(|system| system.name == "billing").unwrap();
        billing.honours_key = None;
        for action in &mut billing.actions {
            action.probe = None;
        }
    });
    stage.fault("billing.pay", Fault::TakesEffectButAnswers(500), Extent::Times(1));
    stage.receive(&small());
    let (task, _) = stage.open_task();
    stage.answer(&task, "ana@acme.test", Choice::Drop);
    stage.after(31 * DAY);
    stage.receive(&small());
    assert_eq!(stage.run(1).status(), "blocked");
    assert_eq!((stage.calls("billing.pay"), stage.effects("billing.pay")), (1, 1));
    // A repeated word of the claim changes nothing about it.
    let claim = CellId::new(CellKind::Claim, stage.run(1).deeds[0].key.clone());
    let take = stage.host.journal().iter().rposition(|entry| entry.cell == claim).unwrap();
    stage.host.repeat(take).unwrap();
    stage.after(HOUR);
    assert_eq!(stage.run(1).status(), "blocked");
    assert_eq!(stage.calls("billing.pay"), 1);
    stage.host.replay().unwrap();
}

#[test]
fn a_change_whose_former_value_nobody_read_is_not_taken_back() {
    let mut stage = Stage::new();
    // The mark is refused twice, a month apart: the second run adopts the first one's.
    for place in 0..2 {
        stage.receive(&large());
        let (task, _) = stage.open_task();
        stage.answer(&task, "dana@acme.test", Choice::Refuse);
        stage.answer(&task, "carol@acme.test", Choice::Refuse);
        assert_eq!(stage.run(place).status(), "refused");
        stage.after(31 * DAY);
    }
    assert_eq!(stage.calls("erp.mark"), 1);
    let second = stage.run_cell(1);
    stage.host.undo(&second, "ana@acme.test", "a mistake").unwrap();
    stage.host.settle(10 * SECOND).unwrap();
    assert_eq!(stage.calls("erp.mark"), 1);
    assert_eq!(stage.run(1).status(), "refused");
    let declined = stage.facts().find_map(|fact| match fact {
        Fact::Declined { reason, .. } => Some(reason.clone()),
        _ => None,
    });
    assert_eq!(
        declined.unwrap(),
        "there is nothing that could be taken back: erp.mark: what was there before is not known"
    );
    // The first run knows, and takes it back.
    let first = stage.run_cell(0);
    stage.host.undo(&first, "ana@acme.test", "a mistake").unwrap();
    stage.host.settle(10 * SECOND).unwrap();
    assert_eq!(stage.effects("erp.mark"), 2);
    stage.host.replay().unwrap();
}
