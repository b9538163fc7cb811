//! The domain of Koumen, the same on device and server.
//!
//! **What it is:** records ([`domain`]), the merge of concurrent edits ([`crdt`]), operations and their
//! bytes ([`change`]), the rules that accept or refuse an operation ([`validation`]) and the messages
//! between device and server ([`protocol`]).
//!
//! **What it is not:** it opens no file, no socket and no database, reads no clock and draws no random
//! number. Time and identifiers are arguments, so that a phone, a browser and a server given the same
//! operations compute the same state.
//!
//! ```
//! use shared::domain::door::DoorNumber;
//!
//! let door = DoorNumber::parse("3幢2-501").unwrap();
//! assert_eq!(door.to_string(), "3-2-501");
//! ```
//!
//! Read next: `docs/data-model.md` for the records, `docs/sync-protocol.md` for the wire.

pub mod ids;

pub mod clock;

pub mod domain;

pub mod crdt;

pub mod change;

pub mod validation;

pub mod protocol;

pub mod guards;

pub mod packed;

mod bounded;

mod rejection;

mod whole_bytes;

pub use bounded::Message;

#[cfg(any(test, feature = "testing"))]
pub mod testing;
