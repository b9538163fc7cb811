//! What every route works with.

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use shared::domain::photo::PHOTO_SIZE_BYTES_MAX;
use tokio::sync::{OnceCell, Semaphore};

use crate::callers::Proxies;
use crate::chance::Chance;
use crate::clock::Clock;
use crate::notices::{DeviceStreams, Hub};
use crate::origins::Origin;
use crate::passwords::Passwords;
use crate::photos::PhotoStore;
use crate::places::Places;
use crate::receipt_key::ReceiptKey;
use crate::refused::Refused;
use crate::reserve::Reserve;
use crate::routes::ca::TlsNotice;
use crate::storage::{Storage, StorageError, StorageResult};
use crate::throttle::Throttle;

/// The most requests that are worked on at once; more wait.
pub const REQUESTS_AT_ONCE_MAX: usize = 256;
/// The most open notice streams.
pub const STREAMS_MAX: usize = 4_096;
/// The most connections.
const CONNECTIONS_MAX: usize = 16_384;
/// The most connections of one address: a community behind one.
const CONNECTIONS_OF_CALLER_MAX: usize = 1_024;
/// The most requests without an account whose body is on its way.
const BODIES_MAX: usize = 512;
/// The same, of one address.
const BODIES_OF_CALLER_MAX: usize = 128;
/// The most files of the app that are being sent: each is open, with a piece of it in memory.
const FILES_MAX: usize = 1_024;
/// The same, to one address: some thirty browsers that open the app at the same moment.
const FILES_OF_CALLER_MAX: usize = 256;
/// Open files that are no connections: the database, photos, listeners, the log.
const FILES_FOR_WORK: usize = 160;
/// The most open notice streams of one device: a second tab, and one that the network has not given up yet. A further one
/// ends the oldest.
pub const STREAMS_PER_DEVICE_MAX: usize = 3;
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

/// What everybody together, and a stranger, may take at most.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// What uploads are bounded by.
    pub uploads: UploadLimits,
    /// The origins whose pages may ask for changes; none: that of the host that a request is for.
    pub origins: Vec<Origin>,
    /// The proxies that are believed.
    pub proxies: Proxies,
    /// The most requests that are worked on at once.
    pub requests: usize,
    /// The most open notice streams.
    pub streams: usize,
    /// The most connections.
    pub connections: usize,
    /// The most connections of one address.
    pub connections_of_caller: usize,
    /// The most requests without an account whose body is on its way.
    pub bodies: usize,
    /// The same, of one address.
    pub bodies_of_caller: usize,
    /// The most files of the app that are being sent.
    pub files: usize,
    /// The same, to one address.
    pub files_of_caller: usize,
    /// How long a new connection may say nothing.
    pub first_byte: Duration,
    /// How long a connection may want nothing.
    pub idle: Duration,
    /// How long the other side may take nothing of what is sent.
    pub stuck: Duration,
    /// How long a JSON body may take.
    pub json: Duration,
    /// In each such time 16 KiB of a body have to come, or its end.
    pub pace: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self::within(usize::MAX)
    }
}

impl Bounds {
    /// The usual ones, where so many files may be open at once.
    pub fn within(files: usize) -> Self {
        let free = files.saturating_sub(FILES_FOR_WORK).max(64);
        Self {
            uploads: UploadLimits::default(),
            origins: Vec::new(),
            proxies: Proxies::default(),
            requests: (free / 4).min(REQUESTS_AT_ONCE_MAX),
            streams: (free / 2).min(STREAMS_MAX),
            connections: free.min(CONNECTIONS_MAX),
            connections_of_caller: (free / 2).min(CONNECTIONS_OF_CALLER_MAX),
            bodies: BODIES_MAX,
            bodies_of_caller: BODIES_OF_CALLER_MAX,
            files: (free / 4).min(FILES_MAX),
            files_of_caller: (free / 8).min(FILES_OF_CALLER_MAX),
            first_byte: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            stuck: Duration::from_secs(30),
            json: Duration::from_secs(10),
            pace: Duration::from_secs(20),
        }
    }
}

/// The server's parts. Cheap to clone.
#[derive(Clone)]
pub struct AppState(Arc<Parts>);

/// What [`AppState`] holds.
pub struct Parts {
    /// Records, accounts, sessions.
    pub storage: Arc<Storage>,
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
    /// Room on the disk for when it is full.
    pub reserve: Reserve,
    /// Bounds requests in work.
    pub turns: Arc<Semaphore>,
    /// Bounds notice streams.
    pub streams: Arc<Semaphore>,
    /// Bounds notice streams of one device.
    pub device_streams: Arc<DeviceStreams>,
    /// Bounds photos in work.
    pub photo_work: Semaphore,
    /// Everything else that is bounded.
    pub bounds: Bounds,
    /// Who is connected.
    pub connections: Arc<Places>,
    /// Requests without an account whose body is on its way.
    pub bodies: Arc<Places>,
    /// Files of the app that are being sent.
    pub sending: Arc<Places>,
}

/// What differs between a server and the next.
pub struct Setup {
    /// Records, accounts, sessions.
    pub storage: Arc<Storage>,
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
        Self::within(setup, Bounds::default())
    }

    /// Puts the parts together, with bounds of one's own.
    pub fn within(setup: Setup, bounds: Bounds) -> Self {
        Self::with_reserve(setup, bounds, Reserve::default())
    }

    /// Puts the parts together, over a disk of which some room is held back.
    pub fn with_reserve(setup: Setup, bounds: Bounds, reserve: Reserve) -> Self {
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
            reserve,
            turns: Arc::new(Semaphore::new(bounds.requests)),
            streams: Arc::new(Semaphore::new(bounds.streams)),
            device_streams: Arc::default(),
            photo_work: Semaphore::new(PHOTOS_AT_ONCE_MAX),
            connections: Places::new("connections", bounds.connections, bounds.connections_of_caller),
            bodies: Places::new("requests on their way", bounds.bodies, bounds.bodies_of_caller),
            sending: Places::new("files on their way", bounds.files, bounds.files_of_caller),
            bounds,
        }))
    }
}

impl Parts {
    /// Checks that there is room for what phones send: the last of it is for starting and signing in.
    ///
    /// # Errors
    /// 507 when there is none.
    pub fn check_room(&self) -> Result<(), Refused> {
        match self.reserve.has_room() {
            true => Ok(()),
            false => Err(Refused::no_room()),
        }
    }

    /// Does what takes room for what phones send, while there is some.
    ///
    /// # Errors
    /// 507 when there is none, also when the work finds that out, which is noted; or another failure of the storage.
    pub async fn with_room<T>(&self, work: impl Future<Output = StorageResult<T>>) -> Result<T, Refused> {
        self.check_room()?;
        let done = work.await;
        if matches!(done, Err(StorageError::NoRoom(_))) {
            self.reserve.note_full();
        }
        Ok(done?)
    }

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
