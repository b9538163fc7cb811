//! What the replica does about photos beside saving them: their way to the server, and the room for them.

use shared::ids::PhotoHash;

use super::Replica;
use crate::api::{ApiError, Notice, RoomState};
use crate::platform::Room;
use crate::storage::room::{self, Budget};
use crate::storage::{StorageResult, photo_bytes, uploads};
use crate::sync::engine::{Event, Failure};
use crate::sync::transport::TransportError;
use crate::sync::upload::{self, Outcome, Step};

impl Replica {
    /// What to do next for a photo's upload, how many bytes the photo has, and those of the chunk to send.
    /// `None` when its bytes are not here.
    ///
    /// # Errors
    /// A failing database.
    pub fn next_upload_step(&self, hash: PhotoHash) -> Result<Option<(Step, u64, Vec<u8>)>, ApiError> {
        let Some(length) = photo_bytes::length(&self.connection, hash)? else {
            return Ok(None);
        };
        let known = uploads::load(&self.connection, hash)?;
        let step = upload::next_step(
            known,
            self.sure_upload == Some(hash),
            length,
            self.fit().chunk_bytes,
        );
        let chunk = match step {
            Step::Send { from, to, .. } => photo_bytes::part(&self.connection, hash, from, to)?,
            Step::Begin | Step::Ask { .. } => Vec::new(),
        };
        Ok(Some((step, length, chunk)))
    }

    /// Keeps what an answer meant, in one transaction, and says what the engine is to know of it. An error of the
    /// network is handed back: what follows from it is the driver's.
    ///
    /// # Errors
    /// A failing database; the upload is in doubt then, and the offset is asked for.
    pub fn keep_upload_answer(
        &mut self,
        hash: PhotoHash,
        outcome: Outcome,
    ) -> Result<Result<Event, TransportError>, ApiError> {
        self.sure_upload = None;
        let transaction = self.connection.transaction()?;
        let (event, sure) = match outcome {
            Outcome::Stands(standing) => {
                uploads::keep(&transaction, hash, &standing)?;
                (Ok(Event::ChunkSent), true)
            }
            Outcome::Whole => {
                photo_bytes::set_uploaded(&transaction, hash)?;
                uploads::forget(&transaction, hash)?;
                (Ok(Event::PhotoUploaded), false)
            }
            Outcome::Gone => {
                uploads::forget(&transaction, hash)?;
                // A wait before it begins again: a server that forgets everything is not hammered.
                (Ok(Event::Failed(Failure::Trouble)), false)
            }
            Outcome::Refused(code) => {
                uploads::refuse(&transaction, hash, &code)?;
                (Ok(Event::PhotoRefused(hash)), false)
            }
            Outcome::Doubt(error) => (Err(error), false),
        };
        transaction.commit()?;
        if sure {
            self.sure_upload = Some(hash);
        }
        if matches!(event, Ok(Event::PhotoUploaded | Event::PhotoRefused(_))) {
            self.notices.push(Notice::Changed);
        }
        Ok(event)
    }

    /// Takes note of how much room the platform says there is.
    pub fn set_room(&mut self, room: Option<Room>) {
        self.room = room;
    }

    /// Bounds the database to so many pages, as a full disk does.
    ///
    /// # Errors
    /// A failing database.
    pub fn limit_pages(&self, pages: u64) -> StorageResult<()> {
        Ok(self.connection.pragma_update(None, "max_page_count", pages)?)
    }

    fn budget(&self) -> StorageResult<Option<Budget>> {
        let budget = |room| Ok(Budget::new(room, room::unused_inside(&self.connection)?));
        self.room.map(budget).transpose()
    }

    /// Whether there is room for what is to come.
    pub(super) fn room_state(&self) -> Result<RoomState, ApiError> {
        Ok(match self.budget()? {
            Some(budget) if budget.missing_for_pull() > 0 => RoomState::Full,
            Some(budget) if budget.is_tight() => RoomState::Tight,
            _ => RoomState::Enough,
        })
    }

    /// Whether others' operations may be received.
    pub(crate) fn may_pull(&self) -> bool {
        !matches!(self.room_state(), Ok(RoomState::Full))
    }

    /// Lets go of photos that the server has, as far as a pull needs their room.
    ///
    /// # Errors
    /// A failing database.
    pub fn make_room_for_pull(&self) -> Result<(), ApiError> {
        if let Some(budget) = self.budget()? {
            room::evict(&self.connection, budget.missing_for_pull())?;
        }
        Ok(())
    }

    /// Makes room for an own photo; `false` when there is none to be made.
    pub(crate) fn make_room_for_own_photo(&self, size: u64) -> Result<bool, ApiError> {
        let Some(budget) = self.budget()? else {
            return Ok(true);
        };
        let missing = budget.missing_for_own_photo(size);
        Ok(room::evict(&self.connection, missing)? >= missing)
    }

    /// Keeps a photo of the server that was looked at, when that costs nobody's work its room.
    pub(crate) fn keep_fetched_photo(&self, hash: PhotoHash, bytes: &[u8]) -> Result<(), ApiError> {
        if self.sealed.is_some() {
            // The device was revoked while they were on their way.
            return Ok(());
        }
        let missing = self
            .budget()?
            .map_or(0, |budget| budget.missing_for_fetched(bytes.len() as u64));
        if room::evict(&self.connection, missing)? >= missing {
            // It can be fetched again: a disk that is full all the same is no reason not to show it.
            let _ = photo_bytes::keep_fetched(&self.connection, hash, bytes, self.now_ms());
        }
        Ok(())
    }

    /// Lets go of all photos that the server has; returns how many bytes became free.
    pub(crate) fn evict_all(&self) -> Result<u64, ApiError> {
        Ok(room::evict(&self.connection, u64::MAX)?)
    }
}
