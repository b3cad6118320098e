//! What must be shown of the whole chain, one module per promise.
mod harness;
