//! The messages between device and server (D4, D11).

pub mod gaps;
pub mod known;
pub mod peer;
pub mod receipt;
pub mod set_aside;
pub mod v1;
pub mod verify;
