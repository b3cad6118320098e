//! The one place where requests are worked off, one after the other: decide, record, apply, and only then answer.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::fault::{Does, Fault};
use crate::log::{Log, LogError};
use crate::record::{Effect, Entry};
use crate::systems::{Moment, Request, respond};
use crate::world::World;

/// What becomes of a request.
#[derive(Debug, PartialEq)]
pub struct Verdict {
    pub then: Then,
    pub latency: Duration,
    pub retry_after: Option<u32>,
}

#[derive(Debug, PartialEq)]
pub enum Then {
    Answer(StatusCode, Value),
    Hang,
    Close,
}

pub struct Store {
    log: Log,
    pub world: World,
    pub entries: Vec<Entry>,
}

impl Store {
    pub fn open(path: &Path) -> Result<Self, LogError> {
        let (log, entries) = Log::open(path)?;
        let mut world = World::default();
        for entry in &entries {
            world.apply(entry);
        }
        Ok(Self { log, world, entries })
    }

    /// Work off a request of the tested program.
    pub fn serve(&mut self, request: &Request) -> std::io::Result<Verdict> {
        let moment = self.now();
        let done = respond(&self.world, request, moment);
        let route = request.route.as_ref().map(crate::route::Route::name);
        let active = route.filter(|_| request.let_in).and_then(|route| {
            let active = self.world.fault(route, &request.names(&self.world))?;
            Some((active.id, active.fault.clone()))
        });
        let (id, fault) = active.unzip();
        let (then, mut effects) = bend(done.status, done.answer, done.effects, fault.as_ref());
        effects.extend(id.map(|id| Effect::FaultUsed { id }));
        let (status, answer) = match &then {
            Then::Answer(status, answer) => (Some(status.as_u16()), answer.clone()),
            Then::Hang | Then::Close => (None, Value::Null),
        };
        self.keep(Entry {
            n: moment.n,
            at: moment.at,
            method: request.method.clone(),
            path: request.path.clone(),
            query: request.query.clone(),
            route: route.map(str::to_owned),
            key: request.key.clone(),
            body: request.body.clone().unwrap_or_else(Value::String),
            repeat: done.repeat,
            fault: id,
            status,
            answer,
            effects,
        })?;
        let latency = Duration::from_millis(fault.as_ref().map_or(0, |fault| fault.latency_ms));
        Ok(Verdict { then, latency, retry_after: fault.and_then(|fault| fault.retry_after) })
    }

    /// Change the state for the test.
    pub fn control(&mut self, path: &str, effects: Vec<Effect>) -> std::io::Result<u64> {
        let Moment { n, at } = self.now();
        self.keep(Entry {
            n,
            at,
            method: "POST".to_owned(),
            path: path.to_owned(),
            query: String::new(),
            route: Some("control".to_owned()),
            key: None,
            body: Value::Null,
            repeat: false,
            fault: None,
            status: Some(200),
            answer: Value::Null,
            effects,
        })?;
        Ok(n)
    }

    fn keep(&mut self, entry: Entry) -> std::io::Result<()> {
        self.log.append(&entry)?;
        self.world.apply(&entry);
        self.entries.push(entry);
        Ok(())
    }

    fn now(&self) -> Moment {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let at = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        Moment { n: self.entries.len() as u64 + 1, at }
    }
}

/// What a fault makes of a good answer.
fn bend(
    status: StatusCode,
    answer: Value,
    effects: Vec<Effect>,
    fault: Option<&Fault>,
) -> (Then, Vec<Effect>) {
    let does = fault.map_or(Does::Nothing, |fault| fault.does);
    let then = match does {
        Does::Nothing | Does::AnswerWithoutEffect => Then::Answer(status, answer),
        Does::Fail(code) | Does::EffectThenFail(code) => {
            let code = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            Then::Answer(code, json!({ "error": "failed as told" }))
        }
        Does::Hang | Does::EffectThenHang => Then::Hang,
        Does::Close | Does::EffectThenClose => Then::Close,
    };
    (then, if does.keeps_effect() { effects } else { Vec::new() })
}
