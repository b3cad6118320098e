//! Connectors: http and smtp, and how their failures are classed.
