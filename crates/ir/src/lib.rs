//! The compiled program and the canonical encoding of values.
//!
//! In the middle of the pipeline: `check` lowers to a [`program::Program`], `prove` reads it, `engine` executes it. This
//! crate knows none of them. It holds the data, the one encoding of values ([`encoding`]), their JSON at the border
//! ([`json`]), content hashes ([`mod@hash`]) and what crosses to the connectors ([`wire`], [`classify`]).

pub mod classify;
pub mod encoding;
pub mod hash;
pub mod json;
pub mod program;
pub mod spans;
pub mod suite;
pub mod time;
pub mod value;
pub mod wire;

/// Serde data in the form in which it is stored and hashed: CBOR, structs as maps in declared order.
///
/// # Panics
/// Never: writing into memory cannot fail, and derived data has nothing that CBOR cannot express.
#[expect(
    clippy::expect_used,
    reason = "an empty document in its place would be hashed as if it were the data"
)]
pub fn to_cbor<T: serde::Serialize>(data: &T) -> Vec<u8> {
    minicbor_serde::to_vec(data).expect("derived serde data of known length is always expressible")
}

/// Reads what [`to_cbor`] wrote.
///
/// # Errors
/// In words, if the bytes are not that.
pub fn from_cbor<'de, T: serde::Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, String> {
    minicbor_serde::from_slice(bytes).map_err(|error| error.to_string())
}
