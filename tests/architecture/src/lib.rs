//! What must hold of the workspace as a whole; all of it is in the tests.
