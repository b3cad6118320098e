//! Values that nobody spoke of: new records from what a request names, and plausible fillings for the rest.

use countersign_ir::program::{Program, RecordId, Type};
use countersign_ir::value::{Currency, Draft, Money, SECOND, Value};
use rust_decimal::Decimal;

/// How deep made-up records nest.
const DEPTH: usize = 8;

/// Something that has a name and a type, from which fields of the same name and type are filled.
pub(crate) type Named = (String, Type, Value);

/// Something of that type, for where nobody cares what it is.
pub fn plausible(program: &Program, name: &str, ty: &Type) -> Value {
    Maker { program, named: &[], id: name, now: 0 }.plausible(name, ty, 0)
}

/// What new values are made from.
pub(crate) struct Maker<'a> {
    pub program: &'a Program,
    /// What the request and its arguments name.
    pub named: &'a [Named],
    /// The identity of what is new.
    pub id: &'a str,
    pub now: i64,
}

impl Maker<'_> {
    /// A new record.
    pub(crate) fn record(&self, record: RecordId) -> Value {
        let fields = self.program.records.get(record.index()).map_or(&[][..], |record| &record.fields);
        Value::record(fields.iter().map(|field| {
            if field.name == "id" && field.ty == Type::Text {
                return Value::text(self.id);
            }
            let known = self.named.iter().find(|(name, ty, _)| *name == field.name && *ty == field.ty);
            known.map_or_else(|| self.plausible(&field.name, &field.ty, 0), |(_, _, value)| value.clone())
        }))
    }

    /// A new value of a type.
    pub(crate) fn value(&self, name: &str, ty: &Type) -> Value {
        match ty {
            Type::Record(record) => self.record(*record),
            Type::Optional(of) => self.value(name, of),
            _ => self.plausible(name, ty, 0),
        }
    }

    /// Something of that type.
    pub(crate) fn plausible(&self, name: &str, ty: &Type, depth: usize) -> Value {
        match ty {
            Type::Text => Value::text(name),
            Type::Bool => Value::Bool(false),
            Type::Int => Value::Int(1),
            Type::Decimal => Value::Decimal(Decimal::ONE),
            Type::Percent => Value::Percent(Decimal::ONE),
            Type::Money(currency) => {
                let euro = Currency::new("EUR");
                currency.or(euro).map_or(Value::None, |currency| Value::Money(Money { minor: 100, currency }))
            }
            Type::Duration => Value::Duration(SECOND),
            Type::Date => Value::Date(i32::try_from(self.now / (86_400 * SECOND)).unwrap_or(0)),
            Type::Time => Value::Time(0),
            Type::Instant => Value::Instant(self.now),
            Type::Email | Type::Person => Value::text("someone@example.test"),
            Type::Url => Value::text("https://example.test/"),
            Type::Draft => {
                let draft = Draft { template: "".into(), subject: "".into(), text: "".into() };
                Value::Draft(draft.into())
            }
            Type::Enum(id) => {
                let first = self.program.enums.get(id.index()).and_then(|e| e.variants.first());
                first.map_or(Value::None, |name| Value::variant(name.as_str()))
            }
            Type::Record(id) => match self.program.records.get(id.index()) {
                Some(record) if depth < DEPTH => Value::record(
                    record.fields.iter().map(|field| self.plausible(&field.name, &field.ty, depth + 1)),
                ),
                _ => Value::record([]),
            },
            Type::List(..) => Value::list([]),
            Type::Optional(_) => Value::None,
        }
    }
}
