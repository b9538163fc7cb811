//! What is needed of a network. Real: [`http`](super::http). In tests: whatever loses, delays and repeats.

use futures::stream::{LocalBoxStream, StreamExt};
use reqwest::Method;
use reqwest::header::{CONTENT_LENGTH, HeaderMap};

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

/// A request as it travels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What is done.
    pub method: Method,
    /// Where on the server, from `/` on, with the query.
    pub path: String,
    /// Who asks.
    pub token: Option<String>,
    /// The other headers.
    pub headers: Vec<(&'static str, String)>,
    /// What is sent.
    pub body: Option<Vec<u8>>,
    /// The longest that it may take, first byte of it to last byte of the answer, ms.
    pub timeout_ms: u64,
}

/// An answer as it travels.
pub struct Answer {
    /// How it ended.
    pub status: u16,
    /// What it says before its body.
    pub headers: HeaderMap,
    /// Its body, as it comes.
    pub body: LocalBoxStream<'static, Result<Vec<u8>, TransportError>>,
}

impl Answer {
    /// An answer whose body is here.
    pub fn whole(status: u16, headers: HeaderMap, body: Vec<u8>) -> Self {
        let body = futures::stream::iter([Ok(body)]).boxed_local();
        Self {
            status,
            headers,
            body,
        }
    }

    /// The whole body, which may be at most `bytes_max` long; never holds more than that.
    ///
    /// # Errors
    /// [`Foreign`](TransportError::Foreign) when it is longer, or what the body ended with.
    pub async fn read(mut self, bytes_max: usize) -> Result<Vec<u8>, TransportError> {
        let announced = self.headers.get(CONTENT_LENGTH);
        let announced = announced.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        let announced = announced.map_or(0, |length| usize::try_from(length).unwrap_or(usize::MAX));
        if announced > bytes_max {
            return Err(TransportError::Foreign);
        }
        let mut body = Vec::with_capacity(announced);
        while let Some(chunk) = self.body.next().await {
            let chunk = chunk?;
            if body.len() + chunk.len() > bytes_max {
                return Err(TransportError::Foreign);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

/// A way to a server, over which [`Server`](super::server::Server) asks. Futures need not be `Send`: a browser has one
/// thread.
#[expect(
    async_fn_in_trait,
    reason = "used on one thread only; `Send` would exclude the browser"
)]
pub trait Transport {
    /// Takes a request to a server, and brings its answer, whatever that says.
    async fn send(&self, server: &str, request: Request) -> Result<Answer, TransportError>;
    /// `GET /v1/notices`: one item per notice; ends when the connection does.
    async fn notices(&self, credential: &Credential) -> Result<LocalBoxStream<'static, ()>, TransportError>;
}
