//! The way to a real server: HTTP by `reqwest`, the same natively and in a browser.
//!
//! | the answer | becomes |
//! |---|---|
//! | none, or cut before it began | [`Offline`](TransportError::Offline) |
//! | success of another kind than asked for, a redirect, too long, a refusal that is not ours | [`Foreign`](TransportError::Foreign) |
//! | 413 that is not ours | [`TooLarge`](TransportError::TooLarge) |
//! | none in time, or 408 | [`TooSlow`](TransportError::TooSlow) |
//! | one whose body broke off | [`BrokeOff`](TransportError::BrokeOff) |
//! | 401 and a [`Refusal`] | [`Unauthorised`](TransportError::Unauthorised) |
//! | 426 or a code `protocol.*`, and a [`Refusal`] | [`UpdateNeeded`](TransportError::UpdateNeeded) |
//! | 429, 5xx, but for a sign-in, which is told why | [`Trouble`](TransportError::Trouble) |
//! | any other 4xx and a [`Refusal`] | [`Refused`](TransportError::Refused) |
//!
//! What the engine gives up over (a credential, a photo, this version) rests on a [`Refusal`], so that no
//! captive portal can talk a device into it.

pub mod answer;
mod events;
pub mod tus;

use std::rc::Rc;
use std::time::Duration;

use futures::future::{Either, select};
use futures::stream::{LocalBoxStream, StreamExt};
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde::de::DeserializeOwned;
use shared::change::frame::MESSAGE_BYTES_MAX;
use shared::domain::photo::PHOTO_SIZE_BYTES_MAX;
use shared::ids::{AreaCode, PhotoHash};
use shared::protocol::gaps::Gaps;
use shared::protocol::v1::{self, ParkedOperation, Refusal, SignInReply, SignInRequest};

use self::answer::{Kind, Verdict};
use self::events::Events;
use super::transport::{Credential, Standing, Transport, TransportError};
use crate::platform::Platform;

/// The longest that a sync may take, first byte to last, ms.
pub const SYNC_TIMEOUT_MS: u64 = 60_000;
/// The longest that a photo, or a chunk of one, may take, ms.
pub const PHOTO_TIMEOUT_MS: u64 = 120_000;
/// The longest that anything else may take, ms.
pub const CALL_TIMEOUT_MS: u64 = 30_000;
/// A notice stream without even a keep-alive for so long is dead, ms.
pub const NOTICES_IDLE_MS: u64 = 90_000;
/// The longest refusal that is read, bytes.
const REFUSAL_BYTES_MAX: usize = 16 * 1024;

const JSON: &str = "application/json";
const JPEG: &str = "image/jpeg";
const EVENT_STREAM: &str = "text/event-stream";

/// HTTP to a server.
pub struct HttpTransport {
    client: Client,
    platform: Rc<dyn Platform>,
}

impl HttpTransport {
    /// A transport that trusts the certificates that this machine trusts.
    pub fn new(platform: Rc<dyn Platform>) -> Self {
        Self {
            client: client(),
            platform,
        }
    }

    /// A transport that trusts the authorities in a PEM file too: those of a server that made its own.
    ///
    /// # Errors
    /// When there is no certificate in `pem`.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn trusting(platform: Rc<dyn Platform>, pem: &[u8]) -> Result<Self, reqwest::Error> {
        install_cryptography();
        let authorities = reqwest::Certificate::from_pem_bundle(pem)?;
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .tls_certs_merge(authorities)
            .build()?;
        Ok(Self { client, platform })
    }

    fn request(&self, method: Method, server: &str, path: &str, timeout_ms: u64) -> RequestBuilder {
        let url = format!("{}{path}", origin(server));
        let request = self
            .client
            .request(method, url)
            .timeout(Duration::from_millis(timeout_ms));
        // The replica keeps what is to be kept; the bearer token says who asks.
        #[cfg(target_arch = "wasm32")]
        let request = request.fetch_cache_no_store().fetch_credentials_omit();
        request
    }

    fn json_call<T: serde::Serialize>(
        &self,
        method: Method,
        server: &str,
        path: &str,
        body: &T,
    ) -> Result<RequestBuilder, TransportError> {
        let body =
            serde_json::to_vec(body).map_err(|_| TransportError::Refused("request.form".to_owned()))?;
        Ok(self
            .request(method, server, path, CALL_TIMEOUT_MS)
            .header(CONTENT_TYPE, JSON)
            .body(body))
    }
}

impl Transport for HttpTransport {
    async fn sign_in(&self, server: &str, request: &SignInRequest) -> Result<SignInReply, TransportError> {
        let request = self.json_call(Method::POST, server, "/v1/session", request)?;
        json(send(request, Kind::SignIn).await?).await
    }

    async fn begin_anew(&self, credential: &Credential) -> Result<SignInReply, TransportError> {
        let request = self.request(
            Method::POST,
            &credential.server,
            "/v1/device/fork",
            CALL_TIMEOUT_MS,
        );
        json(send(request.bearer_auth(&credential.token), Kind::Body(JSON)).await?).await
    }

    async fn sign_out(&self, credential: &Credential) -> Result<(), TransportError> {
        let request = self.request(Method::DELETE, &credential.server, "/v1/session", CALL_TIMEOUT_MS);
        send(request.bearer_auth(&credential.token), Kind::Done)
            .await
            .map(drop)
    }

    async fn sync(&self, credential: &Credential, request: Vec<u8>) -> Result<Vec<u8>, TransportError> {
        let request = self
            .request(Method::POST, &credential.server, "/v1/sync", SYNC_TIMEOUT_MS)
            .bearer_auth(&credential.token)
            .header(CONTENT_TYPE, v1::CONTENT_TYPE)
            .header(ACCEPT, v1::CONTENT_TYPE)
            .body(request);
        read(
            send(request, Kind::Body(v1::CONTENT_TYPE)).await?,
            MESSAGE_BYTES_MAX,
        )
        .await
    }

    async fn segment(
        &self,
        credential: &Credential,
        area: &AreaCode,
        after: u64,
    ) -> Result<Vec<u8>, TransportError> {
        let path = format!("/v1/segments/{area}?after={after}");
        let request = self
            .request(Method::GET, &credential.server, &path, SYNC_TIMEOUT_MS)
            .bearer_auth(&credential.token)
            .header(ACCEPT, v1::CONTENT_TYPE);
        read(
            send(request, Kind::Body(v1::CONTENT_TYPE)).await?,
            MESSAGE_BYTES_MAX,
        )
        .await
    }

    async fn begin_upload(
        &self,
        credential: &Credential,
        hash: PhotoHash,
        length: u64,
    ) -> Result<Standing, TransportError> {
        let request = self
            .request(Method::POST, &credential.server, "/v1/uploads", CALL_TIMEOUT_MS)
            .bearer_auth(&credential.token);
        let begun = send(tus::announce(request, hash, length), Kind::Headers).await?;
        tus::standing(&begun, None)
    }

    async fn ask_upload(&self, credential: &Credential, place: &str) -> Result<Standing, TransportError> {
        let request = self
            .request(Method::HEAD, &credential.server, place, CALL_TIMEOUT_MS)
            .bearer_auth(&credential.token);
        let told = send(tus::speak(request), Kind::Headers).await?;
        tus::standing(&told, Some(place))
    }

    async fn send_chunk(
        &self,
        credential: &Credential,
        place: &str,
        offset: u64,
        chunk: Vec<u8>,
    ) -> Result<Standing, TransportError> {
        let request = self
            .request(Method::POST, &credential.server, place, PHOTO_TIMEOUT_MS)
            .bearer_auth(&credential.token);
        let taken = send(tus::chunk(request, offset, chunk), Kind::Headers).await?;
        tus::standing(&taken, Some(place))
    }

    async fn get_photo(&self, credential: &Credential, hash: PhotoHash) -> Result<Vec<u8>, TransportError> {
        let request = self
            .request(
                Method::GET,
                &credential.server,
                &format!("/v1/photos/{hash}"),
                PHOTO_TIMEOUT_MS,
            )
            .bearer_auth(&credential.token)
            .header(ACCEPT, JPEG);
        read(send(request, Kind::Body(JPEG)).await?, PHOTO_SIZE_BYTES_MAX).await
    }

    async fn parked(
        &self,
        credential: &Credential,
        after: &str,
    ) -> Result<Vec<ParkedOperation>, TransportError> {
        let place = match place_of(after) {
            after if after.is_empty() => "/v1/parked".to_owned(),
            after => format!("/v1/parked?after={after}"),
        };
        let request = self.request(Method::GET, &credential.server, &place, CALL_TIMEOUT_MS);
        json(send(request.bearer_auth(&credential.token), Kind::Body(JSON)).await?).await
    }

    async fn take_up_parked(&self, credential: &Credential, place: &str) -> Result<(), TransportError> {
        let path = format!("/v1/parked/{}", place_of(place));
        let request = self.request(Method::POST, &credential.server, &path, CALL_TIMEOUT_MS);
        send(request.bearer_auth(&credential.token), Kind::Done)
            .await
            .map(drop)
    }

    async fn gaps(&self, credential: &Credential) -> Result<Gaps, TransportError> {
        let request = self.request(
            Method::GET,
            &credential.server,
            "/v1/devices/gaps",
            CALL_TIMEOUT_MS,
        );
        json(send(request.bearer_auth(&credential.token), Kind::Body(JSON)).await?).await
    }

    async fn notices(&self, credential: &Credential) -> Result<LocalBoxStream<'static, ()>, TransportError> {
        // The stream has no end, so no timeout of the whole: one until it begins, then one between any two chunks.
        let request = self
            .client
            .get(format!("{}/v1/notices", origin(&credential.server)))
            .bearer_auth(&credential.token)
            .header(ACCEPT, EVENT_STREAM);
        #[cfg(target_arch = "wasm32")]
        let request = request.fetch_cache_no_store().fetch_credentials_omit();
        let begun = Box::pin(send(request, Kind::Body(EVENT_STREAM)));
        let response = match select(begun, self.platform.sleep(CALL_TIMEOUT_MS)).await {
            Either::Left((response, _)) => response?,
            Either::Right(_) => return Err(TransportError::Offline),
        };
        Ok(notices_of(response, Rc::clone(&self.platform)))
    }
}

/// One item per notice, until the stream ends, breaks, or is silent for [`NOTICES_IDLE_MS`].
fn notices_of(response: Response, platform: Rc<dyn Platform>) -> LocalBoxStream<'static, ()> {
    let chunks = Box::pin(response.bytes_stream());
    let state = (chunks, Events::default(), platform);
    let batches = futures::stream::unfold(state, |(mut chunks, mut events, platform)| async move {
        let silence = platform.sleep(NOTICES_IDLE_MS);
        match select(chunks.next(), silence).await {
            Either::Left((Some(Ok(chunk)), _)) => {
                let count = events.read(&chunk);
                Some((
                    futures::stream::iter(std::iter::repeat_n((), count)),
                    (chunks, events, platform),
                ))
            }
            _ => None,
        }
    });
    batches.flatten().boxed_local()
}

/// The place of a parked operation, for an address. Only signs that a server of ours gives out get into it.
fn place_of(place: &str) -> String {
    let is_ours = |sign: &char| sign.is_ascii_alphanumeric() || *sign == '.';
    place.chars().filter(is_ours).collect()
}

/// Sends, and returns the response when it is a success of the wanted kind.
async fn send(request: RequestBuilder, wanted: Kind) -> Result<Response, TransportError> {
    let (client, request) = request.build_split();
    // A server's name that cannot be one was typed by a person: trying again does not help.
    let request = request.map_err(|_| TransportError::Refused("server.name".to_owned()))?;
    let asked = request.url().clone();
    let without_body = request.method() == Method::HEAD;
    let response = client.execute(request).await.map_err(|error| broken(&error))?;
    if *response.url() != asked {
        // A browser follows redirects by itself. Ours has none.
        return Err(TransportError::Foreign);
    }
    let content_type = response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    match answer::judge(response.status().as_u16(), content_type, wanted) {
        Verdict::Good => Ok(response),
        Verdict::Bad(error) => Err(error),
        Verdict::ReadRefusal => {
            let status = response.status().as_u16();
            if without_body {
                return Err(match tus::is_spoken(response.headers()) {
                    true => answer::refused(status, tus::code_without_body(status).to_owned()),
                    false => TransportError::Foreign,
                });
            }
            let refusal = read(response, REFUSAL_BYTES_MAX).await.and_then(|body| {
                serde_json::from_slice::<Refusal>(&body).map_err(|_| TransportError::Foreign)
            });
            Err(match refusal {
                Ok(refusal) => answer::refused(status, refusal.code),
                Err(error) => answer::unread(status, error),
            })
        }
    }
}

/// No answer: there is no way to the server, or too slow a one.
fn broken(error: &reqwest::Error) -> TransportError {
    match error.is_timeout() {
        true => TransportError::TooSlow,
        false => TransportError::Offline,
    }
}

/// The whole body, which may be at most `bytes_max` long; never holds more than that.
async fn read(response: Response, bytes_max: usize) -> Result<Vec<u8>, TransportError> {
    let announced = response
        .content_length()
        .and_then(|length| usize::try_from(length).ok());
    if announced.is_some_and(|length| length > bytes_max) {
        return Err(TransportError::Foreign);
    }
    let mut body = Vec::with_capacity(announced.unwrap_or_default());
    let mut chunks = Box::pin(response.bytes_stream());
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| TransportError::BrokeOff)?;
        if body.len() + chunk.len() > bytes_max {
            return Err(TransportError::Foreign);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

async fn json<T: DeserializeOwned>(response: Response) -> Result<T, TransportError> {
    serde_json::from_slice(&read(response, MESSAGE_BYTES_MAX).await?).map_err(|_| TransportError::Foreign)
}

/// Without a slash at the end; in a browser an empty one is where the app came from.
fn origin(server: &str) -> String {
    #[cfg(target_arch = "wasm32")]
    if server.is_empty() {
        return crate::browser::own_origin();
    }
    server.trim().trim_end_matches('/').to_owned()
}

#[cfg(target_arch = "wasm32")]
fn client() -> Client {
    Client::new()
}

#[cfg(not(target_arch = "wasm32"))]
fn client() -> Client {
    install_cryptography();
    let builder = || Client::builder().redirect(reqwest::redirect::Policy::none());
    // A machine without any certificates can still speak plain HTTP.
    let client = builder()
        .build()
        .or_else(|_| builder().tls_certs_only([]).build());
    client.expect("a client without certificates needs nothing of the machine")
}

#[cfg(not(target_arch = "wasm32"))]
fn install_cryptography() {
    // Refused when the program has chosen one already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

#[cfg(test)]
mod tests;
