//! The sync server of Koumen: orders, authorises, validates and merges what devices send (D5), and hands it on.
//!
//! **What it is:** [`routes::router`] over a [`storage::Storage`] and a [`photos::PhotoStore`]; the binary
//! `koumen-server` adds sockets, TLS and a command line. **What it is not:** it knows nothing of screens, makes
//! no call to anybody, and decides nothing about merging: that is `shared`, the same as on the device.
//!
//! Read next: [`apply`], what becomes of a push; [`storage`], the contract; `docs/sync-protocol.md`.

pub mod apply;
pub mod storage;

pub mod routes;

pub mod auth;
mod blocking;
pub mod callers;
pub mod connections;
pub mod folders;
pub mod hashers;
pub mod names;
pub mod notices;
pub mod origins;
pub mod passwords;
pub mod photos;
pub mod places;
pub mod receipt_key;
pub mod refused;
pub mod reserve;
mod seal_key;
pub mod state;
pub mod strength;
pub mod throttle;
mod turns;

pub mod chance;
pub mod clock;

pub mod cli;
pub mod import;
pub mod jobs;
pub mod register_write;
pub mod serve;
pub mod tls;

#[cfg(any(test, feature = "testing"))]
pub mod testing;
