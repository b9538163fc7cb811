//! The way to a real server: HTTP by `reqwest`, the same natively and in a browser. What an answer
//! means is read in `answer.rs`.
//!
//! | instead of an answer | there is |
//! |---|---|
//! | none, or cut before it began | [`Offline`](TransportError::Offline) |
//! | one from where a redirect led | [`Foreign`](TransportError::Foreign) |
//! | none in time | [`TooSlow`](TransportError::TooSlow) |
//! | one whose body broke off | [`BrokeOff`](TransportError::BrokeOff) |

mod events;

use std::rc::Rc;
use std::time::Duration;

use futures::future::{Either, select};
use futures::stream::{LocalBoxStream, StreamExt};
use reqwest::Client;

use self::events::Events;
use super::answer::{self, Kind};
use super::server::{self, CALL_TIMEOUT_MS};
use super::transport::{Answer, Credential, Request, Transport, TransportError};
use crate::platform::Platform;

/// A notice stream without even a keep-alive for so long is dead, ms.
pub const NOTICES_IDLE_MS: u64 = 90_000;

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

    async fn execute(
        &self,
        server: &str,
        request: Request,
        timeout: Option<Duration>,
    ) -> Result<Answer, TransportError> {
        let url = format!("{}{}", origin(server), request.path);
        let mut builder = self.client.request(request.method, url);
        // The replica keeps what is to be kept; the bearer token says who asks.
        #[cfg(target_arch = "wasm32")]
        {
            builder = builder.fetch_cache_no_store().fetch_credentials_omit();
        }
        if let Some(timeout) = timeout {
            builder = builder.timeout(timeout);
        }
        if let Some(token) = request.token {
            builder = builder.bearer_auth(token);
        }
        for (name, value) in request.headers {
            builder = builder.header(name, value);
        }
        if let Some(body) = request.body {
            builder = builder.body(body);
        }
        let (client, request) = builder.build_split();
        // A server's name that cannot be one was typed by a person: trying again does not help.
        let request = request.map_err(|_| TransportError::Refused("server.name".to_owned()))?;
        let asked = request.url().clone();
        let response = client.execute(request).await.map_err(|error| broken(&error))?;
        if *response.url() != asked {
            // A browser follows redirects by itself. Ours has none.
            return Err(TransportError::Foreign);
        }
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let chunks = response.bytes_stream();
        let body = chunks.map(|chunk| chunk.map(Vec::from).map_err(|_| TransportError::BrokeOff));
        Ok(Answer {
            status,
            headers,
            body: body.boxed_local(),
        })
    }
}

impl Transport for HttpTransport {
    async fn send(&self, server: &str, request: Request) -> Result<Answer, TransportError> {
        let timeout = Duration::from_millis(request.timeout_ms);
        self.execute(server, request, Some(timeout)).await
    }

    async fn notices(&self, credential: &Credential) -> Result<LocalBoxStream<'static, ()>, TransportError> {
        // The stream has no end, so no timeout of the whole: one until it begins, then one between any two chunks.
        let request = server::notices(credential);
        let begun = async {
            let answer = self.execute(&credential.server, request, None).await?;
            answer::accept(answer, Kind::Body(server::EVENT_STREAM), false).await
        };
        let answer = match select(Box::pin(begun), self.platform.sleep(CALL_TIMEOUT_MS)).await {
            Either::Left((answer, _)) => answer?,
            Either::Right(_) => return Err(TransportError::Offline),
        };
        Ok(notices_of(answer, Rc::clone(&self.platform)))
    }
}

/// One item per notice, until the stream ends, breaks, or is silent for [`NOTICES_IDLE_MS`].
fn notices_of(answer: Answer, platform: Rc<dyn Platform>) -> LocalBoxStream<'static, ()> {
    let state = (answer.body, Events::default(), platform);
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

/// No answer: there is no way to the server, or too slow a one.
fn broken(error: &reqwest::Error) -> TransportError {
    match error.is_timeout() {
        true => TransportError::TooSlow,
        false => TransportError::Offline,
    }
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
