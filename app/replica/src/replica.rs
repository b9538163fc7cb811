//! The entry point that screens call.

mod messages;
mod photos;
mod session;

use std::cell::Cell;
use std::rc::Rc;

use rusqlite::{Connection, Transaction};
use shared::change::Change;
use shared::clock::TimestampMs;
use shared::domain::schema::RecordRef;
use shared::domain::worker::Worker;
use shared::ids::{AreaCode, PhotoHash};
use shared::validation::as_kept;
use uuid::Uuid;

use crate::api::{self, ApiError, ErrorCode, Notice, RoomState, Session, Status, SyncState, api_error};
use crate::platform::{Platform, Room};
use crate::storage::meta::{self, Enrolment, ServerView};
use crate::storage::recorder::{self, Author, SaveError};
use crate::storage::sealed::{self, Sealed};
use crate::storage::{
    self, Home, StorageError, StorageResult, assigned, drafts, operations, own_operations, photo_bytes,
    uploads,
};
use crate::sync::engine::{Engine, Event, Work};

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
        recorder::record(&transaction, author, |recorder| {
            changes.into_iter().try_for_each(|(area, record, mut change)| {
                as_kept(record.kind, &mut change);
                recorder.perform(&area, record, change).map(drop)
            })
        })?;
        also(&transaction)?;
        transaction.commit()?;
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
        own_operations::is_whole(&self.connection)
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
                areas: assigned::areas(&self.connection)?,
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
