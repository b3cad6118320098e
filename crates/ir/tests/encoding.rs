//! The canonical encoding: one form per value, fixed for ever by published vectors.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

use std::sync::Arc;

use countersign_ir::encoding::{DecodeError, decode, encode};
use countersign_ir::value::{Currency, Draft, Money, Value};
use proptest::prelude::*;

fn eur(minor: i64) -> Value {
    Value::Money(Money { minor, currency: Currency::new("EUR").unwrap() })
}

/// Every kind of value, each with the name under which its vector is published.
fn samples() -> Vec<(&'static str, Value)> {
    let draft =
        Draft { template: "remittance.txt".into(), subject: "Payment p-1".into(), text: "paid".into() };
    vec![
        ("none", Value::None),
        ("yes", Value::Bool(true)),
        ("no", Value::Bool(false)),
        ("zero", Value::Int(0)),
        ("minus one", Value::Int(-1)),
        ("the largest number at the door", Value::Int(1_000_000_000_000_000)),
        ("text", Value::text("Łódź \u{1f4b6}")),
        ("empty text", Value::text("")),
        ("1.5", Value::decimal("1.5".parse().unwrap())),
        ("1.50 is 1.5", Value::decimal("1.50".parse().unwrap())),
        ("-0.001", Value::decimal("-0.001".parse().unwrap())),
        ("decimal zero", Value::decimal("0.00".parse().unwrap())),
        ("a wide decimal", Value::decimal("79228162514264337593543950335".parse().unwrap())),
        ("a wide negative decimal", Value::decimal("-7922816251426433759354395033.5".parse().unwrap())),
        ("12.5%", Value::Percent("12.5".parse().unwrap())),
        ("120.00 EUR", eur(12_000)),
        ("-0.01 EUR", eur(-1)),
        ("90s", Value::Duration(90_000_000_000)),
        ("2026-11-22", Value::Date(20_779)),
        ("09:00", Value::Time(32_400)),
        ("2026-11-22T00:00:00Z", Value::Instant(1_795_305_600_000_000_000)),
        ("settled", Value::variant("settled")),
        ("empty list", Value::list([])),
        ("list", Value::list([Value::Int(1), Value::text("a")])),
        ("record", Value::record([Value::text("i-1"), eur(12_000), Value::None])),
        ("nested", Value::record([Value::list([Value::record([])])])),
        ("draft", Value::Draft(Arc::new(draft))),
    ]
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

#[test]
fn the_published_vectors_hold() {
    let computed: Vec<_> = samples()
        .into_iter()
        .map(|(name, value)| serde_json::json!({"name": name, "value": value.to_string(), "kind": value.kind(), "encoding": hex(&encode(&value))}))
        .collect();
    let computed = serde_json::to_string_pretty(&computed).unwrap() + "\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/values-v1.json");
    let published = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(published, computed, "the encoding of version 1 never changes; see {path}");
}

#[test]
fn every_sample_reads_back() {
    for (name, value) in samples() {
        assert_eq!(decode(&encode(&value)).unwrap(), value, "{name}");
    }
}

#[test]
fn any_other_form_of_a_value_is_refused() {
    let refused = |bytes: &[u8]| decode(bytes).unwrap_err();
    // 0 as a two-byte integer, an indefinite list, 1.50 with its trailing zero, a rest behind the value.
    assert_eq!(refused(&[1, 0x18, 0]), DecodeError::NotCanonical);
    assert!(matches!(refused(&[1, 0x9f, 0xff]), DecodeError::Malformed(_)));
    assert_eq!(refused(&[1, 0xc4, 0x82, 0x21, 0x18, 0x96]), DecodeError::NotCanonical);
    assert_eq!(refused(&[1, 0, 0]), DecodeError::NotCanonical);
    assert_eq!(refused(&[2, 0]), DecodeError::Version(2));
    assert!(matches!(refused(&[]), DecodeError::Malformed(_)));
    // A list that claims 2^32 elements and has none reserves nothing.
    assert!(matches!(refused(&[1, 0x9a, 0xff, 0xff, 0xff, 0xff]), DecodeError::Malformed(_)));
    // A float, which no value holds.
    assert!(matches!(refused(&[1, 0xfb, 0, 0, 0, 0, 0, 0, 0, 0]), DecodeError::Malformed(_)));
    // Deeper than the limit.
    let mut deep = vec![1];
    deep.extend(std::iter::repeat_n(0x81, 10_000));
    assert_eq!(refused(&deep), DecodeError::TooDeep);
}

fn values() -> impl Strategy<Value = Value> {
    let currency =
        prop::sample::select(vec!["EUR", "USD", "JPY", "KWD"]).prop_map(|c| Currency::new(c).unwrap());
    let leaf = prop_oneof![
        Just(Value::None),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        ".{0,12}".prop_map(Value::text),
        (any::<i64>(), 0_u32..20).prop_map(|(m, s)| Value::decimal(rust_decimal::Decimal::new(m, s))),
        (any::<i64>(), currency).prop_map(|(minor, currency)| Value::Money(Money { minor, currency })),
        any::<i64>().prop_map(Value::Duration),
        any::<i32>().prop_map(Value::Date),
        any::<u32>().prop_map(Value::Time),
        any::<i64>().prop_map(Value::Instant),
        "[a-z_]{1,8}".prop_map(Value::variant),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::list),
            prop::collection::vec(inner, 0..6).prop_map(Value::record),
        ]
    })
}

proptest! {
    #[test]
    fn every_value_reads_back_and_equal_values_have_equal_bytes(a in values(), b in values()) {
        let (x, y) = (encode(&a), encode(&b));
        prop_assert_eq!(decode(&x).unwrap(), a.clone());
        prop_assert_eq!(a == b, x == y);
    }

    #[test]
    fn no_bytes_panic_and_what_decodes_is_canonical(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let mut document = vec![1];
        document.extend(bytes);
        if let Ok(value) = decode(&document) {
            prop_assert_eq!(encode(&value), document);
        }
    }

    #[test]
    fn flipping_a_bit_never_gives_the_same_value(value in values(), at in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let mut bytes = encode(&value);
        let place = at.index(bytes.len());
        bytes[place] ^= 1 << bit;
        if let Ok(other) = decode(&bytes) {
            prop_assert_ne!(other, value);
        }
    }
}
