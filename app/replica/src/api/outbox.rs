//! What goes out from this device, and what the server did not take.

use serde::{Deserialize, Serialize};
use shared::clock::TimestampMs;
use shared::domain::RecordRef;
use shared::ids::PhotoHash;

use super::{Ask, DraftSummary, PhotoSummary};

/// Drafts, what waits, what was uploaded lately, what needs attention.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outbox;

impl Ask for Outbox {
    type Reply = OutboxPage;
}

/// Sends a set-aside operation again, as a new one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RetryParked {
    /// The own sequence number.
    pub seq: u64,
}

impl Ask for RetryParked {
    type Reply = RecordRef;
}

/// The worker has seen that a set-aside operation stays with the supervisor, or takes that back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DismissParked {
    /// The own sequence number.
    pub seq: u64,
    /// Whether it stays there.
    pub seen: bool,
}

impl Ask for DismissParked {
    type Reply = ();
}

/// Sends a photo again that the server would not take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RetryPhoto {
    /// The photo.
    pub hash: PhotoHash,
}

impl Ask for RetryPhoto {
    type Reply = ();
}

/// Deletes the bytes of a photo that the server would not take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DiscardPhoto {
    /// The photo.
    pub hash: PhotoHash,
}

impl Ask for DiscardPhoto {
    type Reply = ();
}

/// What goes out, and what went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutboxPage {
    /// 草稿
    pub drafts: Vec<DraftSummary>,
    /// 等待, in the order in which it was saved; at most 200.
    pub waiting: Vec<OutboxEntry>,
    /// 已上传, latest first; at most 100.
    pub uploaded: Vec<OutboxEntry>,
    /// 需处理
    pub attention: Vec<OutboxEntry>,
    /// Photos whose bytes wait.
    pub photos: Vec<PhotoSummary>,
    /// Photos that the server will not take.
    pub refused_photos: Vec<RefusedPhoto>,
}

/// One own operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutboxEntry {
    /// The own sequence number.
    pub seq: u64,
    /// The record.
    pub record: RecordRef,
    /// What the record is called: a door, a name, a title.
    pub title: String,
    /// What was done: `created`, `edited`, `step`, `removed`.
    pub action: String,
    /// When.
    pub at: TimestampMs,
    /// When the server said it is durable; 0 while waiting.
    pub receipted_at: TimestampMs,
    /// For 需处理: the code of the reason, e.g. `area.not_assigned`.
    pub code: String,
}

/// A photo that the server will not take. Its record is there, and its bytes stay on this device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RefusedPhoto {
    /// The photo.
    pub photo: PhotoSummary,
    /// The visit or issue it belongs to.
    pub owner: RecordRef,
    /// The code of the reason, e.g. `photo.no_jpeg`.
    pub code: String,
}
