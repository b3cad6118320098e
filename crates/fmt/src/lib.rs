//! The formatter of the flow language.
