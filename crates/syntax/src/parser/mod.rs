//! The grammar, as chumsky rules over the balanced tokens: one file for each part of the language.
//!
//! In: tokens whose brackets all close. Out: the tree, and where the parser had to pass over something. An entry or an
//! item with a mistake is passed over as a whole, and so is a bracket inside of an expression; around it, all is read.
//! `grammar/flow.ebnf` is the same grammar for people to read.

mod basics;
mod declare;
mod expr;
mod fail;
mod flow;
mod lines;
mod people;
mod scenario;
mod system;

use crate::TokenKind as T;
use crate::ast::{Item, ItemKind, Module};
use crate::brackets::{Balanced, Tok};
use basics::{Around, P, docs, skip_item, span, tk};
use chumsky::prelude::*;
pub(crate) use fail::Fail;

/// The words that items start with.
pub(crate) const ITEM_STARTS: &[T] = &[
    T::Use,
    T::Record,
    T::Enum,
    T::Secret,
    T::Setting,
    T::Sample,
    T::Fn,
    T::System,
    T::Calendar,
    T::Role,
    T::Approval,
    T::Decide,
    T::Guardrail,
    T::Flow,
    T::Test,
    T::Simulation,
];

/// Reads all items. The grammar does not look at line ends; but where it does not go well, an item is read by itself,
/// and its entries by their lines, so that what one of them lacks is not taken from the next.
pub(crate) fn module(source: &str, balanced: &Balanced) -> (Module, Vec<Fail>) {
    let around = Around { source, docs: &balanced.docs };
    let (items, failures) = read(&items(), around, &balanced.tokens);
    if failures.is_empty() {
        return (Module { items, ..Module::default() }, failures);
    }
    let chunks = lines::chunks(&balanced.tokens);
    let chunks: Vec<_> = chunks.into_iter().map(|chunk| (lines::with_breaks(&chunk), chunk)).collect();
    let rule = self::items();
    let mut module = Module::default();
    let mut failures = Vec::new();
    for (by_line, chunk) in &chunks {
        let plain = read(&rule, around, chunk);
        let best = if plain.1.is_empty() { plain } else { read(&rule, around, by_line) };
        module.items.extend(best.0);
        failures.extend(best.1);
    }
    (module, failures)
}

type Read = (Vec<Item>, Vec<Fail>);

fn read<'t>(rule: &P<'t, Vec<Item>>, around: Around<'t>, tokens: &'t [Tok]) -> Read {
    let mut state = extra::SimpleState(around);
    let (items, failures) = rule.parse_with_state(tokens, &mut state).into_output_errors();
    (items.unwrap_or_default(), failures)
}

fn items<'t>() -> P<'t, Vec<Item>> {
    let exprs = expr::Exprs::new();
    let types = declare::types(&exprs);
    let params = declare::params(types.clone());
    let steps = people::steps(&exprs);
    let given = scenario::given(&exprs);
    let kinds: [P<'t, ItemKind>; 16] = [
        declare::use_names(),
        declare::record(&exprs, &types),
        declare::enumeration(),
        declare::secret(),
        declare::setting(&exprs, &types),
        declare::sample(&exprs, &types),
        declare::function(&exprs, &types, &params),
        system::system(&exprs, &types, &params),
        people::calendar(&exprs),
        people::role(&exprs),
        people::approval(&exprs, &params),
        flow::decide(&exprs, &types, &params),
        system::guardrail(&exprs),
        flow::flow(&exprs, &types, &steps),
        scenario::test(&exprs, &given),
        scenario::simulation(&exprs, &given),
    ];
    let item = docs()
        .then(choice(kinds).map_with(|kind, e| (kind, span(e))))
        .map(|(docs, (kind, span))| Item { span, docs, kind });
    let broken = skip_item(ITEM_STARTS).map(|span| Item {
        span,
        docs: crate::ast::Docs::default(),
        kind: ItemKind::Error,
    });
    item.recover_with(via_parser(broken)).repeated().collect().then_ignore(tk(T::End)).boxed()
}
