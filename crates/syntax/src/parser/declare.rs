//! Types, and the items that make or hold values.

use super::basics::{
    P, ahead, block_of_good, commas, commas_in_brackets, docs, name, name_called, path, seq, span, tk,
};
use super::expr::Exprs;
use crate::TokenKind as T;
use crate::ast::{
    Enum, Field, Function, ItemKind, Param, Record, Sample, Secret, Setting, TypeExpr, TypeKind, Use, Variant,
};
use crate::error::Expected;
use chumsky::prelude::*;

/// `Text`, `Money(EUR)`, `Guess<Intent>`, `[Line] up to 200 key sku`, `Text?`
pub(super) fn types<'t>(exprs: &Exprs<'t>) -> P<'t, TypeExpr> {
    let operand = exprs.operand.clone();
    recursive(|ty| {
        let up_to = seq(&[T::Up, T::To]).ignore_then(operand).or_not();
        let key = tk(T::Key).ignore_then(name()).or_not();
        let list = tk(T::BracketOpen)
            .ignore_then(ty)
            .then_ignore(tk(T::BracketClose))
            .then(up_to)
            .then(key)
            .map(|((item, up_to), key)| TypeKind::List { item: Box::new(item), up_to, key })
            .boxed();
        let named =
            name_called(Expected::Type).then(named_rest(list.clone())).map(|(first, rest)| match rest {
                Rest::Unit(unit) => TypeKind::Measured { name: first, unit },
                Rest::Arguments(arguments) => TypeKind::Generic { name: first, arguments },
                Rest::Names(names) => {
                    let names: Vec<_> = std::iter::once(first).chain(names).collect();
                    let span = names.iter().fold(first_span(&names), |span, name| span.to(name.span));
                    TypeKind::Named(crate::ast::Path { span, names })
                }
            });
        let bad = tk(T::BadLiteral).to(TypeKind::Error);
        let bare =
            choice((named.boxed(), list, bad.boxed())).map_with(|kind, e| TypeExpr { span: span(e), kind });
        bare.then(tk(T::Question).or_not()).map_with(|(ty, optional), e| match optional {
            Some(_) => TypeExpr { span: span(e), kind: TypeKind::Optional(Box::new(ty)) },
            None => ty,
        })
    })
    .boxed()
}

/// What may stand behind the first name of a type.
enum Rest {
    Unit(crate::ast::Name),
    Arguments(Vec<TypeExpr>),
    Names(Vec<crate::ast::Name>),
}

/// Arguments have none of their own, unless inside of brackets, so that the nesting of types is that of brackets.
fn named_rest(list: P<'_, TypeKind>) -> P<'_, Rest> {
    let unit = tk(T::ParenOpen).ignore_then(name()).then_ignore(tk(T::ParenClose)).map(Rest::Unit);
    let argument = choice((path().map(TypeKind::Named).boxed(), list))
        .map_with(|kind, e| TypeExpr { span: span(e), kind });
    let arguments = tk(T::Less).ignore_then(commas(argument)).then_ignore(tk(T::More)).map(Rest::Arguments);
    let names = tk(T::Dot).ignore_then(name()).repeated().collect().map(Rest::Names);
    choice((unit.boxed(), arguments.boxed(), names.boxed())).boxed()
}

fn first_span(names: &[crate::ast::Name]) -> crate::Span {
    names.first().map(|name| name.span).unwrap_or_default()
}

/// `(invoice: Invoice, vendor: Vendor)`
pub(super) fn params(types: P<'_, TypeExpr>) -> P<'_, Vec<Param>> {
    let param = name().then_ignore(tk(T::Colon)).then(types).map_with(|(name, ty), e| Param {
        span: span(e),
        name,
        ty,
    });
    tk(T::ParenOpen).ignore_then(commas_in_brackets(param)).then_ignore(tk(T::ParenClose)).boxed()
}

/// `use people.{cfo, office}`
pub(super) fn use_names<'t>() -> P<'t, ItemKind> {
    tk(T::Use)
        .ignore_then(path())
        .then_ignore(seq(&[T::Dot, T::BraceOpen]))
        .then(commas_in_brackets(name()))
        .then_ignore(tk(T::BraceClose))
        .map(|(module, names)| ItemKind::Use(Use { module, names }))
        .boxed()
}

/// `record Vendor { … }`
pub(super) fn record<'t>(exprs: &Exprs<'t>, types: &P<'t, TypeExpr>) -> P<'t, ItemKind> {
    let field = name()
        .then_ignore(tk(T::Colon))
        .then(types.clone())
        .then(tk(T::Where).ignore_then(exprs.expr.clone()).or_not())
        .map_with(|((name, ty), refinement), e| (span(e), name, ty, refinement));
    let field = docs()
        .then(field)
        .then_ignore(tk(T::Comma).or_not())
        .map(|(docs, (span, name, ty, refinement))| Field { span, docs, name, ty, refinement });
    tk(T::Record)
        .ignore_then(name())
        .then(block_of_good(field, &[]))
        .map(|(name, fields)| ItemKind::Record(Record { name, fields }))
        .boxed()
}

/// `enum Status { open, settled }`
pub(super) fn enumeration<'t>() -> P<'t, ItemKind> {
    let end = choice((tk(T::Comma).ignored(), ahead(&[T::BraceClose])));
    let variant = docs().then(name()).then_ignore(end).map(|(docs, name)| Variant { docs, name });
    tk(T::Enum)
        .ignore_then(name())
        .then(block_of_good(variant, &[]))
        .map(|(name, variants)| ItemKind::Enum(Enum { name, variants }))
        .boxed()
}

/// `secret TOKEN`
pub(super) fn secret<'t>() -> P<'t, ItemKind> {
    tk(T::Secret).ignore_then(name()).map(|name| ItemKind::Secret(Secret { name })).boxed()
}

/// `setting limit: Money(EUR) = 500 EUR where limit <= 1_000 EUR`
pub(super) fn setting<'t>(exprs: &Exprs<'t>, types: &P<'t, TypeExpr>) -> P<'t, ItemKind> {
    tk(T::Setting)
        .ignore_then(name())
        .then_ignore(tk(T::Colon))
        .then(types.clone())
        .then(tk(T::Equals).ignore_then(exprs.expr.clone()).or_not())
        .then(tk(T::Where).ignore_then(exprs.expr.clone()).or_not())
        .map(|(((name, ty), default), bounds)| ItemKind::Setting(Setting { name, ty, default, bounds }))
        .boxed()
}

/// `sample small: Invoice = { … }`
pub(super) fn sample<'t>(exprs: &Exprs<'t>, types: &P<'t, TypeExpr>) -> P<'t, ItemKind> {
    tk(T::Sample)
        .ignore_then(name())
        .then_ignore(tk(T::Colon))
        .then(types.clone())
        .then_ignore(tk(T::Equals))
        .then(exprs.expr.clone())
        .map(|((name, ty), value)| ItemKind::Sample(Sample { name, ty, value }))
        .boxed()
}

/// `fn total(lines: [Line]) -> Money(EUR) = …`
pub(super) fn function<'t>(
    exprs: &Exprs<'t>,
    types: &P<'t, TypeExpr>,
    params: &P<'t, Vec<Param>>,
) -> P<'t, ItemKind> {
    tk(T::Fn)
        .ignore_then(name())
        .then(params.clone())
        .then_ignore(tk(T::Arrow))
        .then(types.clone())
        .then_ignore(tk(T::Equals))
        .then(exprs.expr.clone())
        .map(|(((name, params), result), body)| ItemKind::Function(Function { name, params, result, body }))
        .boxed()
}
