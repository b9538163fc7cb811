//! SQLite inside the server process: the default storage.
//!
//! One writer connection, WAL, `synchronous=FULL`: what a method returned is on the disk. Readers have
//! connections of their own. A command line may work on the same file while the server runs; the two wait
//! for each other up to [`BUSY_MS_MAX`].

mod accounts;
mod areas;
mod backup;
mod check;
mod columns;
mod compact;
mod migrate;
mod moves;
mod photos;
mod pull;
mod push;
mod receipts;
mod records;
mod segments;
mod sessions;
mod uploads;
mod waiting;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};
use shared::change::AppliedOperation;
use shared::clock::TimestampMs;
use shared::domain::area::Area;
use shared::domain::worker::Worker;
use shared::ids::{AreaCode, DeviceId, EpochId, PhotoHash, WorkerId};
use shared::protocol::gaps::Gaps;
use shared::protocol::known::OwnRange;
use shared::protocol::v1::{Directory, ParkedNotice, ParkedOperation};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::DeviceSummary;
use super::{
    Account, AccountSummary, AddedAccount, AppendedUpload, AreaChanges, CheckReport, CreatedUpload, Importer,
    NewAccount, NewSession, NewUpload, OpenedSession, PullRequest, Pulled, PushOutcome, Session, Storage,
    StorageError, StorageResult, StoredPhoto, TokenHash, Upload, UploadId,
};
use crate::apply::{HeldChain, PreparedPush};
use crate::chance::Chance;

/// How long one process waits for another that writes.
pub const BUSY_MS_MAX: u64 = 10_000;
/// Before this version two connections that write and checkpoint at once can lose committed work.
const SQLITE_VERSION_MIN: i32 = 3_051_003;
const READERS: usize = 3;
const STATEMENTS_CACHED: usize = 64;

/// The embedded storage.
#[derive(Debug)]
pub struct SqliteStorage {
    /// Empty for a database in memory, which has one connection only. Closed before the writer, which then
    /// moves the write-ahead log into the file.
    readers: Vec<Arc<Mutex<Connection>>>,
    writer: Arc<Mutex<Connection>>,
    next_reader: AtomicUsize,
}

impl SqliteStorage {
    /// Opens the database file, making or migrating it first.
    ///
    /// # Errors
    /// When the file cannot be opened, is of a later version, or somebody else holds it for too long.
    pub fn open(path: &Path, chance: &dyn Chance) -> StorageResult<Self> {
        let mut writer = Connection::open(path)?;
        prepare(&writer)?;
        // Half as many pages are half as many writes. A file that is there already keeps its own.
        writer.pragma_update(None, "page_size", 8192)?;
        // The pages of a large push: what has no room goes to the disk, and more than once.
        writer.pragma_update(None, "cache_size", -32_000)?;
        writer.pragma_update(None, "wal_autocheckpoint", 2_000)?;
        writer.pragma_update(None, "journal_mode", "WAL")?;
        writer.pragma_update(None, "synchronous", "FULL")?;
        // What a killed server wrote last may be read and not be durable: SQLite takes it up without syncing it.
        // Nobody may be told of it before.
        writer.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
        migrate::migrate(&mut writer, chance)?;
        let reader = || -> StorageResult<_> {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
                | OpenFlags::SQLITE_OPEN_NO_MUTEX
                | OpenFlags::SQLITE_OPEN_URI;
            let reader = Connection::open_with_flags(path, flags)?;
            prepare(&reader)?;
            Ok(Arc::new(Mutex::new(reader)))
        };
        let readers = (0..READERS).map(|_| reader()).collect::<StorageResult<_>>()?;
        Ok(Self {
            writer: Arc::new(Mutex::new(writer)),
            readers,
            next_reader: AtomicUsize::new(0),
        })
    }

    /// A database that lives as long as this value.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn in_memory(chance: &dyn Chance) -> StorageResult<Self> {
        let mut writer = Connection::open_in_memory()?;
        prepare(&writer)?;
        migrate::migrate(&mut writer, chance)?;
        Ok(Self {
            writer: Arc::new(Mutex::new(writer)),
            readers: Vec::new(),
            next_reader: AtomicUsize::new(0),
        })
    }

    /// Runs `work` in a transaction that writes; it is durable when this returns.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> StorageResult<T> + Send + 'static,
    ) -> StorageResult<T> {
        run(Arc::clone(&self.writer), TransactionBehavior::Immediate, work).await
    }

    /// Runs `work` on one moment's view of the database.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> StorageResult<T> + Send + 'static,
    ) -> StorageResult<T> {
        run(self.reader(), TransactionBehavior::Deferred, work).await
    }

    /// A connection to read from, each in its turn.
    fn reader(&self) -> Arc<Mutex<Connection>> {
        let turn = self.next_reader.fetch_add(1, Ordering::Relaxed);
        let reader = turn
            .checked_rem(self.readers.len())
            .and_then(|index| self.readers.get(index));
        Arc::clone(reader.unwrap_or(&self.writer))
    }
}

/// Waits for the connection without holding a thread, then works on a thread that may block. Work that has
/// begun is finished even when the caller is gone.
async fn run<T: Send + 'static>(
    connection: Arc<Mutex<Connection>>,
    behavior: TransactionBehavior,
    work: impl FnOnce(&Transaction<'_>) -> StorageResult<T> + Send + 'static,
) -> StorageResult<T> {
    let mut connection = connection.lock_owned().await;
    let done = crate::blocking::apart(move || {
        let transaction = connection.transaction_with_behavior(behavior)?;
        let result = work(&transaction)?;
        transaction.commit()?;
        Ok(result)
    });
    done.await
        .map_err(|error| StorageError::Failed(Box::new(error)))?
}

fn prepare(connection: &Connection) -> StorageResult<()> {
    // An assertion on what we were built with, not on anything from outside.
    assert!(
        rusqlite::version_number() >= SQLITE_VERSION_MIN,
        "this SQLite can lose committed work"
    );
    connection.busy_timeout(Duration::from_millis(BUSY_MS_MAX))?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // Else a statement that a partial index might serve is planned anew with every value.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
    Ok(())
}

impl From<rusqlite::Error> for StorageError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            _ => Self::Failed(Box::new(error)),
        }
    }
}

#[async_trait]
impl Storage for SqliteStorage {
    async fn epoch(&self) -> StorageResult<EpochId> {
        self.read(|tx| columns::epoch(tx)).await
    }

    async fn begin_epoch(&self, epoch: EpochId) -> StorageResult<()> {
        self.write(move |tx| columns::begin_epoch(tx, epoch)).await
    }

    async fn check(&self) -> StorageResult<CheckReport> {
        self.read(|tx| check::check(tx)).await
    }

    async fn apply_push(&self, push: PreparedPush, now_ms: TimestampMs) -> StorageResult<PushOutcome> {
        self.write(move |tx| push::apply_push(tx, &push, now_ms)).await
    }

    async fn held(&self, device: DeviceId) -> StorageResult<Option<HeldChain>> {
        self.read(move |tx| Ok(push::device(tx, device)?.map(|row| row.held)))
            .await
    }

    async fn parked_of(
        &self,
        device: DeviceId,
        from_seq: u64,
        limit: u32,
    ) -> StorageResult<Vec<ParkedNotice>> {
        self.read(move |tx| push::parked_of(tx, device, from_seq, limit))
            .await
    }

    async fn applied_of(&self, device: DeviceId, seqs: Vec<u64>) -> StorageResult<Vec<u64>> {
        self.read(move |tx| waiting::applied_of(tx, device, &seqs)).await
    }

    async fn records_of(&self, device: DeviceId, range: OwnRange) -> StorageResult<Vec<Uuid>> {
        self.read(move |tx| waiting::records_of(tx, device, range)).await
    }

    async fn pull(&self, request: PullRequest) -> StorageResult<Pulled> {
        self.read(move |tx| pull::pull(tx, &request)).await
    }

    async fn segment(&self, area: &AreaCode, after: u64) -> StorageResult<Option<Vec<u8>>> {
        loop {
            let place = area.clone();
            let end = match self.read(move |tx| segments::kept(tx, &place, after)).await? {
                Ok(bytes) => return Ok(Some(bytes)),
                Err(end) => end,
            };
            let place = area.clone();
            let Some(packed) = self.read(move |tx| segments::pack(tx, &place, end)).await? else {
                return Ok(None);
            };
            let place = area.clone();
            let keep = move |tx: &Transaction<'_>| {
                let is_kept = segments::keep(tx, &place, &packed)?;
                Ok((is_kept && packed.last_position > after).then_some(packed.bytes))
            };
            if let Some(bytes) = self.write(keep).await? {
                return Ok(Some(bytes));
            }
        }
    }

    async fn compact(&self, before_ms: TimestampMs) -> StorageResult<u64> {
        let mut dropped = 0;
        for area in self.read(move |tx| compact::areas(tx, before_ms)).await? {
            dropped += self
                .write(move |tx| compact::compact(tx, &area, before_ms))
                .await?;
        }
        Ok(dropped)
    }

    async fn directory(&self, worker: WorkerId, known_version: u64) -> StorageResult<Option<Directory>> {
        self.read(move |tx| areas::directory(tx, worker, known_version))
            .await
    }

    async fn parked_in(&self, areas: &[AreaCode], limit: u32) -> StorageResult<Vec<ParkedOperation>> {
        let areas = areas.to_vec();
        self.read(move |tx| push::parked_in(tx, &areas, limit)).await
    }

    async fn put_areas(&self, areas: &[Area]) -> StorageResult<AreaChanges> {
        let areas = areas.to_vec();
        self.write(move |tx| areas::put_areas(tx, &areas)).await
    }

    async fn area(&self, code: &AreaCode) -> StorageResult<Option<Area>> {
        let code = code.clone();
        self.read(move |tx| areas::area(tx, &code)).await
    }

    async fn add_account(&self, account: NewAccount, now_ms: TimestampMs) -> StorageResult<AddedAccount> {
        self.write(move |tx| accounts::add(tx, &account, now_ms)).await
    }

    async fn account(&self, username: &str) -> StorageResult<Option<Account>> {
        let username = username.to_owned();
        self.read(move |tx| accounts::find(tx, &username)).await
    }

    async fn accounts(&self) -> StorageResult<Vec<AccountSummary>> {
        self.read(|tx| accounts::list(tx)).await
    }

    async fn set_password(&self, username: &str, password: &str) -> StorageResult<bool> {
        let (username, password) = (username.to_owned(), password.to_owned());
        self.write(move |tx| accounts::set_password(tx, &username, &password))
            .await
    }

    async fn set_areas(
        &self,
        username: &str,
        areas: &[AreaCode],
        now_ms: TimestampMs,
    ) -> StorageResult<Option<Vec<AreaCode>>> {
        let (username, areas) = (username.to_owned(), areas.to_vec());
        self.write(move |tx| accounts::set_areas(tx, &username, &areas, now_ms))
            .await
    }

    async fn remove_account(&self, username: &str, now_ms: TimestampMs) -> StorageResult<bool> {
        let username = username.to_owned();
        self.write(move |tx| accounts::remove(tx, &username, now_ms))
            .await
    }

    async fn open_session(
        &self,
        session: NewSession,
        now_ms: TimestampMs,
    ) -> StorageResult<Option<OpenedSession>> {
        self.write(move |tx| sessions::open(tx, &session, now_ms)).await
    }

    async fn session(&self, token: TokenHash) -> StorageResult<Option<Session>> {
        self.read(move |tx| sessions::find(tx, token)).await
    }

    async fn is_revoked(&self, token: TokenHash) -> StorageResult<bool> {
        self.read(move |tx| sessions::is_revoked(tx, token)).await
    }

    async fn close_session(&self, token: TokenHash) -> StorageResult<bool> {
        self.write(move |tx| sessions::close(tx, token)).await
    }

    async fn devices(&self) -> StorageResult<Vec<DeviceSummary>> {
        self.read(|tx| sessions::devices(tx)).await
    }

    async fn device_name(&self, device: DeviceId) -> StorageResult<Option<String>> {
        self.read(move |tx| sessions::device_name(tx, device)).await
    }

    async fn revoke_device(&self, device: DeviceId, now_ms: TimestampMs) -> StorageResult<bool> {
        self.write(move |tx| sessions::revoke(tx, device, now_ms)).await
    }

    async fn photo_named_in(&self, hash: PhotoHash, scope: &[AreaCode]) -> StorageResult<Vec<AreaCode>> {
        let scope = scope.to_vec();
        self.read(move |tx| photos::named_in(tx, hash, &scope)).await
    }

    async fn photo_stored_in(&self, hash: PhotoHash, scope: &[AreaCode]) -> StorageResult<Option<u64>> {
        let scope = scope.to_vec();
        self.read(move |tx| photos::stored_in(tx, hash, &scope)).await
    }

    async fn note_photo(&self, photo: StoredPhoto, now_ms: TimestampMs) -> StorageResult<()> {
        self.write(move |tx| photos::note(tx, &photo, now_ms)).await
    }

    async fn photo_wanted_from(
        &self,
        hash: PhotoHash,
        worker: WorkerId,
        scope: &[AreaCode],
    ) -> StorageResult<Vec<AreaCode>> {
        let scope = scope.to_vec();
        self.read(move |tx| photos::wanted_from(tx, hash, worker, &scope))
            .await
    }

    async fn create_upload(
        &self,
        upload: NewUpload,
        open_max: u32,
        now_ms: TimestampMs,
    ) -> StorageResult<CreatedUpload> {
        self.write(move |tx| uploads::create(tx, &upload, open_max, now_ms))
            .await
    }

    async fn upload(&self, id: UploadId, device: DeviceId) -> StorageResult<Option<Upload>> {
        self.read(move |tx| uploads::find(tx, id, device)).await
    }

    async fn append_upload(
        &self,
        id: UploadId,
        device: DeviceId,
        offset: u64,
        bytes: Vec<u8>,
        expires_at: TimestampMs,
    ) -> StorageResult<AppendedUpload> {
        self.write(move |tx| uploads::append(tx, id, device, offset, &bytes, expires_at))
            .await
    }

    async fn upload_bytes(&self, id: UploadId, device: DeviceId) -> StorageResult<Option<Vec<u8>>> {
        self.read(move |tx| uploads::bytes(tx, id, device)).await
    }

    async fn finish_upload(
        &self,
        id: UploadId,
        photo: StoredPhoto,
        now_ms: TimestampMs,
    ) -> StorageResult<()> {
        self.write(move |tx| uploads::finish(tx, id, &photo, now_ms))
            .await
    }

    async fn remove_upload(&self, id: UploadId, device: DeviceId) -> StorageResult<bool> {
        self.write(move |tx| uploads::remove(tx, id, device)).await
    }

    async fn sweep_uploads(&self, now_ms: TimestampMs) -> StorageResult<u64> {
        self.write(move |tx| uploads::sweep(tx, now_ms)).await
    }

    async fn stored_photos(&self, after: Option<PhotoHash>, limit: u32) -> StorageResult<Vec<PhotoHash>> {
        self.read(move |tx| photos::stored(tx, after, limit)).await
    }

    async fn forget_photo(&self, hash: PhotoHash) -> StorageResult<()> {
        self.write(move |tx| photos::forget(tx, hash)).await
    }

    async fn receipt_seed(&self) -> StorageResult<Vec<u8>> {
        self.read(|tx| receipts::seed(tx)).await
    }

    async fn note_receipt_shown(&self, device: DeviceId, through_seq: u64) -> StorageResult<()> {
        self.write(move |tx| receipts::note_shown(tx, device, through_seq))
            .await
    }

    async fn gaps_in(&self, areas: &[AreaCode], limit: u32) -> StorageResult<Gaps> {
        let areas = areas.to_vec();
        self.read(move |tx| receipts::gaps_in(tx, &areas, limit)).await
    }

    async fn importer(&self, community: &AreaCode) -> StorageResult<Importer> {
        let community = community.clone();
        self.write(move |tx| accounts::importer(tx, &community)).await
    }

    async fn operations_of(&self, device: DeviceId, area: &AreaCode) -> StorageResult<Vec<AppliedOperation>> {
        let area = area.clone();
        self.read(move |tx| pull::operations_of(tx, device, &area)).await
    }

    async fn worker(&self, id: WorkerId) -> StorageResult<Option<Worker>> {
        self.read(move |tx| accounts::worker(tx, id)).await
    }
}

#[cfg(test)]
mod tests {
    use super::SqliteStorage;
    use crate::testing::SeededChance;

    crate::conformance_suite!(memory, || async {
        (SqliteStorage::in_memory(&SeededChance::new(1)).unwrap(), ())
    });

    crate::conformance_suite!(file, || async {
        let folder = tempfile::tempdir().unwrap();
        let storage =
            SqliteStorage::open(&folder.path().join("koumen.sqlite"), &SeededChance::new(1)).unwrap();
        (storage, folder)
    });
}
