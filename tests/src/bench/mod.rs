//! The sync benchmark: a real device and a real server process over loopback, durable on both sides, beside raw
//! SQLite doing the same inserts in the same run.
//!
//! | what is measured | module |
//! |---|---|
//! | push, pull, edits, a sync with nothing to do | [`device`], held against [`raw`] |
//! | two devices that edit the same records, and whether both show every edit | [`pair`] |
//! | what screens wait for while the device pulls | [`reads`] |
//! | hundreds of devices that push at once | [`crowd`] |
//!
//! The bars are in [`suite`]. The same pull over OPFS in a real browser is part of `cargo xtask bench device`
//! (`tests/e2e/bench-pull.mjs`).
//!
//! `cargo xtask bench sync` runs it; `koumen-bench-peer` is the small command line by which other systems can be
//! measured beside it. The record is [`workload::VisitRow`].

pub mod crowd;
pub mod device;
pub mod line;
pub mod pair;
pub mod raw;
pub mod reads;
pub mod server;
pub mod spread;
pub mod suite;
pub mod usage;
pub mod workload;
