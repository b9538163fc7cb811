//! F20: a phone and its server are upgraded while work is under way. Nothing of it is lost, nothing comes twice.
//!
//! The databases of earlier versions are in `fixtures/upgrade`, one folder for each version of the device's schema,
//! written by the code of that version; the last one is made by this code. What they hold: [`story`]. Each is brought to
//! the next version, whose steps are made up.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

#[path = "upgrade/dump.rs"]
mod dump;
#[path = "upgrade/story.rs"]
mod story;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dump::dump;
use replica::api::{self, DraftBody, HouseholdPage};
use replica::storage::meta::{self, CHAIN_END, ChainEnd, ENROLMENT, Enrolment};
use replica::storage::next::NextVersion;
use replica::storage::{self, Home};
use rusqlite::Connection;
use shared::domain::issue::Step;
use shared::domain::value::Value;
use shared::domain::worker::Role;
use shared::ids::{DraftId, HouseholdId, IssueId, PhotoHash};
use story::{DEVICE, SERVER};
use sync_server::clock::Clock;
use sync_server::passwords::Passwords;
use sync_server::photos::{PhotoStore, verify};
use sync_server::state::{AppState, Setup};
use sync_server::storage::Storage;
use sync_server::testing::{FakeClock, SeededChance, TEST_START_MS, TestServer};
use tests::driven::{Address, DrivenPhone};
use tests::world::COMMUNITY;
use tokio::task::LocalSet;

/// How often each version's migration is killed in the ordinary run; `KOUMEN_TRIES` says otherwise.
const KILLS: u64 = 200;
const RECEIPTED: [&str; 3] = ["一切都好", "已收到，照片还没传", "赵来过"];
const UNSENT: [&str; 2] = ["还没有发出", "也没有发出"];
const UNSENT_OPERATIONS: u64 = 8;
const OPEN: &str = "写到一半";

/// Every version: its number, and where its databases are.
struct Versions {
    folders: BTreeMap<i64, PathBuf>,
    _made: tempfile::TempDir,
}

async fn versions() -> Versions {
    let made = tempfile::tempdir().unwrap();
    let now = match std::env::var("KOUMEN_FIXTURE") {
        Ok(folder) => Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder),
        Err(_) => made.path().to_path_buf(),
    };
    story::live(&now).await;
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/upgrade");
    let folders = fs::read_dir(fixtures).unwrap().map(|entry| entry.unwrap().path());
    let folders = folders.filter(|path| path.is_dir()).chain([now]);
    let folders = folders.map(|folder| (version(&database(&folder.join(DEVICE))), folder));
    Versions {
        folders: folders.collect(),
        _made: made,
    }
}

/// A database in memory from SQL.
fn database(sql: &Path) -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection
        .execute_batch(&fs::read_to_string(sql).unwrap())
        .unwrap();
    connection
}

/// The same in a file.
fn unpack(sql: &Path, file: &Path) {
    let connection = database(sql);
    connection
        .execute("VACUUM INTO ?1", [file.to_str().unwrap()])
        .unwrap();
}

fn version(connection: &Connection) -> i64 {
    connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .unwrap()
}

/// The server on its database, upgraded.
fn server_on(file: &Path) -> TestServer {
    let clock = Arc::new(FakeClock::at(TEST_START_MS + 60_000));
    let state = AppState::new(Setup {
        storage: Arc::new(Storage::open_file(file, &SeededChance::new(21)).unwrap()),
        photos: PhotoStore::in_memory(),
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        chance: Arc::new(SeededChance::new(22)),
        passwords: Passwords::cheap(),
        web: None,
        tls: None,
    });
    let router = sync_server::routes::router(state.clone());
    TestServer { state, router, clock }
}

/// The phone's server stands elsewhere now; nothing else changes.
fn send_to(file: &Path, origin: &str) {
    let mut connection = Connection::open(file).unwrap();
    let transaction = connection.transaction().unwrap();
    let mut enrolment: Enrolment = meta::get(&transaction, ENROLMENT).unwrap().unwrap();
    enrolment.server = origin.to_owned();
    meta::set(&transaction, ENROLMENT, &enrolment).unwrap();
    transaction.commit().unwrap();
}

fn sorted_log(phone: &DrivenPhone) -> Vec<String> {
    let mut log = phone.log();
    log.sort();
    log
}

fn sorted(notes: &[&str]) -> Vec<String> {
    let mut notes: Vec<_> = notes.iter().map(|note| (*note).to_owned()).collect();
    notes.sort();
    notes
}

/// The household behind a door.
fn home(phone: &DrivenPhone, door: &str) -> HouseholdPage {
    let (text, limit) = (door.to_owned(), 5);
    let hits = phone.call(api::Search { text, limit });
    assert_eq!(hits.len(), 1, "{door}");
    let id: HouseholdId = hits[0].household;
    phone.call(api::Household { id })
}

/// The records of the story as every phone must show them once the unsent is there.
fn check_records(phone: &DrivenPhone, version: i64) {
    let first = home(phone, "3-2-501");
    assert_eq!(first.household.preferred_hours, "晚上七点以后", "{version}");
    let names: Vec<_> = first.residents.iter().map(|entry| &entry.resident.name).collect();
    assert_eq!(names, ["王秀兰"], "{version}");
    let values: Vec<_> = first.conflicts[0]
        .values
        .iter()
        .map(|value| &value.value)
        .collect();
    assert_eq!(first.conflicts.len(), 1, "{version}");
    for text in ["赵写的", "阿米娜写的"] {
        assert!(
            values.contains(&&Value::Text(text.to_owned())),
            "{version}: {values:?}"
        );
    }
    assert_eq!(first.issues.len(), 1, "{version}");
    let id: IssueId = first.issues[0].id;
    let issue = phone.call(api::Issue { id });
    let steps: Vec<_> = issue.timeline.iter().filter_map(|entry| entry.step).collect();
    assert_eq!(issue.summary.state, Step::Accepted, "{version}");
    assert_eq!(
        steps.iter().filter(|step| **step == Step::Accepted).count(),
        1,
        "{version}: {steps:?}"
    );
    let second = home(phone, "5-1-102");
    let names: Vec<_> = second
        .residents
        .iter()
        .map(|entry| &entry.resident.name)
        .collect();
    assert_eq!(names, ["李四"], "{version}");
}

/// The form that was open.
fn open_form(phone: &DrivenPhone, version: i64) -> (DraftId, PhotoHash) {
    let outbox = phone.call(api::Outbox);
    assert_eq!(outbox.drafts.len(), 1, "{version}");
    let id = outbox.drafts[0].id;
    let Some(draft) = phone.call(api::Draft { id }) else {
        panic!("{version}: the form is gone")
    };
    let DraftBody::Visit(form) = &draft.body else {
        panic!("{version}: not a visit")
    };
    assert_eq!(form.note, OPEN, "{version}");
    assert_eq!(draft.photos.len(), 1, "{version}");
    (id, draft.photos[0].hash)
}

#[tokio::test(flavor = "current_thread")]
async fn every_version_upgrades_with_unsent_work_and_nothing_is_lost_or_doubled() {
    let versions = versions().await;
    for (version, folder) in &versions.folders {
        LocalSet::new().run_until(upgrade(*version, folder)).await;
    }
    println!(
        "upgrades with unsent work (F20): {} versions / 0 lost",
        versions.folders.len()
    );
}

async fn upgrade(version: i64, folder: &Path) {
    let place = tempfile::tempdir().unwrap();
    let (device, server) = (place.path().join("device"), place.path().join("server"));
    unpack(&folder.join(DEVICE), &device);
    unpack(&folder.join(SERVER), &server);
    let end: ChainEnd = meta::get(&Connection::open(&device).unwrap(), CHAIN_END)
        .unwrap()
        .unwrap();
    let address = Address::of(server_on(&server)).await;
    let server = address.server();
    let storage = &server.state.storage;
    let before = storage.check().await.unwrap();
    assert_eq!(before.faults, Vec::<String>::new(), "{version}");
    send_to(&device, &address.origin);

    // Upgraded, and without a network.
    let _updated = NextVersion::begin();
    let now_ms = Rc::new(Cell::new(TEST_START_MS + 60_000));
    let amina = DrivenPhone::open(Some(&device), &address, &now_ms, 31);
    let all = [&RECEIPTED[..], &UNSENT].concat();
    assert_eq!(sorted_log(&amina), sorted(&all), "{version}");
    let state = amina.state();
    assert_eq!(
        (state.waiting_operations, state.waiting_photos, state.attention),
        (UNSENT_OPERATIONS, 2, 1),
        "{version}"
    );
    check_records(&amina, version);
    let (form, photo) = open_form(&amina, version);

    // The unsent goes out: bit for bit as it was written, since the server's chain ends as the old version's did.
    let state = amina.sync().await;
    assert_eq!(
        (state.waiting_operations, state.waiting_photos, state.attention),
        (0, 0, 1),
        "{version}"
    );
    let held = storage.held(amina.device()).await.unwrap().unwrap();
    assert_eq!((held.through_seq, held.chain), (end.seq, end.chain), "{version}");
    let after = storage.check().await.unwrap();
    assert_eq!(after.faults, Vec::<String>::new(), "{version}");
    assert_eq!(
        (after.operations, after.parked),
        (before.operations + UNSENT_OPERATIONS, before.parked),
        "{version}"
    );
    assert_eq!(sorted_log(&amina), sorted(&all), "{version}");
    check_records(&amina, version);

    // The form is finished; whoever is new here has everything once.
    assert_eq!(open_form(&amina, version), (form, photo));
    amina.call(api::FinishDraft { id: form });
    amina.sync().await;
    let photos = verify(storage, &server.state.photos).await.unwrap();
    assert_eq!((photos.whole, photos.damaged.len()), (3, 0), "{version}");
    server.add_worker("lin", Role::Supervisor, &[COMMUNITY]).await;
    let lin = DrivenPhone::open(None, &address, &now_ms, 32);
    lin.sign_in("lin").await;
    lin.sync().await;
    for phone in [&amina, &lin] {
        assert_eq!(
            sorted_log(phone),
            sorted(&[&all[..], &[OPEN]].concat()),
            "{version}"
        );
        check_records(phone, version);
    }
}

#[tokio::test(flavor = "current_thread")]
async fn every_earlier_version_has_its_fixture() {
    let versions = versions().await;
    let steps = versions.folders.keys().map(|version| version % 1_000);
    let newest = versions.folders.keys().next_back().unwrap() % 1_000;
    assert_eq!(steps.collect::<Vec<_>>(), (1..=newest).collect::<Vec<_>>());
}

/// A database that its process can be cut off from: after so many looks nothing that it does succeeds any more.
fn open_with_fuse(file: &Path, looks: u64) -> Connection {
    let mut connection = Connection::open(file).unwrap();
    let left = Arc::new(AtomicU64::new(looks));
    let burning = Arc::clone(&left);
    let burn = move || {
        let left = burning.load(Ordering::Relaxed);
        burning.store(left.saturating_sub(1), Ordering::Relaxed);
        left == 0
    };
    connection.progress_handler(1, Some(burn)).unwrap();
    let is_burnt = move || left.load(Ordering::Relaxed) == 0;
    connection.commit_hook(Some(is_burnt)).unwrap();
    connection
}

#[tokio::test(flavor = "current_thread")]
async fn a_migration_that_is_killed_anywhere_leaves_what_was_and_goes_on_at_the_next_start() {
    let versions = versions().await;
    let tries = std::env::var("KOUMEN_TRIES")
        .ok()
        .and_then(|tries| tries.parse().ok());
    let kills: u64 = tries.unwrap_or(KILLS);
    let _updated = NextVersion::begin();
    let (mut killed, mut untouched, mut halfway) = (0, 0, 0);
    for (version, folder) in &versions.folders {
        let peace = in_peace(&folder.join(DEVICE));
        for kill in 0..kills {
            let place = tempfile::tempdir().unwrap();
            let file = place.path().join("device");
            unpack(&folder.join(DEVICE), &file);
            let mut connection = open_with_fuse(&file, peace.looks * kill / kills);
            killed += u64::from(storage::prepare(&mut connection, Home::File).is_err());
            // What a killed process leaves: nobody tidies up behind it.
            let mut connection = Connection::open(left_behind(&file, place.path())).unwrap();
            let left = self::version(&connection);
            if left == *version {
                assert!(dump(&connection) == peace.old, "{version}: something changed");
                untouched += 1;
            } else {
                halfway += u64::from(left < peace.version);
            }
            storage::prepare(&mut connection, Home::File).unwrap();
            assert!(
                dump(&connection) == peace.new,
                "{version}: not as after one migration in peace"
            );
        }
    }
    println!(
        "migrations killed (F21): {killed} kills / 0 lost; {untouched} left all as it was, {halfway} some steps done"
    );
    assert!(untouched > 0 && halfway > 0, "the kills came where it matters");
}

/// A copy of the database and its log as they lie on the disk.
fn left_behind(file: &Path, place: &Path) -> PathBuf {
    let copy = place.join("copy");
    fs::copy(file, &copy).unwrap();
    let log = place.join("device-wal");
    if log.is_file() {
        fs::copy(log, place.join("copy-wal")).unwrap();
    }
    copy
}

/// A migration that nobody disturbs.
struct Peace {
    old: String,
    new: String,
    version: i64,
    /// Steps of SQLite's machine that it takes.
    looks: u64,
}

fn in_peace(sql: &Path) -> Peace {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("device");
    unpack(sql, &file);
    let mut connection = Connection::open(file).unwrap();
    let old = dump(&connection);
    let looks = Arc::new(AtomicU64::new(0));
    let counting = Arc::clone(&looks);
    let count = move || {
        counting.fetch_add(1, Ordering::Relaxed);
        false
    };
    connection.progress_handler(1, Some(count)).unwrap();
    storage::prepare(&mut connection, Home::File).unwrap();
    let looks = looks.load(Ordering::Relaxed);
    Peace {
        old,
        new: dump(&connection),
        version: version(&connection),
        looks,
    }
}
