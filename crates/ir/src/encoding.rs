//! The canonical binary form of values, version 1: a profile of deterministic CBOR (RFC 8949, section 4.2).
//!
//! Every value has exactly one encoding, and the decoder refuses any other. No floats, no indefinite lengths, shortest
//! integers. Hashes of programs, of what was shown to people and of journal entries rest on it, so it never changes;
//! a new form would be version 2. The test vectors lie in `vectors/values-v1.json`.
//!
//! | value | CBOR |
//! |---|---|
//! | none, Bool, Int, Text | null, true or false, integer, text |
//! | list | array |
//! | Decimal | tag 4, `[exponent, mantissa]`, no trailing zeros; a mantissa beyond 64 bits as a bignum |
//! | Date | tag 100, days since 1970-01-01 (RFC 8943) |
//! | Money | tag 43001, `[currency, minor units]` |
//! | Percent | tag 43002, `[exponent, mantissa]` |
//! | Duration | tag 43003, nanoseconds |
//! | Time | tag 43004, seconds since midnight |
//! | Instant | tag 43005, nanoseconds since 1970-01-01T00:00:00Z |
//! | enum variant | tag 43006, its name |
//! | record | tag 43007, array of its fields in the order of the declaration |
//! | Draft | tag 43008, `[template, subject, text]` |
//!
//! A document is the version byte `0x01` and one such item. Tags 43009 (a guess: `[value, basis points]`) and 43010 (a
//! salted commitment in the place of an erased personal value) are set aside.

use std::sync::Arc;

use minicbor::data::{Tag, Type};
use minicbor::{Decoder, Encoder};
use rust_decimal::Decimal;

use crate::value::{Currency, Draft, Money, Value};

/// The version byte that opens each encoded value.
pub const VERSION: u8 = 1;
/// How deep lists and records may nest.
pub const DEPTH_LIMIT: usize = 64;

const BIGNUM: u64 = 2;
const NEGATIVE_BIGNUM: u64 = 3;
const DECIMAL: u64 = 4;
const DATE: u64 = 100;
const MONEY: u64 = 43_001;
const PERCENT: u64 = 43_002;
const DURATION: u64 = 43_003;
const TIME: u64 = 43_004;
const INSTANT: u64 = 43_005;
const VARIANT: u64 = 43_006;
const RECORD: u64 = 43_007;
const DRAFT: u64 = 43_008;

/// Why bytes are not the canonical encoding of a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The first byte names another version.
    #[error("this value has encoding version {0}, expected {VERSION}: a newer program wrote it")]
    Version(u8),
    /// The bytes end early, carry something unknown, or go on behind the value.
    #[error("not an encoded value: {0}")]
    Malformed(String),
    /// The bytes mean a value but are not its one encoding.
    #[error("this is not the canonical form of the value it encodes")]
    NotCanonical,
    /// Lists and records nest too deeply.
    #[error("nested deeper than {DEPTH_LIMIT} levels")]
    TooDeep,
}

impl From<minicbor::decode::Error> for DecodeError {
    fn from(error: minicbor::decode::Error) -> Self {
        Self::Malformed(error.to_string())
    }
}

/// The one encoding of a value.
pub fn encode(value: &Value) -> Vec<u8> {
    let mut bytes = vec![VERSION];
    let mut encoder = Encoder::new(&mut bytes);
    put(&mut encoder, value);
    bytes
}

/// The value that these bytes encode.
///
/// # Errors
/// If the bytes are anything but the canonical encoding of one value.
pub fn decode(bytes: &[u8]) -> Result<Value, DecodeError> {
    match bytes.split_first() {
        None => Err(DecodeError::Malformed("no bytes at all".into())),
        Some((&VERSION, rest)) => {
            let mut decoder = Decoder::new(rest);
            let value = take(&mut decoder, 0)?;
            // One comparison makes every other encoding (long integers, trailing zeros, rest behind) impossible.
            if encode(&value) == bytes { Ok(value) } else { Err(DecodeError::NotCanonical) }
        }
        Some((&version, _)) => Err(DecodeError::Version(version)),
    }
}

type Sink<'a> = Encoder<&'a mut Vec<u8>>;

/// Writing into a `Vec` cannot fail: its error type has no value, so there is nothing to pass on.
fn sure<T, E>(_written: Result<T, E>) {}

fn tagged<'a, 'b>(sink: &'b mut Sink<'a>, tag: u64) -> &'b mut Sink<'a> {
    sure(sink.tag(Tag::new(tag)));
    sink
}

fn put_decimal(sink: &mut Sink<'_>, number: Decimal) {
    let number = number.normalize();
    sure(sink.array(2));
    sure(sink.i64(-i64::from(number.scale())));
    put_wide(sink, number.mantissa());
}

/// Integers beyond 64 bits do not pass the door, but arithmetic on decimals may make them: as the bignums of RFC 8949.
fn put_wide(sink: &mut Sink<'_>, number: i128) {
    if let Ok(small) = i64::try_from(number) {
        sure(sink.i64(small));
        return;
    }
    let (tag, magnitude) = if number < 0 { (NEGATIVE_BIGNUM, !number) } else { (BIGNUM, number) };
    let bytes = magnitude.to_be_bytes();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    sure(tagged(sink, tag).bytes(bytes.get(zeros..).unwrap_or_default()));
}

fn take_wide(source: &mut Decoder<'_>) -> Result<i128, DecodeError> {
    if source.datatype()? != Type::Tag {
        return Ok(i128::from(source.i64()?));
    }
    let tag = source.tag()?.as_u64();
    let bytes = source.bytes()?;
    if bytes.len() > 15 {
        return Err(malformed("a decimal out of range"));
    }
    let magnitude = bytes.iter().fold(0_i128, |sum, byte| sum << 8 | i128::from(*byte));
    match tag {
        BIGNUM => Ok(magnitude),
        NEGATIVE_BIGNUM => Ok(!magnitude),
        _ => Err(malformed("a decimal whose mantissa is no integer")),
    }
}

fn put(sink: &mut Sink<'_>, value: &Value) {
    match value {
        Value::None => sure(sink.null()),
        Value::Bool(yes) => sure(sink.bool(*yes)),
        Value::Int(n) => sure(sink.i64(*n)),
        Value::Text(text) => sure(sink.str(text)),
        Value::Decimal(n) => put_decimal(tagged(sink, DECIMAL), *n),
        Value::Percent(n) => put_decimal(tagged(sink, PERCENT), *n),
        Value::Money(money) => {
            sure(tagged(sink, MONEY).array(2));
            sure(sink.str(money.currency.code()));
            sure(sink.i64(money.minor));
        }
        Value::Duration(ns) => sure(tagged(sink, DURATION).i64(*ns)),
        Value::Date(days) => sure(tagged(sink, DATE).i32(*days)),
        Value::Time(seconds) => sure(tagged(sink, TIME).u32(*seconds)),
        Value::Instant(ns) => sure(tagged(sink, INSTANT).i64(*ns)),
        Value::Enum(name) => sure(tagged(sink, VARIANT).str(name)),
        Value::Record(fields) => {
            sure(tagged(sink, RECORD).array(fields.len() as u64));
            fields.iter().for_each(|field| put(sink, field));
        }
        Value::List(elements) => {
            sure(sink.array(elements.len() as u64));
            elements.iter().for_each(|element| put(sink, element));
        }
        Value::Draft(draft) => {
            sure(tagged(sink, DRAFT).array(3));
            sure(sink.str(&draft.template));
            sure(sink.str(&draft.subject));
            sure(sink.str(&draft.text));
        }
    }
}

fn malformed(what: &str) -> DecodeError {
    DecodeError::Malformed(what.into())
}

fn take_array(source: &mut Decoder<'_>, depth: usize) -> Result<Arc<[Value]>, DecodeError> {
    let length = source.array()?.ok_or_else(|| malformed("a list without its length"))?;
    // The length is a claim of the bytes: nothing is reserved on its word.
    let mut elements = Vec::new();
    for _ in 0..length {
        elements.push(take(source, depth + 1)?);
    }
    Ok(elements.into())
}

fn take_decimal(source: &mut Decoder<'_>) -> Result<Decimal, DecodeError> {
    if source.array()? != Some(2) {
        return Err(malformed("a decimal is an exponent and a mantissa"));
    }
    let exponent = source.i64()?;
    let mantissa = take_wide(source)?;
    let scale = exponent.checked_neg().and_then(|scale| u32::try_from(scale).ok());
    scale
        .and_then(|scale| Decimal::try_from_i128_with_scale(mantissa, scale).ok())
        .ok_or_else(|| malformed("a decimal out of range"))
}

fn take(source: &mut Decoder<'_>, depth: usize) -> Result<Value, DecodeError> {
    if depth > DEPTH_LIMIT {
        return Err(DecodeError::TooDeep);
    }
    Ok(match source.datatype()? {
        Type::Null => {
            source.null()?;
            Value::None
        }
        Type::Bool => Value::Bool(source.bool()?),
        Type::String => Value::text(source.str()?),
        Type::Array => Value::List(take_array(source, depth)?),
        Type::Tag => match source.tag()?.as_u64() {
            DECIMAL => Value::Decimal(take_decimal(source)?),
            PERCENT => Value::Percent(take_decimal(source)?),
            MONEY => {
                if source.array()? != Some(2) {
                    return Err(malformed("money is a currency and an amount"));
                }
                let currency =
                    Currency::new(source.str()?).ok_or_else(|| malformed("not a currency code"))?;
                Value::Money(Money { minor: source.i64()?, currency })
            }
            DURATION => Value::Duration(source.i64()?),
            DATE => Value::Date(source.i32()?),
            TIME => Value::Time(source.u32()?),
            INSTANT => Value::Instant(source.i64()?),
            VARIANT => Value::variant(source.str()?),
            RECORD => Value::Record(take_array(source, depth)?),
            DRAFT => {
                if source.array()? != Some(3) {
                    return Err(malformed("a draft is a template, a subject and a text"));
                }
                let (template, subject, text) =
                    (source.str()?.into(), source.str()?.into(), source.str()?.into());
                Value::Draft(Arc::new(Draft { template, subject, text }))
            }
            tag => return Err(DecodeError::Malformed(format!("unknown tag {tag}"))),
        },
        _ => Value::Int(source.i64()?),
    })
}

/// Values inside serde structures are embedded canonical documents.
impl serde::Serialize for Value {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&encode(self))
    }
}

impl<'de> serde::Deserialize<'de> for Value {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = serde_bytes::ByteBuf::deserialize(deserializer)?;
        decode(&bytes).map_err(serde::de::Error::custom)
    }
}
