//! What the server does by itself, now and then. Time comes from the server's clock.

mod sweep;

pub use sweep::{SWEEP_SECONDS, sweep};
