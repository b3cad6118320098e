//! What happened, line by line, for who reads why a test failed.

use countersign_engine::narrate::sentence;
use countersign_engine::{CellId, CellKind};
use countersign_ir::wire::{Call, Operation, Reply};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::host::{Event, Virtual};

/// How many lines a trace has at most: the last ones are the telling ones.
const LINES: usize = 120;

/// Everything that happened, as `Mon 23 09:00:00  run 1   level is instant`.
pub(crate) fn lines(host: &Virtual, zone: &TimeZone) -> Vec<String> {
    let all = host.happened().iter().filter_map(|(at, event)| {
        let (cell, text) = match event {
            Event::Fact(cell, fact) => (cell, sentence(fact)),
            Event::Called(asker, call, reply) => (asker, called(call, reply)),
        };
        shown(cell).then(|| format!("{}  {:8} {text}", clock(*at, zone), name(host, cell)))
    });
    let all: Vec<String> = all.collect();
    let left_out = all.len().saturating_sub(LINES);
    let mut lines: Vec<String> = all.into_iter().skip(left_out).collect();
    if left_out > 0 {
        lines.insert(0, format!("… {left_out} earlier lines"));
    }
    lines
}

fn shown(cell: &CellId) -> bool {
    matches!(cell.kind, CellKind::Run | CellKind::Task | CellKind::Delivery)
}

fn name(host: &Virtual, cell: &CellId) -> String {
    let kind = match cell.kind {
        CellKind::Delivery => "event",
        other => other.name(),
    };
    format!("{kind} {}", host.place(cell))
}

/// A weekday, a day and a time on the wall.
pub(crate) fn clock(at: i64, zone: &TimeZone) -> String {
    match Timestamp::from_nanosecond(i128::from(at)) {
        Ok(at) => at.to_zoned(zone.clone()).strftime("%a %d %b %H:%M:%S").to_string(),
        Err(_) => format!("{at}ns"),
    }
}

fn called(call: &Call, reply: &Reply) -> String {
    let what = match &call.operation {
        Some(Operation::Read { name, args } | Operation::Action { name, args }) => {
            let args: Vec<String> = args.iter().map(ToString::to_string).collect();
            format!("{}.{name}({})", call.system, args.join(", "))
        }
        None => format!("a notice by {}", call.system),
    };
    let came = match reply {
        Reply::NotSent { reason } => format!("not sent, {reason}"),
        Reply::InDoubt { reason } => format!("in doubt, {reason}"),
        Reply::Answered { status, .. } => format!("answered {status}"),
    };
    format!("→ {what}: {came}")
}
