//! A server is restored from backups of random age, again and again: whatever a phone still has comes back (F27).
//!
//! One life of sixty simulated days and more: phones record, edit, photograph, synchronise; phones are added;
//! backups are made now and then; at random moments the server is replaced by one of the backups of the last sixty
//! days. After each restore the phones synchronise, and everything that was ever saved must be on the server:
//! visits and their photos, compared by content. The database is the real one in a file, copied by the same code
//! as `koumen-server backup`; `tests/backup.rs` does the same with the real commands.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use replica::api::{self, DraftBody, DraftSeen, SyncPhase, VisitDraft};
use shared::domain::area::Area;
use shared::domain::visit::{self, Outcome, Purpose};
use shared::domain::worker::Role;
use shared::domain::{Household, RecordKind};
use shared::ids::{AreaCode, DraftId, EpochId, HouseholdId, PhotoHash};
use sync_server::chance::Chance;
use sync_server::clock::Clock;
use sync_server::passwords::Passwords;
use sync_server::photos::PhotoStore;
use sync_server::state::{AppState, Setup};
use sync_server::storage::Storage;
use sync_server::testing::{FakeClock, SeededChance, TEST_START_MS, TestServer, a_jpeg};
use tests::driven::{Address, DrivenPhone};
use tests::processes::COMMUNITY;
use tokio::task::LocalSet;

/// How many restores the ordinary run makes; `KOUMEN_TRIES` says otherwise.
const TRIES: u64 = 25;
const HOUR_MS: u64 = 3_600_000;
const AGE_MS_MAX: u64 = 60 * 24 * HOUR_MS;
const PHONES_MAX: usize = 5;

struct Backup {
    made_at: u64,
    file: PathBuf,
    photos: Vec<(PhotoHash, Bytes)>,
}

struct Life {
    folder: tempfile::TempDir,
    address: Rc<Address>,
    now_ms: Rc<Cell<u64>>,
    chance: SeededChance,
    phones: Vec<DrivenPhone>,
    household: HouseholdId,
    backups: Vec<Backup>,
    notes: Vec<String>,
    photos: Vec<PhotoHash>,
    servers: u64,
}

fn server_of(storage: Storage, photos: PhotoStore, now_ms: u64, seed: u64) -> TestServer {
    let clock = Arc::new(FakeClock::at(now_ms));
    let state = AppState::new(Setup {
        storage: Arc::new(storage),
        photos,
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        chance: Arc::new(SeededChance::new(seed)),
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

impl Life {
    async fn begin(seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage::open_file(&folder.path().join("0.sqlite"), &SeededChance::new(1)).unwrap();
        let area = AreaCode::new(COMMUNITY).unwrap();
        let areas = [Area {
            code: area.clone(),
            name: "社区".to_owned(),
        }];
        storage.put_areas(&areas).await.unwrap();
        let server = server_of(storage, PhotoStore::in_memory(), TEST_START_MS, 1_000);
        server.add_worker("zhao", Role::Member, &[COMMUNITY]).await;
        let address = Address::of(server).await;
        let now_ms = Rc::new(Cell::new(TEST_START_MS));
        let first = DrivenPhone::open(None, &address, &now_ms, 1);
        first.sign_in("zhao").await;
        let household = Household {
            door: "3-2-501".to_owned(),
            ..Household::default()
        };
        let record = first.call(api::AddHousehold { area, household });
        first.sync().await;
        let mut life = Self {
            folder,
            address,
            now_ms,
            chance: SeededChance::new(seed),
            phones: vec![first],
            household: HouseholdId(record.id),
            backups: Vec::new(),
            notes: Vec::new(),
            photos: Vec::new(),
            servers: 1,
        };
        life.back_up().await;
        life
    }

    fn pass(&self, ms: u64) {
        self.now_ms.set(self.now_ms.get() + ms);
        self.address.server().clock.set(self.now_ms.get());
    }

    async fn back_up(&mut self) {
        let server = self.address.server();
        let hashes = server.state.storage.stored_photos(None, u32::MAX).await.unwrap();
        let mut photos = Vec::new();
        for hash in hashes {
            photos.push((hash, server.state.photos.get(hash).await.unwrap().unwrap()));
        }
        let file = self
            .folder
            .path()
            .join(format!("backup{}.sqlite", self.backups.len()));
        let source = Storage::open_file(&self.file(), &SeededChance::new(1)).unwrap();
        let chance = Arc::new(SeededChance::new(1));
        source.back_up(file.clone(), chance).await.unwrap();
        self.backups.push(Backup {
            made_at: self.now_ms.get(),
            file,
            photos,
        });
    }

    /// The database of the server that runs now.
    fn file(&self) -> PathBuf {
        self.folder.path().join(format!("{}.sqlite", self.servers - 1))
    }

    /// Replaces the server by a backup of the last sixty days; tells its age.
    async fn restore(&mut self) -> u64 {
        let now_ms = self.now_ms.get();
        let young: Vec<usize> = (0..self.backups.len())
            .filter(|index| now_ms - self.backups[*index].made_at < AGE_MS_MAX)
            .collect();
        let backup = &self.backups[young[self.chance.below(young.len() as u64) as usize]];
        self.servers += 1;
        let file = self.file();
        std::fs::copy(&backup.file, &file).unwrap();
        let storage = Storage::open_file(&file, &SeededChance::new(1)).unwrap();
        storage.begin_epoch(EpochId(self.chance.uuid())).await.unwrap();
        let photos = PhotoStore::in_memory();
        for (hash, bytes) in &backup.photos {
            photos.put(*hash, bytes.clone()).await.unwrap();
        }
        self.address
            .replace(server_of(storage, photos, now_ms, 1_000 + self.servers));
        now_ms - backup.made_at
    }

    async fn sync(&self, phone: &DrivenPhone) {
        let state = phone.sync().await;
        if state.phase == SyncPhase::SignInAgain {
            // Its session began after the backup was made.
            phone.sign_in("zhao").await;
            phone.sync().await;
        }
        let state = phone.state();
        assert_eq!(
            (
                state.phase,
                state.waiting_operations,
                state.waiting_photos,
                state.attention
            ),
            (SyncPhase::UpToDate, 0, 0, 0)
        );
        self.pass(0);
    }

    fn visit(&mut self, phone: usize) {
        let id = DraftId(self.chance.uuid());
        let note = format!("第{}次", self.notes.len());
        let body = DraftBody::Visit(VisitDraft {
            household: self.household,
            outcome: Some(Outcome::Met),
            met: Vec::new(),
            purpose: Some(Purpose::Routine),
            phrases: Vec::new(),
            note: note.clone(),
            needs: Vec::new(),
            promise: String::new(),
            promise_due: None,
            started_at: self.now_ms.get(),
        });
        let with_photo = self.chance.below(8) == 0;
        let phone = &self.phones[phone];
        phone.call(api::SaveDraft {
            id,
            body,
            seen: DraftSeen::default(),
        });
        if with_photo {
            let file = a_jpeg(24, 16, self.notes.len() as u64);
            let modified_at = self.now_ms.get();
            let photo = phone.call(api::AddPhoto {
                draft: id,
                file,
                modified_at,
            });
            self.photos.push(photo.hash);
        }
        phone.call(api::FinishDraft { id });
        self.notes.push(note);
    }

    async fn live_on(&mut self) {
        for _ in 0..2 + self.chance.below(5) {
            self.pass(self.chance.below(30) * HOUR_MS);
            let phone = self.chance.below(self.phones.len() as u64) as usize;
            self.visit(phone);
            if self.chance.below(2) == 0 {
                self.sync(&self.phones[phone]).await;
            }
            if self.chance.below(3) == 0 {
                self.back_up().await;
            }
        }
        if self.phones.len() < PHONES_MAX && self.chance.below(4) == 0 {
            let seed = self.phones.len() as u64 + 1;
            let phone = DrivenPhone::open(None, &self.address, &self.now_ms, seed);
            phone.sign_in("zhao").await;
            self.sync(&phone).await;
            self.phones.push(phone);
        }
    }

    /// Everything that was saved and is not on the server.
    async fn lost(&self) -> usize {
        let server = self.address.server();
        let storage = &server.state.storage;
        let area = AreaCode::new(COMMUNITY).unwrap();
        let mut held = BTreeSet::new();
        for device in storage.devices().await.unwrap() {
            for applied in storage.operations_of(device.device, &area).await.unwrap() {
                if applied.operation.record.kind == RecordKind::VISIT {
                    let writes = applied.operation.change.writes.into_iter();
                    held.extend(
                        writes
                            .filter(|write| write.field == visit::NOTE)
                            .map(|write| write.value.as_text().to_owned()),
                    );
                }
            }
        }
        let mut lost = self.notes.iter().filter(|note| !held.contains(*note)).count();
        for hash in &self.photos {
            let is_named = storage
                .photo_stored_in(*hash, std::slice::from_ref(&area))
                .await
                .unwrap()
                .is_some();
            let is_there = server.state.photos.has(*hash).await.unwrap();
            lost += usize::from(!(is_named && is_there));
        }
        lost
    }
}

struct Tally {
    lost: usize,
    lacked: usize,
    oldest_ms: u64,
    saved: usize,
}

async fn restores(tries: u64, epoch_is_told: bool) -> Tally {
    let mut life = Life::begin(27).await;
    life.address.epoch_is_told.set(epoch_is_told);
    let mut tally = Tally {
        lost: 0,
        lacked: 0,
        oldest_ms: 0,
        saved: 0,
    };
    for _ in 0..tries {
        life.live_on().await;
        tally.oldest_ms = tally.oldest_ms.max(life.restore().await);
        tally.lacked += life.lost().await;
        for phone in &life.phones {
            life.sync(phone).await;
        }
        tally.lost += life.lost().await;
    }
    let report = life.address.server().state.storage.check().await.unwrap();
    assert_eq!(report.faults, Vec::<String>::new());
    tally.saved = life.notes.len() + life.photos.len();
    tally
}

#[tokio::test(flavor = "current_thread")]
async fn a_restored_server_gets_back_whatever_phones_still_have() {
    let tries = std::env::var("KOUMEN_TRIES")
        .ok()
        .and_then(|tries| tries.parse().ok());
    let tries = tries.unwrap_or(TRIES);
    let tally = LocalSet::new().run_until(restores(tries, true)).await;
    println!(
        "restores: {tries} tries / {} lost; {} things saved, backups up to {} days old lacked {} of them",
        tally.lost,
        tally.saved,
        tally.oldest_ms / (24 * HOUR_MS),
        tally.lacked
    );
    assert!(tally.lacked > 0, "the control: backups lack what came after them");
    assert_eq!(tally.lost, 0);
}

/// The control: a phone that does not learn of the new epoch does not offer its photos again.
#[tokio::test(flavor = "current_thread")]
async fn without_the_epoch_something_would_be_lost() {
    let tally = LocalSet::new().run_until(restores(12, false)).await;
    assert!(tally.lost > 0);
}
