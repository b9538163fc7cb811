//! Photos in a bucket of a real S3 service: the store alone, behind a line that breaks, under the real server that is
//! killed, and with the commands that touch photos.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

#[path = "durability/process.rs"]
mod process;

#[path = "bucket/commands.rs"]
mod commands;
#[path = "bucket/conformance.rs"]
mod conformance;
#[path = "bucket/cuts.rs"]
mod cuts;
#[path = "bucket/served.rs"]
mod served;
#[path = "bucket/service.rs"]
mod service;
#[path = "bucket/world.rs"]
mod world;
