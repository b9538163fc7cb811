//! The use cases of the [storage](super) in SQL, the same for every database that speaks it.

mod accounts;
mod areas;
mod check;
mod columns;
mod compact;
pub(super) mod copy;
mod moves;
mod parked;
mod photos;
mod pull;
mod push;
mod receipts;
mod records;
mod segments;
mod sessions;
pub(in crate::storage) mod tx;
mod uploads;
mod verify;
mod waiting;

use async_trait::async_trait;
use futures::stream::BoxStream;
use push::NotTaken;
use shared::change::AppliedOperation;
use shared::change::hash::CHAIN_START;
use shared::clock::TimestampMs;
use shared::domain::area::Area;
use shared::domain::worker::{Role, Worker};
use shared::ids::{AreaCode, DeviceId, EpochId, PhotoHash, WorkerId};
use shared::protocol::gaps::Gaps;
use shared::protocol::v1::{Directory, ParkedNotice, ParkedOperation};
use shared::protocol::verify::Verified;
use tx::{Tx, values};
use waiting::NotTakenUp;

use super::{
    Account, AccountSummary, AddedAccount, AppendedUpload, AreaChanges, CheckReport, CreatedUpload,
    DeviceSummary, Importer, NewAccount, NewSession, NewUpload, ParkedPlace, PullRequest, Pulled,
    PushOutcome, Session, SessionOutcome, Storage, StorageError, StorageResult, StoredPhoto, TakenUp,
    TokenHash, Upload, UploadId, VerifyRequest,
};
use crate::apply::{HeldChain, IncomingPush};
use crate::chance::Chance;
use crate::receipt_key::SEED_BYTES;

/// A database that speaks SQL.
pub(super) trait Database: Send + Sync + 'static {
    /// Does `work` on one moment's view of the database.
    fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(Tx<'_>) -> StorageResult<T> + Send + 'static,
    ) -> impl Future<Output = StorageResult<T>> + Send;

    /// Does `work` in a transaction that writes; it is durable when this returns. No other runs at the same time.
    /// After an error nothing of it was written.
    fn write<T: Send + 'static, E: From<StorageError> + Send + 'static>(
        &self,
        work: impl FnOnce(Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> impl Future<Output = Result<T, E>> + Send;

    /// [`Storage::tell_others`].
    fn tell_others(&self, _word: &str) -> impl Future<Output = StorageResult<()>> + Send {
        async { Ok(()) }
    }

    /// [`Storage::hear_others`].
    fn hear_others(&self) -> impl Future<Output = StorageResult<Option<BoxStream<'static, String>>>> + Send {
        async { Ok(None) }
    }
}

/// The storage in a database that speaks SQL.
#[derive(Debug)]
pub struct SqlStorage<D>(pub(super) D);

/// The segment of an area that goes on behind the last kept one, and whether it was kept; `None` while there is no
/// whole one.
async fn pack_behind(
    database: &impl Database,
    area: &AreaCode,
    end: u64,
) -> StorageResult<Option<(segments::Packed, bool)>> {
    let place = area.clone();
    let packed = database.read(move |tx| segments::pack(tx, &place, end));
    let Some(packed) = packed.await? else {
        return Ok(None);
    };
    let place = area.clone();
    let keep = move |tx: Tx<'_>| {
        let is_kept = segments::keep(tx, &place, &packed)?;
        Ok::<_, StorageError>((packed, is_kept))
    };
    database.write(keep).await.map(Some)
}

/// The name under which imported registers appear in logs.
const IMPORTER_NAME: &str = "名册导入";

/// What stands in tables that were made just now.
pub(super) fn first_rows(tx: Tx<'_>, chance: &dyn Chance) -> StorageResult<()> {
    let (epoch, worker, device) = (chance.uuid(), chance.uuid(), chance.uuid());
    tx.execute(
        "INSERT INTO meta (one, epoch, import_worker, import_device) VALUES (1, ?1, ?2, ?3)",
        values![epoch.as_bytes(), worker.as_bytes(), device.as_bytes()],
    )?;
    // Without a password nobody signs in as the importer; its empty name belongs to nobody else.
    tx.execute(
        "INSERT INTO worker (id, username, name, role) VALUES (?1, '', ?2, ?3)",
        values![
            worker.as_bytes(),
            IMPORTER_NAME,
            columns::int(Role::Administrator.number())
        ],
    )?;
    tx.execute(
        "INSERT INTO device (id, worker, name, enrolled_at, chain) VALUES (?1, ?2, ?3, 0, ?4)",
        values![device.as_bytes(), worker.as_bytes(), IMPORTER_NAME, CHAIN_START.0],
    )?;
    Ok(())
}

/// The key for receipts, in a table that was made just now.
pub(super) fn first_receipt_key(tx: Tx<'_>, chance: &dyn Chance) -> StorageResult<()> {
    let mut seed = [0; SEED_BYTES];
    chance.fill(&mut seed);
    tx.execute(
        "INSERT INTO receipt_key (one, seed) VALUES (1, ?1)",
        values![seed],
    )?;
    Ok(())
}

#[async_trait]
impl<D: Database> Storage for SqlStorage<D> {
    async fn epoch(&self) -> StorageResult<EpochId> {
        self.0.read(columns::epoch).await
    }

    async fn begin_epoch(&self, epoch: EpochId) -> StorageResult<()> {
        self.0.write(move |tx| columns::begin_epoch(tx, epoch)).await
    }

    async fn check(&self) -> StorageResult<CheckReport> {
        self.0.read(check::check).await
    }

    async fn apply_push(&self, push: IncomingPush, now_ms: TimestampMs) -> StorageResult<PushOutcome> {
        match self.0.write(move |tx| push::apply_push(tx, &push, now_ms)).await {
            Ok(taken) => Ok(PushOutcome::Taken(taken)),
            Err(NotTaken::Refused(refusal)) => Ok(PushOutcome::Refused(refusal)),
            Err(NotTaken::Failed(error)) => Err(error),
        }
    }

    async fn held(&self, device: DeviceId) -> StorageResult<Option<HeldChain>> {
        self.0
            .read(move |tx| Ok(push::device(tx, device)?.map(|row| row.held)))
            .await
    }

    async fn is_device_of(&self, device: DeviceId, worker: WorkerId) -> StorageResult<bool> {
        let row = self.0.read(move |tx| push::device(tx, device)).await?;
        Ok(row.is_some_and(|row| row.worker == worker))
    }

    async fn note_answered(&self, device: DeviceId, now_ms: TimestampMs) -> StorageResult<()> {
        let Some(row) = self.0.read(move |tx| push::device(tx, device)).await? else {
            return Ok(());
        };
        match row.told.answered(now_ms) {
            None if row.is_answered => Ok(()),
            due => {
                let told = due.unwrap_or(row.told);
                self.0
                    .write(move |tx| push::note_answered(tx, device, told))
                    .await
            }
        }
    }

    async fn parked_of(
        &self,
        device: DeviceId,
        from_seq: u64,
        limit: u32,
    ) -> StorageResult<Vec<ParkedNotice>> {
        self.0
            .read(move |tx| push::parked_of(tx, device, from_seq, limit))
            .await
    }

    async fn applied_of(&self, device: DeviceId, seqs: Vec<u64>) -> StorageResult<Vec<u64>> {
        self.0
            .read(move |tx| waiting::applied_of(tx, device, &seqs))
            .await
    }

    async fn pull(&self, request: PullRequest) -> StorageResult<Pulled> {
        self.0.read(move |tx| pull::pull(tx, &request)).await
    }

    async fn verify(&self, request: VerifyRequest) -> StorageResult<Option<(Verified, Pulled)>> {
        self.0.read(move |tx| verify::verify(tx, &request)).await
    }

    async fn segment(&self, area: &AreaCode, after: u64) -> StorageResult<Option<Vec<u8>>> {
        loop {
            let place = area.clone();
            let end = match self.0.read(move |tx| segments::kept(tx, &place, after)).await? {
                Ok(bytes) => return Ok(Some(bytes)),
                Err(end) => end,
            };
            match pack_behind(&self.0, area, end).await? {
                None => return Ok(None),
                Some((packed, true)) if packed.last_position > after => return Ok(Some(packed.bytes)),
                Some(_) => {}
            }
        }
    }

    async fn prepare_segments(&self) -> StorageResult<u64> {
        let mut count = 0;
        for area in self.0.read(areas::with_workers).await? {
            loop {
                let place = area.clone();
                let end = self.0.read(move |tx| segments::end(tx, &place)).await?;
                match pack_behind(&self.0, &area, end).await? {
                    None => break,
                    Some((_, is_kept)) => count += u64::from(is_kept),
                }
            }
        }
        Ok(count)
    }

    async fn compact(&self, before_ms: TimestampMs) -> StorageResult<u64> {
        let mut dropped = 0;
        for area in self.0.read(move |tx| compact::areas(tx, before_ms)).await? {
            dropped += self
                .0
                .write(move |tx| compact::compact(tx, &area, before_ms))
                .await?;
        }
        Ok(dropped)
    }

    async fn directory(&self, worker: WorkerId, known_version: u64) -> StorageResult<Option<Directory>> {
        self.0
            .read(move |tx| areas::directory(tx, worker, known_version))
            .await
    }

    async fn parked_page(
        &self,
        areas: &[AreaCode],
        after: Option<ParkedPlace>,
        limit: u32,
        bytes_max: usize,
    ) -> StorageResult<Vec<ParkedOperation>> {
        let areas = areas.to_vec();
        self.0
            .read(move |tx| parked::page(tx, &areas, after, limit, bytes_max))
            .await
    }

    async fn take_up_parked(
        &self,
        place: ParkedPlace,
        supervisor: WorkerId,
        now_ms: TimestampMs,
    ) -> StorageResult<TakenUp> {
        let taken = self
            .0
            .write(move |tx| waiting::take_up_for(tx, place, supervisor, now_ms));
        match taken.await {
            Err(NotTakenUp::Refused(code)) => Ok(TakenUp::Refused(code)),
            Err(NotTakenUp::Failed(error)) => Err(error),
            Ok(taken) => Ok(taken),
        }
    }

    async fn put_areas(&self, areas: &[Area]) -> StorageResult<AreaChanges> {
        let areas = areas.to_vec();
        self.0.write(move |tx| areas::put_areas(tx, &areas)).await
    }

    async fn area(&self, code: &AreaCode) -> StorageResult<Option<Area>> {
        let code = code.clone();
        self.0.read(move |tx| areas::area(tx, &code)).await
    }

    async fn add_account(&self, account: NewAccount, now_ms: TimestampMs) -> StorageResult<AddedAccount> {
        self.0.write(move |tx| accounts::add(tx, &account, now_ms)).await
    }

    async fn account(&self, username: &str) -> StorageResult<Option<Account>> {
        let username = username.to_owned();
        self.0.read(move |tx| accounts::find(tx, &username)).await
    }

    async fn accounts(&self) -> StorageResult<Vec<AccountSummary>> {
        self.0.read(accounts::list).await
    }

    async fn set_password(&self, username: &str, password: &str) -> StorageResult<bool> {
        let (username, password) = (username.to_owned(), password.to_owned());
        self.0
            .write(move |tx| accounts::set_password(tx, &username, &password))
            .await
    }

    async fn set_areas(
        &self,
        username: &str,
        areas: &[AreaCode],
        now_ms: TimestampMs,
    ) -> StorageResult<Option<Vec<AreaCode>>> {
        let (username, areas) = (username.to_owned(), areas.to_vec());
        self.0
            .write(move |tx| accounts::set_areas(tx, &username, &areas, now_ms))
            .await
    }

    async fn remove_account(&self, username: &str, now_ms: TimestampMs) -> StorageResult<bool> {
        let username = username.to_owned();
        self.0
            .write(move |tx| accounts::remove(tx, &username, now_ms))
            .await
    }

    async fn open_session(&self, session: NewSession, now_ms: TimestampMs) -> StorageResult<SessionOutcome> {
        self.0.write(move |tx| sessions::open(tx, &session, now_ms)).await
    }

    async fn session(&self, token: TokenHash) -> StorageResult<Option<Session>> {
        self.0.read(move |tx| sessions::find(tx, token)).await
    }

    async fn is_revoked(&self, token: TokenHash) -> StorageResult<bool> {
        self.0.read(move |tx| sessions::is_revoked(tx, token)).await
    }

    async fn close_session(&self, token: TokenHash) -> StorageResult<bool> {
        self.0.write(move |tx| sessions::close(tx, token)).await
    }

    async fn devices(&self) -> StorageResult<Vec<DeviceSummary>> {
        self.0.read(sessions::devices).await
    }

    async fn device_name(&self, device: DeviceId) -> StorageResult<Option<String>> {
        self.0.read(move |tx| sessions::device_name(tx, device)).await
    }

    async fn revoke_device(&self, device: DeviceId, now_ms: TimestampMs) -> StorageResult<Vec<DeviceId>> {
        self.0.write(move |tx| sessions::revoke(tx, device, now_ms)).await
    }

    async fn photo_named_in(&self, hash: PhotoHash, scope: &[AreaCode]) -> StorageResult<Vec<AreaCode>> {
        let scope = scope.to_vec();
        self.0.read(move |tx| photos::named_in(tx, hash, &scope)).await
    }

    async fn photo_stored_in(&self, hash: PhotoHash, scope: &[AreaCode]) -> StorageResult<Option<u64>> {
        let scope = scope.to_vec();
        self.0.read(move |tx| photos::stored_in(tx, hash, &scope)).await
    }

    async fn note_photo(&self, photo: StoredPhoto, now_ms: TimestampMs) -> StorageResult<()> {
        self.0.write(move |tx| photos::note(tx, &photo, now_ms)).await
    }

    async fn photo_wanted_from(
        &self,
        hash: PhotoHash,
        worker: WorkerId,
        scope: &[AreaCode],
    ) -> StorageResult<Vec<AreaCode>> {
        let scope = scope.to_vec();
        self.0
            .read(move |tx| photos::wanted_from(tx, hash, worker, &scope))
            .await
    }

    async fn create_upload(
        &self,
        upload: NewUpload,
        open_max: u32,
        now_ms: TimestampMs,
    ) -> StorageResult<CreatedUpload> {
        self.0
            .write(move |tx| uploads::create(tx, &upload, open_max, now_ms))
            .await
    }

    async fn upload(&self, id: UploadId, device: DeviceId) -> StorageResult<Option<Upload>> {
        self.0.read(move |tx| uploads::find(tx, id, device)).await
    }

    async fn append_upload(
        &self,
        id: UploadId,
        device: DeviceId,
        offset: u64,
        bytes: Vec<u8>,
        expires_at: TimestampMs,
    ) -> StorageResult<AppendedUpload> {
        self.0
            .write(move |tx| uploads::append(tx, id, device, offset, &bytes, expires_at))
            .await
    }

    async fn upload_bytes(&self, id: UploadId, device: DeviceId) -> StorageResult<Option<Vec<u8>>> {
        self.0.read(move |tx| uploads::bytes(tx, id, device)).await
    }

    async fn finish_upload(
        &self,
        id: UploadId,
        photo: StoredPhoto,
        now_ms: TimestampMs,
    ) -> StorageResult<()> {
        self.0
            .write(move |tx| uploads::finish(tx, id, &photo, now_ms))
            .await
    }

    async fn remove_upload(&self, id: UploadId, device: DeviceId) -> StorageResult<bool> {
        self.0.write(move |tx| uploads::remove(tx, id, device)).await
    }

    async fn sweep_uploads(&self, now_ms: TimestampMs) -> StorageResult<u64> {
        self.0.write(move |tx| uploads::sweep(tx, now_ms)).await
    }

    async fn stored_photos(&self, after: Option<PhotoHash>, limit: u32) -> StorageResult<Vec<PhotoHash>> {
        self.0.read(move |tx| photos::stored(tx, after, limit)).await
    }

    async fn forget_photo(&self, hash: PhotoHash) -> StorageResult<()> {
        self.0.write(move |tx| photos::forget(tx, hash)).await
    }

    async fn receipt_seed(&self) -> StorageResult<Vec<u8>> {
        self.0.read(receipts::seed).await
    }

    async fn note_receipt_shown(&self, device: DeviceId, through_seq: u64) -> StorageResult<()> {
        self.0
            .write(move |tx| receipts::note_shown(tx, device, through_seq))
            .await
    }

    async fn gaps_in(&self, areas: &[AreaCode], limit: u32) -> StorageResult<Gaps> {
        let areas = areas.to_vec();
        self.0.read(move |tx| receipts::gaps_in(tx, &areas, limit)).await
    }

    async fn tell_others(&self, word: &str) -> StorageResult<()> {
        self.0.tell_others(word).await
    }

    async fn hear_others(&self) -> StorageResult<Option<BoxStream<'static, String>>> {
        self.0.hear_others().await
    }

    async fn importer(&self, community: &AreaCode) -> StorageResult<Importer> {
        let community = community.clone();
        self.0.write(move |tx| accounts::importer(tx, &community)).await
    }

    async fn operations_of(&self, device: DeviceId, area: &AreaCode) -> StorageResult<Vec<AppliedOperation>> {
        let area = area.clone();
        self.0
            .read(move |tx| pull::operations_of(tx, device, &area))
            .await
    }

    async fn worker(&self, id: WorkerId) -> StorageResult<Option<Worker>> {
        self.0.read(move |tx| accounts::worker(tx, id)).await
    }
}
