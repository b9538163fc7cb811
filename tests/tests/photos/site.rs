//! A server behind a socket and a phone whose replica lies in a file.

use std::cell::Cell;
use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::rc::Rc;

use futures::stream::LocalBoxStream;
use replica::Replica;
use replica::api::{self, DraftBody, DraftSeen, ErrorCode, OutboxPage, SyncState, VisitDraft};
use replica::calls::Answered;
use replica::photos::PreparedPhoto;
use replica::platform::{Platform, Room};
use replica::storage::{Home, drafts};
use replica::sync::driver::{Driver, Stepped};
use replica::sync::http::HttpTransport;
use replica::sync::transport::{Answer, Credential, Request, Transport, TransportError};
use rusqlite::Connection;
use shared::domain::Household;
use shared::domain::visit::{Outcome, Purpose};
use shared::domain::worker::Role;
use shared::ids::{AreaCode, DraftId, HouseholdId, PhotoHash};
use sync_server::testing::{TEST_PASSWORD, TEST_START_MS, TestServer};
use tests::world::{COMMUNITY, GRID, OTHER_GRID};
use uuid::Uuid;

use crate::line::Line;

/// No test needs more.
const STEPS_MAX: u64 = 50_000;

/// A server that listens, and the line to it.
pub(crate) struct Site {
    pub(crate) server: TestServer,
    pub(crate) line: Line,
}

impl Site {
    pub(crate) async fn open() -> Self {
        let server = TestServer::start().await;
        for (code, name) in [
            (COMMUNITY, "元宝山社区"),
            (GRID, "第1网格"),
            (OTHER_GRID, "第2网格"),
        ] {
            server.add_area(code, name).await;
        }
        server.add_worker("amina", Role::Member, &[GRID]).await;
        server.add_worker("joao", Role::Member, &[GRID]).await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let router = server.router.clone();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            line: Line::to(address).await,
            server,
        }
    }

    /// Whether the server has these bytes for the first grid.
    pub(crate) async fn has(&self, bytes: &[u8]) -> bool {
        let hash = PhotoHash::of(bytes);
        let area = AreaCode::new(GRID).unwrap();
        let noted = self
            .server
            .state
            .storage
            .photo_stored_in(hash, &[area])
            .await
            .unwrap();
        let stored = self.server.state.photos.get(hash).await.unwrap();
        noted == Some(bytes.len() as u64) && stored.as_deref() == Some(bytes)
    }
}

/// What a phone's platform says; shared with the test, kept over restarts.
#[derive(Default)]
pub(crate) struct Settings {
    pub(crate) room: Cell<Option<Room>>,
    now_ms: Cell<u64>,
    steps: Cell<u64>,
    chance: Cell<u64>,
    /// Bytes handed to the network in chunks.
    pub(crate) chunk_bytes: Cell<u64>,
}

struct SetPlatform(Rc<Settings>);

impl Platform for SetPlatform {
    fn now_ms(&self) -> u64 {
        self.0.now_ms.set(self.0.now_ms.get() + 1);
        TEST_START_MS + self.0.now_ms.get()
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        for byte in bytes {
            let drawn = self
                .0
                .chance
                .get()
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            self.0.chance.set(drawn);
            *byte = (drawn >> 56) as u8;
        }
    }

    fn sleep(&self, _ms: u64) -> Pin<Box<dyn Future<Output = ()>>> {
        // Nobody's patience ends in these tests: what breaks, breaks by itself.
        Box::pin(std::future::pending())
    }

    fn room(&self) -> Pin<Box<dyn Future<Output = Option<Room>>>> {
        Box::pin(std::future::ready(self.0.room.get()))
    }
}

/// The real transport, counting what goes out in chunks.
pub(crate) struct Counting {
    inner: HttpTransport,
    settings: Rc<Settings>,
}

impl Transport for Counting {
    async fn send(&self, server: &str, request: Request) -> Result<Answer, TransportError> {
        if request.path.starts_with("/v1/uploads/") {
            let sent = &self.settings.chunk_bytes;
            sent.set(sent.get() + request.body.as_ref().map_or(0, Vec::len) as u64);
        }
        self.inner.send(server, request).await
    }

    async fn notices(&self, credential: &Credential) -> Result<LocalBoxStream<'static, ()>, TransportError> {
        self.inner.notices(credential).await
    }
}

/// A phone that can be switched off and on.
pub(crate) struct Phone {
    pub(crate) driver: Driver<Counting>,
    pub(crate) settings: Rc<Settings>,
    file: PathBuf,
    drafts: u64,
}

impl Phone {
    /// A phone that has just signed in.
    pub(crate) async fn signed_in(site: &Site, username: &str, folder: &Path) -> Self {
        let settings = Rc::new(Settings::default());
        let number = username.len() as u64;
        settings.chance.set(number);
        let file = folder.join(format!("{username}.sqlite"));
        let phone = Self {
            driver: open(&file, &settings),
            settings,
            file,
            drafts: number << 32,
        };
        let sign_in = api::SignIn {
            server: site.line.address.clone(),
            username: username.to_owned(),
            password: TEST_PASSWORD.to_owned(),
            device_name: "test".to_owned(),
        };
        phone.driver.call(sign_in).await.unwrap();
        phone
    }

    /// Switches it off and on: what is not in the file is gone.
    pub(crate) fn restart(&mut self) {
        self.driver = open(&self.file, &self.settings);
    }

    /// Another connection to its file, to look into it.
    pub(crate) fn inside(&self) -> Connection {
        Connection::open(&self.file).unwrap()
    }

    pub(crate) async fn call<A: Answered>(&self, ask: A) -> A::Reply {
        self.driver.call(ask).await.unwrap()
    }

    /// A call that may fail; what it answers does not matter.
    pub(crate) async fn try_call(&self, ask: impl Answered) -> Result<(), ErrorCode> {
        self.driver.call(ask).await.map(drop).map_err(|error| error.code)
    }

    pub(crate) async fn sync_state(&self) -> SyncState {
        self.call(api::CurrentStatus).await.sync
    }

    pub(crate) async fn outbox(&self) -> OutboxPage {
        self.call(api::Outbox).await
    }

    /// One household to visit.
    pub(crate) async fn household(&self, door: &str) -> HouseholdId {
        let household = Household {
            door: door.to_owned(),
            ..Household::default()
        };
        let area = AreaCode::new(GRID).unwrap();
        HouseholdId(self.call(api::AddHousehold { area, household }).await.id)
    }

    /// A form with a note.
    pub(crate) async fn draft(&mut self, household: HouseholdId, note: &str) -> DraftId {
        let id = self.try_draft(household, note).await;
        assert!(self.call(api::Draft { id }).await.is_some());
        id
    }

    /// A form with a note, if there is room for it; its id in any case.
    pub(crate) async fn try_draft(&mut self, household: HouseholdId, note: &str) -> DraftId {
        self.drafts += 1;
        let id = DraftId(Uuid::from_u128(u128::from(self.drafts)));
        let body = DraftBody::Visit(VisitDraft {
            household,
            outcome: Some(Outcome::Met),
            met: Vec::new(),
            purpose: Some(Purpose::Routine),
            phrases: Vec::new(),
            note: note.to_owned(),
            needs: Vec::new(),
            promise: String::new(),
            promise_due: None,
            started_at: TEST_START_MS,
        });
        if let Err(error) = self
            .driver
            .call(api::SaveDraft {
                id,
                body,
                seen: DraftSeen::default(),
            })
            .await
        {
            assert_eq!(error.code, ErrorCode::StorageFull);
        }
        id
    }

    /// A visit with photos of any size.
    pub(crate) async fn visit_with(&mut self, household: HouseholdId, photos: &[Vec<u8>]) {
        let id = self.draft_with(household, photos).await;
        self.call(api::FinishDraft { id }).await;
    }

    /// A form with photos, kept as it keeps prepared ones.
    pub(crate) async fn draft_with(&mut self, household: HouseholdId, photos: &[Vec<u8>]) -> DraftId {
        let draft = self.draft(household, "楼道灯坏了").await;
        let mut inside = self.inside();
        let transaction = inside.transaction().unwrap();
        for bytes in photos {
            let photo = PreparedPhoto {
                bytes: bytes.clone(),
                hash: PhotoHash::of(bytes),
                taken_at: TEST_START_MS,
                width: 64,
                height: 48,
                thumbnail: Vec::new(),
            };
            drafts::add_photo(&transaction, draft, &photo, TEST_START_MS).unwrap();
        }
        transaction.commit().unwrap();
        draft
    }

    /// Gives its worker another area and wakes it; what was the worker's ended at `ended_ms`.
    pub(crate) async fn assign(&self, site: &Site, username: &str, area: &str, ended_ms: u64) {
        let area = AreaCode::new(area).unwrap();
        let storage = &site.server.state.storage;
        storage.set_areas(username, &[area], ended_ms).await.unwrap();
        self.driver.replica().borrow_mut().wake();
    }

    /// Syncs, then steps until there is nothing to do.
    pub(crate) async fn rest(&self) {
        self.driver.replica().borrow_mut().wake();
        while self.step().await != Stepped::Synced {}
        while !self.driver.replica().borrow().is_settled().unwrap() {
            self.step().await;
        }
    }

    /// Steps until the engine wants nothing more than to ask again later; at most `steps_max`.
    pub(crate) async fn settle(&self, steps_max: usize) {
        for _ in 0..steps_max {
            let state = self.sync_state().await;
            let done = state.waiting_operations == 0 && state.waiting_photos == state.attention;
            if done && state.last_success_at > 0 {
                return;
            }
            self.step().await;
        }
        panic!("it does not come to an end: {:?}", self.sync_state().await);
    }

    /// One step; waits pass at once.
    pub(crate) async fn step(&self) -> Stepped {
        let (steps, now) = (&self.settings.steps, &self.settings.now_ms);
        steps.set(steps.get() + 1);
        assert!(steps.get() < STEPS_MAX, "it does not come to an end");
        let stepped = self.driver.step().await;
        if let Stepped::Waits(Some(ms)) = stepped {
            now.set(now.get() + ms);
        }
        stepped
    }
}

fn open(file: &Path, settings: &Rc<Settings>) -> Driver<Counting> {
    let platform: Rc<dyn Platform> = Rc::new(SetPlatform(Rc::clone(settings)));
    let connection = Connection::open(file).unwrap();
    let replica = Replica::open(connection, Home::File, Rc::clone(&platform)).unwrap();
    let transport = Counting {
        inner: HttpTransport::new(platform),
        settings: Rc::clone(settings),
    };
    Driver::new(replica, transport, || ())
}

/// Pictures differ by their seed.
pub(crate) fn picture(side: u32, seed: u64) -> Vec<u8> {
    sync_server::testing::a_jpeg(side, side, seed)
}
