//! Values at the border: JSON in by type, with the path of what is wrong; JSON out by type.
//!
//! Bytes are decoded straight into slots, with no tree between. Numbers keep all their digits: no float ever holds one.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use rust_decimal::Decimal;
use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::program::{Program, Record, Type};
use crate::time;
use crate::value::{Currency, Draft, Money, NUMBER_LIMIT, Value};

/// How deep a payload may nest.
const DEPTH_LIMIT: usize = 32;

/// What is wrong with a payload, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The path of the field, such as `lines[2].amount`; empty for the whole.
    pub path: String,
    /// What was expected, and what came.
    pub problem: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.problem)
        } else {
            write!(f, "{}: {}", self.path, self.problem)
        }
    }
}

impl std::error::Error for Violation {}

/// Whether a record's refinements hold: the engine's evaluator, which this crate does not know.
pub trait Refine {
    /// Whether the condition holds with these fields in the frame.
    fn holds(&self, condition: &crate::program::Expr, fields: &[Value]) -> bool;
}

/// Reads a JSON document as a value of that type.
///
/// Fields that the type does not name are ignored, as JSON's users expect; fields that it names must be there, unless
/// they are optional. The same field twice is refused.
///
/// # Errors
/// The first thing that does not fit, with its path.
pub fn decode(program: &Program, ty: &Type, bytes: &[u8], refine: &dyn Refine) -> Result<Value, Violation> {
    let path = std::cell::RefCell::new(Vec::new());
    let mut source = serde_json::Deserializer::from_slice(bytes);
    let seed = Seed { context: &Context { program, refine, path: &path }, ty, depth: 0 };
    let value = seed.deserialize(&mut source).and_then(|value| source.end().map(|()| value));
    value.map_err(|error| {
        let path = path.borrow().concat();
        let problem = error.to_string();
        // serde_json appends a position, which helps only where the JSON itself is broken.
        let problem = match error.classify() {
            serde_json::error::Category::Data => {
                problem.split(" at line ").next().unwrap_or(&problem).to_owned()
            }
            _ => format!("not valid JSON: {problem}"),
        };
        Violation { path: path.trim_start_matches('.').to_owned(), problem }
    })
}

struct Context<'a> {
    program: &'a Program,
    refine: &'a dyn Refine,
    path: &'a std::cell::RefCell<Vec<String>>,
}

struct Seed<'a> {
    context: &'a Context<'a>,
    ty: &'a Type,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, source: D) -> Result<Value, D::Error> {
        if self.depth > DEPTH_LIMIT {
            return Err(D::Error::custom(format!("nested deeper than {DEPTH_LIMIT} levels")));
        }
        match self.ty {
            Type::Record(id) => match self.context.program.records.get(id.index()) {
                Some(record) => source.deserialize_any(RecordVisitor { seed: &self, record }),
                None => Err(D::Error::custom("the program does not know this record")),
            },
            Type::List(of, up_to) => source.deserialize_any(ListVisitor { seed: &self, of, up_to: *up_to }),
            Type::Optional(of) => source.deserialize_option(OptionVisitor { seed: &self, of }),
            leaf => {
                let raw = <&RawValue>::deserialize(source)?;
                read_leaf(self.context.program, leaf, raw.get()).map_err(D::Error::custom)
            }
        }
    }
}

use serde::Deserialize;

struct OptionVisitor<'a> {
    seed: &'a Seed<'a>,
    of: &'a Type,
}

impl<'de> Visitor<'de> for OptionVisitor<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} or null", self.seed.context.program.type_name(self.of))
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<Value, E> {
        Ok(Value::None)
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Value, E> {
        Ok(Value::None)
    }

    fn visit_some<D: serde::Deserializer<'de>>(self, source: D) -> Result<Value, D::Error> {
        Seed { context: self.seed.context, ty: self.of, depth: self.seed.depth + 1 }.deserialize(source)
    }
}

struct ListVisitor<'a> {
    seed: &'a Seed<'a>,
    of: &'a Type,
    up_to: u32,
}

impl<'de> Visitor<'de> for ListVisitor<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of {}", self.seed.context.program.type_name(self.of))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut source: A) -> Result<Value, A::Error> {
        let context = self.seed.context;
        let mut elements = Vec::new();
        loop {
            context.path.borrow_mut().push(format!("[{}]", elements.len()));
            let next = Seed { context, ty: self.of, depth: self.seed.depth + 1 };
            let Some(element) = source.next_element_seed(next)? else { break };
            if elements.len() >= self.up_to as usize {
                return Err(A::Error::custom(format!("expected at most {} elements", self.up_to)));
            }
            elements.push(element);
            context.path.borrow_mut().pop();
        }
        context.path.borrow_mut().pop();
        Ok(Value::List(elements.into()))
    }
}

struct RecordVisitor<'a> {
    seed: &'a Seed<'a>,
    record: &'a Record,
}

impl<'de> Visitor<'de> for RecordVisitor<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with the fields of {}", self.record.name)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut source: A) -> Result<Value, A::Error> {
        let context = self.seed.context;
        let mut fields: Vec<Option<Value>> = vec![None; self.record.fields.len()];
        while let Some(name) = source.next_key::<Cow<'_, str>>()? {
            let place = self.record.fields.iter().position(|field| field.name == name);
            let Some((slot, field)) = place.and_then(|i| fields.get_mut(i).zip(self.record.fields.get(i)))
            else {
                source.next_value::<serde::de::IgnoredAny>()?;
                continue;
            };
            context.path.borrow_mut().push(format!(".{name}"));
            if slot.is_some() {
                return Err(A::Error::custom("this field stands there twice"));
            }
            let seed = Seed { context, ty: &field.ty, depth: self.seed.depth + 1 };
            *slot = Some(source.next_value_seed(seed)?);
            context.path.borrow_mut().pop();
        }
        let mut values = Vec::with_capacity(fields.len());
        for (value, field) in fields.into_iter().zip(&self.record.fields) {
            match value {
                Some(value) => values.push(value),
                None if matches!(field.ty, Type::Optional(_)) => values.push(Value::None),
                None => {
                    context.path.borrow_mut().push(format!(".{}", field.name));
                    let expected = context.program.type_name(&field.ty);
                    return Err(A::Error::custom(format!("missing, expected {expected}")));
                }
            }
        }
        for (field, value) in self.record.fields.iter().zip(&values) {
            if let Some(refinement) = &field.refinement
                && !context.refine.holds(&refinement.condition, &values)
            {
                context.path.borrow_mut().push(format!(".{}", field.name));
                let text = &refinement.text;
                return Err(A::Error::custom(format!("expected {text}, found {value}")));
            }
        }
        Ok(Value::Record(values.into()))
    }
}

/// Cuts what is quoted back to the sender to a length that a log can bear.
fn quote(raw: &str) -> String {
    if raw.chars().count() <= 60 { raw.to_owned() } else { raw.chars().take(60).chain(['…']).collect() }
}

fn string(raw: &str) -> Option<Cow<'_, str>> {
    if raw.starts_with('"') { serde_json::from_str::<String>(raw).ok().map(Cow::Owned) } else { None }
}

/// Reads a JSON number's digits exactly; exponents are understood.
fn number(raw: &str) -> Option<Decimal> {
    if !raw.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
        return None;
    }
    let parsed =
        if raw.contains(['e', 'E']) { Decimal::from_scientific(raw) } else { Decimal::from_str_exact(raw) };
    parsed.ok().map(|number| number.normalize())
}

fn bounded(number: Decimal) -> Option<Decimal> {
    (number.abs() <= Decimal::from(NUMBER_LIMIT)).then_some(number)
}

fn read_leaf(program: &Program, ty: &Type, raw: &str) -> Result<Value, String> {
    let expected = |what: &str| format!("expected {what}, found {}", quote(raw));
    let text = |what: &str| string(raw).ok_or_else(|| expected(what));
    match ty {
        Type::Text => Ok(Value::text(text("a text")?.as_ref())),
        Type::Bool => match raw {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err(expected("true or false")),
        },
        Type::Int => {
            let whole = number(raw).and_then(bounded).filter(|n| n.fract().is_zero());
            let whole =
                whole.and_then(|n| i64::try_from(n.trunc().mantissa()).ok().filter(|_| n.scale() == 0));
            whole.map(Value::Int).ok_or_else(|| expected("a whole number up to 1e15"))
        }
        Type::Decimal | Type::Percent => {
            let what = "a decimal number up to 1e15, plain or as text";
            let from_text = string(raw);
            let digits = number(from_text.as_deref().unwrap_or(raw))
                .and_then(bounded)
                .ok_or_else(|| expected(what))?;
            Ok(if *ty == Type::Decimal { Value::Decimal(digits) } else { Value::Percent(digits) })
        }
        Type::Money(currency) => read_money(raw, *currency),
        Type::Duration => {
            let what = "a duration such as \"1h30min\"";
            time::parse_duration(&text(what)?).map(Value::Duration).ok_or_else(|| expected(what))
        }
        Type::Date => {
            let what = "a date such as \"2026-11-22\"";
            time::parse_date(&text(what)?).map(Value::Date).ok_or_else(|| expected(what))
        }
        Type::Time => {
            let what = "a time of day such as \"09:00\"";
            time::parse_time(&text(what)?).map(Value::Time).ok_or_else(|| expected(what))
        }
        Type::Instant => {
            let what = "an instant in RFC 3339 such as \"2026-11-22T09:00:00Z\"";
            time::parse_instant(&text(what)?).map(Value::Instant).ok_or_else(|| expected(what))
        }
        Type::Email | Type::Person => {
            let what = "an e-mail address";
            let address = text(what)?;
            if !is_email(&address) {
                return Err(expected(what));
            }
            // A person is one identity however their address is written; the directory knows them in small letters.
            Ok(if *ty == Type::Person {
                Value::text(address.to_lowercase())
            } else {
                Value::text(address.as_ref())
            })
        }
        Type::Url => {
            let what = "an absolute URL";
            let url = text(what)?;
            if is_url(&url) { Ok(Value::text(url.as_ref())) } else { Err(expected(what)) }
        }
        Type::Enum(id) => {
            let variants = program.enums.get(id.index()).map_or(&[][..], |e| e.variants.as_slice());
            let what = format!("one of {}", variants.join(", "));
            let name = text(&what)?;
            if variants.iter().any(|v| *v == name) {
                Ok(Value::variant(name.as_ref()))
            } else {
                Err(expected(&what))
            }
        }
        Type::Draft => {
            #[derive(Deserialize)]
            struct Parts {
                template: String,
                subject: String,
                text: String,
            }
            let parts: Parts = serde_json::from_str(raw).map_err(|_| expected("a rendered text"))?;
            let draft = Draft {
                template: parts.template.into(),
                subject: parts.subject.into(),
                text: parts.text.into(),
            };
            Ok(Value::Draft(Arc::new(draft)))
        }
        Type::Record(_) | Type::List(..) | Type::Optional(_) => Err(expected(&program.type_name(ty))),
    }
}

/// Money comes as `{"amount": "120.00", "currency": "EUR"}`, as `"120.00 EUR"`, or, where the type names the currency, as
/// a plain number or a number in a text.
fn read_money(raw: &str, currency: Option<Currency>) -> Result<Value, String> {
    let what = match currency {
        Some(currency) => format!(
            "an amount in {currency} such as {{\"amount\": \"120.00\", \"currency\": \"{currency}\"}}"
        ),
        None => "an amount such as {\"amount\": \"120.00\", \"currency\": \"EUR\"}".into(),
    };
    let expected = || format!("expected {what}, found {}", quote(raw));
    let (amount, named) = if raw.starts_with('{') {
        #[derive(Deserialize)]
        struct Parts<'a> {
            #[serde(borrow)]
            amount: &'a RawValue,
            currency: String,
        }
        let parts: Parts<'_> = serde_json::from_str(raw).map_err(|_| expected())?;
        let digits =
            string(parts.amount.get()).map_or_else(|| parts.amount.get().to_owned(), Cow::into_owned);
        (digits, Some(parts.currency))
    } else if let Some(text) = string(raw) {
        match text.trim().rsplit_once(' ') {
            Some((amount, code)) => (amount.replace('_', ""), Some(code.to_owned())),
            None => (text.trim().to_owned(), None),
        }
    } else {
        (raw.to_owned(), None)
    };
    let found = match &named {
        Some(code) => Some(Currency::new(code).ok_or_else(|| format!("`{code}` is not a currency code"))?),
        None => None,
    };
    let currency = match (currency, found) {
        (Some(wanted), Some(found)) if wanted != found => {
            return Err(format!("expected {wanted}, found {found}"));
        }
        (Some(wanted), _) => wanted,
        (None, Some(found)) => found,
        (None, None) => return Err(expected()),
    };
    let amount = number(&amount).ok_or_else(expected)?;
    let money = Money::from_decimal(amount, currency).ok_or_else(|| {
        format!(
            "expected at most {} decimal places and at most 1e15 minor units, found {}",
            currency.exponent(),
            quote(raw)
        )
    })?;
    Ok(Value::Money(money))
}

/// Whether a text has the form of an e-mail address that can be put into a header and an envelope as it stands.
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"<>()[],;:\\\"@".contains(c);
    (1..=64).contains(&local.len())
        && (1..=253).contains(&domain.len())
        && local.chars().all(plain)
        && domain.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '.')
        && !domain.starts_with(['.', '-'])
        && !domain.ends_with(['.', '-'])
        && !domain.contains("..")
}

/// Whether a text is an absolute URL: a scheme, `://` and a host, without white space.
pub fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        && !rest.is_empty()
        && !rest.starts_with('/')
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

/// How leaves are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// For systems: money as `{"amount": "120.00", "currency": "EUR"}`.
    Wire,
    /// For people and templates: money as `120.00 EUR`.
    People,
}

/// Writes a value of that type as JSON.
pub fn to_json(program: &Program, ty: &Type, value: &Value, style: Style) -> serde_json::Value {
    use serde_json::{Value as Json, json};
    match (ty, value) {
        (_, Value::None) => Json::Null,
        (Type::Optional(of), value) => to_json(program, of, value, style),
        (Type::Record(id), Value::Record(values)) => {
            let fields = program.records.get(id.index()).map_or(&[][..], |record| record.fields.as_slice());
            let pairs = fields.iter().zip(values.iter());
            Json::Object(pairs.map(|(f, v)| (f.name.clone(), to_json(program, &f.ty, v, style))).collect())
        }
        (Type::List(of, _), Value::List(values)) => {
            Json::Array(values.iter().map(|v| to_json(program, of, v, style)).collect())
        }
        (_, Value::Money(money)) if style == Style::Wire => {
            json!({"amount": money.decimal().to_string(), "currency": money.currency.code()})
        }
        (_, Value::Draft(draft)) => {
            let parts =
                json!({"template": &*draft.template, "subject": &*draft.subject, "text": &*draft.text});
            if style == Style::Wire { parts } else { json!(format!("{}\n\n{}", draft.subject, draft.text)) }
        }
        (_, Value::Bool(yes)) => json!(yes),
        (_, Value::Int(n)) => json!(n),
        // Decimals as text: a JSON number would be read as a float on the other side.
        (_, Value::Decimal(n) | Value::Percent(n)) => json!(n.to_string()),
        (_, leaf) => json!(leaf.to_string()),
    }
}
