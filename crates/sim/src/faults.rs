//! Faults: what goes wrong, of which operation, and for how long.

use countersign_ir::program::SystemId;
use countersign_ir::suite::{Extent, Fault, Operation};
use countersign_ir::value::Value;

use crate::facts::matches;

/// One fault that was asked for.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    pub system: SystemId,
    pub operation: Operation,
    pub args: Vec<Option<Value>>,
    pub fault: Fault,
    pub extent: Extent,
    /// When it was asked for.
    pub since: i64,
}

impl Planned {
    fn lasts(&self, now: i64) -> bool {
        match self.extent {
            Extent::Always => true,
            Extent::For(ns) => now < self.since.saturating_add(ns),
            Extent::Times(left) => left > 0,
        }
    }
}

/// The fault that befalls an operation now, the latest first; one that happens so often is used up.
pub(crate) fn next(
    planned: &mut [Planned],
    now: i64,
    system: SystemId,
    operation: Operation,
    args: &[Value],
) -> Option<Fault> {
    let fitting = planned.iter_mut().rev().find(|fault| {
        fault.system == system
            && fault.operation == operation
            && matches(&fault.args, args)
            && fault.lasts(now)
    })?;
    if let Extent::Times(left) = &mut fitting.extent {
        *left -= 1;
    }
    Some(fitting.fault.clone())
}
