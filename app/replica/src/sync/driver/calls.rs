//! Requests of screens that need the network.

use shared::ids::PhotoHash;
use shared::protocol::v1::SignInRequest;

use super::Driver;
use crate::api::{ApiError, ErrorCode, Gap, ParkedOfOthers, Status, api_error};
use crate::queries;
use crate::storage::photo_bytes;
use crate::sync::transport::{Credential, Transport, TransportError};

impl<T: Transport> Driver<T> {
    fn credential(&self) -> Result<Credential, ApiError> {
        let credential = self.replica.borrow().credential()?;
        credential.ok_or_else(|| api_error(ErrorCode::SignedOut, ""))
    }

    pub(crate) async fn sign_in(
        &self,
        server: &str,
        username: &str,
        password: &str,
        device_name: &str,
    ) -> Result<Status, ApiError> {
        let known = self.replica.borrow().known()?;
        if known.as_ref().is_some_and(|known| known.username != username) {
            // The replica of another worker: theirs to sign out, so that nothing of it is lost or shown.
            return Err(api_error(ErrorCode::UnsentWork, "other_worker"));
        }
        let device = known.map(|known| known.device);
        let request = SignInRequest {
            username: username.to_owned(),
            password: password.to_owned(),
            device,
            device_name: device_name.to_owned(),
        };
        let reply = self
            .server
            .sign_in(server, &request)
            .await
            .map_err(sign_in_error)?;
        let mut replica = self.replica.borrow_mut();
        replica.keep_sign_in(server.to_owned(), username.to_owned(), &reply)?;
        replica.status()
    }

    pub(crate) async fn sign_out(&self) -> Result<(), ApiError> {
        let credential = self.replica.borrow().credential()?;
        self.replica.borrow_mut().forget_everything()?;
        if let Some(credential) = credential {
            // Without a connection the server forgets the device when an administrator revokes it.
            let _ = self.server.sign_out(&credential).await;
        }
        Ok(())
    }

    pub(crate) async fn photo(&self, hash: PhotoHash) -> Result<Vec<u8>, ApiError> {
        let kept = photo_bytes::load(&self.replica.borrow().connection, hash)?;
        // What went bad here is not shown; the server's takes its place.
        if let Some(bytes) = kept.filter(|bytes| PhotoHash::of(bytes) == hash) {
            return Ok(bytes);
        }
        let credential = self.credential()?;
        let bytes = self
            .server
            .get_photo(&credential, hash)
            .await
            .map_err(photo_error)?;
        if PhotoHash::of(&bytes) != hash {
            return Err(api_error(ErrorCode::Server, "photo.altered"));
        }
        self.look_for_room().await;
        self.replica.borrow().keep_fetched_photo(hash, &bytes)?;
        Ok(bytes)
    }

    pub(crate) async fn parked(&self, after: &str) -> Result<Vec<ParkedOfOthers>, ApiError> {
        let credential = self.credential()?;
        let parked = self.server.parked(&credential, after).await.map_err(call_error)?;
        self.replica.borrow().show_parked(parked)
    }

    /// What was applied comes back with the next pull, like what anybody recorded.
    pub(crate) async fn take_up_parked(&self, place: &str) -> Result<(), ApiError> {
        let credential = self.credential()?;
        let taken = self.server.take_up_parked(&credential, place).await;
        taken.map_err(|error| match error {
            TransportError::Refused(code) => api_error(ErrorCode::Invalid, &code),
            error => call_error(error),
        })?;
        self.replica.borrow_mut().wake();
        Ok(())
    }

    pub(crate) async fn gaps(&self) -> Result<Vec<Gap>, ApiError> {
        let credential = self.credential()?;
        let gaps = self.server.gaps(&credential).await.map_err(call_error)?;
        let replica = self.replica.borrow();
        let mut known = Vec::new();
        for gap in gaps.devices {
            known.push(Gap::Device {
                id: gap.device,
                worker: queries::names::worker(&replica.connection, gap.worker)?,
                device: gap.name,
            });
        }
        for copy in gaps.copies {
            known.push(Gap::Copy {
                id: copy.device,
                worker: queries::names::worker(&replica.connection, copy.worker)?,
                device: copy.name,
            });
        }
        for gap in gaps.photos {
            known.push(Gap::Photos {
                area: queries::names::area(&replica.connection, &gap.area)?,
                lacking: gap.lacking,
            });
        }
        Ok(known)
    }
}

fn sign_in_error(error: TransportError) -> ApiError {
    match error {
        TransportError::Unauthorised => api_error(ErrorCode::WrongCredentials, ""),
        other => call_error(other),
    }
}

/// The server knows no bytes under this name, for us: whoever took the photo has not sent it yet.
fn photo_error(error: TransportError) -> ApiError {
    match error {
        TransportError::Refused(code) if code == "photo.unknown" => api_error(ErrorCode::PhotoNotHere, &code),
        other => call_error(other),
    }
}

fn call_error(error: TransportError) -> ApiError {
    match error {
        TransportError::Offline
        | TransportError::Foreign
        | TransportError::TooSlow
        | TransportError::BrokeOff => api_error(ErrorCode::Offline, ""),
        TransportError::Unauthorised | TransportError::Revoked => api_error(ErrorCode::SignedOut, ""),
        TransportError::UpdateNeeded => api_error(ErrorCode::UpdateNeeded, "protocol"),
        TransportError::TooLarge => api_error(ErrorCode::Server, "request.too_large"),
        TransportError::Trouble(status) => api_error(ErrorCode::Server, &status.to_string()),
        TransportError::Refused(code) => api_error(ErrorCode::Server, &code),
    }
}
