//! The entry point that screens call.

mod photos;

use std::cell::Cell;
use std::rc::Rc;

use rusqlite::{Connection, Transaction};
use shared::change::Change;
use shared::change::encode::encode_push;
use shared::change::hash::ChainHash;
use shared::clock::TimestampMs;
use shared::domain::schema::RecordRef;
use shared::domain::value::FieldMap;
use shared::domain::worker::Worker;
use shared::ids::{AreaCode, PhotoHash};
use shared::protocol::set_aside::{SET_ASIDE_ASKED_MAX, as_extension};
use shared::protocol::v1::{
    self, AreaPage, PROTOCOL_VERSION, PUSH_OPERATIONS_MAX, Push, SealKey, SignInReply, SyncReply, SyncRequest,
};
use shared::validation::as_kept;
use uuid::Uuid;

use crate::api::{self, ApiError, ErrorCode, Notice, RoomState, Session, Status, SyncState};
use crate::calls::Local;
use crate::platform::{Platform, Room};
use crate::storage::keep::{self, KeepError, Kept};
use crate::storage::meta::{self, Enrolment, ServerView};
use crate::storage::operations::{self, Author, SaveError};
use crate::storage::receipts::{self, KeptReceipt};
use crate::storage::sealed::{self, Sealed};
use crate::storage::verify::{self, Verifications};
use crate::storage::{
    self, Home, StorageError, StorageResult, drafts, held_areas, own, photo_bytes, too_large, uploads,
};
use crate::sync::engine::{Engine, Event, Work};
use crate::sync::fit::Fit;
use crate::sync::transport::Credential;
use crate::{commands, queries};

/// How much goes through at once, as far as it is known.
const FIT: &str = "fit";

/// What a request was made of that may turn out to be too large.
#[derive(Debug, Clone, Copy)]
struct Sent {
    bytes: usize,
    operations: usize,
}

/// The setting that says that another copy of this device was met; the person empties it by reading about it.
pub const ANOTHER_COPY: &str = "another_copy";
/// The setting that says how many own operations went bad on this device before they were sent; who reads it to the person
/// empties it.
pub const LOST_HERE: &str = "lost_here";

/// One replica: its store, its sync engine, and what it has to tell.
pub struct Replica {
    pub(crate) connection: Connection,
    platform: Rc<dyn Platform>,
    engine: Engine,
    notices: Vec<Notice>,
    shown: SyncState,
    pull_done: u64,
    pull_total: u64,
    /// An area that is read in segments.
    segment: Option<AreaCode>,
    /// What the platform last said about room.
    room: Option<Room>,
    /// The photo whose upload stands where the store says: nothing has been in doubt since the server told.
    sure_upload: Option<PhotoHash>,
    /// The next request says what the records here look like.
    verify: Cell<bool>,
    /// The last request with own operations.
    sent: Cell<Option<Sent>>,
    /// Nothing can be read or recorded until the worker signs in again.
    sealed: Option<Sealed>,
}

impl Replica {
    /// Opens a replica on a fresh connection.
    ///
    /// # Errors
    /// See [`storage::prepare`].
    pub fn open(mut connection: Connection, home: Home, platform: Rc<dyn Platform>) -> StorageResult<Self> {
        storage::prepare(&mut connection, home)?;
        let mut replica = Self {
            sealed: sealed::standing(&connection)?,
            connection,
            platform,
            engine: Engine::default(),
            notices: Vec::new(),
            shown: SyncState::default(),
            pull_done: 0,
            pull_total: 0,
            segment: None,
            room: None,
            sure_upload: None,
            verify: Cell::new(false),
            sent: Cell::new(None),
        };
        // A phone without any room opens all the same: the bin is emptied with the next form.
        let _ = replica.empty_bin();
        replica.wake();
        Ok(replica)
    }

    fn empty_bin(&mut self) -> StorageResult<()> {
        if self.is_sealed() {
            return Ok(());
        }
        let now_ms = self.now_ms();
        let transaction = self.connection.transaction()?;
        drafts::empty_bin(&transaction, now_ms)?;
        Ok(transaction.commit()?)
    }

    /// Answers a request that needs no network. The [driver](crate::sync::driver::Driver::call) answers every one.
    ///
    /// # Errors
    /// [`ApiError`] with what the person can do.
    pub fn call<A: Local>(&mut self, ask: A) -> Result<A::Reply, ApiError> {
        ask.answer_here(self)
    }

    /// Reads what is on this device.
    pub(crate) fn query<R>(&self, read: impl FnOnce(&Self) -> Result<R, ApiError>) -> Result<R, ApiError> {
        read(self)
    }

    /// Changes records: screens ask again then, and the engine looks for work.
    pub(crate) fn command<R>(
        &mut self,
        perform: impl Fn(&mut Self) -> Result<R, ApiError>,
    ) -> Result<R, ApiError> {
        let done = self.unsealed(perform)?;
        self.notices.push(Notice::Changed);
        self.wake();
        Ok(done)
    }

    /// Keeps something of a form that is open.
    pub(crate) fn form<R>(&mut self, keep: impl Fn(&mut Self) -> Result<R, ApiError>) -> Result<R, ApiError> {
        self.unsealed(keep)
    }

    /// Keeps something of this device, also while it is sealed.
    pub(crate) fn setting<R>(
        &mut self,
        keep: impl Fn(&mut Self) -> Result<R, ApiError>,
    ) -> Result<R, ApiError> {
        self.with_room(keep)
    }

    /// Keeps what a person wants kept, unless the device is sealed: then it is nobody's.
    fn unsealed<R>(&mut self, keep: impl Fn(&mut Self) -> Result<R, ApiError>) -> Result<R, ApiError> {
        if self.is_sealed() {
            return Err(api_error(ErrorCode::SignedOut, ""));
        }
        self.with_room(keep)
    }

    /// On a full device photos that the server has make place for what a person wants kept, once.
    fn with_room<R>(&mut self, keep: impl Fn(&mut Self) -> Result<R, ApiError>) -> Result<R, ApiError> {
        match keep(self) {
            Err(error) if error.code == ErrorCode::StorageFull && self.evict_all()? > 0 => keep(self),
            answer => answer,
        }
    }

    /// What happened since the last time this was asked.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        let state = self.sync_state().unwrap_or_default();
        if state != self.shown {
            self.shown = state.clone();
            self.notices.push(Notice::Sync(state));
        }
        std::mem::take(&mut self.notices)
    }

    /// Has something to tell.
    pub(crate) fn tell(&mut self, notice: Notice) {
        self.notices.push(notice);
    }

    /// Milliseconds since the Unix epoch.
    pub fn now_ms(&self) -> TimestampMs {
        self.platform.now_ms()
    }

    pub(crate) fn platform(&self) -> Rc<dyn Platform> {
        Rc::clone(&self.platform)
    }

    /// A new id, ordered by time: version 7.
    pub(crate) fn new_id(&self) -> Uuid {
        let mut random = [0; 10];
        self.platform.fill_random(&mut random);
        uuid::Builder::from_unix_timestamp_millis(self.now_ms(), &random).into_uuid()
    }

    fn chance(&self) -> u32 {
        let mut random = [0; 4];
        self.platform.fill_random(&mut random);
        u32::from_le_bytes(random)
    }

    /// Whether everything on it is encrypted until its worker signs in.
    pub(crate) fn is_sealed(&self) -> bool {
        self.sealed.is_some()
    }

    /// Whose this device is; nobody's while it is sealed.
    pub(crate) fn enrolment(&self) -> Result<Option<Enrolment>, ApiError> {
        match self.sealed {
            None => self.known(),
            Some(_) => Ok(None),
        }
    }

    /// Who looks: whose this device is.
    pub(crate) fn viewer(&self) -> Result<Option<Worker>, ApiError> {
        Ok(self.enrolment()?.map(|enrolment| enrolment.worker))
    }

    /// Whose this device is, also while it is sealed: who may sign in.
    pub(crate) fn known(&self) -> Result<Option<Enrolment>, ApiError> {
        Ok(meta::get(&self.connection, meta::ENROLMENT)?)
    }

    pub(crate) fn author(&self) -> Result<Author, ApiError> {
        let enrolment = self
            .enrolment()?
            .ok_or_else(|| api_error(ErrorCode::SignedOut, ""))?;
        Ok(Author {
            device: enrolment.device,
            worker: enrolment.worker.id,
            role: enrolment.worker.role,
            now_ms: self.now_ms(),
        })
    }

    /// Performs changes in one transaction: all of them or none.
    pub(crate) fn save(
        &mut self,
        changes: Vec<(AreaCode, RecordRef, Change)>,
        also: impl FnOnce(&Transaction<'_>) -> StorageResult<()>,
    ) -> Result<(), ApiError> {
        let author = self.author()?;
        let transaction = self.connection.transaction()?;
        operations::with_pen(&transaction, author, |pen| {
            changes.into_iter().try_for_each(|(area, record, mut change)| {
                as_kept(record.kind, &mut change);
                pen.perform(&area, record, change).map(drop)
            })
        })?;
        also(&transaction)?;
        transaction.commit()?;
        Ok(())
    }

    /// Brings records to the given values, in one transaction: for tools that bring many at once. Screens use
    /// [`call`](Self::call).
    ///
    /// # Errors
    /// A rule that one of them breaks, or a failing database; nothing has happened then.
    pub fn record_all(
        &mut self,
        records: impl IntoIterator<Item = (AreaCode, RecordRef, FieldMap)>,
    ) -> Result<(), ApiError> {
        let author = self.author()?;
        let transaction = self.connection.transaction()?;
        operations::with_pen(&transaction, author, |pen| {
            records.into_iter().try_for_each(|(area, record, mut fields)| {
                commands::edits::texts_as_kept(record.kind, &mut fields);
                pen.bring_to(&area, record, fields).map(drop)
            })
        })?;
        transaction.commit()?;
        self.notices.push(Notice::Changed);
        self.wake();
        Ok(())
    }

    /// How many own operations wait.
    ///
    /// # Errors
    /// A failing database.
    pub fn waiting_operations(&self) -> Result<u64, ApiError> {
        Ok(operations::count_waiting(&self.connection)?)
    }

    /// Whether own work that waits can be read as it was made.
    ///
    /// # Errors
    /// A failing database.
    pub(crate) fn own_work_is_whole(&self) -> StorageResult<bool> {
        own::is_whole(&self.connection)
    }

    /// The file that the replica lies in; `None` in memory.
    pub fn path(&self) -> Option<&str> {
        self.connection.path().filter(|path| !path.is_empty())
    }

    /// Who is signed in, and how the sync stands.
    pub(crate) fn status(&self) -> Result<Status, ApiError> {
        let session = match self.enrolment()? {
            Some(enrolment) => Some(Session {
                worker: enrolment.worker.id,
                name: enrolment.worker.name,
                role: enrolment.worker.role,
                areas: queries::areas::assigned(&self.connection)?,
                device: enrolment.device,
            }),
            None => None,
        };
        let sealed = match (&self.sealed, self.known()?) {
            (Some(sealed), Some(known)) => Some(api::Sealed {
                username: known.username,
                name: known.worker.name,
                operations: sealed.operations,
                photos: sealed.photos,
                drafts: sealed.drafts,
            }),
            _ => None,
        };
        Ok(Status {
            session,
            sync: self.sync_state()?,
            sealed,
        })
    }

    fn sync_state(&self) -> Result<SyncState, ApiError> {
        let view: ServerView = meta::get(&self.connection, meta::SERVER_VIEW)?.unwrap_or_default();
        let refused = uploads::count_refused(&self.connection)?;
        Ok(SyncState {
            phase: self.engine.phase(),
            waiting_operations: operations::count_waiting(&self.connection)?,
            waiting_photos: photo_bytes::count_waiting(&self.connection)?,
            attention: operations::count_set_aside(&self.connection)? + refused,
            pull_done: self.pull_done,
            pull_total: self.pull_total,
            last_success_at: view.last_success_at,
            clock_ahead_ms: view.clock_ahead_ms,
            room: self.room_state()?,
        })
    }

    /// Wakes the engine.
    pub fn wake(&mut self) {
        self.engine_event(Event::Woken);
    }

    /// Tells the engine what happened.
    pub fn engine_event(&mut self, event: Event) {
        let (now_ms, chance) = (self.now_ms(), self.chance());
        self.engine.on(event, now_ms, chance);
    }

    /// What the engine wants done now.
    ///
    /// # Errors
    /// A failing database.
    pub fn decide(&mut self) -> Result<crate::sync::engine::Action, ApiError> {
        let (work, now_ms) = (self.work()?, self.now_ms());
        Ok(self.engine.decide(&work, now_ms))
    }

    /// Whether there is nothing to do now: for those who only watch.
    ///
    /// # Errors
    /// A failing database.
    pub fn is_settled(&self) -> Result<bool, ApiError> {
        let action = self.engine.clone().decide(&self.work()?, self.now_ms());
        Ok(matches!(action, crate::sync::engine::Action::Wait(_)))
    }

    fn work(&self) -> Result<Work, ApiError> {
        let enrolment = self.enrolment()?;
        Ok(Work {
            enrolled: enrolment.is_some() || self.is_sealed(),
            signed_in: enrolment.is_some_and(|enrolment| !enrolment.token.is_empty()),
            operations: operations::count_waiting(&self.connection)? > 0,
            segment: match self.room_state()? {
                RoomState::Full => None,
                _ if !self.fit().takes_segments() => None,
                RoomState::Enough | RoomState::Tight => self.segment.clone(),
            },
            photo: photo_bytes::next_waiting(&self.connection, self.engine.refused_photos())?,
        })
    }

    /// Where and as whom to speak; `None` when nobody is signed in.
    ///
    /// # Errors
    /// A failing database.
    pub fn credential(&self) -> Result<Option<Credential>, ApiError> {
        let enrolment = self.enrolment()?.filter(|enrolment| !enrolment.token.is_empty());
        Ok(enrolment.map(|enrolment| Credential {
            server: enrolment.server,
            token: enrolment.token,
        }))
    }

    /// How much goes through at once; the usual where nothing else is known.
    pub(crate) fn fit(&self) -> Fit {
        let known: Option<Fit> = meta::get(&self.connection, FIT).unwrap_or_default();
        known.unwrap_or_default().remembered(self.now_ms())
    }

    fn keep_fit(&mut self, fit: Fit) -> StorageResult<()> {
        let transaction = self.connection.transaction()?;
        meta::set(&transaction, FIT, &fit)?;
        Ok(transaction.commit()?)
    }

    /// The last request was larger than something on the way lets through: the next one is smaller. An operation that
    /// is too large alone is set aside, so that the rest goes.
    ///
    /// # Errors
    /// [`ErrorCode::Server`] when nothing smaller can be sent, or a failing database.
    pub fn send_less(&mut self) -> Result<(), ApiError> {
        let now_ms = self.now_ms();
        match self.sent.take() {
            Some(Sent { bytes, operations }) if operations > 1 => {
                self.keep_fit(self.fit().after_request_of(bytes, now_ms))?;
            }
            Some(_) => {
                let transaction = self.connection.transaction()?;
                if !too_large::set_first_aside(&transaction)? {
                    return Err(api_error(ErrorCode::Server, "request.too_large"));
                }
                transaction.commit()?;
                self.notices.push(Notice::Changed);
            }
            None => {}
        }
        Ok(())
    }

    /// Nothing answered in time. A large request may have been too slow for the way: less goes the next time. Where there
    /// is no way at all a small one is as lost, and says nothing.
    ///
    /// # Errors
    /// A failing database.
    pub fn send_less_after_silence(&mut self) -> Result<(), ApiError> {
        let sent = self.sent.take().filter(|sent| sent.operations > 1);
        let fit = sent.and_then(|sent| self.fit().after_silence(sent.bytes, self.now_ms()));
        Ok(fit.map_or(Ok(()), |fit| self.keep_fit(fit))?)
    }

    /// A reply began and did not come through: less is asked for the next time.
    ///
    /// # Errors
    /// A failing database.
    pub fn ask_for_less(&mut self) -> Result<(), ApiError> {
        self.sent.set(None);
        let fit = self.fit().after_lost_reply(self.now_ms());
        Ok(fit.map_or(Ok(()), |fit| self.keep_fit(fit))?)
    }

    /// A chunk of a photo was larger than something on the way lets through. `false` when no smaller one is tried.
    ///
    /// # Errors
    /// A failing database.
    pub fn send_smaller_chunks(&mut self) -> Result<bool, ApiError> {
        let smaller = self.fit().after_lost_chunk(self.now_ms());
        if let Some(smaller) = smaller {
            self.keep_fit(smaller)?;
        }
        Ok(smaller.is_some())
    }

    /// The next request: what waits (unless only a receipt is wanted), and where to go on reading.
    ///
    /// # Errors
    /// A failing database.
    pub fn sync_request(&self, with_push: bool) -> Result<Vec<u8>, ApiError> {
        let bytes_max = self.fit().request_bytes;
        let mut count_max = if with_push { PUSH_OPERATIONS_MAX } else { 0 };
        loop {
            let (request, count) = self.sync_request_of(with_push, count_max, bytes_max)?;
            // What operations weigh is only about what they take in a request.
            if count > 1 && request.len() > bytes_max {
                count_max = count / 2;
                continue;
            }
            self.sent.set((count > 0).then_some(Sent {
                bytes: request.len(),
                operations: count,
            }));
            return Ok(request);
        }
    }

    /// A request with at most so many operations of about so many bytes, and how many it has.
    fn sync_request_of(
        &self,
        with_push: bool,
        count_max: usize,
        bytes_max: usize,
    ) -> Result<(Vec<u8>, usize), ApiError> {
        let view: ServerView = meta::get(&self.connection, meta::SERVER_VIEW)?.unwrap_or_default();
        let waiting = match count_max {
            0 => None,
            _ => operations::waiting(&self.connection, count_max, bytes_max)?,
        };
        let count = waiting.as_ref().map_or(0, |(_, operations, _)| operations.len());
        let set_aside = operations::set_aside(&self.connection, SET_ASIDE_ASKED_MAX)?;
        let room = self.room_state()?;
        // Only in a request that brings nothing: what waits would differ.
        let is_wanted = self.verify.take() && with_push;
        let verification = match is_wanted && waiting.is_none() && room != RoomState::Full {
            true => verify::say(&self.connection)?,
            false => None,
        };
        let push = waiting.map(|(chain_before, operations, chain_after)| Push {
            first_seq: operations.first().map_or(1, |operation| operation.seq),
            chain_before,
            chain_after,
            page: encode_push(&operations),
        });
        let request = v1::encode(&SyncRequest {
            protocol: PROTOCOL_VERSION,
            epoch: view.epoch,
            push,
            cursors: keep::assigned(&self.connection)?,
            directory_version: view.directory_version,
            // No more than a segment: a screen that asks meanwhile waits for what is kept at once. What is left of the
            // room is kept for own work: push and receipt, nothing else.
            operations_max: match room {
                RoomState::Full => 0,
                RoomState::Enough | RoomState::Tight => self.fit().pull_operations,
            },
            extensions: receipts::of_earlier_life(&self.connection, view.epoch)?
                .map(|signed| signed.for_request())
                .into_iter()
                .chain(as_extension(&set_aside))
                .chain(verification.map(|verification| verification.as_extension()))
                .collect(),
        });
        Ok((request, count))
    }

    /// The last signed receipt.
    ///
    /// # Errors
    /// A failing database.
    pub fn signed_receipt(&self) -> StorageResult<Option<KeptReceipt>> {
        receipts::last(&self.connection)
    }

    /// What became of the verifications on this device.
    ///
    /// # Errors
    /// A failing database.
    pub fn verifications(&self) -> StorageResult<Verifications> {
        verify::known(&self.connection)
    }

    /// Verifies as soon as everything is sent and read.
    ///
    /// # Errors
    /// A failing database.
    pub fn verify_soon(&mut self) -> StorageResult<()> {
        let transaction = self.connection.transaction()?;
        verify::want(&transaction)?;
        transaction.commit()?;
        self.wake();
        Ok(())
    }

    /// The chain at an own operation; `None` when it is not kept any more.
    ///
    /// # Errors
    /// A failing database.
    pub fn chain_at(&self, seq: u64) -> StorageResult<Option<ChainHash>> {
        own::chain_at(&self.connection, seq)
    }

    /// Keeps a reply, in one transaction.
    ///
    /// # Errors
    /// [`KeepError`]; nothing has happened then.
    pub fn keep_reply(&mut self, reply: &SyncReply) -> Result<Kept, KeepError> {
        let now_ms = self.now_ms();
        let fit = self.fit();
        let sent = self.sent.take();
        let transaction = self.connection.transaction()?;
        let kept = keep::reply(&transaction, reply, now_ms)?;
        if let Some(fit) = fit.after_answer_to(sent.map_or(0, |sent| sent.bytes)) {
            meta::set(&transaction, FIT, &fit)?;
        }
        transaction.commit()?;
        if kept.remaining > 0 || self.pull_total > 0 {
            self.pull_done += kept.pulled;
            self.pull_total = self.pull_done + kept.remaining;
        }
        if kept.remaining == 0 {
            (self.pull_done, self.pull_total) = (0, 0);
        }
        self.segment.clone_from(&kept.segment);
        self.verify.set(kept.verify);
        if kept.scope_changed {
            self.notices.push(Notice::Session);
        }
        if kept.pulled > 0 || kept.receipted > 0 || !reply.parked.is_empty() || reply.directory.is_some() {
            self.notices.push(Notice::Changed);
        }
        Ok(kept)
    }

    /// Up to where an assigned area is held; `None` when it is not assigned.
    ///
    /// # Errors
    /// A failing database.
    pub fn cursor(&self, area: &AreaCode) -> Result<Option<u64>, ApiError> {
        Ok(keep::assigned(&self.connection)?.get(area).copied())
    }

    /// Keeps a segment of the log, in one transaction.
    ///
    /// # Errors
    /// [`KeepError`]; nothing has happened then.
    pub fn keep_segment(&mut self, page: &AreaPage) -> Result<(), KeepError> {
        let transaction = self.connection.transaction()?;
        let pulled = keep::segment(&transaction, page)?;
        transaction.commit()?;
        // Own operations are in it too, which were not counted as behind.
        self.pull_done += pulled;
        self.pull_total = self.pull_total.max(self.pull_done);
        self.notices.push(Notice::Changed);
        Ok(())
    }

    /// No segment goes on: an ordinary sync does.
    pub fn end_segments(&mut self) {
        self.segment = None;
    }

    /// Keeps an enrolment. A device that signs in again goes on with its chain, also one that was revoked. One that
    /// gets another identity sends its unsent work under it. Another worker's replica must have been signed out before.
    /// What was sealed comes back as it was.
    ///
    /// # Errors
    /// A failing database, or `sealed.other_key`: it was sealed for another server. Nothing has happened then.
    pub fn keep_sign_in(
        &mut self,
        server: String,
        username: String,
        reply: &SignInReply,
    ) -> Result<(), ApiError> {
        let enrolment = Enrolment {
            server,
            token: reply.token.clone(),
            device: reply.device,
            worker: reply.worker.clone(),
            username,
        };
        let now_ms = self.now_ms();
        let transaction = self.connection.transaction()?;
        if self.sealed.is_some() {
            let opened = match &reply.seal_key {
                Some(key) => sealed::unseal(&transaction, key)?,
                None => false,
            };
            if !opened {
                return Err(api_error(ErrorCode::Server, "sealed.other_key"));
            }
        }
        let known: Option<Enrolment> = meta::get(&transaction, meta::ENROLMENT)?;
        meta::set(&transaction, meta::ENROLMENT, &enrolment)?;
        if known.is_none_or(|known| known.device != reply.device) {
            let author = Author {
                device: reply.device,
                worker: reply.worker.id,
                role: reply.worker.role,
                now_ms,
            };
            let view: ServerView = meta::get(&transaction, meta::SERVER_VIEW)?.unwrap_or_default();
            let is_restored = view.epoch.is_some_and(|epoch| epoch != reply.epoch);
            let (through, chain) = (reply.through_seq, reply.chain);
            let lost = operations::start_anew(&transaction, author, through, chain, is_restored)?;
            if lost > 0 {
                meta::set_setting(&transaction, LOST_HERE, &lost.to_string())?;
            }
        }
        sealed::keep_key(&transaction, reply.seal_key)?;
        for area in &reply.areas {
            transaction.execute(
                "INSERT OR REPLACE INTO area (code, name) VALUES (?1, ?2)",
                [area.code.as_str(), &area.name],
            )?;
            keep::assign(&transaction, &area.code)?;
            held_areas::begin(&transaction, &area.code, now_ms)?;
        }
        transaction.commit()?;
        self.notices.push(Notice::Session);
        if self.sealed.take().is_some() {
            self.notices.push(Notice::Changed);
        }
        self.wake();
        Ok(())
    }

    /// Keeps another identity that the server gave to this device, and notes for the person that there is a copy.
    ///
    /// # Errors
    /// A failing database, or nobody is signed in.
    pub fn keep_anew(&mut self, reply: &SignInReply, is_copied: bool) -> Result<(), ApiError> {
        let known = self
            .enrolment()?
            .ok_or_else(|| api_error(ErrorCode::SignedOut, ""))?;
        self.keep_sign_in(known.server, known.username, reply)?;
        if is_copied {
            meta::set_setting(&self.connection, ANOTHER_COPY, "1")?;
        }
        self.notices.push(Notice::Changed);
        Ok(())
    }

    /// The device was revoked: everything is sealed until its worker signs in again. One that has no key yet, because it
    /// signed in at a server of before, keeps everything as it is.
    ///
    /// # Errors
    /// [`ErrorCode::StorageFull`] or a failing database; nothing has happened then.
    pub fn seal(&mut self) -> Result<(), ApiError> {
        let Some(key) = sealed::key(&self.connection)? else {
            return self.drop_credential();
        };
        match self.seal_under(&key) {
            Err(error) if error.code == ErrorCode::StorageFull && self.evict_all()? > 0 => {
                self.seal_under(&key)
            }
            done => done,
        }
    }

    fn seal_under(&mut self, key: &SealKey) -> Result<(), ApiError> {
        let mut nonce = [0; 16];
        self.platform.fill_random(&mut nonce);
        let transaction = self.connection.transaction()?;
        let sealed = sealed::seal(&transaction, key, nonce)?;
        transaction.commit()?;
        self.begin_empty();
        self.sealed = Some(sealed);
        Ok(())
    }

    /// The session was closed: the work stays, the worker signs in again.
    ///
    /// # Errors
    /// A failing database.
    pub fn drop_credential(&mut self) -> Result<(), ApiError> {
        let transaction = self.connection.transaction()?;
        if let Some(mut enrolment) = meta::get::<Enrolment>(&transaction, meta::ENROLMENT)? {
            enrolment.token.clear();
            meta::set(&transaction, meta::ENROLMENT, &enrolment)?;
        }
        transaction.commit()?;
        self.notices.push(Notice::Session);
        Ok(())
    }

    /// Removes everything of the worker from this device.
    ///
    /// # Errors
    /// [`ErrorCode::UnsentWork`] while work waits or is set aside here alone, or a form is half-filled.
    pub fn forget_everything(&mut self) -> Result<(), ApiError> {
        let state = self.sync_state()?;
        if state.waiting_operations + state.waiting_photos > 0 || self.sealed.is_some() {
            return Err(api_error(ErrorCode::UnsentWork, ""));
        }
        if too_large::is_any_kept(&self.connection)? {
            return Err(api_error(ErrorCode::UnsentWork, too_large::CODE));
        }
        if drafts::count_open(&self.connection)? > 0 {
            return Err(api_error(ErrorCode::UnsentWork, "drafts.open"));
        }
        let transaction = self.connection.transaction()?;
        sealed::wipe(&transaction)?;
        transaction.commit()?;
        self.begin_empty();
        Ok(())
    }

    /// Nothing is here any more, also not in the log beside a file.
    fn begin_empty(&mut self) {
        // A reader can hold this up; the next opening makes up for it.
        #[cfg(not(target_arch = "wasm32"))]
        let _ = self.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
        self.engine = Engine::default();
        self.segment = None;
        self.verify.set(false);
        self.sure_upload = None;
        self.notices.push(Notice::Session);
        self.notices.push(Notice::Changed);
    }
}

/// An error of a kind.
pub fn api_error(code: ErrorCode, detail: &str) -> ApiError {
    ApiError {
        code,
        detail: detail.to_owned(),
        field: None,
    }
}

impl From<StorageError> for ApiError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Full => api_error(ErrorCode::StorageFull, ""),
            StorageError::NewerSchema { .. } => api_error(ErrorCode::UpdateNeeded, "schema"),
            other => api_error(ErrorCode::Internal, &other.to_string()),
        }
    }
}

impl From<rusqlite::Error> for ApiError {
    fn from(error: rusqlite::Error) -> Self {
        StorageError::from(error).into()
    }
}

impl From<SaveError> for ApiError {
    fn from(error: SaveError) -> Self {
        match error {
            SaveError::Rejected(rejection) => Self {
                field: rejection.field,
                ..api_error(ErrorCode::Invalid, rejection.code)
            },
            SaveError::Storage(error) => error.into(),
        }
    }
}
