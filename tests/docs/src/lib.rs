//! What the documentation shows is compiled; see `tests/`.
