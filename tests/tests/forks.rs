//! A cloned phone: both copies go on, the second one under an identity of its own, and nobody's work is lost (F30).
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

use std::cell::Cell;
use std::fs;
use std::path::Path;
use std::rc::Rc;

use replica::api::{self, DraftBody, DraftSeen, SyncPhase, VisitDraft};
use replica::replica::ANOTHER_COPY;
use serde_json::Value;
use shared::domain::Household;
use shared::domain::household::NOTE;
use shared::domain::schema::{RecordKind, RecordRef};
use shared::domain::value::{FieldMap, Value as FieldValue};
use shared::domain::visit::{Outcome, Purpose};
use shared::domain::worker::Role;
use shared::ids::{AreaCode, DraftId, HouseholdId};
use sync_server::chance::Chance;
use sync_server::testing::{SeededChance, TEST_START_MS, TestServer};
use tests::driven::{Address, DrivenPhone};
use tests::processes::{COMMUNITY, Programs, Site, copy_folder, text};
use tokio::task::LocalSet;

const PROGRAMS: Programs = Programs {
    server: env!("CARGO_BIN_EXE_koumen-server-under-test"),
    device: env!("CARGO_BIN_EXE_koumen-device-under-test"),
};
/// How many clones the ordinary run makes; `KOUMEN_TRIES` says otherwise.
const TRIES: u64 = 40;

fn tries() -> u64 {
    std::env::var("KOUMEN_TRIES")
        .ok()
        .and_then(|tries| tries.parse().ok())
        .unwrap_or(TRIES)
}

#[test]
fn both_copies_of_a_phone_go_on_and_the_worker_is_told() {
    let mut site = Site::new(PROGRAMS);
    site.add_user("zhao", "member");
    site.add_user("qian", "supervisor");
    site.start();
    let first = site.enrolled("first", "zhao");
    first.ok(&["household", "--area", COMMUNITY, "--door", "3-2-501"]);
    let visit = |device: &tests::processes::Device, note: &str| {
        device.ok(&["visit", "--door", "3-2-501", "--outcome", "met", "--note", note]);
    };
    visit(&first, "克隆前");
    first.ok(&["sync"]);
    let second = site.device("second");
    copy_folder(&first.folder, &second.folder);
    visit(&first, "第一部");
    visit(&second, "第二部");
    first.ok(&["sync"]);
    let office = site.enrolled("office", "qian");
    office.ok(&["sync"]);
    assert_eq!(
        office.notes(),
        ["克隆前", "第一部"],
        "the control: the copy's work is not there yet"
    );
    let told = second.run(&["sync"], "");
    assert!(told.status.success(), "{told:?}");
    assert!(
        text(&told.stderr).contains("another copy of this device"),
        "{told:?}"
    );
    let ids = [&first, &second].map(|device| device.ok(&["show", "status"]));
    assert_ne!(ids[0][0]["device"], ids[1][0]["device"]);
    for round in 0..2 {
        visit(&first, &format!("第一部又{round}"));
        visit(&second, &format!("第二部又{round}"));
        for device in [&first, &second] {
            let silent = device.run(&["sync"], "");
            assert!(
                silent.status.success() && text(&silent.stderr).is_empty(),
                "{silent:?}"
            );
        }
    }
    office.ok(&["sync"]);
    let everything = [
        "克隆前",
        "第一部",
        "第一部又0",
        "第一部又1",
        "第二部",
        "第二部又0",
        "第二部又1",
    ];
    for device in [&office, &first, &second] {
        device.ok(&["sync"]);
        assert_eq!(device.notes(), everything);
        assert_eq!(device.ok(&["show", "conflicts"]), Vec::<Value>::new());
    }
    site.stop();
    assert!(site.koumen(&["check"], "").contains("no damage"));
}

/// One server, one household, one clock.
struct World {
    address: Rc<Address>,
    now_ms: Rc<Cell<u64>>,
    chance: SeededChance,
}

impl World {
    async fn new(seed: u64) -> Self {
        let server = TestServer::start().await;
        server.add_area(COMMUNITY, "社区").await;
        server.add_worker("zhao", Role::Member, &[COMMUNITY]).await;
        server.add_worker("qian", Role::Supervisor, &[COMMUNITY]).await;
        Self {
            address: Address::of(server).await,
            now_ms: Rc::new(Cell::new(TEST_START_MS)),
            chance: SeededChance::new(seed),
        }
    }

    fn phone(&self, file: Option<&Path>, seed: u64) -> DrivenPhone {
        DrivenPhone::open(file, &self.address, &self.now_ms, seed)
    }

    fn household(&self, phone: &DrivenPhone) -> HouseholdId {
        let household = Household {
            door: "3-2-501".to_owned(),
            ..Household::default()
        };
        let area = AreaCode::new(COMMUNITY).unwrap();
        HouseholdId(phone.call(api::AddHousehold { area, household }).id)
    }

    fn visit(&self, phone: &DrivenPhone, household: HouseholdId, note: &str) {
        self.now_ms.set(self.now_ms.get() + 1);
        let id = DraftId(self.chance.uuid());
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
            started_at: self.now_ms.get(),
        });
        phone.call(api::SaveDraft {
            id,
            body,
            seen: DraftSeen::default(),
        });
        phone.call(api::FinishDraft { id });
    }

    fn edit(&self, phone: &DrivenPhone, household: HouseholdId, note: &str) {
        self.now_ms.set(self.now_ms.get() + 1);
        phone.call(api::SaveFields {
            record: RecordRef::new(RecordKind::HOUSEHOLD, household),
            fields: FieldMap::from_iter([(NOTE, FieldValue::text(note))]),
        });
    }
}

fn copy_replica(from: &Path, to: &Path) {
    for end in ["", "-wal"] {
        let name = |path: &Path| format!("{}{end}", path.display());
        if Path::new(&name(from)).is_file() {
            fs::copy(name(from), name(to)).unwrap();
        }
    }
}

/// One clone at a random moment of a random life; everything that anybody saved must be there in the end.
async fn one_clone(seed: u64) -> usize {
    let world = World::new(seed).await;
    let folder = tempfile::tempdir().unwrap();
    let files = [folder.path().join("first.db"), folder.path().join("second.db")];
    let first = world.phone(Some(&files[0]), 1);
    first.sign_in("zhao").await;
    let household = world.household(&first);
    let mut saved = Vec::new();
    let mut save = |phone: &DrivenPhone| {
        let note = format!("{:03}", saved.len());
        world.visit(phone, household, &note);
        saved.push(note);
    };
    for _ in 0..world.chance.below(4) {
        save(&first);
        if world.chance.below(2) == 0 {
            first.sync().await;
        }
    }
    copy_replica(&files[0], &files[1]);
    let copies = [first, world.phone(Some(&files[1]), 2)];
    for _ in 0..2 + world.chance.below(10) {
        let phone = &copies[usize::try_from(world.chance.below(2)).unwrap()];
        match world.chance.below(3) {
            0 => {
                phone.sync().await;
            }
            _ => save(phone),
        }
    }
    let office = world.phone(None, 3);
    office.sign_in("qian").await;
    for _ in 0..2 {
        for phone in [&copies[0], &copies[1], &office] {
            let state = phone.sync().await;
            assert_eq!(
                (state.phase, state.waiting_operations),
                (SyncPhase::UpToDate, 0),
                "seed {seed}"
            );
        }
    }
    let mut lost = 0;
    for phone in [&copies[0], &copies[1], &office] {
        let mut shown = phone.log();
        shown.sort();
        for note in saved.iter().filter(|note| !shown.contains(note)) {
            println!("seed {seed}: device {} lacks {note}", phone.device());
        }
        lost += saved.iter().filter(|note| !shown.contains(note)).count();
        assert!(shown.len() <= saved.len(), "seed {seed}: nothing is there twice");
    }
    lost
}

#[tokio::test(flavor = "current_thread")]
async fn clones_at_random_moments_lose_nothing() {
    let tries = tries();
    let mut lost = 0;
    for seed in 0..tries {
        lost += LocalSet::new().run_until(one_clone(seed)).await;
    }
    println!("cloned phones: {tries} tries / {lost} lost");
    assert_eq!(lost, 0);
}

#[tokio::test(flavor = "current_thread")]
async fn a_conflict_stays_a_conflict_and_a_later_edit_stays_the_later_one() {
    LocalSet::new()
        .run_until(async {
            let world = World::new(1).await;
            let folder = tempfile::tempdir().unwrap();
            let files = [folder.path().join("first.db"), folder.path().join("second.db")];
            let first = world.phone(Some(&files[0]), 1);
            first.sign_in("zhao").await;
            let household = world.household(&first);
            first.sync().await;
            copy_replica(&files[0], &files[1]);
            let second = world.phone(Some(&files[1]), 2);
            let office = world.phone(None, 3);
            office.sign_in("qian").await;
            office.sync().await;
            world.visit(&first, household, "");
            first.sync().await;
            // Two edits of the copy, one after the other, and one of the office that knows of neither.
            world.edit(&second, household, "先写的");
            world.edit(&second, household, "后写的");
            world.edit(&office, household, "办公室写的");
            office.sync().await;
            for _ in 0..2 {
                for phone in [&second, &office, &first] {
                    phone.sync().await;
                }
            }
            for phone in [&first, &second, &office] {
                let conflicts = phone.call(api::Conflicts);
                let values: Vec<_> = conflicts.iter().flat_map(|conflict| &conflict.values).collect();
                let values: Vec<_> = values.iter().map(|value| value.value.as_text()).collect();
                assert_eq!(values, ["办公室写的", "后写的"]);
            }
            let told = |phone: &DrivenPhone| {
                phone.call(api::Setting {
                    name: ANOTHER_COPY.to_owned(),
                })
            };
            assert_eq!(told(&second), Some("1".to_owned()));
            assert_eq!(told(&first), None);
        })
        .await;
}

/// The control: without another identity the copy's work would not go out.
#[tokio::test(flavor = "current_thread")]
async fn the_hash_chain_refuses_the_second_copy() {
    LocalSet::new()
        .run_until(async {
            let world = World::new(1).await;
            let folder = tempfile::tempdir().unwrap();
            let files = [folder.path().join("first.db"), folder.path().join("second.db")];
            let first = world.phone(Some(&files[0]), 1);
            first.sign_in("zhao").await;
            let household = world.household(&first);
            first.sync().await;
            copy_replica(&files[0], &files[1]);
            world.visit(&first, household, "第一部");
            first.sync().await;
            world.address.identities_are_given.set(false);
            let second = world.phone(Some(&files[1]), 2);
            let before = second.device();
            world.visit(&second, household, "第二部");
            let stuck = second.sync().await;
            assert_eq!((stuck.phase, stuck.waiting_operations), (SyncPhase::Trouble, 1));
            world.address.identities_are_given.set(true);
            let state = second.sync().await;
            assert_eq!((state.phase, state.waiting_operations), (SyncPhase::UpToDate, 0));
            assert_ne!(second.device(), before);
        })
        .await;
}
