//! A server in memory, with time and chance set by hand, for tests here and in other crates.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! use shared::domain::worker::Role;
//! use sync_server::testing::TestServer;
//!
//! let server = TestServer::start().await;
//! server.add_area("130803001001-01", "第1网格").await;
//! server.add_worker("zhao", Role::Member, &["130803001001-01"]).await;
//! let phone = server.sign_in("zhao").await;
//! assert_eq!(phone.through_seq, 0);
//! # });
//! ```

mod phone;
#[cfg(unix)]
mod postgres;

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use bytes::Bytes;
use shared::clock::TimestampMs;
use shared::domain::area::Area;
use shared::domain::worker::Role;
use shared::ids::{AreaCode, DeviceId, WorkerId};
use shared::protocol::v1::{self, CONTENT_TYPE, Refusal, SignInReply, SignInRequest, SyncReply, SyncRequest};
use tower::ServiceExt;

use crate::chance::Chance;
use crate::clock::Clock;
use crate::passwords::Passwords;
use crate::photos::PhotoStore;
use crate::state::{AppState, Bounds, Setup, UploadLimits};
use crate::storage::{AddedAccount, NewAccount, Storage};

pub use phone::{TestPhone, a_request};
#[cfg(unix)]
pub use postgres::TestPostgres;

/// The password of every worker that [`TestServer::add_worker`] makes.
pub const TEST_PASSWORD: &str = "koumen-test";
/// When a test server's clock begins.
pub const TEST_START_MS: TimestampMs = 1_795_000_000_000;

/// A clock that stands still until it is set.
#[derive(Debug)]
pub struct FakeClock(AtomicU64);

impl FakeClock {
    /// A clock that shows `now_ms`.
    pub fn at(now_ms: TimestampMs) -> Self {
        Self(AtomicU64::new(now_ms))
    }

    /// Sets it, forwards or back.
    pub fn set(&self, now_ms: TimestampMs) {
        self.0.store(now_ms, Ordering::SeqCst);
    }

    /// Moves it on.
    pub fn advance(&self, ms: u64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for FakeClock {
    fn now_ms(&self) -> TimestampMs {
        self.0.load(Ordering::SeqCst)
    }
}

/// Chance that repeats itself: the same seed gives the same ids.
#[derive(Debug)]
pub struct SeededChance(Mutex<blake3::OutputReader>);

impl SeededChance {
    /// The sequence of `seed`.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(
            blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof(),
        ))
    }

    /// The next number, from 0 to before `end`.
    pub fn below(&self, end: u64) -> u64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        u64::from_le_bytes(bytes) % end
    }
}

impl Chance for SeededChance {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill(bytes);
    }
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Answer {
    /// The code of a refusal; empty when it is none.
    pub fn code(&self) -> String {
        serde_json::from_slice::<Refusal>(&self.body)
            .map(|refusal| refusal.code)
            .unwrap_or_default()
    }
}

pub use crate::blocking::here::work_here;

/// A server without a socket.
pub struct TestServer {
    /// Its parts.
    pub state: AppState,
    /// Its routes.
    pub router: Router,
    /// Its clock.
    pub clock: Arc<FakeClock>,
}

impl TestServer {
    /// A server in memory without areas and workers.
    pub async fn start() -> Self {
        let storage =
            Storage::in_memory(&SeededChance::new(7)).unwrap_or_else(|error| unreachable!("{error}"));
        Self::with(Arc::new(storage), PhotoStore::in_memory(), None)
    }

    /// A server over a storage and a photo store of one's own, handing out the files of `web`.
    pub fn with(storage: Arc<Storage>, photos: PhotoStore, web: Option<&Path>) -> Self {
        Self::within(storage, photos, web, Bounds::default())
    }

    /// The same with bounds of one's own for uploads.
    pub fn with_upload_limits(
        storage: Arc<Storage>,
        photos: PhotoStore,
        web: Option<&Path>,
        uploads: UploadLimits,
    ) -> Self {
        let bounds = Bounds {
            uploads,
            ..Bounds::default()
        };
        Self::within(storage, photos, web, bounds)
    }

    /// The same within bounds of one's own.
    pub fn within(storage: Arc<Storage>, photos: PhotoStore, web: Option<&Path>, bounds: Bounds) -> Self {
        let clock = Arc::new(FakeClock::at(TEST_START_MS));
        let setup = Setup {
            storage,
            photos,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            chance: Arc::new(SeededChance::new(8)),
            passwords: Passwords::cheap(),
            web: web.map(Path::to_path_buf),
            tls: None,
        };
        let state = AppState::within(setup, bounds);
        Self {
            router: crate::routes::router(state.clone()),
            state,
            clock,
        }
    }

    /// Adds an area.
    pub async fn add_area(&self, code: &str, name: &str) {
        let code = AreaCode::new(code).unwrap_or_else(|error| unreachable!("{error}"));
        let added = self
            .state
            .storage
            .put_areas(&[Area {
                code,
                name: name.to_owned(),
            }])
            .await;
        assert!(added.is_ok(), "the area is added");
    }

    /// Adds an account with the password [`TEST_PASSWORD`].
    pub async fn add_worker(&self, username: &str, role: Role, areas: &[&str]) -> WorkerId {
        let worker = WorkerId(self.state.chance.uuid());
        let password = self.state.passwords.hash(TEST_PASSWORD, &*self.state.chance);
        let account = NewAccount {
            worker,
            username: username.to_owned(),
            display: username.to_owned(),
            role,
            areas: areas
                .iter()
                .map(|code| AreaCode::new(code).unwrap_or_else(|_| unreachable!("{code}")))
                .collect(),
            password: password.unwrap_or_else(|error| unreachable!("{error}")),
        };
        let added = self.state.storage.add_account(account).await;
        assert!(
            matches!(added, Ok(AddedAccount::Added)),
            "the account is added: {added:?}"
        );
        worker
    }

    /// Signs in on a new device.
    pub async fn sign_in(&self, username: &str) -> SignInReply {
        self.sign_in_with(username, None).await
    }

    /// Signs in again on a device.
    pub async fn sign_in_on(&self, username: &str, device: DeviceId) -> SignInReply {
        self.sign_in_with(username, Some(device)).await
    }

    async fn sign_in_with(&self, username: &str, device: Option<DeviceId>) -> SignInReply {
        let request = SignInRequest {
            username: username.to_owned(),
            password: TEST_PASSWORD.to_owned(),
            device,
            device_name: "test".to_owned(),
        };
        let answer = self.json(Method::POST, "/v1/session", None, &request).await;
        serde_json::from_slice(&answer.body).unwrap_or_else(|error| unreachable!("{error}: {answer:?}"))
    }

    /// Sends a request and reads the answer to its end.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self
            .router
            .clone()
            .oneshot(request)
            .await
            .unwrap_or_else(|never| match never {});
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX)
            .await
            .unwrap_or_else(|error| unreachable!("{error}"));
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    /// Sends a request with a body of the given type.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: (&str, impl Into<Body>),
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::CONTENT_TYPE, body.0);
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = request.body(body.1.into());
        self.send(request.unwrap_or_else(|error| unreachable!("{error}")))
            .await
    }

    /// Sends JSON.
    pub async fn json(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: &(impl serde::Serialize + Sync),
    ) -> Answer {
        let body = serde_json::to_vec(body).unwrap_or_default();
        self.call(method, path, token, ("application/json", body)).await
    }

    /// Gets a path.
    pub async fn get(&self, path: &str, token: Option<&str>) -> Answer {
        self.call(Method::GET, path, token, ("text/plain", Body::empty()))
            .await
    }

    /// One round of sync.
    ///
    /// # Errors
    /// The answer when it is a refusal.
    pub async fn sync(&self, token: &str, request: &SyncRequest) -> Result<SyncReply, Answer> {
        let answer = self
            .call(
                Method::POST,
                "/v1/sync",
                Some(token),
                (CONTENT_TYPE, v1::encode(request)),
            )
            .await;
        if answer.status != StatusCode::OK {
            return Err(answer);
        }
        v1::decode(&answer.body).map_err(|_| answer)
    }
}

/// A JPEG of coloured noise, as devices prepare it.
pub fn a_jpeg(width: u32, height: u32, seed: u64) -> Vec<u8> {
    let noise = SeededChance::new(seed);
    let mut pixels = vec![0; width as usize * height as usize * 3];
    noise.fill(&mut pixels);
    let mut bytes = Vec::new();
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 20);
    let encoded =
        image::ImageEncoder::write_image(encoder, &pixels, width, height, image::ExtendedColorType::Rgb8);
    assert!(encoded.is_ok(), "noise can be encoded");
    bytes
}
