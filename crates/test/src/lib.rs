//! Runs test blocks in virtual time.
