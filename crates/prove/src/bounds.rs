//! What a condition implies of one amount: upper bounds, by interval reasoning over its conjuncts.
//!
//! Sound and not complete: a bound that is found holds in every case in which the condition does.

use countersign_ir::program::{Comparison, Expr, Program, SettingId};
use countersign_ir::value::{Money, Value};

/// An amount of money that no case exceeds, or a setting that none does.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Upper {
    /// The least bound, settings counted at the most that their own bounds admit.
    pub most: Option<Money>,
    /// Settings that are bounds themselves, whatever their value.
    pub settings: Vec<SettingId>,
}

impl Upper {
    /// Both hold.
    fn and(mut self, other: Self) -> Self {
        self.most = match (self.most, other.most) {
            (Some(a), Some(b)) => Some(if b.minor < a.minor { b } else { a }),
            (a, b) => a.or(b),
        };
        self.settings.extend(other.settings);
        self
    }

    /// One of them holds.
    fn or(mut self, other: Self) -> Self {
        self.most = self
            .most
            .zip(other.most)
            .filter(|(a, b)| a.currency == b.currency)
            .map(|(a, b)| if b.minor > a.minor { b } else { a });
        let both = other.settings;
        self.settings.retain(|setting| both.contains(setting));
        self
    }

    /// Whether an amount within it is within the limit, for every value that the settings may have.
    pub fn within(&self, program: &Program, limit: &Expr) -> bool {
        if let Expr::Setting(id) = limit
            && self.settings.contains(id)
        {
            return true;
        }
        let lowest = lowest(program, limit);
        // An amount of another currency is never shown to be below: rates are not known here.
        self.most
            .zip(lowest)
            .is_some_and(|(upper, limit)| upper.currency == limit.currency && upper.minor <= limit.minor)
    }
}

/// What the condition implies of the amount, if it holds (or, with `holds` false, if it does not).
pub(crate) fn upper(program: &Program, condition: &Expr, amount: &Expr, holds: bool) -> Upper {
    match condition {
        Expr::And(parts) => combine(program, parts, amount, holds, holds),
        Expr::Or(parts) => combine(program, parts, amount, holds, !holds),
        Expr::Not(of) => upper(program, of, amount, !holds),
        Expr::Compare(how, left, right) if **left == *amount => compared(program, *how, right, holds),
        Expr::Compare(how, left, right) if **right == *amount => {
            compared(program, mirrored(*how), left, holds)
        }
        _ => Upper::default(),
    }
}

/// `all` says whether every part counts, or just one of them.
fn combine(program: &Program, parts: &[Expr], amount: &Expr, holds: bool, all: bool) -> Upper {
    let bounds = parts.iter().map(|part| upper(program, part, amount, holds));
    let combined = if all { bounds.reduce(Upper::and) } else { bounds.reduce(Upper::or) };
    combined.unwrap_or_default()
}

fn mirrored(how: Comparison) -> Comparison {
    match how {
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
        same => same,
    }
}

fn compared(program: &Program, how: Comparison, bound: &Expr, holds: bool) -> Upper {
    // How far below the bound the amount must lie: money is discrete in its minor unit.
    let below = match (how, holds) {
        (Comparison::LessOrEqual | Comparison::Equal, true)
        | (Comparison::Greater | Comparison::NotEqual, false) => 0,
        (Comparison::Less, true) | (Comparison::GreaterOrEqual, false) => 1,
        _ => return Upper::default(),
    };
    let most = highest(program, bound).and_then(|money| {
        money.minor.checked_sub(below).map(|minor| Money { minor, currency: money.currency })
    });
    let settings = if let Expr::Setting(id) = bound { vec![*id] } else { Vec::new() };
    Upper { most, settings }
}

/// The most that a constant or a setting may be.
pub(crate) fn highest(program: &Program, expr: &Expr) -> Option<Money> {
    extreme(program, expr, true, 0)
}

/// The least that a constant or a setting may be.
pub(crate) fn lowest(program: &Program, expr: &Expr) -> Option<Money> {
    extreme(program, expr, false, 0)
}

fn extreme(program: &Program, expr: &Expr, high: bool, depth: u32) -> Option<Money> {
    match expr {
        Expr::Const(Value::Money(money)) => Some(*money),
        // Bounds may name other settings; a circle among them gives no bound.
        Expr::Setting(id) if depth < 16 => {
            let setting = program.settings.get(id.index())?;
            let bounds = &setting.bounds.as_ref()?.condition;
            of_bounds(program, bounds, expr, high, depth)
        }
        _ => None,
    }
}

/// The extreme that a setting's `where` admits: the best of its conjuncts.
fn of_bounds(program: &Program, condition: &Expr, setting: &Expr, high: bool, depth: u32) -> Option<Money> {
    match condition {
        Expr::And(parts) => {
            let all = parts.iter().filter_map(|part| of_bounds(program, part, setting, high, depth));
            if high { all.min_by_key(|money| money.minor) } else { all.max_by_key(|money| money.minor) }
        }
        Expr::Compare(how, left, right) => {
            let (how, bound) = match (**left == *setting, **right == *setting) {
                (true, false) => (*how, right),
                (false, true) => (mirrored(*how), left),
                _ => return None,
            };
            let mut money = extreme(program, bound, high, depth + 1)?;
            let step = match (how, high) {
                (Comparison::LessOrEqual | Comparison::Equal, true)
                | (Comparison::GreaterOrEqual | Comparison::Equal, false) => 0,
                (Comparison::Less, true) => -1,
                (Comparison::Greater, false) => 1,
                _ => return None,
            };
            money.minor = money.minor.checked_add(step)?;
            Some(money)
        }
        _ => None,
    }
}
