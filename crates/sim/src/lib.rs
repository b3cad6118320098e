//! Simulated systems: what an action proves about itself becomes true.
