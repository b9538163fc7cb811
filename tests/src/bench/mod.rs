//! The sync benchmark: a real device and a real server process over loopback, durable on both sides, beside raw
//! SQLite doing the same inserts in the same run.
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
