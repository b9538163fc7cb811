//! What the server keeps, as use cases: the contract that every storage backend fulfils.
//!
//! **Transactions.** Every method is one transaction (but where it says so): it happens whole and durably before it returns, or not
//! at all. [`Storage::apply_push`] decides nothing itself; it reads what [`crate::apply`] asks for and writes
//! what comes of it. **Isolation.** Methods behave as if they ran one after the other. **Not found** is
//! `Ok(None)` (or an empty list, or `false`), never an error. **Ordering.** Lists come in the order that their
//! method names. **Positions** are given to operations in the order in which they are applied, from 1, and are
//! never used again in one epoch.
//!
//! The suite in [`conformance`] holds every backend to this.

pub mod postgres;
mod sql;
pub mod sqlite;
mod types;
mod upload;

#[cfg(any(test, feature = "testing"))]
pub mod conformance;

use async_trait::async_trait;
use futures::stream::BoxStream;
use shared::change::AppliedOperation;
use shared::clock::TimestampMs;
use shared::domain::area::Area;
use shared::domain::worker::Worker;
use shared::ids::{AreaCode, DeviceId, EpochId, PhotoHash, WorkerId};
use shared::protocol::gaps::Gaps;
use shared::protocol::v1::{Directory, ParkedNotice, ParkedOperation};
use shared::protocol::verify::Verified;

pub use types::{
    Account, AccountSummary, AddedAccount, AreaChanges, CheckReport, Credential, DeviceSummary, Importer,
    NewAccount, NewSession, OpenedSession, ParkedPlace, PullRequest, Pulled, PulledArea, PushOutcome,
    Session, SessionOutcome, StoredPhoto, Taken, TakenUp, TokenHash, VerifyRequest,
};
pub use upload::{AppendedUpload, CreatedUpload, NewUpload, Upload, UploadId};

use crate::apply::{HeldChain, IncomingPush};

pub use shared::protocol::v1::SEGMENT_OPERATIONS;

/// About the most bytes of a segment's operations, unpacked.
pub const SEGMENT_BYTES_MAX: usize = 4 * 1024 * 1024;
/// On how many devices one worker is signed in at most: a phone, a desk, and those that they had before. Who has stolen a
/// token cannot make more. One that has never been answered since it was enrolled gives way to one that signs in with the
/// password, never to one that another device's session brings.
pub const DEVICES_PER_WORKER_MAX: u64 = 20;

/// Why the storage did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// Somebody else writes for too long. Retry later.
    #[error("the database is busy")]
    Busy,
    /// The database cannot be reached, or is just stopping or starting. Retry later.
    #[error("the database cannot be reached")]
    Away(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The disk has no room for what was to be written; nothing of it was. Reading goes on. Retry when there is room.
    #[error("the disk has no room")]
    NoRoom(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Our own table holds nonsense. Report.
    #[error("a row of {table} cannot be read")]
    Inconsistent {
        /// The table.
        table: &'static str,
    },
    /// The database or its disk failed. Report.
    #[error("the database failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What every method returns.
pub type StorageResult<T> = Result<T, StorageError>;

/// The server's storage. See the [module page](self) for the contract.
#[async_trait]
pub trait Storage: Send + Sync {
    /// The life of this database.
    async fn epoch(&self) -> StorageResult<EpochId>;

    /// Begins another life of this database, as a restored backup does: devices offer again what it lacks.
    async fn begin_epoch(&self, epoch: EpochId) -> StorageResult<()>;

    /// Looks for damage: the database's own check, and every device's hash chain recomputed from its operations.
    async fn check(&self) -> StorageResult<CheckReport>;

    // Sync

    /// Takes a push: applies, parks or refuses its operations (D2, D5, D8). A push that is held already
    /// changes nothing and has the same receipt. The time at which operations are applied never goes back,
    /// even when `now_ms` does.
    async fn apply_push(&self, push: IncomingPush, now_ms: TimestampMs) -> StorageResult<PushOutcome>;

    /// What is held of a device; `None` for a device that is not enrolled.
    async fn held(&self, device: DeviceId) -> StorageResult<Option<HeldChain>>;

    /// Whether a device is enrolled for this worker.
    async fn is_device_of(&self, device: DeviceId, worker: WorkerId) -> StorageResult<bool>;

    /// Notes that a device was told of everything that has happened, as far as [`Told`](crate::apply::Told) needs it.
    async fn note_answered(&self, device: DeviceId, now_ms: TimestampMs) -> StorageResult<()>;

    /// Parked operations of one device from `from_seq` on, by sequence, at most `limit`.
    async fn parked_of(
        &self,
        device: DeviceId,
        from_seq: u64,
        limit: u32,
    ) -> StorageResult<Vec<ParkedNotice>>;

    /// Of these operations of a device those that are applied: one that was parked is applied when the record comes
    /// for which it waited.
    async fn applied_of(&self, device: DeviceId, seqs: Vec<u64>) -> StorageResult<Vec<u64>>;

    /// Operations that a device lacks, per assigned area in order of their codes, each by position, seen at
    /// one moment. An area inside another assigned one is left out.
    async fn pull(&self, request: PullRequest) -> StorageResult<Pulled>;

    /// Compares what a device says of its records with the records of its worker's areas, seen at one moment: which
    /// buckets differ, and all operations of the records of as many of these as have room, per assigned area, each by
    /// position. `None` when the device has not read everything, or when operations of a device that it met are not held
    /// yet. Reads the areas; nothing is kept for it.
    async fn verify(&self, request: VerifyRequest) -> StorageResult<Option<(Verified, Pulled)>>;

    /// The segment of an area's log that goes on behind position `after`: a frame with an `AreaPage` of
    /// [`SEGMENT_OPERATIONS`] operations or about [`SEGMENT_BYTES_MAX`], of all devices, by position. `None` while
    /// there are not enough for a whole one. The same bytes for everybody, until the log changes behind them: a
    /// household moves, or operations are dropped.
    async fn segment(&self, area: &AreaCode, after: u64) -> StorageResult<Option<Vec<u8>>>;

    /// Packs the segments of every area that has a worker, as far as there are whole ones, so that no device that
    /// begins waits for them; how many. One transaction per segment.
    async fn prepare_segments(&self) -> StorageResult<u64>;

    /// Drops from the log what was applied before `before_ms` and has been [replaced whole](crate::apply::replaced);
    /// how many operations. Records stay as they are, and so do cursors and what is held of each device. One
    /// transaction per area.
    async fn compact(&self, before_ms: TimestampMs) -> StorageResult<u64>;

    /// The names that a worker's screens show; `None` when `known_version` is the present one.
    async fn directory(&self, worker: WorkerId, known_version: u64) -> StorageResult<Option<Directory>>;

    /// Parked operations in these areas, newest first, behind `after`: at most `limit` with about `bytes_max` bytes, and
    /// one at least.
    async fn parked_page(
        &self,
        areas: &[AreaCode],
        after: Option<ParkedPlace>,
        limit: u32,
        bytes_max: usize,
    ) -> StorageResult<Vec<ParkedOperation>>;

    /// Applies a parked operation as it was recorded, because a supervisor says so: its author and its time stay, the
    /// supervisor's role and present areas stand for it. What the same device had set aside before of the same records, and
    /// of those that it names, comes along. Taking it up again changes nothing.
    async fn take_up_parked(
        &self,
        place: ParkedPlace,
        supervisor: WorkerId,
        now_ms: TimestampMs,
    ) -> StorageResult<TakenUp>;

    /// The first `limit` parked operations in these areas, newest first.
    async fn parked_in(&self, areas: &[AreaCode], limit: u32) -> StorageResult<Vec<ParkedOperation>> {
        self.parked_page(areas, None, limit, usize::MAX).await
    }

    // Areas

    /// Adds areas and renames those that have another name now.
    async fn put_areas(&self, areas: &[Area]) -> StorageResult<AreaChanges>;

    /// The area with this code.
    async fn area(&self, code: &AreaCode) -> StorageResult<Option<Area>>;

    // Accounts

    /// Adds an account with its areas.
    async fn add_account(&self, account: NewAccount, now_ms: TimestampMs) -> StorageResult<AddedAccount>;

    /// The account with this name, unless it was removed.
    async fn account(&self, username: &str) -> StorageResult<Option<Account>>;

    /// Every account that was not removed, by name.
    async fn accounts(&self) -> StorageResult<Vec<AccountSummary>>;

    /// Replaces a password and closes the account's sessions; `false` when there is no such account.
    async fn set_password(&self, username: &str, password: &str) -> StorageResult<bool>;

    /// Assigns exactly these areas from now on; `None` when there is no such account, else the areas that
    /// do not exist. Nothing changes when some do not.
    async fn set_areas(
        &self,
        username: &str,
        areas: &[AreaCode],
        now_ms: TimestampMs,
    ) -> StorageResult<Option<Vec<AreaCode>>>;

    /// Removes an account: ends its assignments and sessions. Its name stays beside what it recorded.
    async fn remove_account(&self, username: &str, now_ms: TimestampMs) -> StorageResult<bool>;

    // Sessions and devices

    /// Enrols a device, or opens a new session for one that belongs to the worker, and closes the device's
    /// earlier sessions. A worker is signed in on at most [`DEVICES_PER_WORKER_MAX`] at once; one that is enrolled
    /// already always finds its place.
    async fn open_session(&self, session: NewSession, now_ms: TimestampMs) -> StorageResult<SessionOutcome>;

    /// The session that a token opens.
    async fn session(&self, token: TokenHash) -> StorageResult<Option<Session>>;

    /// Whether a token was a session's whose device was revoked, or whose worker was removed.
    async fn is_revoked(&self, token: TokenHash) -> StorageResult<bool>;

    /// Closes a session; `false` when there was none.
    async fn close_session(&self, token: TokenHash) -> StorageResult<bool>;

    /// Every device by worker and time of enrolment.
    async fn devices(&self) -> StorageResult<Vec<DeviceSummary>>;

    /// How a device is called; `None` when there is no such device.
    async fn device_name(&self, device: DeviceId) -> StorageResult<Option<String>>;

    /// Closes the sessions of a device, and of those that were enrolled with its session, and takes no more from them:
    /// whoever had its token had theirs. All of them; empty when there is no such device.
    async fn revoke_device(&self, device: DeviceId, now_ms: TimestampMs) -> StorageResult<Vec<DeviceId>>;

    // Photos

    /// The areas inside `scope` in which a record names these bytes, in order.
    async fn photo_named_in(&self, hash: PhotoHash, scope: &[AreaCode]) -> StorageResult<Vec<AreaCode>>;

    /// Whether the bytes were received for an area inside `scope` in which a record names them; their size.
    async fn photo_stored_in(&self, hash: PhotoHash, scope: &[AreaCode]) -> StorageResult<Option<u64>>;

    /// Notes that bytes are durable for these areas.
    async fn note_photo(&self, photo: StoredPhoto, now_ms: TimestampMs) -> StorageResult<()>;

    /// The areas in which a record names these bytes and in which this worker may send them, in order: those
    /// inside `scope`, and those where the worker recorded the photo and was assigned then (D5).
    async fn photo_wanted_from(
        &self,
        hash: PhotoHash,
        worker: WorkerId,
        scope: &[AreaCode],
    ) -> StorageResult<Vec<AreaCode>>;

    // Uploads

    /// Begins an upload. An open one of this device for the same bytes is given back instead of a second one;
    /// at most `open_max` are open per device. Expired ones count as gone.
    async fn create_upload(
        &self,
        upload: NewUpload,
        open_max: u32,
        now_ms: TimestampMs,
    ) -> StorageResult<CreatedUpload>;

    /// An upload of this device, expired ones too until they are swept. Of another device: `None`.
    async fn upload(&self, id: UploadId, device: DeviceId) -> StorageResult<Option<Upload>>;

    /// Appends a chunk that begins at `offset`; bytes and offset are durable together. `expires_at` never makes
    /// the term shorter.
    async fn append_upload(
        &self,
        id: UploadId,
        device: DeviceId,
        offset: u64,
        bytes: Vec<u8>,
        expires_at: TimestampMs,
    ) -> StorageResult<AppendedUpload>;

    /// What has arrived so far; `None` for none of this device's, or one that is in the photo store already.
    async fn upload_bytes(&self, id: UploadId, device: DeviceId) -> StorageResult<Option<Vec<u8>>>;

    /// Notes that an upload's bytes are durable in the photo store, and drops its chunks.
    async fn finish_upload(&self, id: UploadId, photo: StoredPhoto, now_ms: TimestampMs)
    -> StorageResult<()>;

    /// Ends an upload and drops what arrived; `false` when there was none of this device's.
    async fn remove_upload(&self, id: UploadId, device: DeviceId) -> StorageResult<bool>;

    /// Removes uploads whose term is over, and those of devices and workers that are gone; how many.
    async fn sweep_uploads(&self, now_ms: TimestampMs) -> StorageResult<u64>;

    // Backups

    /// Photos whose bytes were received for any area, by hash, behind `after`, at most `limit`.
    async fn stored_photos(&self, after: Option<PhotoHash>, limit: u32) -> StorageResult<Vec<PhotoHash>>;

    /// Forgets that bytes were received, for all areas: they are not there any more.
    async fn forget_photo(&self, hash: PhotoHash) -> StorageResult<()>;

    // Receipts

    /// The seed of the key that signs receipts, and of those that seal devices: 32 bytes, the same in every life of the database.
    async fn receipt_seed(&self) -> StorageResult<Vec<u8>>;

    /// Notes that a device has shown a receipt of an earlier life for more than is held.
    async fn note_receipt_shown(&self, device: DeviceId, through_seq: u64) -> StorageResult<()>;

    /// What is known to be missing in these areas: devices of workers who are or were assigned there, by worker and
    /// name, and photos by area; at most `limit` of each.
    async fn gaps_in(&self, areas: &[AreaCode], limit: u32) -> StorageResult<Gaps>;

    // Other processes

    /// Says a word to the other processes that work on this storage, if there can be any.
    async fn tell_others(&self, word: &str) -> StorageResult<()>;

    /// The words that are said to processes that work on this storage, those of this one too, from now on; `None` where
    /// there can be no other. It ends when the connection to them does.
    async fn hear_others(&self) -> StorageResult<Option<BoxStream<'static, String>>>;

    // Import

    /// The built-in device and worker that write imported registers, allowed to write in `community`.
    async fn importer(&self, community: &AreaCode) -> StorageResult<Importer>;

    /// The applied operations of one device inside `area`, by sequence.
    async fn operations_of(&self, device: DeviceId, area: &AreaCode) -> StorageResult<Vec<AppliedOperation>>;

    /// The worker with this id, removed ones too.
    async fn worker(&self, id: WorkerId) -> StorageResult<Option<Worker>>;
}
