//! What the replica says to the server, and keeps of what the server says.

use shared::change::encode::encode_push;
use shared::change::hash::ChainHash;
use shared::ids::AreaCode;
use shared::protocol::set_aside::{SET_ASIDE_ASKED_MAX, as_extension};
use shared::protocol::v1::{
    self, AreaPage, PROTOCOL_VERSION, PUSH_OPERATIONS_MAX, Push, SyncReply, SyncRequest,
};

use super::{FIT, Replica, Sent};
use crate::api::{ApiError, ErrorCode, Notice, RoomState, api_error};
use crate::storage::meta::{self, ServerView};
use crate::storage::receipts::{self, KeptReceipt};
use crate::storage::replies::{self, Kept, ReplyError};
use crate::storage::verify::{self, Verifications};
use crate::storage::{StorageResult, assigned, operations, own_operations, too_large};
use crate::sync::fit::Fit;

impl Replica {
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
            cursors: assigned::cursors(&self.connection)?,
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
        own_operations::chain_at(&self.connection, seq)
    }

    /// Keeps a reply, in one transaction.
    ///
    /// # Errors
    /// [`ReplyError`]; nothing has happened then.
    pub fn keep_reply(&mut self, reply: &SyncReply) -> Result<Kept, ReplyError> {
        let now_ms = self.now_ms();
        let fit = self.fit();
        let sent = self.sent.take();
        let transaction = self.connection.transaction()?;
        let kept = replies::apply(&transaction, reply, now_ms)?;
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
        let is_own_changed = kept.receipted + kept.taken_up > 0 || !reply.parked.is_empty();
        if kept.pulled > 0 || is_own_changed || kept.scope_changed || reply.directory.is_some() {
            self.notices.push(Notice::Changed);
        }
        Ok(kept)
    }

    /// Up to where an assigned area is held; `None` when it is not assigned.
    ///
    /// # Errors
    /// A failing database.
    pub fn cursor(&self, area: &AreaCode) -> Result<Option<u64>, ApiError> {
        Ok(assigned::cursors(&self.connection)?.get(area).copied())
    }

    /// Keeps a segment of the log, in one transaction.
    ///
    /// # Errors
    /// [`ReplyError`]; nothing has happened then.
    pub fn keep_segment(&mut self, page: &AreaPage) -> Result<(), ReplyError> {
        let transaction = self.connection.transaction()?;
        let pulled = replies::segment(&transaction, page)?;
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
}
