//! Builders for tests that need more than one crate: a [`World`] with one server and named phones.
//!
//! **What it is not:** a mock. The server is the real router over the real storage, the phones are real
//! replicas on SQLite; only the socket between them and the clocks are set by hand.

pub mod bench;
pub mod driven;
pub mod processes;
pub mod world;

pub mod sim;

pub use world::{Phone, World};
