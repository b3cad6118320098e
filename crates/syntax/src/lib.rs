//! Tokens, parser and tree of the flow language.
