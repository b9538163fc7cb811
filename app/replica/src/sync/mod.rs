//! Synchronisation: a state machine without I/O ([`engine`]), and a loop that does what it says ([`driver`]).

mod answer;
pub mod backoff;
pub mod driver;
pub mod engine;
pub mod fit;
pub mod http;
pub mod server;
pub mod transport;
mod tus;
pub mod upload;
