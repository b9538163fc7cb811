//! The messages between device and server (D4, D11).

pub mod v1;
