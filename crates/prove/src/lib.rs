//! The guarantees, proved over the program.
