//! Names, types and lowering: from trees to a program.
