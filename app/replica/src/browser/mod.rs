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
//! `tab.rs` decides, `message.rs` is what tabs say and `refusal.rs` what a browser means by refusing its storage; they know
//! nothing of a browser and are tested natively.
//! The rest does what they say: `worker.rs` joins everything, `host.rs` is the browser's functions, `open.rs` the
//! database.

mod message;
#[cfg_attr(
    not(any(target_arch = "wasm32", test)),
    expect(dead_code, reason = "the browser's own; tested natively")
)]
mod refusal;
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
