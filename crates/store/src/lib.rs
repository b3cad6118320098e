//! One trait, commit transitions; the embedded SQLite store; the audit chains.
