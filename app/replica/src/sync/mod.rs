//! Synchronisation: a state machine without I/O ([`engine`]), and a loop that does what it says ([`driver`]).

pub mod backoff;
pub mod driver;
pub mod engine;
pub mod fit;
pub mod http;
pub mod transport;
pub mod upload;
