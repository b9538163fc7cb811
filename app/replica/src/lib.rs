//! The local replica of Koumen: everything a worker may see, on their own device, without a connection.
//!
//! **What it is:** one SQLite store in three homes (a native file, OPFS in a browser's worker, memory), the
//! sync engine, and photo preparation. **What it is not:** it draws nothing and knows no screen.
//!
//! Read next: [`api`], what screens may ask; [`calls`], who answers it; `docs/sync-protocol.md`.

pub mod api;
pub mod calls;
pub mod wire;

pub mod platform;
pub mod replica;

pub mod meeting;

mod commands;
mod queries;

pub mod photos;
pub mod search;
pub mod storage;
pub mod sync;

// Natively only its decisions are compiled, for their tests.
#[cfg(any(target_arch = "wasm32", test))]
pub mod browser;
#[cfg(not(target_arch = "wasm32"))]
pub mod native;

pub use replica::Replica;
