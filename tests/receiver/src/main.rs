//! ERP and billing for the end-to-end tests.

fn main() {}
