//! What becomes of a chunk's bytes: durable piece by piece, and a photo when the last one is there.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode};
use futures::StreamExt;
use tokio::time::{Instant, timeout_at};

use super::tus::Checksum;
use super::{EXPIRED, UNKNOWN, misplaced};
use crate::photos::accept;
use crate::refused::Refused;
use crate::routes::body::{self, BODY_SECONDS_MAX};
use crate::routes::photos as photo_routes;
use crate::state::AppState;
use crate::storage::{AppendedUpload, Session, StoredPhoto, Upload, UploadId};

/// Chunks without a checksum are made durable in pieces of this size while they arrive.
const PIECE_BYTES: usize = 256 * 1024;

/// One request that works on one upload of its device.
#[derive(Clone)]
pub(super) struct Work {
    pub(super) state: AppState,
    pub(super) session: Session,
}

impl Work {
    /// The upload, if it is this device's and its term is not over.
    pub(super) async fn find(&self, id: &str) -> Result<Upload, Refused> {
        // An id that cannot be one is as unknown as another's.
        let id = uuid::Uuid::try_parse(id).map(UploadId).map_err(|_| UNKNOWN)?;
        let device = self.session.credential.device;
        let upload = self.state.storage.upload(id, device).await?.ok_or(UNKNOWN)?;
        if upload.expires_at <= self.state.clock.now_ms() {
            return Err(EXPIRED);
        }
        Ok(upload)
    }

    /// Takes a chunk at the upload's end, and finishes the upload when it was the last.
    pub(super) async fn receive(
        &self,
        upload: Upload,
        checksum: Option<Checksum>,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<Upload, Refused> {
        let room = usize::try_from(upload.length - upload.offset).map_err(|_| Refused::too_large())?;
        body::check_announced(headers, room)?;
        let received = match checksum {
            Some(checksum) => {
                let bytes = body::read(headers, body, room).await?;
                if !checksum.fits(&bytes) {
                    return Err(checksum_mismatch());
                }
                self.append(upload, bytes.to_vec()).await?
            }
            None => self.pieces(upload, room, body).await?,
        };
        self.finished(received).await
    }

    /// A chunk without a checksum: what has arrived counts, also when the rest does not.
    async fn pieces(&self, mut upload: Upload, mut room: usize, body: Body) -> Result<Upload, Refused> {
        let deadline = Instant::now() + Duration::from_secs(BODY_SECONDS_MAX);
        let mut arriving = body.into_data_stream();
        let mut piece = Vec::new();
        let broken = loop {
            match timeout_at(deadline, arriving.next()).await {
                Ok(Some(Ok(data))) if data.len() > room => return Err(Refused::too_large()),
                Ok(Some(Ok(data))) => {
                    room -= data.len();
                    piece.extend_from_slice(&data);
                }
                Ok(Some(Err(error))) => break Some(body::broken(&error)),
                Err(_) => break Some(body::slow()),
                Ok(None) => break None,
            }
            if piece.len() >= PIECE_BYTES {
                upload = self.append(upload, std::mem::take(&mut piece)).await?;
            }
        };
        upload = self.append(upload, piece).await?;
        broken.map_or(Ok(upload), Err)
    }

    async fn append(&self, upload: Upload, bytes: Vec<u8>) -> Result<Upload, Refused> {
        let expires_at = self.state.clock.now_ms() + self.state.bounds.uploads.term_ms;
        let device = self.session.credential.device;
        let appended = self
            .state
            .storage
            .append_upload(upload.id, device, upload.offset, bytes, expires_at);
        match appended.await? {
            AppendedUpload::Appended(upload) => Ok(upload),
            AppendedUpload::Misplaced { .. } => Err(misplaced()),
            AppendedUpload::Unknown => Err(UNKNOWN),
        }
    }

    /// Makes a photo of an upload that has arrived whole. Asked again it changes nothing; asked after the server
    /// was killed in between, it makes up for it.
    pub(super) async fn finished(&self, mut upload: Upload) -> Result<Upload, Refused> {
        if upload.stored || upload.offset < upload.length {
            return Ok(upload);
        }
        let Work { state, session } = self;
        let device = session.credential.device;
        let Some(bytes) = state.storage.upload_bytes(upload.id, device).await? else {
            // Another request has just finished it, or ended it.
            return state.storage.upload(upload.id, device).await?.ok_or(UNKNOWN);
        };
        let areas = state
            .storage
            .photo_wanted_from(upload.hash, session.credential.worker, &session.scope)
            .await?;
        let size_bytes = bytes.len() as u64;
        let refused = if areas.is_empty() {
            Some(photo_routes::UNKNOWN)
        } else {
            match accept(state, upload.hash, bytes.into()).await {
                Ok(()) => None,
                Err(error) => Some(Refused::from(error)),
            }
        };
        match refused {
            None => {
                let photo = StoredPhoto {
                    hash: upload.hash,
                    size_bytes,
                    areas,
                    device,
                };
                let now_ms = state.clock.now_ms();
                state.storage.finish_upload(upload.id, photo, now_ms).await?;
                upload.stored = true;
                Ok(upload)
            }
            Some(refused) => {
                // What was refused for its bytes will never be taken; what failed here is tried again.
                if refused.status().is_client_error() {
                    state.storage.remove_upload(upload.id, device).await?;
                }
                Err(refused)
            }
        }
    }
}

fn checksum_mismatch() -> Refused {
    let status = StatusCode::from_u16(460).unwrap_or(StatusCode::BAD_REQUEST);
    Refused::new(
        status,
        "upload.checksum",
        "the chunk's bytes are not those of its checksum",
    )
}
