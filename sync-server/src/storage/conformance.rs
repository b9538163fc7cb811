//! The suite that every storage backend passes.

/// Runs the suite over a backend. `open` gives an empty storage and what must live as long as it.
#[macro_export]
macro_rules! conformance_suite {
    ($name:ident, $open:expr) => {};
}
