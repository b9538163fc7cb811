//! Whose replica it is: signing in, being revoked, signing out.

use shared::protocol::v1::{SealKey, SignInReply};

use super::{ANOTHER_COPY, LOST_HERE, Replica};
use crate::api::{ApiError, ErrorCode, Notice, api_error};
use crate::storage::meta::{self, Enrolment, ServerView};
use crate::storage::recorder::Author;
use crate::storage::{assigned, drafts, held_areas, operations, sealed, too_large};
use crate::sync::engine::Engine;
use crate::sync::transport::Credential;

impl Replica {
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
            assigned::begin(&transaction, &area.code)?;
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
