//! What the engine needs of a network. Real: [`http`](super::http). In tests: whatever loses, delays and repeats.

use futures::stream::LocalBoxStream;
use shared::ids::{AreaCode, PhotoHash};
use shared::protocol::gaps::Gaps;
use shared::protocol::v1::{ParkedOperation, SignInReply, SignInRequest};

/// Why a request did not do its work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// No connection, or it broke: retry by itself.
    #[error("no connection")]
    Offline,
    /// The answer is not the server's: a captive portal, a proxy. Retry by itself.
    #[error("the answer is not from a koumen server")]
    Foreign,
    /// What was sent is larger than something on the way lets through.
    #[error("the request is too large for the way")]
    TooLarge,
    /// Nothing answered in time: there is no way to the server, or the request is too much for it.
    #[error("nothing answered in time")]
    TooSlow,
    /// An answer began and broke off: less at a time may come through.
    #[error("the answer broke off")]
    BrokeOff,
    /// Wrong name or password, or a closed session.
    #[error("the credential is refused")]
    Unauthorised,
    /// An administrator revoked this device, or its worker was removed.
    #[error("this device is revoked")]
    Revoked,
    /// The server speaks another protocol version.
    #[error("the app is too old for this server")]
    UpdateNeeded,
    /// The server is busy or failed: retry by itself.
    #[error("the server has trouble ({0})")]
    Trouble(u16),
    /// The server refuses what was sent; the code says why.
    #[error("refused: {0}")]
    Refused(String),
}

/// Where and as whom to speak.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// Origin of the server; empty in a browser: where the app came from.
    pub server: String,
    /// Opaque.
    pub token: String,
}

/// Where an upload stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The upload's address on the server.
    pub place: String,
    /// So many bytes are durable there.
    pub offset: u64,
}

/// A way to the server. Futures need not be `Send`: a browser has one thread.
#[expect(
    async_fn_in_trait,
    reason = "used on one thread only; `Send` would exclude the browser"
)]
pub trait Transport {
    /// `POST /v1/session`.
    async fn sign_in(&self, server: &str, request: &SignInRequest) -> Result<SignInReply, TransportError>;
    /// `POST /v1/device/fork`: another identity for this device, with a session of its own.
    async fn begin_anew(&self, _credential: &Credential) -> Result<SignInReply, TransportError> {
        Err(TransportError::Refused("route.unknown".to_owned()))
    }
    /// `DELETE /v1/session`.
    async fn sign_out(&self, credential: &Credential) -> Result<(), TransportError>;
    /// `POST /v1/sync`: a framed request, a framed reply.
    async fn sync(&self, credential: &Credential, request: Vec<u8>) -> Result<Vec<u8>, TransportError>;
    /// `GET /v1/segments/{area}`: the framed segment behind a cursor.
    async fn segment(
        &self,
        credential: &Credential,
        area: &AreaCode,
        after: u64,
    ) -> Result<Vec<u8>, TransportError>;
    /// `POST /v1/uploads`: begins an upload, or finds the one that was begun before.
    async fn begin_upload(
        &self,
        credential: &Credential,
        hash: PhotoHash,
        length: u64,
    ) -> Result<Standing, TransportError>;
    /// `HEAD /v1/uploads/{id}`: where an upload stands.
    async fn ask_upload(&self, credential: &Credential, place: &str) -> Result<Standing, TransportError>;
    /// `PATCH /v1/uploads/{id}`: sends the chunk that begins at `offset`.
    async fn send_chunk(
        &self,
        credential: &Credential,
        place: &str,
        offset: u64,
        chunk: Vec<u8>,
    ) -> Result<Standing, TransportError>;
    /// `GET /v1/photos/{hash}`.
    async fn get_photo(&self, credential: &Credential, hash: PhotoHash) -> Result<Vec<u8>, TransportError>;
    /// `GET /v1/parked`, behind `after`; empty for the first page.
    async fn parked(
        &self,
        credential: &Credential,
        after: &str,
    ) -> Result<Vec<ParkedOperation>, TransportError>;
    /// `POST /v1/parked/{place}`.
    async fn take_up_parked(&self, _credential: &Credential, _place: &str) -> Result<(), TransportError> {
        Err(TransportError::Refused("route.unknown".to_owned()))
    }
    /// `GET /v1/devices/gaps`.
    async fn gaps(&self, _credential: &Credential) -> Result<Gaps, TransportError> {
        Err(TransportError::Refused("route.unknown".to_owned()))
    }
    /// `GET /v1/notices`: one item per notice; ends when the connection does.
    async fn notices(&self, credential: &Credential) -> Result<LocalBoxStream<'static, ()>, TransportError>;
}
