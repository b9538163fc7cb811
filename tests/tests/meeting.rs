//! Two phones without any server: each hears what the other has recorded, and later synchronisation with the server
//! gives the same as if they had never met (issue of the sync core, item 7; `docs/adr/0014`).
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

use std::cell::Cell;
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::rc::Rc;

use replica::api::{self, Conflict};
use replica::storage::peers::PeerError;
use rusqlite::Connection;
use serde_json::Value;
use shared::change::hash::ChainHash;
use shared::domain::Household;
use shared::domain::household::NOTE;
use shared::domain::schema::{RecordKind, RecordRef};
use shared::domain::value::{FieldMap, Value as FieldValue};
use shared::domain::worker::Role;
use shared::ids::{AreaCode, HouseholdId, WorkerId};
use shared::protocol::peer::Bundle;
use shared::protocol::v1;
use sync_server::testing::{TEST_START_MS, TestServer};
use tests::driven::{Address, DrivenPhone};
use tests::processes::{COMMUNITY, Device, Programs, Site, lines};
use tokio::task::LocalSet;
use uuid::Uuid;

const PROGRAMS: Programs = Programs {
    server: env!("CARGO_BIN_EXE_koumen-server-under-test"),
    device: env!("CARGO_BIN_EXE_koumen-device-under-test"),
};

fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

/// Both programs run at once; what each printed.
fn meet(one: &Device, other: &Device) -> (Value, Value) {
    let address = free_address();
    let host = one
        .command(&["meet", "--listen", &address])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let guest = other.ok(&["meet", "--with", &address]).remove(0);
    let host = host.wait_with_output().unwrap();
    assert!(host.status.success());
    (lines(&host.stdout).remove(0), guest)
}

#[test]
fn two_phones_that_met_show_each_others_visits_and_the_server_gets_each_once() {
    let mut site = Site::new(PROGRAMS);
    site.add_user("zhao", "member");
    site.add_user("sun", "member");
    site.start();
    let (zhao, sun) = (site.enrolled("zhao", "zhao"), site.enrolled("sun", "sun"));
    zhao.ok(&["household", "--area", COMMUNITY, "--door", "3-2-501"]);
    for phone in [&zhao, &sun] {
        phone.ok(&["sync"]);
    }
    site.stop();
    let visit = |phone: &Device, note: &str, repeat: &str| {
        phone.ok(&[
            "visit",
            "--door",
            "3-2-501",
            "--outcome",
            "met",
            "--note",
            note,
            "--repeat",
            repeat,
        ]);
    };
    visit(&zhao, "赵", "3");
    visit(&sun, "孙", "2");
    let everything = ["孙 1", "孙 2", "赵 1", "赵 2", "赵 3"];
    assert_ne!(sun.notes(), everything, "the control: they have not met");
    let (host, guest) = meet(&zhao, &sun);
    // The household is an operation of the first phone, too, and the second one had it from the server already.
    assert_eq!((&host["merged"], &host["peer_holds"]), (&2.into(), &4.into()));
    assert_eq!((&guest["merged"], &guest["peer_holds"]), (&4.into(), &2.into()));
    for phone in [&zhao, &sun] {
        assert_eq!(phone.notes(), everything);
    }
    // Seen is not receipted: each still has its own work to deliver, and none of the other's.
    assert_eq!(
        (
            zhao.ok(&["show", "waiting"]).len(),
            sun.ok(&["show", "waiting"]).len()
        ),
        (3, 2)
    );
    let (host, guest) = meet(&sun, &zhao);
    assert_eq!((&host["merged"], &guest["merged"]), (&0.into(), &0.into()));
    visit(&sun, "又", "1");
    assert_eq!(meet(&sun, &zhao).1["merged"], 1);
    site.start();
    site.add_user("qian", "supervisor");
    let office = site.enrolled("office", "qian");
    for device in [&sun, &zhao, &sun, &office] {
        device.ok(&["sync"]);
    }
    let everything = ["又", "孙 1", "孙 2", "赵 1", "赵 2", "赵 3"];
    for device in [&zhao, &sun, &office] {
        assert_eq!(device.notes(), everything);
        assert_eq!(device.ok(&["show", "conflicts"]), Vec::<Value>::new());
    }
    let checked = site.koumen(&["check"], "");
    assert!(
        checked.starts_with("7 operations") && checked.contains("no damage"),
        "{checked}"
    );
}

#[test]
fn devices_meet_on_this_machine_only() {
    let mut site = Site::new(PROGRAMS);
    site.add_user("zhao", "member");
    site.start();
    let zhao = site.enrolled("zhao", "zhao");
    for words in [
        &["meet", "--listen", "0.0.0.0:7000"][..],
        &["meet", "--with", "192.0.2.1:7000"],
        &["meet"],
        &["meet", "--with", "nonsense"],
    ] {
        assert_eq!(zhao.run(words, "").status.code(), Some(2), "{words:?}");
    }
    let alone = zhao.run(&["meet", "--listen", &free_address(), "--wait-s", "0"], "");
    assert_eq!(alone.status.code(), Some(1), "{alone:?}");
}

struct World {
    address: Rc<Address>,
    now_ms: Rc<Cell<u64>>,
    household: HouseholdId,
    phones: Vec<DrivenPhone>,
}

impl World {
    /// Three phones that know one household and each other.
    async fn new() -> Self {
        Self::with_file_of_the_second(None).await
    }

    async fn with_file_of_the_second(file: Option<&Path>) -> Self {
        let server = TestServer::start().await;
        server.add_area(COMMUNITY, "社区").await;
        for (name, role) in [
            ("zhao", Role::Member),
            ("sun", Role::Member),
            ("qian", Role::Supervisor),
        ] {
            server.add_worker(name, role, &[COMMUNITY]).await;
        }
        let address = Address::of(server).await;
        let now_ms = Rc::new(Cell::new(TEST_START_MS));
        let mut phones = Vec::new();
        for (seed, name) in [(1, "zhao"), (2, "sun"), (3, "qian")] {
            let file = file.filter(|_| seed == 2);
            let phone = DrivenPhone::open(file, &address, &now_ms, seed);
            phone.sign_in(name).await;
            phones.push(phone);
        }
        let household = Household {
            door: "3-2-501".to_owned(),
            ..Household::default()
        };
        let area = AreaCode::new(COMMUNITY).unwrap();
        let record = phones[0].call(api::AddHousehold { area, household });
        let world = Self {
            address,
            now_ms,
            household: HouseholdId(record.id),
            phones,
        };
        world.settle().await;
        world
    }

    async fn settle(&self) {
        for _ in 0..2 {
            for phone in &self.phones {
                phone.sync().await;
                self.address.server().clock.set(self.now_ms.get());
            }
        }
    }

    fn edit(&self, phone: &DrivenPhone, note: &str) {
        self.now_ms.set(self.now_ms.get() + 1);
        phone.call(api::SaveFields {
            record: RecordRef::new(RecordKind::HOUSEHOLD, self.household),
            fields: FieldMap::from_iter([(NOTE, FieldValue::text(note))]),
        });
    }
}

fn conflicts(phone: &DrivenPhone) -> Vec<Conflict> {
    phone.call(api::Conflicts)
}

fn meet_in_process(one: &DrivenPhone, other: &DrivenPhone) {
    tests::world::meet(&mut one.replica().borrow_mut(), &mut other.replica().borrow_mut());
}

#[tokio::test(flavor = "current_thread")]
async fn a_conflict_seen_at_a_meeting_is_the_one_that_the_server_gives() {
    LocalSet::new()
        .run_until(async {
            let world = World::new().await;
            let [zhao, sun, office] = &world.phones[..] else {
                panic!("three phones")
            };
            world.edit(zhao, "赵写的");
            world.edit(sun, "孙写的");
            // Nothing was awaited since: no driver has spoken to the server.
            meet_in_process(zhao, sun);
            let seen = conflicts(zhao);
            assert_eq!(seen.len(), 1);
            assert_eq!(conflicts(sun), seen);
            world.settle().await;
            for phone in [zhao, sun, office] {
                assert_eq!(
                    conflicts(phone),
                    seen,
                    "the same values in the same order, with the same times"
                );
            }
        })
        .await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_row_that_went_bad_does_not_end_a_meeting() {
    LocalSet::new()
        .run_until(async {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("sun.sqlite");
            let world = World::with_file_of_the_second(Some(&file)).await;
            let [zhao, sun, _] = &world.phones[..] else {
                panic!("three phones")
            };
            world.edit(zhao, "赵写的");
            let disk = Connection::open(&file).unwrap();
            let damaged = disk.execute("UPDATE household SET clocks = x'ff'", []).unwrap();
            assert_eq!(damaged, 1);
            meet_in_process(zhao, sun);
            world.settle().await;
            for phone in &world.phones {
                let page = phone.call(api::Household { id: world.household });
                assert_eq!(
                    (page.household.door.as_str(), page.household.note.as_str()),
                    ("3-2-501", "赵写的")
                );
            }
        })
        .await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_clock_that_runs_ahead_wins_nothing_at_a_meeting() {
    LocalSet::new()
        .run_until(async {
            let world = World::new().await;
            let [zhao, sun, office] = &world.phones[..] else {
                panic!("three phones")
            };
            let right = world.now_ms.get();
            world.now_ms.set(right + 400 * 24 * 3_600_000);
            world.edit(zhao, "四百天以后");
            world.now_ms.set(right);
            meet_in_process(zhao, sun);
            world.now_ms.set(right + 10_000);
            world.edit(sun, "后来的");
            meet_in_process(zhao, sun);
            world.settle().await;
            for phone in [zhao, sun, office] {
                let page = phone.call(api::Household { id: world.household });
                assert_eq!(page.household.note, "后来的");
                assert_eq!(conflicts(phone), []);
            }
        })
        .await;
}

#[tokio::test(flavor = "current_thread")]
async fn what_is_cut_altered_or_from_a_stranger_changes_nothing() {
    LocalSet::new()
        .run_until(async {
            let world = World::new().await;
            let [zhao, sun, _] = &world.phones[..] else {
                panic!("three phones")
            };
            world.edit(zhao, "赵写的");
            // Each hears who the other is; the next words carry operations.
            let hello = zhao.replica().borrow().bundle(None, 0).unwrap();
            sun.replica().borrow_mut().take_bundle(&hello.bytes).unwrap();
            let hello = sun.replica().borrow().bundle(None, 0).unwrap();
            let met = zhao.replica().borrow_mut().take_bundle(&hello.bytes).unwrap();
            let words = zhao.replica().borrow().bundle(Some(met.device), 0).unwrap();
            assert_eq!(words.through_seq, Some(2));
            let take = |bytes: &[u8]| sun.replica().borrow_mut().take_bundle(bytes);
            for length in 0..words.bytes.len() {
                assert!(matches!(take(&words.bytes[..length]), Err(PeerError::Damaged)));
            }
            let bundle: Bundle = v1::decode(&words.bytes).unwrap();
            let push = bundle.push.clone().unwrap();
            let altered = |change: fn(&mut Bundle)| {
                let mut altered = bundle.clone();
                change(&mut altered);
                take(&v1::encode(&altered))
            };
            assert!(matches!(altered(|b| b.protocol = 2), Err(PeerError::Damaged)));
            assert!(matches!(
                altered(|b| b.author = WorkerId(Uuid::from_bytes([9; 16]))),
                Err(PeerError::UnknownWorker)
            ));
            let push_of = |bundle: &mut Bundle, chain: ChainHash| {
                if let Some(push) = &mut bundle.push {
                    push.chain_after = chain;
                }
            };
            let mut wrong_end = bundle.clone();
            push_of(&mut wrong_end, ChainHash([1; 32]));
            assert!(matches!(take(&v1::encode(&wrong_end)), Err(PeerError::Damaged)));
            let back = zhao.replica().borrow_mut().take_bundle(&words.bytes);
            assert!(matches!(back, Err(PeerError::Own)));
            assert_eq!(push.first_seq, 1);
            let page = sun.call(api::Household { id: world.household });
            assert_eq!(page.household.note, "", "nothing of it was taken");
            // The control: unaltered it is taken.
            assert_eq!(take(&words.bytes).unwrap().merged, 2);
            assert!(matches!(
                altered(|b| {
                    if let Some(push) = &mut b.push {
                        push.chain_before = ChainHash([7; 32]);
                    }
                }),
                Err(PeerError::Damaged)
            ));
        })
        .await;
}
