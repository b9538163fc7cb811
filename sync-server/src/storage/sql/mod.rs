//! The use cases of the [storage](super) in SQL that SQLite and PostgreSQL both read.

mod accounts;
mod areas;
mod batch;
mod check;
mod columns;
mod compact;
pub(super) mod copy;
mod device;
pub(super) mod first_rows;
mod former;
mod lives;
mod log;
mod moves;
mod parked;
mod photos;
mod pull;
mod push;
mod receipts;
mod records;
mod segments;
mod sessions;
pub(super) mod tx;
mod uploads;
pub(super) mod value;
mod verify;
mod waiting;
