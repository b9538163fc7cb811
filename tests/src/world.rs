//! A world with named phones and one server.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use axum::http::{Method, StatusCode};
use replica::Replica;
use replica::api::{
    self, ApiError, Conflict, DraftBody, DraftSeen, HouseholdPage, ParkedOfOthers, VisitDraft, VisitSummary,
};
use replica::calls::Local;
use replica::platform::Platform;
use replica::storage::Home;
use replica::storage::replies::Kept;
use rusqlite::Connection;
use shared::change::hash::ChainHash;
use shared::domain::visit::{Outcome, Purpose};
use shared::domain::worker::Role;
use shared::domain::{Household, Resident};
use shared::ids::{AreaCode, DeviceId, DraftId, EpochId, HouseholdId, ResidentId, VisitId};
use shared::protocol::v1::{self, SyncReply, SyncRequest};
use sync_server::clock::Clock;
use sync_server::photos::PhotoStore;
use sync_server::storage::Storage;
use sync_server::testing::{Answer, SeededChance, TEST_START_MS, TestServer};
use tempfile::TempDir;
use uuid::Uuid;

/// The community of every test.
pub const COMMUNITY: &str = "130803001001";
/// Its first grid.
pub const GRID: &str = "130803001001-01";
/// Its second grid.
pub const OTHER_GRID: &str = "130803001001-02";

/// One server and its phones.
pub struct World {
    /// The real server core.
    pub server: TestServer,
    phones: Cell<u64>,
    /// Where the server's database lies, and its backup; `None` for one in memory.
    folder: Option<TempDir>,
}

const DATABASE: &str = "now.sqlite";
const BACKUP: &str = "backup.sqlite";

/// A clock set by hand, and chance that repeats itself.
struct TestPlatform {
    now_ms: Rc<Cell<u64>>,
    chance: RefCell<u64>,
}

impl Platform for TestPlatform {
    fn now_ms(&self) -> u64 {
        self.now_ms.get()
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        // A plain counter-based generator (SplitMix64): the same phone draws the same numbers every time.
        for chunk in bytes.chunks_mut(8) {
            let mut state = self.chance.borrow_mut();
            *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = *state;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^= mixed >> 31;
            for (byte, drawn) in chunk.iter_mut().zip(mixed.to_le_bytes()) {
                *byte = drawn;
            }
        }
    }

    fn sleep(&self, _ms: u64) -> Pin<Box<dyn Future<Output = ()>>> {
        Box::pin(std::future::ready(()))
    }
}

impl World {
    /// A server with one community of two grids.
    pub async fn new() -> Self {
        Self::of(TestServer::start().await).await
    }

    /// The same with a database in a file, of which a backup can be made.
    pub async fn in_a_file() -> Self {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let mut world = Self::of(a_server(&folder.path().join(DATABASE))).await;
        world.folder = Some(folder);
        world
    }

    /// Copies the file of the server's database, which is open.
    pub fn back_up(&self) {
        let open = Connection::open(self.file(DATABASE)).expect("the file opens");
        open.execute("VACUUM INTO ?1", [self.file(BACKUP).to_str()])
            .expect("there is room for a copy");
    }

    /// The server goes on from the copy, in another life.
    pub async fn restore(&mut self) {
        self.server = a_server(&self.file(BACKUP));
        let epoch = EpochId(Uuid::from_u128(2));
        let begun = self.server.state.storage.begin_epoch(epoch).await;
        begun.expect("another life begins");
    }

    /// The same on a server of one's own.
    pub async fn of(server: TestServer) -> Self {
        server.add_area("130803", "双滦区").await;
        server.add_area("130803001", "元宝山街道").await;
        server.add_area(COMMUNITY, "元宝山社区").await;
        server.add_area(GRID, "第1网格").await;
        server.add_area(OTHER_GRID, "第2网格").await;
        Self {
            server,
            phones: Cell::new(0),
            folder: None,
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        let folder = self.folder.as_ref().expect("a world in a file");
        folder.path().join(name)
    }

    /// A worker with a phone that is signed in.
    pub async fn phone(&self, name: &str, role: Role, areas: &[&str]) -> Phone {
        let memory = Connection::open_in_memory().expect("memory has room");
        self.phone_on(memory, name, role, areas).await
    }

    /// The same with a replica of one's own.
    pub async fn phone_on(&self, replica: Connection, name: &str, role: Role, areas: &[&str]) -> Phone {
        self.server.add_worker(name, role, areas).await;
        let mut phone = self.blank_phone(replica);
        let reply = self.server.sign_in(name).await;
        phone.token.clone_from(&reply.token);
        phone
            .replica
            .keep_sign_in(String::new(), name.to_owned(), &reply)
            .expect("the enrolment is kept");
        phone
    }

    /// A phone on a replica of one's own, as it is.
    ///
    /// # Panics
    /// When the replica does not open.
    pub fn blank_phone(&self, connection: Connection) -> Phone {
        let number = self.phones.get() + 1;
        self.phones.set(number);
        let now_ms = Rc::new(Cell::new(TEST_START_MS));
        let platform = TestPlatform {
            now_ms: Rc::clone(&now_ms),
            chance: RefCell::new(number << 32),
        };
        let replica = Replica::open(connection, Home::Memory, Rc::new(platform)).expect("the replica opens");
        Phone {
            replica,
            token: String::new(),
            now_ms,
            drafts: 0,
            number,
        }
    }

    /// One round trip, as the engine would make it.
    ///
    /// # Errors
    /// The server's answer when it is a refusal.
    pub async fn round(&self, phone: &mut Phone) -> Result<SyncReply, Answer> {
        let (reply, _) = self.round_kept(phone).await?;
        Ok(reply)
    }

    /// The same, with what the phone made of the reply.
    async fn round_kept(&self, phone: &mut Phone) -> Result<(SyncReply, Kept), Answer> {
        let request = phone.replica.sync_request(true).expect("the request is made");
        let request: SyncRequest = v1::decode(&request).expect("the request is a request");
        let reply = self.server.sync(&phone.token, &request).await?;
        let kept = phone.replica.keep_reply(&reply).expect("the reply is kept");
        Ok((reply, kept))
    }

    /// Reads the segment behind the phone's cursor; `false` when there is none.
    pub async fn segment(&self, phone: &mut Phone, area: &str) -> bool {
        let area = AreaCode::new(area).expect("an area");
        let cursor = phone.replica.cursor(&area).expect("the cursor is read");
        let path = format!(
            "/v1/segments/{area}?after={}",
            cursor.expect("the area is assigned")
        );
        let answer = self.server.get(&path, Some(&phone.token)).await;
        if answer.status != 200 {
            assert_eq!(answer.code(), "segment.none");
            return false;
        }
        let page = v1::decode(&answer.body).expect("a segment is a page");
        phone.replica.keep_segment(&page).expect("the segment is kept");
        true
    }

    /// Rounds until the phone has sent and read everything; returns how many operations it read.
    pub async fn sync(&self, phone: &mut Phone) -> u64 {
        let mut pulled = 0;
        for _ in 0..1_000 {
            let (reply, kept) = self
                .round_kept(phone)
                .await
                .expect("the server accepts the round");
            pulled += kept.pulled;
            let waiting = phone.status().sync.waiting_operations;
            if waiting == 0 && reply.pages.iter().all(|page| page.remaining == 0) {
                return pulled;
            }
        }
        panic!("the sync does not come to an end");
    }

    /// Rounds of all phones until nobody has anything new.
    pub async fn settle(&self, phones: &mut [&mut Phone]) {
        for _ in 0..2 {
            for phone in phones.iter_mut() {
                self.sync(phone).await;
            }
        }
    }
}

fn a_server(file: &Path) -> TestServer {
    let storage = Storage::open_file(file, &SeededChance::new(7)).expect("the file opens");
    TestServer::with(Arc::new(storage), PhotoStore::in_memory(), None)
}

impl World {
    /// A worker gets exactly these areas, now by the server's clock.
    pub async fn assign(&self, name: &str, areas: &[&str]) {
        let areas: Vec<AreaCode> = areas
            .iter()
            .map(|code| AreaCode::new(code).expect("a code"))
            .collect();
        let storage = &self.server.state.storage;
        let unknown = storage.set_areas(name, &areas, self.server.clock.now_ms()).await;
        assert_eq!(unknown.expect("the storage answers"), Some(Vec::new()));
    }

    /// What a supervisor's screen of parked operations shows.
    pub async fn parked(&self, phone: &Phone) -> Vec<ParkedOfOthers> {
        let answer = self.server.get("/v1/parked", Some(&phone.token)).await;
        let parked = serde_json::from_slice(&answer.body).expect("a list");
        phone.replica.show_parked(parked).expect("the list is shown")
    }

    /// A supervisor takes up what was set aside; or the code of why not.
    ///
    /// # Errors
    /// The code.
    pub async fn take_up(&self, phone: &Phone, parked: &ParkedOfOthers) -> Result<(), String> {
        let path = format!("/v1/parked/{}", parked.place);
        let body = ("text/plain", Vec::new());
        let answer = self
            .server
            .call(Method::POST, &path, Some(&phone.token), body)
            .await;
        match answer.status {
            StatusCode::NO_CONTENT => Ok(()),
            _ => Err(answer.code()),
        }
    }
}

/// Rounds between two phones until neither has anything to say.
///
/// # Panics
/// When one of them refuses what the other says.
pub fn meet(one: &mut Replica, other: &mut Replica) {
    let mut known: Option<[DeviceId; 2]> = None;
    let mut through = [0, 0];
    loop {
        let listeners = known.map_or([None, None], |known| known.map(Some));
        let said = [
            one.bundle(listeners[0], through[0]).expect("one has words"),
            other
                .bundle(listeners[1], through[1])
                .expect("the other has words"),
        ];
        let heard = [
            one.take_bundle(&said[1].bytes).expect("one listens"),
            other.take_bundle(&said[0].bytes).expect("the other listens"),
        ];
        if known.is_some() && said.iter().all(|words| words.through_seq.is_none()) {
            return;
        }
        for (through, words) in through.iter_mut().zip(&said) {
            *through = words.through_seq.unwrap_or(*through);
        }
        known = Some([heard[0].device, heard[1].device]);
    }
}

/// A real replica with its clock and credential.
pub struct Phone {
    /// The replica.
    pub replica: Replica,
    /// The credential.
    pub token: String,
    /// Its clock, ms since the Unix epoch.
    pub now_ms: Rc<Cell<u64>>,
    drafts: u64,
    number: u64,
}

impl Phone {
    /// Time goes on.
    pub fn advance(&self, ms: u64) {
        self.now_ms.set(self.now_ms.get() + ms);
    }

    /// A call that must be answered.
    pub fn call<A: Local>(&mut self, ask: A) -> A::Reply {
        self.try_call(ask).expect("the call is answered")
    }

    /// A call that may be refused.
    ///
    /// # Errors
    /// As the replica says.
    pub fn try_call<A: Local>(&mut self, ask: A) -> Result<A::Reply, ApiError> {
        self.advance(1);
        self.replica.call(ask)
    }

    /// Who is signed in and how the sync stands.
    pub fn status(&mut self) -> api::Status {
        self.call(api::CurrentStatus)
    }

    /// The hash of this phone's own operations up to `seq`, as its next request would begin there.
    pub fn chain_at(&self, seq: u64) -> ChainHash {
        self.replica
            .chain_at(seq)
            .expect("the chain is read")
            .expect("the operation is kept")
    }

    /// A new household in [`GRID`].
    pub fn add_household(&mut self, door: &str) -> HouseholdId {
        self.add_household_in(GRID, door)
    }

    /// A new household in a grid.
    pub fn add_household_in(&mut self, grid: &str, door: &str) -> HouseholdId {
        let area = AreaCode::new(grid).expect("a grid");
        let household = Household {
            door: door.to_owned(),
            ..Household::default()
        };
        HouseholdId(self.call(api::AddHousehold { area, household }).id)
    }

    /// A new resident with one telephone number.
    pub fn add_resident(&mut self, household: HouseholdId, name: &str, phone: &str) -> ResidentId {
        let mut resident = Resident::named(household, name);
        resident.phones = vec![phone.to_owned()];
        ResidentId(self.call(api::AddResident { resident }).id)
    }

    /// A new draft id of this phone.
    pub fn draft_id(&mut self) -> DraftId {
        self.drafts += 1;
        // Differs in the end, by which units are told apart.
        DraftId(Uuid::from_u128(
            u128::from(self.number) << 32 | u128::from(self.drafts),
        ))
    }

    /// A visit form that is filled and saved.
    pub fn visit(&mut self, household: HouseholdId, note: &str) -> VisitId {
        let id = self.begin_visit(household, note);
        VisitId(self.call(api::FinishDraft { id }).id)
    }

    /// A visit form that is filled and still open.
    pub fn begin_visit(&mut self, household: HouseholdId, note: &str) -> DraftId {
        let id = self.draft_id();
        let started_at = self.now_ms.get();
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
            started_at,
        });
        self.call(api::SaveDraft {
            id,
            body,
            seen: DraftSeen::default(),
        });
        id
    }

    /// The page of a household.
    pub fn household(&mut self, id: HouseholdId) -> HouseholdPage {
        self.call(api::Household { id })
    }

    /// Every conflict on this phone.
    pub fn conflicts(&mut self) -> Vec<Conflict> {
        self.call(api::Conflicts)
    }

    /// Notes of the merged log, latest first.
    pub fn log(&mut self) -> Vec<String> {
        log_of(|ask| self.call(ask))
    }
}

/// Notes of the merged log of whoever answers, latest first.
pub fn log_of(answer: impl FnOnce(api::VisitLog) -> Vec<VisitSummary>) -> Vec<String> {
    let visits = answer(api::VisitLog {
        filter: Default::default(),
        after: None,
        limit: 100,
    });
    visits.into_iter().map(|visit| visit.visit.note).collect()
}
