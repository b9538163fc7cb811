//! A household that moves to another area.

use std::collections::BTreeMap;

use shared::change::encode::decode_pull;
use shared::change::{Change, Seen, Write};
use shared::domain::household::{MOVED_TO, NOTE};
use shared::domain::value::Value;
use shared::domain::worker::Role;
use shared::domain::{FieldId, RecordKind, RecordRef};
use shared::ids::HouseholdId;
use shared::protocol::v1::{self, AreaPage};

use super::{COMMUNITY, GRID, NOW, OTHER_GRID, a_phone, area, push_at, with_areas};
use crate::storage::{PullRequest, PushOutcome, SEGMENT_OPERATIONS, Storage, StoredPhoto, Taken};
use crate::testing::TestPhone;

/// A while, ms.
const WHILE: u64 = 60_000;

fn write(phone: &mut TestPhone, household: HouseholdId, field: FieldId, value: &str) {
    let change = Change {
        writes: vec![Write {
            field,
            value: Value::text(value),
            seen: Seen::default(),
        }],
        ..Change::default()
    };
    phone.record(RecordRef::new(RecordKind::HOUSEHOLD, household), change);
}

fn move_to(phone: &mut TestPhone, household: HouseholdId, grid: &str) {
    write(phone, household, MOVED_TO, grid);
}

/// Pushes what is not held yet at `now_ms`; with the codes of what is parked of it.
async fn push_new(storage: &Storage, phone: &TestPhone, now_ms: u64) -> (Taken, Vec<String>) {
    let first = storage.held(phone.device).await.unwrap().unwrap().through_seq + 1;
    let last = phone.operations.len() as u64;
    match push_at(storage, phone, first, last, now_ms).await {
        PushOutcome::Taken(taken) => {
            let codes = taken.parked.iter().map(|notice| notice.code.clone()).collect();
            (taken, codes)
        }
        PushOutcome::Refused(refusal) => panic!("refused: {refusal}"),
    }
}

/// The records of all operations that somebody reads who begins with this area.
async fn read(storage: &Storage, phone: &TestPhone, grid: &str) -> Vec<RecordRef> {
    let request = PullRequest {
        worker: phone.worker,
        device: phone.device,
        own_from_seq: u64::MAX,
        epoch: None,
        cursors: BTreeMap::new(),
        operations_max: 10_000,
        bytes_max: usize::MAX,
    };
    let pulled = storage.pull(request).await.unwrap();
    let of_area = pulled.areas.into_iter().find(|pulled| pulled.area == area(grid));
    let operations = of_area.unwrap().operations.into_iter();
    operations.map(|applied| applied.operation.record).collect()
}

/// Two members, each of a grid, and somebody who has both.
async fn three(storage: &Storage) -> [TestPhone; 3] {
    with_areas(storage).await;
    [
        a_phone(storage, 1, Role::Member, &[GRID]).await,
        a_phone(storage, 2, Role::Member, &[OTHER_GRID]).await,
        a_phone(storage, 3, Role::Member, &[GRID, OTHER_GRID]).await,
    ]
}

/// Everything beside it goes along, the move first; the old area reads the move alone. Photos are for who has them now.
pub async fn a_household_moves_with_all_that_lies_beside_it(storage: &Storage) {
    let [mut amina, joao, mut lin] = three(storage).await;
    let (home, stays) = (amina.household("3-2-501"), amina.household("3-2-502"));
    let person = amina.resident(home, "王秀英");
    let visit = amina.visit(home, "all well");
    let hash = amina.photo(visit, b"lamp");
    let photo = amina.operations.last().unwrap().record;
    amina.visit(stays, "the neighbour");
    push_new(storage, &amina, NOW).await;
    let stored = StoredPhoto {
        hash,
        areas: vec![area(GRID)],
        size_bytes: 4,
        device: amina.device,
    };
    storage.note_photo(stored, NOW).await.unwrap();
    // In one push: what comes behind a move is decided where the household lies then.
    lin.now_ms = NOW;
    move_to(&mut lin, home, OTHER_GRID);
    lin.visit(home, "behind the move");
    let behind = lin.operations.last().unwrap().record;
    let (taken, parked) = push_new(storage, &lin, NOW + WHILE).await;
    assert_eq!(parked, Vec::<String>::new());
    assert_eq!(taken.areas, [area(GRID), area(OTHER_GRID)].into());

    let household = RecordRef::new(RecordKind::HOUSEHOLD, home);
    let here = read(storage, &joao, OTHER_GRID).await;
    assert_eq!(here, [household, household, person, visit, photo, behind]);
    let left = read(storage, &amina, GRID).await;
    assert_eq!(left.len(), 3);
    assert_eq!(left.iter().filter(|record| **record == household).count(), 1);
    let [old, new] = [GRID, OTHER_GRID].map(|grid| vec![area(grid)]);
    assert_eq!(storage.photo_stored_in(hash, &new).await.unwrap(), Some(4));
    assert_eq!(storage.photo_stored_in(hash, &old).await.unwrap(), None);
    // Who recorded it may still send its bytes, and they reach who has it now.
    let wanted = storage.photo_wanted_from(hash, amina.worker, &old).await;
    assert_eq!(wanted.unwrap(), new);
    // Whoever has both reads each operation in the log where it lies, and the move twice.
    let all = read_community(storage).await;
    assert_eq!(all, 9);
}

async fn read_community(storage: &Storage) -> usize {
    let sun = a_phone(storage, 9, Role::Supervisor, &[COMMUNITY]).await;
    read(storage, &sun, COMMUNITY).await.len()
}

/// What was recorded where the household lay, in time or by somebody who has both areas, lies where it lies now, and
/// so does what is recorded about that.
pub async fn what_is_recorded_where_a_household_lay_follows_it(storage: &Storage) {
    let [mut amina, joao, mut lin] = three(storage).await;
    let mut wei = a_phone(storage, 4, Role::Supervisor, &[COMMUNITY]).await;
    wei.area = area(GRID);
    let home = amina.household("3-2-501");
    push_new(storage, &amina, NOW).await;
    lin.now_ms = NOW;
    move_to(&mut lin, home, OTHER_GRID);
    push_new(storage, &lin, NOW + WHILE).await;

    amina.now_ms = NOW + WHILE - 10;
    let visit = amina.visit(home, "in time");
    let (_, parked) = push_new(storage, &amina, NOW + 2 * WHILE).await;
    assert_eq!(parked, Vec::<String>::new());
    amina.photo(visit, b"lamp");
    let photo = amina.operations.last().unwrap().record;
    let (_, parked) = push_new(storage, &amina, NOW + 2 * WHILE).await;
    assert_eq!(parked, Vec::<String>::new(), "a photo of a visit that came late");
    wei.now_ms = NOW + 3 * WHILE;
    let of_both = wei.visit(home, "has both areas");
    let (_, parked) = push_new(storage, &wei, NOW + 3 * WHILE).await;
    assert_eq!(parked, Vec::<String>::new());
    let here = read(storage, &joao, OTHER_GRID).await;
    assert_eq!(here[2..], [visit, photo, of_both]);

    amina.now_ms = NOW + 3 * WHILE;
    amina.visit(home, "too late");
    write(&mut amina, home, NOTE, "too late");
    let (_, parked) = push_new(storage, &amina, NOW + 4 * WHILE).await;
    assert_eq!(parked, ["record.other_area"; 2]);
    // An edit of the household takes nothing up; when it comes back, everything that waited is there.
    lin.now_ms = NOW + 5 * WHILE;
    lin.area = area(OTHER_GRID);
    write(&mut lin, home, NOTE, "still there");
    push_new(storage, &lin, NOW + 5 * WHILE).await;
    let waits = storage.parked_of(amina.device, 1, 10).await.unwrap();
    assert_eq!(waits.len(), 2);
    move_to(&mut lin, home, GRID);
    push_new(storage, &lin, NOW + 6 * WHILE).await;
    assert_eq!(storage.parked_of(amina.device, 1, 10).await.unwrap(), []);
    assert_eq!(read(storage, &joao, OTHER_GRID).await.len(), 1, "that it went");
    assert_eq!(read(storage, &amina, GRID).await.len(), 10);
}

/// Who has lost a household cannot take it back, whatever the phone's clock says; who lacks the other area cannot give.
pub async fn who_moves_a_household_has_both_areas(storage: &Storage) {
    let [mut amina, mut joao, mut lin] = three(storage).await;
    let home = amina.household("3-2-501");
    push_new(storage, &amina, NOW).await;
    amina.now_ms = NOW;
    move_to(&mut amina, home, OTHER_GRID);
    let (_, parked) = push_new(storage, &amina, NOW).await;
    assert_eq!(parked, ["area.not_assigned"]);
    lin.now_ms = NOW;
    move_to(&mut lin, home, OTHER_GRID);
    push_new(storage, &lin, NOW + WHILE).await;
    // Stamped between the move and the moment when the server applied it.
    amina.now_ms = NOW + WHILE - 10;
    move_to(&mut amina, home, GRID);
    let (_, parked) = push_new(storage, &amina, NOW + WHILE).await;
    assert_eq!(parked, ["record.other_area"]);
    joao.now_ms = NOW + 2 * WHILE;
    move_to(&mut joao, home, GRID);
    let (_, parked) = push_new(storage, &joao, NOW + 2 * WHILE).await;
    assert_eq!(parked, ["area.not_assigned"]);
    lin.now_ms = NOW + 3 * WHILE;
    for nowhere in ["130803001001-77", "somewhere", ""] {
        let written = match nowhere {
            "" => Value::Null,
            text => Value::text(text),
        };
        let change = Change {
            writes: vec![Write {
                field: MOVED_TO,
                value: written,
                seen: Seen::default(),
            }],
            ..Change::default()
        };
        lin.record(RecordRef::new(RecordKind::HOUSEHOLD, home), change);
    }
    let (_, parked) = push_new(storage, &lin, NOW + 3 * WHILE).await;
    let impossible = "household.area_impossible";
    assert_eq!(parked, ["area.unknown", impossible, impossible]);
    assert_eq!(
        read(storage, &joao, OTHER_GRID).await.len(),
        2,
        "it lies where it lay"
    );
}

/// A push makes a bounded number of moves; what comes behind them is not receipted, and can be sent again.
pub async fn a_push_makes_so_many_moves(storage: &Storage) {
    let [mut amina, joao, mut lin] = three(storage).await;
    let homes: Vec<HouseholdId> = (1..=20)
        .map(|number| amina.household(&format!("{number}-1-101")))
        .collect();
    push_new(storage, &amina, NOW).await;
    lin.now_ms = NOW;
    for home in homes {
        move_to(&mut lin, home, OTHER_GRID);
    }
    let (taken, _) = push_new(storage, &lin, NOW + WHILE).await;
    assert_eq!((taken.applied, taken.receipt.through_seq), (16, 16));
    assert_eq!(taken.receipt.chain, lin.chain_at(16));
    let (taken, _) = push_new(storage, &lin, NOW + WHILE).await;
    assert_eq!((taken.applied, taken.receipt.through_seq), (4, 20));
    assert_eq!(read(storage, &joao, OTHER_GRID).await.len(), 40);
}

/// Who begins with an area reads in no segment what has left it.
pub async fn segments_do_not_hold_what_has_left(storage: &Storage) {
    let [mut amina, _, mut lin] = three(storage).await;
    let home = amina.household("3-2-501");
    for number in 0..=SEGMENT_OPERATIONS {
        amina.household(&format!("{}-1-101", number + 1));
    }
    push_new(storage, &amina, NOW).await;
    let of = |code: &'static str| async move {
        let bytes = storage.segment(&area(code), 0).await.unwrap().unwrap();
        let page: AreaPage = v1::decode(&bytes).unwrap();
        let operations = decode_pull(&page.page).unwrap();
        let mut records = operations.iter().map(|applied| applied.operation.record.id);
        (records.any(|record| record == home.0), page.cursor)
    };
    assert!(of(GRID).await.0 && of(COMMUNITY).await.0);
    lin.now_ms = NOW;
    move_to(&mut lin, home, OTHER_GRID);
    push_new(storage, &lin, NOW + WHILE).await;
    assert!(!of(GRID).await.0);
    assert!(of(COMMUNITY).await.0, "both areas lie in it");
}
