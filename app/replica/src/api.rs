//! What screens may ask of the replica, and what it tells them unasked (D1).
//!
//! Each request is a type of its own, which says by [`Ask`] what it is answered with; it stands beside the types of its
//! reply, feature by feature, and is written with this module's name: `api::Household { id }`. Who answers it says the
//! list in [`calls`](crate::calls). [`Notice`]s come by themselves. In a browser these cross to a dedicated worker as
//! bytes, natively to a thread, so every type here is plain data.
//!
//! Units: every `*_ms` and `*_at` is milliseconds since the Unix epoch.

mod areas;
mod care;
mod device;
mod drafts;
mod duplicates;
mod generic;
mod households;
mod issues;
mod outbox;
mod parked;
mod photos;
mod records;
mod session;
mod today;
mod visits;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use shared::clock::TimestampMs;
use shared::domain::FieldId;

pub use areas::*;
pub use care::*;
pub use device::*;
pub use drafts::*;
pub use duplicates::*;
pub use generic::*;
pub use households::*;
pub use issues::*;
pub use outbox::*;
pub use parked::*;
pub use photos::*;
pub use records::*;
pub use session::*;
pub use today::*;
pub use visits::*;

/// A request.
pub trait Ask {
    /// What it is answered with, unless there is an [`ApiError`].
    type Reply: Clone + Serialize + DeserializeOwned + 'static;
}

/// Where a page of a log ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogCursor {
    /// The last entry's time.
    pub at: TimestampMs,
    /// The last entry's id.
    pub id: uuid::Uuid,
}

/// Told without being asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Notice {
    /// Records changed: screens ask again for what they show.
    Changed,
    /// The sync stands differently.
    Sync(SyncState),
    /// Signed in, signed out, or other areas assigned.
    Session,
    /// This tab works through another one, which holds the database (D13).
    Following,
    /// The database cannot be opened here; nothing can be kept. The code says why.
    Unusable(String),
}

/// What went wrong, grouped by what the person can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ErrorCode {
    /// No connection: the call needs one. Try again later.
    Offline,
    /// Name or password is wrong.
    WrongCredentials,
    /// Nobody is signed in.
    SignedOut,
    /// The record or draft is not on this device.
    NotFound,
    /// What was entered cannot be saved; `detail` is the validation code, e.g. `visit.outcome_missing`.
    Invalid,
    /// The file is no photo that can be kept; `detail` says why, e.g. `photo.too_large`.
    BadPhoto,
    /// The device has no room left.
    StorageFull,
    /// Work waits that has not been uploaded.
    UnsentWork,
    /// The app is too old for the server.
    UpdateNeeded,
    /// The server answered with an error; `detail` is its code.
    Server,
    /// A bug of ours; `detail` is for the report.
    Internal,
    /// A photo's bytes are not on this device, and not on the server yet.
    PhotoNotHere,
}

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{code:?}: {detail}")]
pub struct ApiError {
    /// The kind.
    pub code: ErrorCode,
    /// A stable code or a technical detail, never personal data.
    pub detail: String,
    /// For [`ErrorCode::Invalid`]: the field that it concerns, when it concerns one.
    pub field: Option<FieldId>,
}

impl ApiError {
    /// The same of a field.
    #[must_use]
    pub fn at(self, field: FieldId) -> Self {
        Self {
            field: Some(field),
            ..self
        }
    }
}

/// An error of a kind.
pub(crate) fn api_error(code: ErrorCode, detail: &str) -> ApiError {
    ApiError {
        code,
        detail: detail.to_owned(),
        field: None,
    }
}
