//! Uploads in chunks (tus 1.0): what survives a cut, and what is refused (F25, F26, X17, X18).
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

#[path = "uploads/cuts.rs"]
mod cuts;
#[path = "uploads/refused.rs"]
mod refused;
#[path = "uploads/term.rs"]
mod term;
#[path = "uploads/world.rs"]
mod world;
