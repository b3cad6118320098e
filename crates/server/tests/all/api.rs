//! The local API: people sign in, look, answer and take back.

use serde_json::json;

use crate::process::{Process, invoice};

#[tokio::test]
async fn nobody_does_anything_without_a_token() {
    let process = Process::dev().await;
    for path in ["/api/v1/tasks", "/api/v1/runs", "/api/v1/status", "/api/v1/runs/run-1/why"] {
        let no = process.send("GET", path, &[], b"").await;
        assert_eq!((no.status, no.error()), (401, "nobody is signed in"), "{path}");
        assert!(no.body["help"].as_str().unwrap().contains("countersign login"), "{no:?}");
    }
    let stale = process.get("/api/v1/tasks", "csgn_0000").await;
    assert_eq!((stale.status, stale.error()), (401, "the token stands for nobody"));
    let wrong = json!({"person": "dana@acme.test", "operator_key": "guess"});
    let wrong = process.post("/api/v1/login", "", &wrong).await;
    assert_eq!((wrong.status, wrong.error()), (401, "that is not the operator's key"));
    let stranger = json!({"person": "mallory@evil.test", "operator_key": process.operator_key()});
    let stranger = process.post("/api/v1/login", "", &stranger).await;
    assert_eq!(stranger.status, 403);
    let unknown = process.get("/api/v1/nothing", "").await;
    assert_eq!((unknown.status, unknown.error()), (404, "the interface has no /api/v1/nothing"));
}

#[tokio::test]
async fn two_people_agree_over_the_api_and_the_run_says_why() {
    let process = Process::dev().await;
    let (dana, carol) = (process.login("dana@acme.test").await, process.login("carol@acme.test").await);
    let run = process.event("msg-1", &invoice("i-1", 20_000)).await.body["run"].as_str().unwrap().to_owned();
    let open =
        |body: &serde_json::Value| body["tasks"][0]["people"].as_array().is_some_and(|p| !p.is_empty());
    let tasks = process.until("/api/v1/tasks", &dana, open).await;
    let id = tasks["tasks"][0]["id"].as_str().unwrap();
    let task = process.get(&format!("/api/v1/tasks/{id}"), &dana).await.body;
    assert_eq!(task["question"], "Pay 20000.00 EUR to Acme Paper?");
    assert_eq!(task["choices"], json!(["approve", "refuse"]));
    assert_eq!((&task["yours"], &task["run"]), (&json!(true), &json!(run)));
    assert_eq!(task["showing"][0]["label"], "invoice");
    assert_eq!(task["showing"][0]["value"]["id"], "i-1");
    let answer = format!("/api/v1/tasks/{id}/answer");

    let odd = process.post(&answer, &dana, &json!({"choice": "perhaps"})).await;
    assert_eq!((odd.status, odd.error()), (422, "`perhaps` is no answer"));
    let other = json!({"choice": "approve", "shown": "00".repeat(32)});
    let other = process.post(&answer, &dana, &other).await;
    assert_eq!(other.status, 403);
    assert!(other.error().contains("what you saw is not what is asked now"), "{other:?}");

    let yes = json!({"choice": "approve", "because": "seen the goods", "shown": task["shown"]});
    let first = process.post(&answer, &dana, &yes).await;
    assert_eq!((first.status, first.body["status"].as_str()), (200, Some("open")), "{first:?}");
    let second = process.post(&answer, &carol, &json!({"choice": "approve"})).await;
    assert_eq!((second.status, second.body["status"].as_str()), (200, Some("settled")));
    assert_eq!(second.body["settled"]["verdict"], "approved");
    let eli = process.login("eli@acme.test").await;
    let late = process.post(&answer, &eli, &json!({"choice": "refuse"})).await;
    assert_eq!((late.status, late.error()), (409, "it was settled before: approve by carol@acme.test"));

    let path = format!("/api/v1/runs/{run}");
    let detail = process.until(&path, &eli, |body| body["status"] == "done").await;
    assert_eq!(detail["actions"][0]["action"], "billing.pay");
    assert_eq!(detail["actions"][0]["status"], "verified");
    let timeline = detail["timeline"].as_array().unwrap();
    assert!(timeline.iter().any(|entry| entry["actor"] == "dana@acme.test" && entry["kind"] == "answer"));
    assert_eq!(timeline[0]["kind"], "arrived");
    let why = process.get(&format!("{path}/why"), &eli).await.body;
    assert_eq!(why["decisions"][0]["answer"], "full_review");
    assert_eq!(why["decisions"][0]["because"], "above the lead's mandate");
    assert_eq!(why["consents"][0]["evidence"], "human");
    assert_eq!(why["consents"][0]["people"], json!(["dana@acme.test", "carol@acme.test"]));
    assert_eq!(why["actions"][0]["grade"], "independent");
    assert_eq!(why["actions"][0]["guardrails"], json!(["a large payment needs a full review"]));
    assert_eq!(why["ended"]["outcome"], "done");
}

#[tokio::test]
async fn an_owner_takes_a_run_back_and_others_cannot() {
    let process = Process::dev().await;
    let (ana, dana) = (process.login("ana@acme.test").await, process.login("dana@acme.test").await);
    let run = process.event("msg-1", &invoice("i-1", 120)).await.body["run"].as_str().unwrap().to_owned();
    process.until(&format!("/api/v1/runs/{run}"), &ana, |body| body["status"] == "done").await;
    let undo = format!("/api/v1/runs/{run}/undo");
    let because = json!({"because": "the wrong vendor"});
    let other = process.post(&undo, &dana, &because).await;
    assert_eq!(other.status, 403);
    let silent = process.post(&undo, &ana, &json!({"because": " "})).await;
    assert_eq!((silent.status, silent.error()), (422, "`because` is empty"));
    let taken = process.post(&undo, &ana, &because).await;
    assert_eq!(taken.status, 202, "{taken:?}");
    let id = taken.body["undo"].as_str().unwrap();
    let undone = process.until(&format!("/api/v1/runs/{id}"), &ana, |body| body["status"] == "done").await;
    assert_eq!(undone["undoes"], json!(run));
    let first = process.get(&format!("/api/v1/runs/{run}"), &ana).await.body;
    assert_eq!((&first["undone"], &first["undone_by"]), (&json!(true), &json!(id)));
    let twice = process.post(&undo, &ana, &because).await;
    assert_eq!(twice.status, 409, "{twice:?}");
    let none = process.post("/api/v1/runs/run-none/undo", &ana, &because).await;
    assert_eq!((none.status, none.error()), (404, "there is no run `run-none`"));
}

#[tokio::test]
async fn lists_take_filters_and_refuse_what_they_do_not_know() {
    let process = Process::dev().await;
    let ana = process.login("ana@acme.test").await;
    process.event("msg-1", &invoice("i-1", 120)).await;
    process.event("msg-2", &invoice("i-2", 20_000)).await;
    process.until("/api/v1/runs?status=done", &ana, |body| body["runs"].as_array().unwrap().len() == 1).await;
    let none = process.get("/api/v1/runs?flow=other", &ana).await;
    assert_eq!(none.body["runs"], json!([]));
    let one = process.get("/api/v1/runs?limit=1", &ana).await;
    assert_eq!(one.body["runs"].as_array().unwrap().len(), 1);
    let odd = process.get("/api/v1/runs?status=odd", &ana).await;
    assert_eq!((odd.status, odd.error()), (422, "no run is `odd`"));
    let odd = process.get("/api/v1/runs?limit=many", &ana).await;
    assert_eq!(odd.status, 422);
    let mine = process.get("/api/v1/tasks", &ana).await;
    assert_eq!(mine.body["tasks"], json!([]), "it goes to others");
    let all = process.until("/api/v1/tasks?all=true", &ana, |body| body["tasks"][0].is_object()).await;
    assert_eq!(all["tasks"][0]["kind"], "approval");
    let status = process.get("/api/v1/status", &ana).await.body;
    assert_eq!(
        (&status["mode"], &status["runs"]["done"], &status["speed"]),
        (&json!("dev"), &json!(1), &json!(1))
    );
    assert_eq!(status["triggers"], json!(["/erp/invoices"]));
    let garbage = process.send("POST", "/api/v1/login", &[("content-type", "application/json")], b"{");
    assert_eq!(garbage.await.status, 422);
}
