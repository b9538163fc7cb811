//! Issues that are sent to a unit.

use std::collections::BTreeMap;

use shared::change::Change;
use shared::crdt::RecordState;
use shared::domain::issue::{Category, Event, Issue, Step};
use shared::domain::life_cycle::LENT_AFTER_CLOSING_MS;
use shared::domain::unit;
use shared::domain::value::{FieldMap, Value};
use shared::domain::worker::Role;
use shared::domain::{RecordKind, RecordRef};
use shared::ids::{AreaCode, HouseholdId};
use shared::protocol::verify::{Fingerprints, Verification};
use uuid::Uuid;

use super::{
    COMMUNITY, GRID, NEIGHBOUR, NOW, OTHER_GRID, a_phone, area, enrol, id, push_at, reached, with_areas,
};
use crate::storage::{
    AddedAccount, NewAccount, PullRequest, PulledArea, PushOutcome, Storage, StoredPhoto, Taken,
    VerifyRequest,
};
use crate::testing::TestPhone;

/// A while, ms.
pub(super) const WHILE: u64 = 60_000;

/// Pushes what is not held yet at `now_ms`; with the codes of what is parked of it.
pub(super) async fn push_new(storage: &Storage, phone: &TestPhone, now_ms: u64) -> (Taken, Vec<String>) {
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

pub(super) async fn push_all(storage: &Storage, phone: &TestPhone, now_ms: u64) {
    let (_, parked) = push_new(storage, phone, now_ms).await;
    assert_eq!(parked, Vec::<String>::new());
}

/// A unit that was decided on in the common area of a community.
pub(super) fn a_unit(phone: &mut TestPhone, community: &str, name: &str) -> Uuid {
    phone.area = area(community).common().unwrap();
    let fields = FieldMap::from_iter([
        (unit::NAME, Value::text(name)),
        (
            unit::SORT,
            Value::Int(unit::UnitSort::PropertyCompany.number() as i64),
        ),
    ]);
    phone.make(RecordKind::UNIT, fields).id
}

pub(super) fn an_issue(phone: &mut TestPhone, household: Option<HouseholdId>) -> RecordRef {
    let issue = Issue {
        category: Category::Facilities,
        title: "路灯不亮".to_owned(),
        note: String::new(),
        household,
        place: "3号楼门口".to_owned(),
        visit: None,
        reported_at: phone.now_ms,
    };
    let made = phone.make(RecordKind::ISSUE, issue.to_fields());
    step(&[], phone, made, Step::Reported, "");
    made
}

/// What phones that have heard of each other know of a record.
pub(super) fn known(phones: &[&TestPhone], record: RecordRef) -> RecordState {
    let all = phones.iter().flat_map(|phone| &phone.operations);
    let mut state: Option<RecordState> = None;
    for operation in all.filter(|operation| operation.record == record) {
        match &mut state {
            Some(state) => state.apply(operation, None),
            None => state = Some(RecordState::start(operation, None)),
        }
    }
    state.unwrap()
}

/// A step by `phone`, which has seen what `others` did.
pub(super) fn step(
    others: &[&TestPhone],
    phone: &mut TestPhone,
    record: RecordRef,
    step: Step,
    target: &str,
) {
    let mut knows = others.to_vec();
    knows.push(phone);
    let state = known(&knows, record);
    let event = Event {
        target: target.to_owned(),
        ..Event::of(step)
    };
    let change = RecordState::step(Some(&state), event);
    phone.now_ms = phone
        .now_ms
        .max(others.iter().map(|other| other.now_ms).max().unwrap_or(0));
    phone.record(record, change);
}

/// All that somebody reads of an area behind `cursor`.
pub(super) async fn read(storage: &Storage, phone: &TestPhone, of: &AreaCode, cursor: u64) -> PulledArea {
    let request = PullRequest {
        worker: phone.worker,
        device: phone.device,
        own_from_seq: u64::MAX,
        epoch: Some(storage.epoch().await.unwrap()),
        cursors: BTreeMap::from([(of.clone(), cursor)]),
        operations_max: 10_000,
        bytes_max: usize::MAX,
    };
    let pulled = storage.pull(request).await.unwrap();
    let of_area = pulled.areas.into_iter().find(|pulled| pulled.area == *of);
    of_area.unwrap()
}

pub(super) fn records(read: &PulledArea) -> Vec<RecordRef> {
    read.operations
        .iter()
        .map(|applied| applied.operation.record)
        .collect()
}

/// A member of a grid, a supervisor of its community, a unit of theirs, and somebody who works for it.
pub(super) struct World {
    pub(super) amina: TestPhone,
    pub(super) lin: TestPhone,
    pub(super) wu: TestPhone,
    pub(super) unit: Uuid,
    pub(super) at: AreaCode,
}

pub(super) async fn world(storage: &Storage) -> World {
    with_areas(storage).await;
    let amina = a_phone(storage, 1, Role::Member, &[GRID]).await;
    let mut lin = a_phone(storage, 2, Role::Supervisor, &[COMMUNITY]).await;
    let unit = a_unit(&mut lin, COMMUNITY, "元宝山物业");
    lin.area = area(GRID);
    push_all(storage, &lin, NOW).await;
    let at = AreaCode::of_unit(unit);
    let wu = a_phone(storage, 3, Role::Responder, &[at.as_str()]).await;
    World {
        amina,
        lin,
        wu,
        unit,
        at,
    }
}

/// It is held with its photos, and nothing else of the grid is; what is recorded there lies where it lies.
pub async fn what_is_sent_to_a_unit_stands_in_its_log(storage: &Storage) {
    let World {
        mut amina,
        mut lin,
        mut wu,
        unit,
        at,
    } = world(storage).await;
    let home = amina.household("3-2-501");
    amina.visit(home, "all well");
    let other = an_issue(&mut amina, None);
    let lamp = an_issue(&mut amina, Some(home));
    let hash = amina.photo(lamp, b"lamp");
    let photo = amina.operations.last().unwrap().record;
    push_all(storage, &amina, NOW).await;
    let stored = StoredPhoto {
        hash,
        areas: vec![area(GRID)],
        size_bytes: 4,
        device: amina.device,
    };
    storage.note_photo(stored, NOW).await.unwrap();
    let before = read(storage, &wu, &at, 0).await;
    assert_eq!((before.operations.len(), before.remaining), (0, 0));
    let of_unit = std::slice::from_ref(&at);
    assert_eq!(storage.photo_stored_in(hash, of_unit).await.unwrap(), None);

    step(&[&amina], &mut lin, lamp, Step::Assigned, &unit.to_string());
    let (taken, _) = push_new(storage, &lin, NOW + WHILE).await;
    assert_eq!(taken.areas, [area(GRID), at.clone()].into());
    let lent = read(storage, &wu, &at, before.cursor).await;
    assert_eq!(records(&lent), [lamp, lamp, lamp, photo]);
    assert_eq!(storage.photo_stored_in(hash, of_unit).await.unwrap(), Some(4));
    let request = PullRequest {
        worker: wu.worker,
        device: wu.device,
        own_from_seq: u64::MAX,
        epoch: None,
        cursors: BTreeMap::new(),
        operations_max: 10_000,
        bytes_max: usize::MAX,
    };
    assert_eq!(
        storage.pull(request).await.unwrap().scope,
        of_unit,
        "nothing reaches down"
    );
    assert_eq!(storage.segment(&at, 0).await.unwrap(), None);

    // What comes from now on comes to both.
    step(&[&amina, &lin], &mut wu, lamp, Step::InProgress, "");
    let done = wu.photo(lamp, b"done");
    let of_wu = wu.operations.last().unwrap().record;
    wu.now_ms = NOW + 2 * WHILE;
    push_all(storage, &wu, NOW + 2 * WHILE).await;
    amina.photo(lamp, b"again");
    let again = amina.operations.last().unwrap().record;
    step(&[&lin, &wu], &mut amina, other, Step::Accepted, "");
    push_all(storage, &amina, NOW + 2 * WHILE).await;
    let here = read(storage, &amina, &area(GRID), 0).await;
    assert_eq!(records(&here)[7..], [lamp, lamp, of_wu, again, other]);
    let there = read(storage, &wu, &at, lent.cursor).await;
    assert_eq!(records(&there), [lamp, of_wu, again]);
    let wanted = storage.photo_wanted_from(done, wu.worker, of_unit).await.unwrap();
    assert_eq!(wanted, [area(GRID)]);
    // What was not sent to them they cannot touch, nor make.
    wu.photo(other, b"other");
    wu.household("9-9-909");
    let (_, parked) = push_new(storage, &wu, NOW + 3 * WHILE).await;
    assert_eq!(parked, ["record.other_area", "right.none"]);
    let shown = storage.parked_in(&[area(COMMUNITY)], 10).await.unwrap();
    assert_eq!(shown.len(), 2, "who decided on the unit sees it");
    // Who works in an area does not record in a unit's.
    amina.area = at.clone();
    step(&[&lin, &wu], &mut amina, lamp, Step::Resolved, "");
    let (_, parked) = push_new(storage, &amina, NOW + 3 * WHILE).await;
    assert_eq!(parked, ["area.not_assigned"]);
    let directory = storage.directory(wu.worker, 0).await.unwrap().unwrap();
    let names: Vec<&str> = directory.areas.iter().map(|area| area.name.as_str()).collect();
    assert_eq!(names, ["元宝山物业"]);
    let knows = |worker| directory.workers.iter().any(|known| known.id == worker);
    assert!(knows(wu.worker) && knows(lin.worker) && knows(amina.worker));
    let directory = storage.directory(amina.worker, 0).await.unwrap().unwrap();
    assert!(directory.workers.iter().any(|known| known.id == wu.worker));
}

/// Whoever holds it reads that it ends, and who begins then reads nothing of what it says. What was done in time counts.
pub async fn what_is_returned_leaves_the_log_of_the_unit(storage: &Storage) {
    let World {
        mut amina,
        mut lin,
        mut wu,
        unit,
        at,
    } = world(storage).await;
    let lamp = an_issue(&mut amina, None);
    amina.photo(lamp, b"lamp");
    let photo = amina.operations.last().unwrap().record;
    push_all(storage, &amina, NOW).await;
    step(&[&amina], &mut lin, lamp, Step::Assigned, &unit.to_string());
    push_all(storage, &lin, NOW).await;
    let lent = read(storage, &wu, &at, 0).await;
    assert_eq!(records(&lent), [lamp, lamp, lamp, photo]);

    // They have begun when the supervisor takes it back.
    wu.now_ms = NOW + 10;
    let seen = known(&[&amina, &lin], lamp);
    lin.now_ms = NOW + 2 * WHILE;
    step(&[&amina], &mut lin, lamp, Step::Returned, "");
    let (taken, _) = push_new(storage, &lin, NOW + 2 * WHILE).await;
    assert_eq!(taken.areas, [area(GRID), at.clone()].into());
    let end = read(storage, &wu, &at, lent.cursor).await;
    assert_eq!(records(&end), [lamp]);
    let anew = read(storage, &wu, &at, 0).await;
    let says = |applied: &shared::change::AppliedOperation| {
        applied.operation.change.event.is_some() && applied.operation.change.writes.len() == 1
    };
    assert_eq!(records(&anew), [lamp, lamp, lamp]);
    assert!(
        anew.operations.iter().all(says),
        "steps, and nothing that it says"
    );
    // Before the end, without knowing of it: it was returned beside that, and is theirs again.
    wu.record(lamp, RecordState::step(Some(&seen), Event::of(Step::InProgress)));
    push_all(storage, &wu, NOW + 3 * WHILE).await;
    let back = read(storage, &wu, &at, end.cursor).await;
    assert_eq!(records(&back), [lamp, lamp, lamp, lamp, lamp, photo]);

    step(&[&amina, &wu], &mut lin, lamp, Step::Returned, "");
    push_all(storage, &lin, NOW + 4 * WHILE).await;
    wu.now_ms = NOW + 9 * WHILE;
    step(&[&amina, &lin], &mut wu, lamp, Step::Resolved, "");
    let (_, parked) = push_new(storage, &wu, NOW + 9 * WHILE).await;
    assert_eq!(parked, ["record.other_area"]);
    let shown = storage.parked_in(&[area(COMMUNITY)], 10).await.unwrap();
    assert_eq!(shown.len(), 1, "whoever supervises where it lies sees it");
    let taken_up = storage
        .take_up_parked(shown[0].place.parse().unwrap(), lin.worker, NOW + 9 * WHILE)
        .await;
    assert!(matches!(taken_up.unwrap(), crate::storage::TakenUp::Applied(_)));
}

/// The one has it, the other not any more; in words it is sent to nobody.
pub async fn what_is_sent_elsewhere_is_lent_to_the_other_unit(storage: &Storage) {
    let World {
        mut amina,
        mut lin,
        wu,
        unit,
        at,
    } = world(storage).await;
    let other = a_unit(&mut lin, COMMUNITY, "供水公司");
    lin.area = area(GRID);
    let lamp = an_issue(&mut amina, None);
    push_all(storage, &amina, NOW).await;
    step(&[&amina], &mut lin, lamp, Step::Assigned, &unit.to_string());
    push_all(storage, &lin, NOW).await;
    let other_at = AreaCode::of_unit(other);
    let zhou = a_phone(storage, 4, Role::Responder, &[other_at.as_str()]).await;
    assert_eq!(read(storage, &zhou, &other_at, 0).await.operations.len(), 0);
    step(&[&amina], &mut lin, lamp, Step::Assigned, &other.to_string());
    push_all(storage, &lin, NOW + WHILE).await;
    assert_eq!(records(&read(storage, &zhou, &other_at, 0).await), [lamp; 4]);
    assert_eq!(records(&read(storage, &wu, &at, 0).await), [lamp; 3]);
    step(&[&amina], &mut lin, lamp, Step::Assigned, "街道办");
    push_all(storage, &lin, NOW + 2 * WHILE).await;
    assert_eq!(records(&read(storage, &zhou, &other_at, 0).await), [lamp; 4]);
    step(&[&amina], &mut lin, lamp, Step::Assigned, &unit.to_string());
    push_all(storage, &lin, NOW + 3 * WHILE).await;
    assert_eq!(
        records(&read(storage, &wu, &at, 0).await),
        [lamp; 6],
        "once, and whole"
    );
}

/// Nobody sends anything to a unit that does not reach there, or is not there; when it comes, it has what waited.
pub async fn a_unit_that_does_not_reach_there_holds_nothing(storage: &Storage) {
    let World {
        mut amina, mut lin, ..
    } = world(storage).await;
    let mut next = a_phone(storage, 5, Role::Supervisor, &[NEIGHBOUR]).await;
    let stranger = a_unit(&mut next, NEIGHBOUR, "隔壁物业");
    push_all(storage, &next, NOW).await;
    let at = AreaCode::of_unit(stranger);
    let zhou = a_phone(storage, 6, Role::Responder, &[at.as_str()]).await;
    let lamp = an_issue(&mut amina, None);
    let door = an_issue(&mut amina, None);
    push_all(storage, &amina, NOW).await;
    step(&[&amina], &mut lin, lamp, Step::Assigned, &stranger.to_string());
    push_all(storage, &lin, NOW).await;
    assert_eq!(read(storage, &zhou, &at, 0).await.operations.len(), 0);

    // As after a restored backup: what it was sent to comes later than the dispatch.
    let mut late = a_phone(storage, 7, Role::Supervisor, &[COMMUNITY]).await;
    let unit = a_unit(&mut late, COMMUNITY, "城管所");
    step(&[&amina], &mut lin, door, Step::Assigned, &unit.to_string());
    push_all(storage, &lin, NOW + WHILE).await;
    let at = AreaCode::of_unit(unit);
    let unknown = storage
        .set_areas("worker6", std::slice::from_ref(&at), NOW + WHILE)
        .await
        .unwrap();
    assert_eq!(unknown, Some(vec![at.clone()]), "it is not there");
    push_all(storage, &late, NOW + 2 * WHILE).await;
    let known = storage
        .set_areas("worker6", std::slice::from_ref(&at), NOW + 2 * WHILE)
        .await
        .unwrap();
    assert_eq!(known, Some(Vec::new()));
    assert_eq!(records(&read(storage, &zhou, &at, 0).await), [door; 3]);

    // One that is made to look as if another's area was its own is set aside, and takes nothing.
    let twin = Uuid::from_u128(unit.as_u128() ^ (1 << 100));
    assert_eq!(AreaCode::of_unit(twin), at);
    let change = Change {
        writes: late.operations[0].change.writes.clone(),
        ..Change::default()
    };
    next.area = area(NEIGHBOUR).common().unwrap();
    next.record(RecordRef::new(RecordKind::UNIT, twin), change);
    let (_, parked) = push_new(storage, &next, NOW + 3 * WHILE).await;
    assert_eq!(parked, ["unit.area_taken"]);
    let gate = an_issue(&mut amina, None);
    push_all(storage, &amina, NOW + 3 * WHILE).await;
    step(&[&amina], &mut lin, gate, Step::Assigned, &twin.to_string());
    push_all(storage, &lin, NOW + 3 * WHILE).await;
    assert_eq!(records(&read(storage, &zhou, &at, 0).await), [door; 3]);
}

/// By one rule on both sides: 30 days after it was confirmed, unless it is opened again.
pub async fn what_was_closed_long_ago_is_not_lent_any_more(storage: &Storage) {
    let World {
        mut amina,
        mut lin,
        mut wu,
        unit,
        at,
    } = world(storage).await;
    let lamp = an_issue(&mut amina, None);
    amina.photo(lamp, b"lamp");
    push_all(storage, &amina, NOW).await;
    step(&[&amina], &mut lin, lamp, Step::Assigned, &unit.to_string());
    push_all(storage, &lin, NOW).await;
    step(&[&amina, &lin], &mut wu, lamp, Step::Resolved, "");
    push_all(storage, &wu, NOW + WHILE).await;
    step(&[&amina, &wu], &mut lin, lamp, Step::Confirmed, "");
    let closed_at = lin.operations.last().unwrap().stamp.ms;
    push_all(storage, &lin, NOW + WHILE).await;
    let over_at = closed_at + LENT_AFTER_CLOSING_MS;
    assert_eq!(storage.end_lending(over_at - 1).await.unwrap(), 0);
    assert_eq!(
        compared(storage, &wu, &at, over_at - 1).await,
        2,
        "it and its photo"
    );
    assert_eq!(
        compared(storage, &wu, &at, over_at).await,
        0,
        "over, if nobody looked yet"
    );
    assert_eq!(read(storage, &wu, &at, 0).await.operations.len(), 6);
    assert_eq!(storage.end_lending(over_at).await.unwrap(), 1);
    assert_eq!(storage.end_lending(over_at).await.unwrap(), 0);
    let left = read(storage, &wu, &at, 0).await;
    assert_eq!(records(&left), [lamp; 4], "its steps stay for a while");
    storage.end_lending(over_at + 91 * 24 * 3_600_000).await.unwrap();
    assert_eq!(read(storage, &wu, &at, 0).await.operations.len(), 0);
    lin.now_ms = over_at + WHILE;
    step(&[&amina, &wu], &mut lin, lamp, Step::Reopened, "");
    push_all(storage, &lin, over_at + WHILE).await;
    assert_eq!(
        read(storage, &wu, &at, 0).await.operations.len(),
        7,
        "theirs again"
    );
}

/// How many buckets differ from those of a device that has read everything and holds nothing.
pub(super) async fn compared(storage: &Storage, phone: &TestPhone, at: &AreaCode, now_ms: u64) -> u16 {
    let request = VerifyRequest {
        worker: phone.worker,
        epoch: Some(storage.epoch().await.unwrap()),
        cursors: [(at.clone(), read(storage, phone, at, 0).await.cursor)].into(),
        now_ms,
        verification: Verification::new(&Fingerprints::default(), Vec::new(), Vec::new()),
        operations_max: 1_000,
        bytes_max: 1_000_000,
    };
    let (verified, _) = storage.verify(request).await.unwrap().unwrap();
    verified.differing
}

/// A device holds what is lent as if it lay in the unit's area, and reads that anew where it holds it otherwise.
pub async fn what_is_lent_is_verified_where_it_is_lent(storage: &Storage) {
    let World {
        mut amina,
        mut lin,
        wu,
        unit,
        at,
    } = world(storage).await;
    let home = amina.household("3-2-501");
    let lamp = an_issue(&mut amina, Some(home));
    push_all(storage, &amina, NOW).await;
    step(&[&amina], &mut lin, lamp, Step::Assigned, &unit.to_string());
    push_all(storage, &lin, NOW).await;
    let mut state = known(&[&amina, &lin], lamp);
    state.bring_to(at.clone());
    let mut held = Fingerprints::default();
    held.add(lamp.id, state.fingerprint(lamp));
    let request = |held: &Fingerprints, cursor| VerifyRequest {
        worker: wu.worker,
        epoch: None,
        cursors: [(at.clone(), cursor)].into(),
        now_ms: NOW,
        verification: Verification::new(held, Vec::new(), Vec::new()),
        operations_max: 1_000,
        bytes_max: 1_000_000,
    };
    let cursor = read(storage, &wu, &at, 0).await.cursor;
    let mut same = request(&held, cursor);
    same.epoch = Some(storage.epoch().await.unwrap());
    let (verified, _) = storage.verify(same).await.unwrap().unwrap();
    assert_eq!(verified.differing, 0);
    let mut more = request(&Fingerprints::default(), cursor);
    more.epoch = Some(storage.epoch().await.unwrap());
    let (verified, pulled) = storage.verify(more).await.unwrap().unwrap();
    assert_eq!(verified.differing, 1);
    assert_eq!(records(&pulled.areas[0]), [lamp; 3]);
}

/// A household takes the issue along, and the unit keeps it.
pub async fn what_is_lent_stays_lent_where_its_household_goes(storage: &Storage) {
    let World {
        mut amina,
        mut lin,
        mut wu,
        unit,
        at,
    } = world(storage).await;
    let home = amina.household("3-2-501");
    let lamp = an_issue(&mut amina, Some(home));
    push_all(storage, &amina, NOW).await;
    step(&[&amina], &mut lin, lamp, Step::Assigned, &unit.to_string());
    push_all(storage, &lin, NOW).await;
    let cursor = read(storage, &wu, &at, 0).await.cursor;
    let household = RecordRef::new(RecordKind::HOUSEHOLD, home);
    let moved =
        known(&[&amina], household).settle(shared::domain::household::MOVED_TO, Value::text(OTHER_GRID));
    lin.record(household, moved);
    push_all(storage, &lin, NOW + WHILE).await;
    assert_eq!(read(storage, &wu, &at, cursor).await.operations.len(), 0);
    assert_eq!(records(&read(storage, &wu, &at, 0).await), [lamp; 3]);
    wu.now_ms = NOW + 2 * WHILE;
    step(&[&amina, &lin], &mut wu, lamp, Step::InProgress, "");
    push_all(storage, &wu, NOW + 2 * WHILE).await;
    let joao = a_phone(storage, 8, Role::Member, &[OTHER_GRID]).await;
    let there = read(storage, &joao, &area(OTHER_GRID), 0).await;
    assert_eq!(records(&there)[2..], [lamp; 4]);
}

/// A unit's area is for responders, and theirs alone is what they hold.
pub async fn a_units_area_is_for_who_works_for_it(storage: &Storage) {
    let World {
        mut lin, at, unit, ..
    } = world(storage).await;
    let listed = storage.units().await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].id, listed[0].name.as_str()), (unit, "元宝山物业"));
    assert_eq!(listed[0].decided_for, area(COMMUNITY));
    let account = NewAccount {
        worker: shared::ids::WorkerId(id(120)),
        username: "worker20".to_owned(),
        display: "Worker 20".to_owned(),
        role: Role::Member,
        areas: vec![at.clone()],
        password: "$argon2id$".to_owned(),
    };
    let added = storage.add_account(account).await.unwrap();
    assert_eq!(added, AddedAccount::AreasUnknown(vec![at.clone()]));
    let mixed = a_phone(storage, 9, Role::Responder, &[at.as_str(), GRID]).await;
    let opened = enrol(storage, mixed.worker, Some(mixed.device), 9).await.unwrap();
    let codes: Vec<_> = opened.areas.into_iter().map(|area| area.code).collect();
    assert_eq!(codes, [at]);
    let amina = a_phone(storage, 10, Role::Member, &[GRID]).await;
    let opened = enrol(storage, amina.worker, Some(amina.device), 10)
        .await
        .unwrap();
    let mut codes: Vec<_> = opened.areas.into_iter().map(|area| area.code).collect();
    codes.sort();
    let mut all = reached(GRID);
    all.sort();
    assert_eq!(codes, all);
    // What was given up is not offered any more.
    let record = RecordRef::new(RecordKind::UNIT, unit);
    let removal = known(&[&lin], record).removal();
    lin.area = area(COMMUNITY).common().unwrap();
    lin.record(record, removal);
    push_all(storage, &lin, NOW).await;
    assert_eq!(storage.units().await.unwrap(), []);
}
