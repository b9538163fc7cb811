//! The real server core on a disk that outlives it: killed, restarted, backed up and restored.

use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex};

use axum::body::Body;
use axum::http::{self, header};
use replica::sync::transport::Request;
use rusqlite::Connection;
use shared::domain::area::Area;
use shared::domain::worker::Role;
use shared::ids::{AreaCode, WorkerId};
use sync_server::chance::Chance as _;
use sync_server::clock::Clock;
use sync_server::notices::Word;
use sync_server::passwords::Passwords;
use sync_server::photos::PhotoStore;
use sync_server::state::{AppState, Setup};
use sync_server::storage::{AddedAccount, NewAccount, Storage};
use sync_server::testing::{FakeClock, SeededChance, TEST_PASSWORD, TestServer, work_here};
use tokio::runtime::Runtime;
use tokio::sync::broadcast::Receiver;

use super::disk::{Disk, Fuse};
use super::network::Told;

/// How long a killed server takes to come back, at most.
pub(super) const DOWN_MS_MAX: u64 = 120_000;

/// The server of a simulated world.
pub(super) struct SimServer {
    seed: u64,
    disk: Disk,
    /// What every life of the process shares: the object store is no part of the process.
    photos: PhotoStore,
    runtime: Runtime,
    process: TestServer,
    words: Receiver<Arc<Word>>,
    lives: u64,
    /// The last backup, and when it was taken.
    backup: Option<(Disk, u64)>,
    /// How far its clock is ahead, ms.
    pub(super) ahead_ms: i64,
    /// Until when it is down.
    pub(super) down_until_ms: u64,
}

impl SimServer {
    pub(super) fn start(seed: u64, name: &str) -> Self {
        let disk = new_disk(&format!("{name}-server"));
        give_epoch(&disk.eyes, SeededChance::new(seed).uuid()).expect("the epoch is written");
        let photos = PhotoStore::in_memory();
        let process = launch(seed, 0, &disk, &photos);
        // The world waits for every answer, so nothing ever runs at once.
        work_here();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime starts");
        Self {
            words: process.state.hub.listen(),
            seed,
            disk,
            photos,
            runtime,
            process,
            lives: 1,
            backup: None,
            ahead_ms: 0,
            down_until_ms: 0,
        }
    }

    /// Answers a request at the world's time `now_ms`.
    pub(super) fn answer(&mut self, asked: &Request, now_ms: u64) -> Told {
        self.set_clock(now_ms);
        let mut request = http::Request::builder()
            .method(asked.method.clone())
            .uri(&asked.path);
        if let Some(token) = &asked.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        for (name, value) in &asked.headers {
            request = request.header(*name, value);
        }
        let body = asked.body.clone().unwrap_or_default();
        let request = request.body(Body::from(body)).expect("a request of ours");
        let answer = self.runtime.block_on(self.process.send(request));
        Told {
            status: answer.status.as_u16(),
            headers: answer.headers.clone(),
            body: answer.body.to_vec(),
        }
    }

    fn set_clock(&self, now_ms: u64) {
        self.process
            .clock
            .set(now_ms.saturating_add_signed(self.ahead_ms));
    }

    /// What was said to listeners since the last time this was asked.
    pub(super) fn words(&mut self) -> Vec<Arc<Word>> {
        let mut words = Vec::new();
        while let Ok(word) = self.words.try_recv() {
            words.push(word);
        }
        words
    }

    /// What is stored, through the storage's own contract.
    pub(super) fn stored<T>(&self, ask: impl AsyncFnOnce(&AppState) -> T) -> T {
        self.runtime.block_on(ask(&self.process.state))
    }

    /// Kills the process and starts it again from what is durable.
    pub(super) fn restart(&mut self) {
        self.process = launch(self.seed, self.lives, &self.disk, &self.photos);
        self.words = self.process.state.hub.listen();
        self.lives += 1;
    }

    /// Another version of the server begins, makes tables anew, and is killed after so many looks at its fuse, if it
    /// comes to that. Then this one goes on. Whether the other one came to its end.
    pub(super) fn update(&mut self, killed_after: Option<u64>) -> bool {
        let fuse = Fuse::default();
        if let Some(looks) = killed_after {
            fuse.light(looks);
        }
        let updated = self.disk.make_server_tables_anew(&fuse).is_ok();
        self.restart();
        updated
    }

    /// Lets `act` happen in a server that dies in the middle of the next push's transaction.
    pub(super) fn dying<T>(&mut self, act: impl FnOnce(&mut Self) -> T) -> T {
        // The last write of a push fails: everything before it is written, nothing is committed.
        let fatal = "CREATE TRIGGER killed BEFORE UPDATE ON device BEGIN SELECT raise(FAIL, 'killed'); END";
        self.disk.eyes.execute_batch(fatal).expect("a trigger is made");
        let done = act(self);
        self.disk
            .eyes
            .execute_batch("DROP TRIGGER killed")
            .expect("a trigger is dropped");
        done
    }

    /// Takes a backup, in place of the last one.
    pub(super) fn back_up(&mut self, name: &str, now_ms: u64) {
        let name = format!("{name}-backup-{}", self.lives);
        self.lives += 1;
        self.backup = None;
        self.backup = Some((self.disk.copy(&name).expect("memory has room"), now_ms));
    }

    /// Devices keep what was receipted for 90 days; what is older than 60 is no backup any more.
    pub(super) fn forget_old_backup(&mut self, now_ms: u64) {
        let young = |(_, taken_ms): &(Disk, u64)| now_ms < taken_ms + 60 * 86_400_000;
        self.backup = self.backup.take().filter(young);
    }

    /// Restores the last backup; false when there is none. What was there is gone; the epoch is new.
    pub(super) fn restore(&mut self, name: &str) -> bool {
        let Some((backup, _)) = &self.backup else {
            return false;
        };
        let name = format!("{name}-restored-{}", self.lives);
        let disk = backup.copy(&name).expect("memory has room");
        let epoch = SeededChance::new(self.seed ^ self.lives).uuid();
        give_epoch(&disk.eyes, epoch).expect("the epoch is written");
        self.process = launch(self.seed, self.lives, &disk, &self.photos);
        self.words = self.process.state.hub.listen();
        self.disk = disk;
        self.lives += 1;
        true
    }

    /// A backup from before this instant would lack what cannot be had again: who was assigned what, and which
    /// devices were revoked. So an administrator takes a new one after such a change.
    pub(super) fn forget_backup(&mut self) {
        self.backup = None;
    }

    pub(super) fn add_areas(&self, areas: &[(&str, &str)]) {
        let area = |(code, name): &(&str, &str)| Area {
            code: AreaCode::new(code).expect("a code"),
            name: (*name).to_owned(),
        };
        let areas: Vec<Area> = areas.iter().map(area).collect();
        let added = self.stored(async |state| state.storage.put_areas(&areas).await);
        added.expect("the areas are added");
    }

    pub(super) fn add_worker(&self, username: &str, role: Role, areas: &[AreaCode]) -> WorkerId {
        let (worker, added) = self.account(username, role, areas);
        assert_eq!(added, AddedAccount::Added);
        worker
    }

    /// Whether there were such areas.
    pub(super) fn try_add_worker(&self, username: &str, role: Role, areas: &[AreaCode]) -> bool {
        self.account(username, role, areas).1 == AddedAccount::Added
    }

    fn account(&self, username: &str, role: Role, areas: &[AreaCode]) -> (WorkerId, AddedAccount) {
        let worker = WorkerId(self.process.state.chance.uuid());
        let state = &self.process.state;
        let password = state.passwords.hash(TEST_PASSWORD, &*state.chance);
        let account = NewAccount {
            worker,
            username: username.to_owned(),
            display: username.to_owned(),
            role,
            areas: areas.to_vec(),
            password: password.expect("the password is hashed"),
        };
        let added = self.stored(async |state| state.storage.add_account(account).await);
        (worker, added.expect("the server answers"))
    }

    pub(super) fn assign(&self, username: &str, areas: &[AreaCode], now_ms: u64) {
        assert!(self.try_assign(username, areas, now_ms), "the areas are assigned");
    }

    /// Whether there were such areas.
    pub(super) fn try_assign(&self, username: &str, areas: &[AreaCode], now_ms: u64) -> bool {
        self.set_clock(now_ms);
        let at_ms = self.process.clock.now_ms();
        let set = self.stored(async |state| state.storage.set_areas(username, areas, at_ms).await);
        set.expect("the server answers") == Some(Vec::new())
    }
}

/// A disk with the tables of a new server, made once for all servers of this process: making them costs as much as some
/// days of a world.
fn new_disk(name: &str) -> Disk {
    static NEW: LazyLock<Mutex<Disk>> = LazyLock::new(|| {
        let new = Disk::new("a-new-server").expect("memory has room");
        let made = Storage::open_file(Path::new(new.uri()), &SeededChance::new(0));
        made.expect("the tables are made");
        Mutex::new(new)
    });
    let new = NEW.lock().expect("nobody panics while it holds it");
    new.copy(name).expect("memory has room")
}

fn launch(seed: u64, life: u64, disk: &Disk, photos: &PhotoStore) -> TestServer {
    let chance = SeededChance::new(seed.wrapping_mul(1_000_003).wrapping_add(life));
    let storage = Storage::open_file(Path::new(disk.uri()), &chance).expect("the storage opens");
    let clock = Arc::new(FakeClock::at(0));
    let state = AppState::new(Setup {
        storage: Arc::new(storage),
        photos: photos.clone(),
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        chance: Arc::new(chance),
        passwords: Passwords::cheap(),
        web: None,
        tls: None,
    });
    TestServer {
        router: sync_server::routes::router(state.clone()),
        state,
        clock,
    }
}

fn give_epoch(connection: &Connection, epoch: uuid::Uuid) -> rusqlite::Result<()> {
    connection
        .execute("UPDATE meta SET epoch = ?1", [epoch.as_bytes()])
        .map(drop)
}
