//! The pure step: decisions evaluated and cells advanced, with no clock and no I/O.
