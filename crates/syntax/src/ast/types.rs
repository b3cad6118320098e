//! Types, and the declarations that make or hold values: records, enums, settings, secrets, samples, functions.

use super::{Docs, Expr, Name, Path};
use crate::Span;

/// A type as it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct TypeExpr {
    /// Where it stands.
    pub span: Span,
    /// Its form.
    pub kind: TypeKind,
}

/// The forms of types.
#[derive(Debug, Clone, PartialEq)]
pub enum TypeKind {
    /// `Text`, `Invoice`, `payment.Level`
    Named(Path),
    /// `Money(EUR)`
    Measured {
        /// The type that has a unit.
        name: Name,
        /// The unit.
        unit: Name,
    },
    /// `Guess<Intent>`
    Generic {
        /// The type that has arguments.
        name: Name,
        /// At least one.
        arguments: Vec<TypeExpr>,
    },
    /// `[Line] up to 200 key sku`
    List {
        /// What it holds.
        item: Box<TypeExpr>,
        /// The number after `up to`.
        up_to: Option<Expr>,
        /// The field after `key`.
        key: Option<Name>,
    },
    /// `Text?`
    Optional(Box<TypeExpr>),
    /// Not understood.
    Error,
}

/// `record Vendor { id: Text  name: Text }`
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Its name.
    pub name: Name,
    /// Its fields in order; those that were not understood are left out.
    pub fields: Vec<Field>,
}

/// `amount: Money(EUR) where amount > 0 EUR`
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// From its name to its end, without its docs.
    pub span: Span,
    /// The `///` lines before it.
    pub docs: Docs,
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: TypeExpr,
    /// What must hold of it.
    pub refinement: Option<Expr>,
}

/// `enum InvoiceStatus { open, settled }`
#[derive(Debug, Clone, PartialEq)]
pub struct Enum {
    /// Its name.
    pub name: Name,
    /// Its values in order.
    pub variants: Vec<Variant>,
}

/// A value of an enum.
#[derive(Debug, Clone, PartialEq)]
pub struct Variant {
    /// The `///` lines before it.
    pub docs: Docs,
    /// Its name.
    pub name: Name,
}

/// `secret BILLING_TOKEN`
#[derive(Debug, Clone, PartialEq)]
pub struct Secret {
    /// Its name.
    pub name: Name,
}

/// `setting limit: Money(EUR) = 500 EUR where 0 EUR <= limit <= 1_000 EUR`
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: TypeExpr,
    /// Its value where the deployment has none.
    pub default: Option<Expr>,
    /// What must hold of every value.
    pub bounds: Option<Expr>,
}

/// `sample small: Invoice = { … }`
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: TypeExpr,
    /// Its value.
    pub value: Expr,
}

/// `fn total(lines: [Line]) -> Money(EUR) = …`
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// Its name.
    pub name: Name,
    /// What it takes.
    pub params: Vec<Param>,
    /// What it gives.
    pub result: TypeExpr,
    /// How.
    pub body: Expr,
}

/// `invoice: Invoice`
#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    /// From its name to its end.
    pub span: Span,
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: TypeExpr,
}
