//! The server as a device asks it: one method for each of its routes, over any [`Transport`].

use futures::stream::LocalBoxStream;
use reqwest::Method;
use serde::de::DeserializeOwned;
use shared::change::frame::MESSAGE_BYTES_MAX;
use shared::domain::photo::PHOTO_SIZE_BYTES_MAX;
use shared::ids::{AreaCode, PhotoHash};
use shared::protocol::gaps::Gaps;
use shared::protocol::v1::{self, ParkedOperation, SignInReply, SignInRequest};

use super::answer::{self, Kind};
use super::transport::{Answer, Credential, Request, Standing, Transport, TransportError};
use super::tus;

/// The longest that a sync may take, first byte to last, ms.
pub const SYNC_TIMEOUT_MS: u64 = 60_000;
/// The longest that a photo, or a chunk of one, may take, ms.
pub const PHOTO_TIMEOUT_MS: u64 = 120_000;
/// The longest that anything else may take, ms.
pub const CALL_TIMEOUT_MS: u64 = 30_000;

const JSON: &str = "application/json";
const JPEG: &str = "image/jpeg";
/// The media type of notices.
pub(super) const EVENT_STREAM: &str = "text/event-stream";

/// A server at the end of a transport.
pub struct Server<T>(pub T);

impl<T: Transport> Server<T> {
    /// `POST /v1/session`.
    ///
    /// # Errors
    /// As [`TransportError`] says; so do all of these.
    pub async fn sign_in(
        &self,
        server: &str,
        request: &SignInRequest,
    ) -> Result<SignInReply, TransportError> {
        let body =
            serde_json::to_vec(request).map_err(|_| TransportError::Refused("request.form".to_owned()))?;
        let request = Request {
            method: Method::POST,
            path: "/v1/session".to_owned(),
            token: None,
            headers: vec![("Content-Type", JSON.to_owned())],
            body: Some(body),
            timeout_ms: CALL_TIMEOUT_MS,
        };
        json(self.ask(server, request, Kind::SignIn).await?).await
    }

    /// `POST /v1/device/fork`: another identity for this device, with a session of its own.
    ///
    /// # Errors
    /// As [`TransportError`] says.
    pub async fn begin_anew(&self, credential: &Credential) -> Result<SignInReply, TransportError> {
        let request = call(credential, Method::POST, "/v1/device/fork");
        json(self.ask(&credential.server, request, Kind::Body(JSON)).await?).await
    }

    /// `DELETE /v1/session`.
    ///
    /// # Errors
    /// As [`TransportError`] says.
    pub async fn sign_out(&self, credential: &Credential) -> Result<(), TransportError> {
        let request = call(credential, Method::DELETE, "/v1/session");
        self.ask(&credential.server, request, Kind::Done).await.map(drop)
    }

    /// `POST /v1/sync`: a framed request, a framed reply.
    ///
    /// # Errors
    /// As [`TransportError`] says.
    pub async fn sync(&self, credential: &Credential, request: Vec<u8>) -> Result<Vec<u8>, TransportError> {
        let request = Request {
            headers: vec![
                ("Content-Type", v1::CONTENT_TYPE.to_owned()),
                ("Accept", v1::CONTENT_TYPE.to_owned()),
            ],
            body: Some(request),
            timeout_ms: SYNC_TIMEOUT_MS,
            ..call(credential, Method::POST, "/v1/sync")
        };
        self.framed(credential, request).await
    }

    /// `GET /v1/segments/{area}`: the framed segment behind a cursor.
    ///
    /// # Errors
    /// As [`TransportError`] says.
    pub async fn segment(
        &self,
        credential: &Credential,
        area: &AreaCode,
        after: u64,
    ) -> Result<Vec<u8>, TransportError> {
        let request = Request {
            headers: vec![("Accept", v1::CONTENT_TYPE.to_owned())],
            timeout_ms: SYNC_TIMEOUT_MS,
            ..call(
                credential,
                Method::GET,
                format!("/v1/segments/{area}?after={after}"),
            )
        };
        self.framed(credential, request).await
    }

    /// `POST /v1/uploads`: begins an upload, or finds the one that was begun before.
    ///
    /// # Errors
    /// As [`TransportError`] says.
    pub async fn begin_upload(
        &self,
        credential: &Credential,
        hash: PhotoHash,
        length: u64,
    ) -> Result<Standing, TransportError> {
        let request = Request {
            headers: tus::announcement(hash, length),
            ..call(credential, Method::POST, "/v1/uploads")
        };
        self.standing(credential, request, None).await
    }

    /// `HEAD /v1/uploads/{id}`: where an upload stands.
    ///
    /// # Errors
    /// As [`TransportError`] says.
    pub async fn ask_upload(&self, credential: &Credential, place: &str) -> Result<Standing, TransportError> {
        let request = Request {
            headers: tus::spoken(),
            ..call(credential, Method::HEAD, place)
        };
        self.standing(credential, request, Some(place)).await
    }

    /// `PATCH /v1/uploads/{id}`: sends the chunk that begins at `offset`.
    ///
    /// # Errors
    /// As [`TransportError`] says.
    pub async fn send_chunk(
        &self,
        credential: &Credential,
        place: &str,
        offset: u64,
        chunk: Vec<u8>,
    ) -> Result<Standing, TransportError> {
        let request = Request {
            headers: tus::belonging(offset, &chunk),
            body: Some(chunk),
            timeout_ms: PHOTO_TIMEOUT_MS,
            ..call(credential, Method::POST, place)
        };
        self.standing(credential, request, Some(place)).await
    }

    /// `GET /v1/photos/{hash}`.
    ///
    /// # Errors
    /// As [`TransportError`] says.
    pub async fn get_photo(
        &self,
        credential: &Credential,
        hash: PhotoHash,
    ) -> Result<Vec<u8>, TransportError> {
        let request = Request {
            headers: vec![("Accept", JPEG.to_owned())],
            timeout_ms: PHOTO_TIMEOUT_MS,
            ..call(credential, Method::GET, format!("/v1/photos/{hash}"))
        };
        let answer = self.ask(&credential.server, request, Kind::Body(JPEG)).await?;
        answer.read(PHOTO_SIZE_BYTES_MAX).await
    }

    /// `GET /v1/parked`, behind `after`; empty for the first page.
    ///
    /// # Errors
    /// As [`TransportError`] says.
    pub async fn parked(
        &self,
        credential: &Credential,
        after: &str,
    ) -> Result<Vec<ParkedOperation>, TransportError> {
        let path = match place_of(after) {
            after if after.is_empty() => "/v1/parked".to_owned(),
            after => format!("/v1/parked?after={after}"),
        };
        let request = call(credential, Method::GET, path);
        json(self.ask(&credential.server, request, Kind::Body(JSON)).await?).await
    }

    /// `POST /v1/parked/{place}`.
    ///
    /// # Errors
    /// As [`TransportError`] says.
    pub async fn take_up_parked(&self, credential: &Credential, place: &str) -> Result<(), TransportError> {
        let path = format!("/v1/parked/{}", place_of(place));
        let request = call(credential, Method::POST, path);
        self.ask(&credential.server, request, Kind::Done).await.map(drop)
    }

    /// `GET /v1/devices/gaps`.
    ///
    /// # Errors
    /// As [`TransportError`] says.
    pub async fn gaps(&self, credential: &Credential) -> Result<Gaps, TransportError> {
        let request = call(credential, Method::GET, "/v1/devices/gaps");
        json(self.ask(&credential.server, request, Kind::Body(JSON)).await?).await
    }

    /// `GET /v1/notices`: one item per notice; ends when the connection does.
    ///
    /// # Errors
    /// As [`TransportError`] says.
    pub async fn notices(
        &self,
        credential: &Credential,
    ) -> Result<LocalBoxStream<'static, ()>, TransportError> {
        self.0.notices(credential).await
    }

    /// The answer, when it is a success of the wanted kind.
    async fn ask(&self, server: &str, request: Request, wanted: Kind) -> Result<Answer, TransportError> {
        let without_body = request.method == Method::HEAD;
        let answer = self.0.send(server, request).await?;
        answer::accept(answer, wanted, without_body).await
    }

    async fn framed(&self, credential: &Credential, request: Request) -> Result<Vec<u8>, TransportError> {
        let wanted = Kind::Body(v1::CONTENT_TYPE);
        let answer = self.ask(&credential.server, request, wanted).await?;
        answer.read(MESSAGE_BYTES_MAX).await
    }

    async fn standing(
        &self,
        credential: &Credential,
        request: Request,
        place: Option<&str>,
    ) -> Result<Standing, TransportError> {
        let answer = self.ask(&credential.server, request, Kind::Headers).await?;
        tus::standing(&answer.headers, place).ok_or(TransportError::Foreign)
    }
}

/// The request for a stream of notices, which has no end.
pub(super) fn notices(credential: &Credential) -> Request {
    Request {
        headers: vec![("Accept", EVENT_STREAM.to_owned())],
        ..call(credential, Method::GET, "/v1/notices")
    }
}

/// A request without a body.
fn call(credential: &Credential, method: Method, path: impl Into<String>) -> Request {
    Request {
        method,
        path: path.into(),
        token: Some(credential.token.clone()),
        headers: Vec::new(),
        body: None,
        timeout_ms: CALL_TIMEOUT_MS,
    }
}

async fn json<R: DeserializeOwned>(answer: Answer) -> Result<R, TransportError> {
    serde_json::from_slice(&answer.read(MESSAGE_BYTES_MAX).await?).map_err(|_| TransportError::Foreign)
}

/// The place of a parked operation, for an address. Only signs that a server of ours gives out get into it.
fn place_of(place: &str) -> String {
    let is_ours = |sign: &char| sign.is_ascii_alphanumeric() || *sign == '.';
    place.chars().filter(is_ours).collect()
}
