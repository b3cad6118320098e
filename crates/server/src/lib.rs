//! Ingress and the local API over HTTP.
