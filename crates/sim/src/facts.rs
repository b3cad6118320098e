//! What the world holds: answers of reads by argument patterns, and which of several speaks.

use countersign_ir::program::{ReadId, SystemId, Type};
use countersign_ir::value::Value;

/// Whether arguments meet a pattern; none stands for anything.
pub(crate) fn matches(pattern: &[Option<Value>], args: &[Value]) -> bool {
    pattern.len() == args.len()
        && pattern.iter().zip(args).all(|(wanted, arg)| wanted.as_ref().is_none_or(|wanted| wanted == arg))
}

/// One answer.
#[derive(Debug, Clone)]
struct Fact {
    system: SystemId,
    read: ReadId,
    args: Vec<Option<Value>>,
    value: Value,
    rank: Rank,
}

/// What speaks first: later epochs, then more exact patterns, then what was said later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    epoch: u32,
    exact: usize,
    sequence: u32,
}

/// All answers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    all: Vec<Fact>,
    epoch: u32,
    sequence: u32,
    /// Whether what is said next is said together with what was said last.
    together: bool,
}

impl Facts {
    fn add(&mut self, system: SystemId, read: ReadId, args: Vec<Option<Value>>, value: Value, epoch: u32) {
        self.sequence += 1;
        let exact = args.iter().flatten().count();
        let rank = Rank { epoch, exact, sequence: self.sequence };
        self.all.push(Fact { system, read, args, value, rank });
    }

    /// Somebody outside is known to hold it, as long as nothing else is said.
    pub(crate) fn announce(&mut self, system: SystemId, read: ReadId, args: Vec<Value>, value: Value) {
        self.add(system, read, args.into_iter().map(Some).collect(), value, 0);
    }

    /// A simulation or a test says so.
    pub(crate) fn say(&mut self, system: SystemId, read: ReadId, args: Vec<Option<Value>>, value: Value) {
        if !self.together {
            self.epoch += 1;
            self.together = true;
        }
        self.add(system, read, args, value, self.epoch);
    }

    /// What is said from here on goes before what was said until here.
    pub(crate) fn next_epoch(&mut self) {
        self.together = false;
    }

    /// Something happened, and so it is now.
    pub(crate) fn turn(&mut self, system: SystemId, read: ReadId, args: Vec<Value>, value: Value) {
        self.together = false;
        self.epoch += 1;
        self.add(system, read, args.into_iter().map(Some).collect(), value, self.epoch);
    }

    /// What a read answers.
    pub(crate) fn answer(&self, system: SystemId, read: ReadId, args: &[Value]) -> Option<&Value> {
        let of_read = self.all.iter().filter(|fact| fact.system == system && fact.read == read);
        let fitting = of_read.filter(|fact| matches(&fact.args, args));
        fitting.max_by_key(|fact| fact.rank).map(|fact| &fact.value)
    }

    /// A record changed: lists of the same system that hold it show it as it is now. Records are the same when their
    /// field `id`, at `place`, is.
    pub(crate) fn renew(
        &mut self,
        system: SystemId,
        lists: &[(ReadId, Type)],
        record: &Type,
        place: usize,
        now: &Value,
    ) {
        let id = |value: &Value| match value {
            Value::Record(fields) => fields.get(place).cloned(),
            _ => None,
        };
        for fact in self.all.iter_mut().filter(|fact| fact.system == system) {
            let listed = lists.iter().any(|(read, of)| *read == fact.read && of == record);
            if let Value::List(elements) = &fact.value
                && listed
                && elements.iter().any(|element| id(element) == id(now) && element != now)
            {
                let renewed = elements.iter().map(|e| if id(e) == id(now) { now.clone() } else { e.clone() });
                fact.value = Value::list(renewed);
            }
        }
    }
}
