//! What the server does by itself, now and then. Time comes from the server's clock.

mod compact;
mod others;
mod prepare;
mod sweep;

pub use compact::{COMPACT_AFTER_MS, COMPACT_SECONDS, compact};
pub use others::{hear_others, tell_others};
pub use prepare::prepare;
pub use sweep::{SWEEP_SECONDS, end_lending, sweep, sweep_photos};
