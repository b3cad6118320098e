//! Whatever comes late, twice or out of order: nothing is done twice, nothing without consent, and nothing is forgotten.

use std::collections::BTreeMap;

use countersign_engine::protocol::{Actor, Body};
use countersign_engine::run::{Agenda, Consent, Doing, Evidence, Phase, Run};
use countersign_engine::task::{Choice, Task};
use countersign_engine::{CellId, State};
use countersign_ir::suite::{Extent, Fault};
use countersign_ir::value::{SECOND, Value};
use countersign_ir::wire::Reply;
use proptest::prelude::*;

use crate::engine::{DAY, FLOW, HOUR, MINUTE, Stage, invoice, operation, small};

/// The first entry of the journal that such a body is in.
fn entry(stage: &Stage, wanted: impl Fn(&Body) -> bool) -> usize {
    stage.host.journal().iter().position(|entry| wanted(&entry.input.body)).unwrap()
}

/// Two runs of one invoice: the first held up, the second waiting for its payment.
fn two_runs() -> Stage {
    let mut stage = Stage::new();
    stage.fault("billing.pay", Fault::GoesDown, Extent::For(40 * DAY));
    stage.receive(&small());
    stage.after(31 * DAY);
    stage.receive(&small());
    assert_eq!((stage.run(0).status(), stage.run(1).status()), ("blocked", "open"));
    stage
}

fn task_of(stage: &Stage, run: usize) -> CellId {
    let run = stage.run_cell(run);
    let task = stage.host.tasks().rfind(|(_, task)| task.open() && task.topic.run.as_ref() == Some(&run));
    task.unwrap().0.clone()
}

#[test]
fn a_repeated_release_does_not_free_what_another_run_holds_by_now() {
    let mut stage = two_runs();
    stage.answer(&task_of(&stage, 0), "ana@acme.test", Choice::Drop);
    // The second run holds the payment now, and a third one waits for it.
    stage.after(31 * DAY);
    stage.receive(&small());
    let release = entry(&stage, |body| matches!(body, Body::Release { .. }));
    stage.host.repeat(release).unwrap();
    stage.after(DAY);
    assert_eq!(stage.effects("billing.pay"), 0);
    assert_eq!((stage.run(1).status(), stage.run(2).status()), ("blocked", "open"));
    stage.answer(&task_of(&stage, 1), "ana@acme.test", Choice::Retry);
    assert_eq!((stage.run(1).status(), stage.run(2).status()), ("done", "done"));
    assert_eq!(stage.effects("billing.pay"), 1);
    stage.host.replay().unwrap();
}

#[test]
fn a_repeated_take_of_a_run_that_gave_up_does_not_hold_the_payment_for_ever() {
    let mut stage = Stage::new();
    stage.fault("billing.pay", Fault::FailsWith(409), Extent::Times(1));
    stage.receive(&small());
    stage.answer(&task_of(&stage, 0), "ana@acme.test", Choice::Drop);
    assert_eq!(stage.run(0).status(), "dropped");
    let claim = stage.run(0).deeds[0].key.clone();
    let is_claim = |cell: &CellId| cell.key == claim;
    let take = stage.host.journal().iter().position(|entry| is_claim(&entry.cell)).unwrap();
    stage.host.repeat(take).unwrap();
    stage.after(31 * DAY);
    stage.receive(&small());
    assert_eq!(stage.run(1).status(), "done");
    assert_eq!(stage.effects("billing.pay"), 1);
    stage.host.replay().unwrap();
}

#[test]
fn who_agreed_does_not_include_who_said_no() {
    let mut stage = Stage::new();
    stage.receive(&invoice("i-3", 20_000, "ana@acme.test"));
    let task = task_of(&stage, 0);
    for (person, choice) in [
        ("dana@acme.test", Choice::Refuse),
        ("eli@acme.test", Choice::Approve),
        ("carol@acme.test", Choice::Approve),
    ] {
        stage.answer(&task, person, choice);
    }
    let consent = stage.run(0).consents.values().next().cloned().unwrap();
    let Evidence::Human { people, .. } = consent.evidence else { panic!("people agreed") };
    let people: Vec<&str> = people.iter().map(|(person, _)| person.as_str()).collect();
    assert_eq!(people, ["eli@acme.test", "carol@acme.test"]);
}

/// One thing that befalls the host.
#[derive(Debug, Clone)]
enum Move {
    /// An event: which invoice, at how much, entered by whom.
    Receive(u8, u8, u8),
    /// Time passes.
    Pass(u8),
    /// A call ends before others; its reply may be lost.
    EndCall(u8, bool),
    /// A reply that was lost arrives after all.
    Found,
    /// Something is learned once more.
    Repeat(u16),
    /// Somebody says something.
    Answer(u8, u8, u8),
    /// Somebody wants a run taken back.
    Undo(u8),
    /// Something goes wrong for a while.
    Fault(u8, u8, u8),
}

const AMOUNTS: [i64; 4] = [120, 130, 3_000, 20_000];
const PEOPLE: [&str; 6] = [
    "ana@acme.test",
    "ben@acme.test",
    "dana@acme.test",
    "eli@acme.test",
    "carol@acme.test",
    "mallory@acme.test",
];
const TIMES: [i64; 7] = [SECOND, 6 * SECOND, 2 * MINUTE, 31 * MINUTE, 5 * HOUR, 2 * DAY, 31 * DAY];
const OPERATIONS: [&str; 7] = [
    "billing.pay",
    "billing.payments_for",
    "billing.payment",
    "erp.vendor",
    "erp.mark",
    "erp.invoice",
    "mail.send",
];

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        3 => (0_u8..3, any::<u8>(), any::<u8>()).prop_map(|(i, a, p)| Move::Receive(i, a, p)),
        4 => any::<u8>().prop_map(Move::Pass),
        6 => (any::<u8>(), any::<bool>()).prop_map(|(n, lost)| Move::EndCall(n, lost)),
        2 => Just(Move::Found),
        6 => any::<u16>().prop_map(Move::Repeat),
        5 => (any::<u8>(), any::<u8>(), any::<u8>()).prop_map(|(t, p, c)| Move::Answer(t, p, c)),
        1 => any::<u8>().prop_map(Move::Undo),
        2 => (any::<u8>(), any::<u8>(), any::<u8>()).prop_map(|(o, f, e)| Move::Fault(o, f, e)),
    ];
    proptest::collection::vec(one, 1..60)
}

fn pick<T: Clone>(all: &[T], n: u8) -> T {
    all[usize::from(n) % all.len()].clone()
}

/// Every consent that stood at the moment of an effect, by run.
struct Watched {
    stage: Stage,
    lost: Vec<(CellId, u32, Reply)>,
}

impl Watched {
    fn new() -> Self {
        // Billing knows no keys here: only the engine keeps it from paying twice.
        let stage = Stage::with(|program| {
            for system in &mut program.systems {
                system.honours_key = None;
            }
        });
        Self { stage, lost: Vec::new() }
    }

    fn make(&mut self, step: &Move) {
        let host = &mut self.stage.host;
        match *step {
            Move::Receive(id, amount, by) => {
                let payload = invoice(&format!("i-{id}"), pick(&AMOUNTS, amount), pick(&PEOPLE, by));
                host.receive(FLOW, &payload).unwrap();
            }
            Move::Pass(n) => host.advance(host.now() + pick(&TIMES, n)).unwrap(),
            Move::EndCall(n, lost) => {
                let calls = host.under_way();
                if calls > 0 {
                    self.lost.extend(host.end_call(usize::from(n) % calls, lost).unwrap());
                }
            }
            Move::Found => {
                if let Some((asker, call, reply)) = self.lost.pop() {
                    host.input(asker, Actor::Clock, Body::Replied { call, reply }).unwrap();
                }
            }
            Move::Repeat(n) => {
                let length = host.journal().len();
                // What a person asked for is not repeated by machines.
                if length > 0 && !matches!(host.journal()[usize::from(n) % length].input.by, Actor::Person(_))
                {
                    host.repeat(usize::from(n) % length).unwrap();
                }
            }
            Move::Answer(task, person, choice) => {
                let open: Vec<CellId> =
                    host.tasks().filter(|(_, task)| task.open()).map(|(cell, _)| cell.clone()).collect();
                if !open.is_empty() {
                    let choice = pick(&Choice::ALL, choice);
                    host.answer(&pick(&open, task), pick(&PEOPLE, person), choice, None).unwrap();
                }
            }
            Move::Undo(n) => {
                let runs: Vec<CellId> = host.runs().map(|(cell, _)| cell.clone()).collect();
                if !runs.is_empty() {
                    host.undo(&pick(&runs, n), "ana@acme.test", "a mistake").unwrap();
                }
            }
            Move::Fault(operation, fault, extent) => {
                let faults = [
                    Fault::FailsWith(500),
                    Fault::FailsWith(503),
                    Fault::FailsWith(409),
                    Fault::TimesOut,
                    Fault::GoesDown,
                    Fault::AnswersWithoutEffect,
                    Fault::TakesEffectButAnswers(500),
                ];
                let extents = [Extent::Times(1), Extent::Times(3), Extent::For(HOUR), Extent::For(2 * DAY)];
                let (fault, extent) = (pick(&faults, fault), pick(&extents, extent));
                self.stage.fault(pick(&OPERATIONS, operation), fault, extent);
            }
        }
    }

    /// Each claim has one effect at most. Messages are left out: they have no look-up, and a person may have had one
    /// sent again.
    fn nothing_is_done_twice(&self) {
        let (mail, _) = operation(self.stage.host.deployment(), "mail.send");
        let mut effects: BTreeMap<&Option<String>, usize> = BTreeMap::new();
        for effect in self.stage.host.world().effects().iter().filter(|effect| effect.system != mail) {
            *effects.entry(&effect.key).or_default() += 1;
        }
        assert!(effects.values().all(|count| *count == 1), "{effects:?}");
    }

    /// What leaves above the guardrail has the consent of whom the guardrail names, and of nobody else.
    fn nothing_is_done_without_consent(&self) {
        let (system, _) = operation(self.stage.host.deployment(), "billing.pay");
        for effect in self.stage.host.world().effects().iter().filter(|effect| effect.system == system) {
            let Some(Value::Record(fields)) = effect.args.first() else { continue };
            let (Some(Value::Money(amount)), Some(Value::Text(entered_by))) = (fields.get(2), fields.get(5))
            else {
                continue;
            };
            if amount.minor <= 500_000 {
                continue;
            }
            let mut runs = self.stage.host.runs().map(|(_, run)| run);
            let run = runs.find(|run| {
                let deeds = || run.deeds.iter();
                deeds().any(|deed| {
                    Some(&deed.key) == effect.key.as_ref() && deed.frame[0] == effect.args.first().cloned()
                }) && run.consents.values().any(|consent| large_enough(consent, entered_by))
            });
            assert!(run.is_some(), "paid without consent: {effect:?}");
        }
    }

    /// When all has come to rest, nothing waits for nothing.
    fn nothing_is_forgotten(&mut self) {
        self.stage.after(40 * DAY);
        let host = &self.stage.host;
        for (cell, run) in host.runs() {
            assert!(
                run.ended.is_some()
                    || host.awaits(cell)
                    || has_task(&self.stage, cell)
                    || waits_for_another(&self.stage, run),
                "{cell} is forgotten: {:?}",
                run.doing
            );
        }
        for (cell, task) in host.tasks().filter(|(_, task)| task.open()) {
            assert!(host.awaits(cell) || !task.people.is_empty(), "{cell} is with nobody: {task:?}");
        }
    }
}

fn large_enough(consent: &Consent, entered_by: &str) -> bool {
    match &consent.evidence {
        Evidence::Human { people, of_level: true, .. } => {
            let leads_or_cfo = |role: &str| role == "finance_lead" || role == "cfo";
            let enough = people.len() >= 2 || people.iter().all(|(_, role)| role == "cfo");
            consent.level == "full_review"
                && enough
                && people.iter().all(|(person, role)| person != entered_by && leads_or_cfo(role))
        }
        _ => false,
    }
}

fn has_task(stage: &Stage, run: &CellId) -> bool {
    let mut tasks = stage.host.tasks();
    tasks.any(|(_, task): (_, &Task)| task.open() && task.topic.run.as_ref() == Some(run))
}

/// A run that waits for another one's claim, which that one still holds and has not ended.
fn waits_for_another(stage: &Stage, run: &Run) -> bool {
    let Doing::Acting(acting) = &run.doing else { return false };
    let Phase::Claiming { .. } = acting.phase else { return false };
    let key = &run.deeds[acting.deed as usize].key;
    let claim = CellId::new(countersign_engine::CellKind::Claim, key.as_str());
    let Some(State::Claim(claim)) = stage.host.cell(&claim) else { return false };
    let holder = claim.holder.as_ref().and_then(|holder| match stage.host.cell(&holder.cell) {
        Some(State::Run(run)) => Some(run),
        _ => None,
    });
    holder.is_some_and(|holder| holder.ended.is_none())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, max_shrink_iters: 4000, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_done_twice_or_without_consent_or_forgotten(moves in moves()) {
        let mut watched = Watched::new();
        for step in &moves {
            watched.make(step);
            watched.nothing_is_done_twice();
        }
        watched.nothing_is_forgotten();
        watched.nothing_is_done_twice();
        watched.nothing_is_done_without_consent();
        let undos = watched.stage.host.runs().filter(|(_, run)| matches!(run.agenda, Agenda::Undo { .. }));
        prop_assert!(undos.count() <= moves.len());
        watched.stage.host.replay().unwrap();
    }
}
