//! What the commands of people say to a process, and what they make of its answers. The process is a stand-in that
//! answers as it is told and keeps what it heard.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use serde_json::{Value as Json, json};
use tempfile::TempDir;

/// A request that the stand-in heard.
#[derive(Debug, Clone)]
struct Heard {
    line: String,
    headers: String,
    body: String,
}

/// Answers each request with what is said of its method and path.
struct StandIn {
    url: String,
    heard: Arc<Mutex<Vec<Heard>>>,
    home: TempDir,
}

impl StandIn {
    fn new(answers: &[(&str, u16, Json)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let answers: Vec<_> =
            answers.iter().map(|(on, status, body)| ((*on).to_owned(), *status, body.to_string())).collect();
        let keep = Arc::clone(&heard);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                answer(stream, &answers, &keep);
            }
        });
        Self { url, heard, home: tempfile::tempdir().unwrap() }
    }

    fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command.args(arguments).env_clear().current_dir(self.home.path());
        command.env("HOME", self.home.path()).env("COUNTERSIGN_SERVER", &self.url);
        command
    }

    /// Runs a command as somebody who has a token.
    fn says(&self, arguments: &[&str]) -> Said {
        said(self.command(arguments).env("COUNTERSIGN_TOKEN", "tok-1"))
    }
}

fn answer(mut stream: TcpStream, answers: &[(String, u16, String)], heard: &Mutex<Vec<Heard>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let mut headers = String::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).unwrap();
        if header.trim().is_empty() {
            break;
        }
        headers.push_str(&header.to_ascii_lowercase());
    }
    let length = headers.lines().find_map(|header| header.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.trim().parse().unwrap())];
    reader.read_exact(&mut body).unwrap();
    let asked = line.trim().trim_end_matches(" HTTP/1.1").to_owned();
    let found = answers.iter().find(|(on, ..)| *on == asked);
    let (status, text) =
        found.map_or((404, "{\"error\":\"nothing is known of that\"}"), |(_, status, text)| (*status, text));
    heard.lock().unwrap().push(Heard { line: asked, headers, body: String::from_utf8(body).unwrap() });
    let more = if status == 302 { "location: http://127.0.0.1:1/\r\n" } else { "" };
    let _ = write!(
        stream,
        "HTTP/1.1 {status} Said\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{more}connection: close\r\n\r\n{text}",
        text.len()
    );
}

#[derive(Debug)]
struct Said {
    code: i32,
    out: String,
    err: String,
}

fn said(command: &mut Command) -> Said {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { code: status.code().unwrap(), out: text(stdout), err: text(stderr) }
}

const TASK: &str = "/api/v1/tasks/task-1";

fn task() -> Json {
    json!({
        "id": "task-1", "status": "open", "kind": "approval", "question": "Pay 20000.00 EUR to Acme Paper?",
        "silence": false, "run": "run-1", "about": "billing.pay", "roles": ["finance_lead"],
        "people": ["dana@acme.test"], "opened": "2026-11-23T08:00:00Z", "deadline": "2026-11-25T08:00:00Z",
        "showing": [{ "label": "invoice", "value": { "id": "i-1", "amount": "20000.00 EUR" } }],
        "shown": "ab12", "choices": ["approve", "refuse"], "yours": true, "at_deadline": "cfo are asked",
        "remarks": [], "answers": [], "notices": [],
    })
}

#[test]
fn an_approval_shows_what_it_rests_on_and_sends_its_hash() {
    let process = StandIn::new(&[
        (&format!("GET {TASK}"), 200, task()),
        (&format!("POST {TASK}/answer"), 200, json!({ "task": "task-1", "status": "open", "run": "run-1" })),
    ]);
    let said = process.says(&["approve", "task-1", "--because", "contract seen"]);
    insta::assert_snapshot!(said.out, @r"
    Pay 20000.00 EUR to Acme Paper?
      invoice: { amount: 20000.00 EUR, id: i-1 }
      about: billing.pay
      until 2026-11-25 08:00:00Z: cfo are asked
      choices: approve, refuse

    approve: counted, and others are waited for
    `countersign runs show run-1` shows how it goes on
    ");
    assert_eq!(said.code, 0);
    let heard = process.heard();
    let sent: Json = serde_json::from_str(&heard[1].body).unwrap();
    assert_eq!(sent, json!({ "choice": "approve", "because": "contract seen", "shown": "ab12" }));
    assert!(heard.iter().all(|heard| heard.headers.contains("authorization: bearer tok-1")), "{heard:?}");
}

#[test]
fn a_no_of_the_process_is_1_and_says_why() {
    let late = json!({ "error": "it was settled before: refused by eli@acme.test", "help": "your answer is on record" });
    let process =
        StandIn::new(&[(&format!("GET {TASK}"), 200, task()), (&format!("POST {TASK}/answer"), 409, late)]);
    let said = process.says(&["approve", "task-1"]);
    assert_eq!(said.code, 1);
    assert_eq!(
        said.err,
        "error: it was settled before: refused by eli@acme.test\nhelp: your answer is on record\n"
    );
}

#[test]
fn a_wrong_token_is_2_and_says_what_to_do() {
    let no = json!({ "error": "nobody is signed in", "help": "sign in with `countersign login`" });
    let process = StandIn::new(&[("GET /api/v1/tasks", 401, no)]);
    let said = process.says(&["inbox"]);
    assert_eq!((said.code, said.out.as_str()), (2, ""));
    assert_eq!(said.err, "error: nobody is signed in\nhelp: sign in with `countersign login`\n");
}

#[test]
fn nobody_listening_is_2_and_says_how_to_start_a_process() {
    let process = StandIn::new(&[]);
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let said =
        said(process.command(&["runs", "--server", &free.to_string()]).env("COUNTERSIGN_TOKEN", "tok-1"));
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("nothing listens there") && said.err.contains("countersign dev"),
        "{}",
        said.err
    );
}

#[test]
fn another_kind_of_server_is_not_taken_for_ours() {
    let process = StandIn::new(&[
        ("GET /api/v1/tasks", 200, json!("<html>")),
        ("GET /api/v1/runs?limit=50", 302, json!({})),
    ]);
    let said = process.says(&["inbox"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("does not understand"), "{}", said.err);
    // The token must not follow a redirect.
    let said = process.says(&["runs"]);
    assert_eq!(said.code, 2, "{}", said.err);
    assert_eq!(process.heard().len(), 2);
}

#[test]
fn what_a_payload_holds_cannot_drive_the_terminal() {
    let hostile = "\u{1b}]0;pwned\u{7}\u{202e}RUE 00.1\u{9b}2J";
    let mut one = task();
    one["question"] = json!(hostile);
    one["showing"] = json!([{ "label": hostile, "value": { "id": hostile } }]);
    let process = StandIn::new(&[
        ("GET /api/v1/tasks", 200, json!({ "tasks": [one] })),
        (&format!("GET {TASK}"), 200, one.clone()),
        (&format!("POST {TASK}/answer"), 403, json!({ "error": hostile, "help": hostile })),
    ]);
    let acts = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
    for arguments in [&["inbox"][..], &["inbox", "--format", "json"], &["approve", "task-1"]] {
        let said = process.says(arguments);
        assert!(!said.out.contains(acts) && !said.err.contains(acts), "{said:?}");
        assert!(format!("{}{}", said.out, said.err).contains("pwned"), "{said:?}");
    }
    let read: Json = serde_json::from_str(&process.says(&["inbox", "--format", "json"]).out).unwrap();
    assert_eq!(read["tasks"][0]["question"], json!(hostile), "programs read what was said");
}

#[test]
fn colours_are_for_terminals_alone() {
    let process = StandIn::new(&[("GET /api/v1/tasks", 200, json!({ "tasks": [task()] }))]);
    let said = process.says(&["inbox"]);
    assert!(said.out.contains("task-1") && !said.out.contains('\u{1b}'), "{}", said.out);
}

#[test]
fn an_id_that_is_a_path_stays_an_id() {
    let process = StandIn::new(&[]);
    let said = process.says(&["why", "../tasks?all=true"]);
    assert_eq!(said.code, 2);
    assert_eq!(process.heard()[0].line, "GET /api/v1/runs/..%2Ftasks%3Fall%3Dtrue/why");
}

fn project(folder: &Path) {
    std::fs::create_dir_all(folder.join(".countersign")).unwrap();
    std::fs::write(folder.join("countersign.toml"), "[project]\nname = \"shop\"\n").unwrap();
    std::fs::write(folder.join(".countersign/operator.key"), "key-1\n").unwrap();
}

#[test]
fn people_sign_in_once_and_are_told_apart() {
    let process = StandIn::new(&[
        (
            "POST /api/v1/login",
            200,
            json!({ "token": "tok-dana", "person": "dana@acme.test", "roles": ["finance_lead"] }),
        ),
        ("GET /api/v1/tasks", 200, json!({ "tasks": [] })),
    ]);
    project(process.home.path());
    let signed_in = said(&mut process.command(&["login", "dana@acme.test"]));
    assert_eq!(signed_in.out, format!("signed in at {} as dana@acme.test (finance_lead)\n", process.url));
    let sent: Json = serde_json::from_str(&process.heard()[0].body).unwrap();
    assert_eq!(sent, json!({ "person": "dana@acme.test", "operator_key": "key-1" }));

    let kept = process.home.path().join(".config/countersign/credentials.json");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(said(&mut process.command(&["inbox"])).code, 0);
    assert!(process.heard()[1].headers.contains("authorization: bearer tok-dana"));

    let other = said(&mut process.command(&["inbox", "--as", "eli@acme.test"]));
    assert_eq!(other.code, 2);
    assert!(other.err.contains("eli@acme.test has not signed in"), "{}", other.err);
    let both = said(process.command(&["inbox", "--as", "dana@acme.test"]).env("COUNTERSIGN_TOKEN", "tok-1"));
    assert!(both.code == 2 && both.err.contains("it is not clear who acts"), "{both:?}");
    assert!(kept.is_file());
}

fn at(second: u32) -> String {
    format!("2026-11-23T08:00:{second:02}Z")
}

#[test]
fn a_run_is_told_in_its_five_stages() {
    let entry = |position: u32, kind: &str, actor: &str, told: &[(&str, Json)]| {
        json!({
            "position": position, "cell": "run/run-1", "seq": position, "at": at(position), "kind": kind, "actor": actor,
            "lines": told.iter().map(|(line, _)| line).collect::<Vec<_>>(),
            "facts": told.iter().map(|(_, fact)| fact).collect::<Vec<_>>(),
        })
    };
    let learned = json!({ "learned": {} });
    let run = json!({
        "id": "run-1", "flow": "pay_invoice", "status": "done", "event": "evt-1", "began": at(0), "undone": false,
        "deployment": "9db2", "doing": "", "names": [],
        "actions": [{ "action": "billing.pay", "status": "verified", "key": "5a6a", "undone": false }],
        "ended": { "outcome": "done", "at": at(9) },
        "timeline": [
            entry(1, "start", "engine", &[("pay_invoice began", json!({ "began": {} }))]),
            entry(2, "replied", "system erp", &[("vendor is v-1", learned.clone())]),
            entry(3, "recalled", "engine", &[
                ("approval_level answered instant", json!({ "decided": {} })),
                ("level is instant", learned.clone()),
                ("nobody had to agree", json!({ "consented": {} })),
            ]),
            entry(4, "replied", "system billing", &[
                ("billing.pay is proved", json!({ "verified": { "what": "billing.pay" } })),
                ("paid is p-1", learned),
            ]),
            entry(5, "replied", "system erp", &[
                ("pay_invoice is proved", json!({ "verified": { "what": "pay_invoice" } })),
                ("it ended: done", json!({ "ended": {} })),
            ]),
        ],
    });
    let process = StandIn::new(&[("GET /api/v1/runs/run-1", 200, run.clone())]);
    insta::assert_snapshot!(process.says(&["runs", "show", "run-1"]).out, @r#"
    run-1  pay_invoice  done
    began 2026-11-23 08:00:00Z with evt-1
    pinned to program and settings 9db2

    trigger
      2026-11-23 08:00:01Z  pay_invoice began  (engine)

    understand
      2026-11-23 08:00:02Z  vendor is v-1  (system erp)

    decide
      2026-11-23 08:00:03Z  approval_level answered instant  (engine)
      2026-11-23 08:00:03Z  level is instant  (engine)

    act
      2026-11-23 08:00:03Z  nobody had to agree  (engine)
      2026-11-23 08:00:04Z  billing.pay is proved  (system billing)
      2026-11-23 08:00:04Z  paid is p-1  (system billing)

    verify
      2026-11-23 08:00:05Z  pay_invoice is proved  (system erp)
      2026-11-23 08:00:05Z  it ended: done  (system erp)

    actions
      billing.pay  verified  key 5a6a

    done at 2026-11-23 08:00:09Z
    to take it back: countersign undo run-1 --because "…"
    "#);
    let read: Json =
        serde_json::from_str(&process.says(&["runs", "show", "run-1", "--format", "json"]).out).unwrap();
    assert_eq!(read, run);
}

#[test]
fn why_names_rule_consent_guardrail_and_proof() {
    let why = json!({
        "run": "run-1", "flow": "pay_invoice", "status": "blocked",
        "decisions": [{
            "decision": "approval_level", "rule": 1, "when": "vendor.blocked", "answer": "full_review",
            "because": "the vendor is blocked", "inputs": [{ "name": "vendor", "value": "{\"id\":\"v-3\",\"blocked\":true}" }],
        }],
        "consents": [{ "task": "task-1", "evidence": "human", "people": ["dana@acme.test", "carol@acme.test"], "because": "as agreed" }],
        "actions": [{
            "action": "billing.pay", "status": "unverified", "guardrails": ["a large payment needs a full review"],
            "attempts": 2, "how": "found", "condition": "payment(result.id).status is settled",
        }],
        "blocked": "billing.pay is not proved",
    });
    let process = StandIn::new(&[("GET /api/v1/runs/run-1/why", 200, why)]);
    insta::assert_snapshot!(process.says(&["why", "run-1"]).out, @r#"
    run-1  pay_invoice  blocked

    approval_level is full_review, because "the vendor is blocked"
      rule 1: when vendor.blocked
      vendor: { blocked: true, id: v-3 }

    consent: human, by dana@acme.test and carol@acme.test, because "as agreed"  task-1

    billing.pay: unverified
      passed the guardrail "a large payment needs a full review"
      sent 2 times, and found by looking it up
      not proved: payment(result.id).status is settled

    it goes no further: billing.pay is not proved
    "#);
}

#[test]
fn an_undo_says_what_stays() {
    let begun = json!({ "undo": "undo-1", "run": "run-1", "stays": ["mail.send: a sent message cannot be recalled"] });
    let process = StandIn::new(&[("POST /api/v1/runs/run-1/undo", 202, begun)]);
    insta::assert_snapshot!(process.says(&["undo", "run-1", "--because", "sent twice"]).out, @r"
    undo-1 takes back run-1
      stays: mail.send: a sent message cannot be recalled
    `countersign runs show undo-1` shows how it goes on
    ");
    assert_eq!(process.heard()[0].body, "{\"because\":\"sent twice\"}");
}
