//! The process is killed at random moments under load; the receiver's record is the judge.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use e2e::stack::ANA;
use e2e::{Does, Fault, Invoice, Message, Random, Setup, Stack, patience, wait};

use crate::books::never_tried_blindly;

const INVOICES: usize = 200;
const SENDERS: usize = 8;

fn kills() -> usize {
    std::env::var("CHAOS_KILLS").map_or(10, |text| {
        text.parse().unwrap_or_else(|_| panic!("CHAOS_KILLS is `{text}`; expected a number"))
    })
}

/// One in ten waits for an objection first.
fn invoice(number: usize) -> Invoice {
    let amount = if number % 10 == 9 { "3000.00" } else { "120.00" };
    Invoice::new(&format!("i-{number}"), amount)
}

#[test]
fn kill_nine() {
    let mut random = Random::seeded("CHAOS_SEED");
    let kills = kills();
    // Slow enough that what billing shows within five seconds is within a second of ours: a request that outlives its
    // sender is worked off by then.
    let mut stack = Stack::with(&Setup { speed: 5, ..Setup::default() });
    stack.receiver.enter(&(0..INVOICES).map(invoice).collect::<Vec<_>>());
    // Billing has a bad day too.
    for does in [Does::EffectThenFail(500), Does::Fail(502), Does::EffectThenClose, Does::Fail(503)] {
        stack.receiver.misbehave(&Fault::on("POST /payments", does).times(5));
    }

    // Each kill has its share of the invoices, so that none finds an idle process.
    let (released, next) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let acknowledged: Mutex<Vec<(usize, String)>> = Mutex::default();
    let door = stack.door();
    std::thread::scope(|scope| {
        for _ in 0..SENDERS {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    if number >= INVOICES {
                        return;
                    }
                    while released.load(Ordering::SeqCst) <= number {
                        std::thread::sleep(Duration::from_millis(2));
                    }
                    let message = Message::about(&invoice(number));
                    let run = message.post_until_answered(&door, patience() * 4).run();
                    acknowledged.lock().expect("no sender fails").push((number, run));
                }
            });
        }
        for kill in 1..=kills {
            released.store(kill * INVOICES / kills, Ordering::SeqCst);
            std::thread::sleep(random.up_to(Duration::from_millis(600)));
            stack.kill();
            if random.below(4) == 0 {
                // Another one while it starts.
                let mut process = stack.launch();
                std::thread::sleep(random.up_to(Duration::from_millis(60)));
                process.kill();
            }
            stack.up();
        }
        released.store(INVOICES, Ordering::SeqCst);
    });

    let api = stack.api(ANA);
    wait::within(patience() * 4, "every run ends or waits for people", || {
        let status = api.status()?;
        let busy = api.runs()?.into_iter().filter(|run| run.status == "open" && run.task.is_none()).count();
        // The window begins when the leads have been told.
        let untold =
            |task: &e2e::Task| task.status == "open" && task.kind == "approval" && task.deadline.is_none();
        let untold = api.all_tasks()?.into_iter().filter(untold).count();
        let still = busy == 0 && untold == 0 && status.queued == 0;
        if still { Ok(()) } else { Err(format!("{busy} are busy, {untold} untold: {status:?}")) }
    });
    stack.sleep_through(Duration::from_mins(31));
    wait::within(patience() * 4, "every run ends or waits for its owner", || {
        let status = api.status()?;
        if status.runs("open") == 0 && status.queued == 0 { Ok(()) } else { Err(format!("{status:?}")) }
    });
    judge(&stack, &acknowledged.into_inner().expect("no sender fails"));
    stack.cli(ANA, &["audit", "verify"]).ok();
}

fn judge(stack: &Stack, acknowledged: &[(usize, String)]) {
    assert_eq!(acknowledged.len(), INVOICES);
    let books = stack.receiver.books();
    assert!(books.duplicates.is_empty(), "paid twice: {:?}", books.duplicates);
    let record = stack.receiver.record();
    let api = stack.api(ANA);
    let tasks: Vec<(String, String)> = api
        .all_tasks()
        .expect("tasks")
        .into_iter()
        .filter(|task| task.status == "open")
        .map(|task| api.task(&task.id).expect("a task"))
        .map(|task| (task.question, serde_json::json!(task.showing).to_string()))
        .collect();
    let runs = api.runs().expect("runs");
    assert_eq!(runs.len(), INVOICES, "one run for each invoice");

    let mut with_task = 0;
    for (number, run) in acknowledged {
        let id = format!("i-{number}");
        never_tried_blindly(&record, &id);
        let payments = books.of(&id);
        let status = &runs.iter().find(|seen| seen.id == *run).expect("an acknowledged run is there").status;
        let named = tasks.iter().any(|(_, text)| text.contains(&format!("\"{id}\"")));
        with_task += usize::from(named);
        let settled = match status.as_str() {
            "done" => payments.len() == 1,
            "blocked" => named && payments.len() <= 1,
            _ => false,
        };
        assert!(settled, "{id} was acknowledged; {run} is {status}, and the books say {payments:?}");
        if status == "done" {
            let path = format!("/payments/{}", payments[0].id);
            assert!(
                record.iter().any(|entry| entry.n > payments[0].n && entry.path == path),
                "{id} was never read back"
            );
        }
    }
    let paid = books.payments.len();
    eprintln!("{INVOICES} invoices acknowledged, {paid} paid once, {with_task} with a task");
    let mut questions: BTreeMap<&str, usize> = BTreeMap::new();
    for (question, _) in &tasks {
        *questions.entry(question).or_default() += 1;
    }
    for (question, count) in questions {
        eprintln!("{count} times: {question}");
    }
}
