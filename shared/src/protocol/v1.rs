//! Protocol version 1. FROZEN: `tests/fixtures/protocol/v1/` holds its bytes; additions go into `extensions`.
//!
//! Push and pull travel together: `POST /v1/sync` with a [`SyncRequest`], answered by a [`SyncReply`], each
//! as postcard inside a [`frame`]. The operations inside are
//! [columns](crate::change::encode).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{AREAS_MAX, EXTENSIONS_MAX, NAMES_MAX};
use crate::bounded::{self, Message};
use crate::change::frame::{self, FrameError};
use crate::change::hash::ChainHash;
use crate::clock::TimestampMs;
use crate::domain::area::Area;
use crate::domain::issue::Event;
use crate::domain::schema::{FieldId, RecordRef};
use crate::domain::value::FieldMap;
use crate::domain::worker::Worker;
use crate::ids::{AreaCode, EpochId, WorkerId};

/// The version in the path and in each message.
pub const PROTOCOL_VERSION: u16 = 1;
/// The media type of both bodies.
pub const CONTENT_TYPE: &str = "application/vnd.koumen.v1";
/// The most operations that one request pushes.
pub const PUSH_OPERATIONS_MAX: usize = 20_000;
/// The most bytes of a request's body.
pub const REQUEST_BYTES_MAX: usize = 8 * 1024 * 1024;
/// The most operations of all pages of one reply.
pub const PULL_OPERATIONS_MAX: usize = 4_000;

/// The operations of a segment of the log (`GET /v1/segments/{area}`). A device that is so many behind reads segments.
/// It keeps one at a time, and a screen that asks meanwhile waits for so many at the most.
pub const SEGMENT_OPERATIONS: u32 = 2_000;

/// What a device says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncRequest {
    /// [`PROTOCOL_VERSION`].
    pub protocol: u16,
    /// The server's epoch as the device knows it; `None` at first.
    pub epoch: Option<EpochId>,
    /// Own operations, if any wait.
    pub push: Option<Push>,
    /// Per assigned area, the server position up to which the device holds everything. An area that is
    /// assigned but not listed starts from the beginning.
    #[serde(deserialize_with = "bounded::map::<AREAS_MAX, _, _, _>")]
    pub cursors: BTreeMap<AreaCode, u64>,
    /// The version of the directory that the device holds; 0 for none.
    pub directory_version: u64,
    /// At most this many operations are wanted in the reply.
    pub operations_max: u32,
    /// Additions of later minor versions, by number.
    #[serde(deserialize_with = "bounded::list::<EXTENSIONS_MAX, _, _>")]
    pub extensions: Vec<(u16, Vec<u8>)>,
}

/// Own operations in sequence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Push {
    /// The first operation's number.
    pub first_seq: u64,
    /// The chain before the first operation.
    pub chain_before: ChainHash,
    /// The chain after the last operation.
    pub chain_after: ChainHash,
    /// [`encode_push`](crate::change::encode::encode_push).
    #[serde(with = "crate::whole_bytes")]
    pub page: Vec<u8>,
}

/// What the server answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncReply {
    /// [`PROTOCOL_VERSION`].
    pub protocol: u16,
    /// The life of the server's database.
    pub epoch: EpochId,
    /// Server time, ms since the Unix epoch.
    pub now_ms: TimestampMs,
    /// What the server holds durably of this device.
    pub receipt: Receipt,
    /// Operations of this push, or of pushes whose reply was lost, that were set aside.
    #[serde(deserialize_with = "bounded::list::<PUSH_OPERATIONS_MAX, _, _>")]
    pub parked: Vec<ParkedNotice>,
    /// The areas assigned to the device's worker.
    #[serde(deserialize_with = "bounded::list::<AREAS_MAX, _, _>")]
    pub scope: Vec<AreaCode>,
    /// Operations of others, per assigned area.
    #[serde(deserialize_with = "bounded::list::<AREAS_MAX, _, _>")]
    pub pages: Vec<AreaPage>,
    /// Names of areas and workers, when the device's version is old.
    pub directory: Option<Directory>,
    /// Additions of later minor versions, by number.
    #[serde(deserialize_with = "bounded::list::<EXTENSIONS_MAX, _, _>")]
    pub extensions: Vec<(u16, Vec<u8>)>,
}

/// Up to which own operation everything is durable on the server: applied, or set aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The device's last operation that the server holds; 0 for none.
    pub through_seq: u64,
    /// The chain at that operation.
    pub chain: ChainHash,
    /// When the server applied the operations of this push that it had not held before, ms.
    pub applied_at: TimestampMs,
    /// The first operation to which `applied_at` belongs; those before were receipted earlier.
    pub applied_from_seq: u64,
}

/// An own operation that the server keeps but could not apply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParkedNotice {
    /// Its number on the device.
    pub seq: u64,
    /// The reason's code.
    pub code: String,
}

/// Operations of one assigned area.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AreaPage {
    /// The assigned area.
    pub area: AreaCode,
    /// [`encode_pull`](crate::change::encode::encode_pull).
    #[serde(with = "crate::whole_bytes")]
    pub page: Vec<u8>,
    /// The position after this page.
    pub cursor: u64,
    /// How many operations are still behind it; 0 when the device holds everything.
    pub remaining: u64,
}

/// Names that screens show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Directory {
    /// Its version.
    pub version: u64,
    /// The assigned areas, all inside them, and those around them up to the district.
    #[serde(deserialize_with = "bounded::list::<NAMES_MAX, _, _>")]
    pub areas: Vec<Area>,
    /// Colleagues whose areas meet the assigned ones.
    #[serde(deserialize_with = "bounded::list::<NAMES_MAX, _, _>")]
    pub workers: Vec<Worker>,
}

/// An operation that was set aside, as supervisors see it (`GET /v1/parked`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParkedOperation {
    /// Whose.
    pub author: WorkerId,
    /// The area it was for.
    pub area: AreaCode,
    /// The record.
    pub record: RecordRef,
    /// The reason's code.
    pub code: String,
    /// When, ms.
    pub parked_at: TimestampMs,
    /// What it would have written.
    #[serde(with = "crate::domain::field_map")]
    pub fields: FieldMap,
    /// Which members of sets it would have added or taken out.
    #[serde(default)]
    pub members: Vec<ParkedMember>,
    /// Which step of an issue it would have taken.
    #[serde(default)]
    pub event: Option<Event>,
    /// Whether it would have removed the record.
    #[serde(default)]
    pub removes: bool,
    /// Which it is: `POST /v1/parked/{place}` takes it up, `?after=` goes on behind it.
    pub place: String,
    /// The list ends with it.
    pub is_last: bool,
}

/// A member of a set in a [`ParkedOperation`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParkedMember {
    /// The field.
    pub field: FieldId,
    /// The member's number.
    pub member: u64,
    /// Added, or else taken out.
    pub adds: bool,
}

/// `POST /v1/session`, JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInRequest {
    /// Account name.
    pub username: String,
    /// Password.
    pub password: String,
    /// The device's own id when it signs in again with work that waits; else a new one is given.
    pub device: Option<crate::ids::DeviceId>,
    /// How the device is called in lists.
    pub device_name: String,
}

/// The answer to [`SignInRequest`], JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInReply {
    /// Opaque; sent as `Authorization: Bearer`.
    pub token: String,
    /// The enrolled device.
    pub device: crate::ids::DeviceId,
    /// The worker.
    pub worker: Worker,
    /// The assigned areas.
    pub areas: Vec<Area>,
    /// The life of the server's database.
    pub epoch: EpochId,
    /// The device's last operation that the server holds; 0 for none.
    pub through_seq: u64,
    /// The chain at that operation.
    pub chain: ChainHash,
    /// Server time, ms since the Unix epoch.
    pub now_ms: TimestampMs,
    /// The key under which the device seals its replica when it is revoked: the same for the worker at every sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal_key: Option<SealKey>,
}

/// A key for what a revoked device keeps.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SealKey(pub [u8; 32]);

impl std::fmt::Debug for SealKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("SealKey")
    }
}

/// The code of a refusal whose device was revoked, or whose worker was removed.
pub const SESSION_REVOKED: &str = "session.revoked";

/// The body of every refusal, JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// A stable code, e.g. `push.fork`.
    pub code: String,
    /// One sentence, without personal data.
    pub message: String,
}

/// A message that is none.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MessageError {
    /// The frame.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// Inside the frame.
    #[error("the message does not have the form of version 1")]
    Form,
}

/// A message as bytes for the wire.
pub fn encode<T: Serialize>(message: &T) -> Vec<u8> {
    // Postcard into a growing vector fails only for maps of unknown length; these know theirs.
    frame::seal(&postcard::to_stdvec(message).unwrap_or_default())
}

/// A message that is packed once and sent often: smaller, and slower to write.
pub fn encode_tight<T: Serialize>(message: &T) -> Vec<u8> {
    frame::seal_tight(&postcard::to_stdvec(message).unwrap_or_default())
}

/// A message from the wire.
///
/// # Errors
/// [`MessageError`] for bytes that [`encode`] did not write.
pub fn decode<T: Message>(bytes: &[u8]) -> Result<T, MessageError> {
    bounded::read(&frame::open(bytes)?).ok_or(MessageError::Form)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn a_request() -> SyncRequest {
        SyncRequest {
            protocol: PROTOCOL_VERSION,
            epoch: None,
            push: None,
            cursors: BTreeMap::from([(crate::testing::a_grid(), 7)]),
            directory_version: 3,
            operations_max: 100,
            extensions: Vec::new(),
        }
    }

    #[test]
    fn a_request_reads_back() {
        assert_eq!(decode(&encode(&a_request())), Ok(a_request()));
    }

    #[test]
    fn a_cut_request_is_refused_at_every_byte() {
        let bytes = encode(&a_request());
        for length in 0..bytes.len() {
            assert!(decode::<SyncRequest>(&bytes[..length]).is_err());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = decode::<SyncRequest>(&bytes);
            let _ = decode::<SyncReply>(&frame::seal(&bytes));
        }
    }
}
