//! What every route works with.

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;

use shared::domain::photo::PHOTO_SIZE_BYTES_MAX;
use tokio::sync::{OnceCell, Semaphore};

use crate::chance::Chance;
use crate::clock::Clock;
use crate::notices::Hub;
use crate::passwords::Passwords;
use crate::photos::PhotoStore;
use crate::receipt_key::ReceiptKey;
use crate::routes::ca::TlsNotice;
use crate::storage::{Storage, StorageError, StorageResult};
use crate::throttle::Throttle;

/// The most requests that are worked on at once; more wait.
pub const REQUESTS_AT_ONCE_MAX: usize = 256;
/// The most open notice streams.
pub const STREAMS_MAX: usize = 4_096;
/// The most photos that are decoded at once: each may need some 10 MB.
pub const PHOTOS_AT_ONCE_MAX: usize = 4;

/// What uploads are bounded by.
#[derive(Debug, Clone, Copy)]
pub struct UploadLimits {
    /// The most bytes of one photo.
    pub bytes_max: usize,
    /// How long an upload is kept after its last chunk, ms.
    pub term_ms: u64,
    /// The most open uploads of one device.
    pub open_max: u32,
}

impl Default for UploadLimits {
    fn default() -> Self {
        Self {
            bytes_max: PHOTO_SIZE_BYTES_MAX,
            // A weekend and some days without a network.
            term_ms: 7 * 24 * 3_600 * 1_000,
            open_max: 32,
        }
    }
}

/// The server's parts. Cheap to clone.
#[derive(Clone)]
pub struct AppState(Arc<Parts>);

/// What [`AppState`] holds.
pub struct Parts {
    /// Records, accounts, sessions.
    pub storage: Arc<dyn Storage>,
    /// Photo bytes.
    pub photos: PhotoStore,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Tokens and ids.
    pub chance: Arc<dyn Chance>,
    /// How passwords are hashed.
    pub passwords: Passwords,
    /// Who waits for changes.
    pub hub: Hub,
    /// Who mistyped a password too often.
    pub throttle: Throttle,
    /// The folder of the app's files, if this server hands them out.
    pub web: Option<PathBuf>,
    /// Where TLS is served, if it is.
    pub tls: Option<TlsNotice>,
    /// Signs receipts; read from the storage at the first one.
    receipt_key: OnceCell<ReceiptKey>,
    /// Bounds requests in work.
    pub turns: Semaphore,
    /// Bounds notice streams.
    pub streams: Arc<Semaphore>,
    /// Bounds photos in work.
    pub photo_work: Semaphore,
    /// Bounds uploads.
    pub uploads: UploadLimits,
}

/// What differs between a server and the next.
pub struct Setup {
    /// Records, accounts, sessions.
    pub storage: Arc<dyn Storage>,
    /// Photo bytes.
    pub photos: PhotoStore,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Tokens and ids.
    pub chance: Arc<dyn Chance>,
    /// How passwords are hashed.
    pub passwords: Passwords,
    /// The folder of the app's files, if this server hands them out.
    pub web: Option<PathBuf>,
    /// Where TLS is served, if it is.
    pub tls: Option<TlsNotice>,
}

impl AppState {
    /// Puts the parts together.
    pub fn new(setup: Setup) -> Self {
        Self::with_upload_limits(setup, UploadLimits::default())
    }

    /// Puts the parts together, with bounds of one's own for uploads.
    pub fn with_upload_limits(setup: Setup, uploads: UploadLimits) -> Self {
        let Setup {
            storage,
            photos,
            clock,
            chance,
            passwords,
            web,
            tls,
        } = setup;
        Self(Arc::new(Parts {
            storage,
            photos,
            clock,
            hub: Hub::new(chance.uuid()),
            chance,
            passwords,
            throttle: Throttle::default(),
            web,
            tls,
            receipt_key: OnceCell::new(),
            turns: Semaphore::new(REQUESTS_AT_ONCE_MAX),
            streams: Arc::new(Semaphore::new(STREAMS_MAX)),
            photo_work: Semaphore::new(PHOTOS_AT_ONCE_MAX),
            uploads,
        }))
    }
}

impl Parts {
    /// The key that signs receipts.
    ///
    /// # Errors
    /// When the storage fails or holds no such key.
    pub async fn receipt_key(&self) -> StorageResult<&ReceiptKey> {
        let read = || async {
            let seed = self.storage.receipt_seed().await?;
            ReceiptKey::of_seed(&seed).map_err(|_| StorageError::Inconsistent { table: "receipt_key" })
        };
        self.receipt_key.get_or_try_init(read).await
    }
}

impl Deref for AppState {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
