//! The local replica of Koumen: everything a worker may see, on their own device, without a connection.
//!
//! **What it is:** one SQLite store in three homes (a native file, OPFS in a browser's worker, memory), the
//! sync engine, and photo preparation. **What it is not:** it draws nothing and knows no screen.
//!
//! Read next: [`api`], what screens may ask; `docs/sync-protocol.md`.

pub mod api;
