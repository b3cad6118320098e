//! The tokio host: ingest, timers, tasks, calls, audit.
