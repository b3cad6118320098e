//! People: who may answer, who may take back, and the tokens that stand for them.

use countersign_engine::task::Choice;
use countersign_runtime::{InputError, TaskFilter};
use countersign_store::StoreRead;

use crate::stage::{PATH, Systems, answer, deliver, invoice_of, memory, run_is, start, task};
use crate::stores::Shared;

#[tokio::test]
async fn two_people_agree_and_the_invoice_is_paid() {
    let systems = Systems::new();
    let handle = start(memory(), &systems).await;
    let receipt = deliver(&handle, "i-3", 20_000).await;
    let task = task(&handle, "approval", "Pay 20000.00 EUR").await;
    answer(&handle, "dana@acme.test", &task.key, Choice::Approve).await.unwrap();
    let again = answer(&handle, "dana@acme.test", &task.key, Choice::Approve).await.unwrap_err();
    assert_eq!(again.to_string(), "you have answered already");
    assert!(systems.payments().is_empty());
    answer(&handle, "carol@acme.test", &task.key, Choice::Approve).await.unwrap();
    let late = answer(&handle, "eli@acme.test", &task.key, Choice::Refuse).await.unwrap_err();
    assert!(matches!(&late, InputError::Late(by) if by.contains("carol@acme.test")), "{late}");
    run_is(&handle, receipt.run.as_deref().unwrap(), "done").await;
    assert_eq!(systems.payments(), ["i-3"]);
}

#[tokio::test]
async fn who_is_not_asked_cannot_answer() {
    let handle = start(memory(), &Systems::new()).await;
    handle.deliver(PATH, Some("m"), &invoice_of("i-3", 20_000, "dana@acme.test")).await.unwrap();
    let task = task(&handle, "approval", "Pay").await;
    let four_eyes = answer(&handle, "dana@acme.test", &task.key, Choice::Approve).await.unwrap_err();
    assert_eq!(four_eyes.to_string(), "four eyes: whoever asks for it cannot agree to it");
    let not_asked = answer(&handle, "ana@acme.test", &task.key, Choice::Approve).await.unwrap_err();
    assert_eq!(not_asked.to_string(), "this question goes to others");
    let stranger = answer(&handle, "mallory@evil.test", &task.key, Choice::Approve).await.unwrap_err();
    assert!(matches!(stranger, InputError::Forbidden(_)), "{stranger}");
    let nothing = answer(&handle, "dana@acme.test", "task-none", Choice::Approve).await.unwrap_err();
    assert_eq!(nothing.to_string(), "there is no task `task-none`");
    let mine = TaskFilter { person: Some("eli@acme.test".to_owned()), settled: false };
    assert_eq!(handle.tasks(mine).await.unwrap().len(), 1);
    let hers = TaskFilter { person: Some("dana@acme.test".to_owned()), settled: false };
    assert!(handle.tasks(hers).await.unwrap().is_empty());
}

#[tokio::test]
async fn only_the_flows_owners_take_a_run_back() {
    let systems = Systems::new();
    let handle = start(memory(), &systems).await;
    let receipt = deliver(&handle, "i-1", 120).await;
    let run = receipt.run.unwrap();
    run_is(&handle, &run, "done").await;
    let other = handle.undo("dana@acme.test", &run, "a mistake").await.unwrap_err();
    assert_eq!(
        other.to_string(),
        "pay_invoice is owned by accounts_payable, and only its members can take a run back"
    );
    let undoing = handle.undo("ana@acme.test", &run, "the wrong vendor").await.unwrap();
    assert_eq!(undoing.stays.len(), 1, "{:?}", undoing.stays);
    assert!(undoing.stays[0].starts_with("mail.send: "), "{:?}", undoing.stays);
    run_is(&handle, &undoing.undo, "done").await;
    let taken = run_is(&handle, &run, "done").await;
    assert_eq!(taken.run.undo.unwrap().whole, Some(true));
    let twice = handle.undo("ana@acme.test", &run, "again").await.unwrap_err();
    assert!(matches!(twice, InputError::Declined(_)), "{twice}");
    let nothing = handle.undo("ana@acme.test", "run-none", "x").await.unwrap_err();
    assert_eq!(nothing.to_string(), "there is no run `run-none`");
}

#[tokio::test]
async fn a_token_stands_for_one_person_and_only_its_hash_is_kept() {
    let store = Shared::default();
    let handle = start(store.at(), &Systems::new()).await;
    let token = handle.issue_token("dana@acme.test").await.unwrap();
    assert_eq!(handle.person_of(&token).await.unwrap().as_deref(), Some("dana@acme.test"));
    assert_eq!(handle.person_of("csgn_00").await.unwrap(), None);
    assert_eq!(handle.person_of("").await.unwrap(), None);
    let stranger = handle.issue_token("mallory@evil.test").await.unwrap_err();
    assert!(matches!(stranger, InputError::Forbidden(_)), "{stranger}");
    handle.shutdown().await.unwrap();
    assert_eq!(store.look(|store| store.meta(&format!("token/{token}"))).unwrap(), None);

    let again = start(store.at(), &Systems::new()).await;
    assert_eq!(again.person_of(&token).await.unwrap().as_deref(), Some("dana@acme.test"));
}
