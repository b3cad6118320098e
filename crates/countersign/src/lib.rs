//! Compile flow files and decide, from a Rust program.
