//! The browser's home of the replica: a dedicated worker, OPFS, and the other tabs (D1, D13).
//!
//! ```text
//!  page A ◄─ bytes ─► worker A ── Web Lock "koumen-replica" ── OPFS, SQLite, sync ──► server
//!                       ▲    (the leader)
//!                       │ BroadcastChannel "koumen-replica": calls, answers, notices
//!                       ▼
//!  page B ◄─ bytes ─► worker B  (a follower; takes over when the lock becomes its own)
//! ```
//!
//! `tab.rs` decides and `message.rs` is what tabs say; both know nothing of a browser and are tested natively.
//! The rest does what they say: `worker.rs` joins everything, `host.rs` is the browser's functions, `open.rs` the
//! database.

mod message;
mod tab;

#[cfg(all(target_arch = "wasm32", feature = "testing"))]
mod conformance;
#[cfg(target_arch = "wasm32")]
mod host;
#[cfg(target_arch = "wasm32")]
mod open;
#[cfg(target_arch = "wasm32")]
mod worker;

#[cfg(all(target_arch = "wasm32", feature = "testing"))]
pub use conformance::conformance;
#[cfg(target_arch = "wasm32")]
pub(crate) use host::own_origin;
#[cfg(target_arch = "wasm32")]
pub use worker::{WorkerHandle, start};
