//! Ingress and the local API over HTTP.

pub mod api;
pub mod signature;
