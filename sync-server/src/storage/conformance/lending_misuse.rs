//! What somebody who works for a unit, with an altered app, does not reach; and what gets lost easily where lending ends
//! and begins.

use std::collections::BTreeSet;

use shared::change::Operation;
use shared::crdt::RecordState;
use shared::domain::issue::{self, Event, Step};
use shared::domain::value::{FieldMap, Value};
use shared::domain::worker::Role;
use shared::domain::{RecordKind, RecordRef, household};
use shared::ids::PhotoHash;
use shared::protocol::verify::{Fingerprints, Verification};

use super::lending::{WHILE, World, an_issue, known, push_all, push_new, read, records, step, world};
use super::{COMMUNITY, GRID, NEIGHBOUR, NOW, OTHER_GRID, a_phone, area};
use crate::storage::{Storage, StoredPhoto, TakenUp, VerifyRequest};
use crate::testing::TestPhone;

const STREET: &str = "130803001";

/// The texts of an operation.
fn texts(operation: &Operation) -> String {
    let writes = operation
        .change
        .writes
        .iter()
        .map(|write| write.value.as_text().to_owned());
    let steps = operation.change.event.iter();
    let steps = steps.flat_map(|event| [event.note.clone(), event.target.clone()]);
    writes.chain(steps).collect::<Vec<_>>().join(" ")
}

async fn take_up(storage: &Storage, lin: &TestPhone, index: usize) -> TakenUp {
    let shown = storage.parked_in(&[area(COMMUNITY)], 10).await.unwrap();
    let place = shown[index].place.parse().unwrap();
    storage
        .take_up_parked(place, lin.worker, NOW + 9 * WHILE)
        .await
        .unwrap()
}

/// A stamp says any time; nothing is made by who it was lent to.
pub async fn a_step_that_says_it_was_first_takes_nothing_out_of_its_grid(storage: &Storage) {
    let World {
        mut amina,
        mut lin,
        mut wu,
        unit,
        ..
    } = world(storage).await;
    let lamp = an_issue(&mut amina, None);
    push_all(storage, &amina, NOW).await;
    step(&[&amina], &mut lin, lamp, Step::Assigned, &unit.to_string());
    push_all(storage, &lin, NOW).await;
    let seen = known(&[&amina, &lin], lamp);
    wu.now_ms = 0;
    wu.record(lamp, RecordState::step(Some(&seen), Event::of(Step::InProgress)));
    assert!(wu.operations[0].stamp.ms < 10, "long before everything");
    push_all(storage, &wu, NOW + WHILE).await;

    let seen = known(&[&amina, &lin, &wu], lamp);
    assert_eq!(seen.origin().author, amina.worker);
    assert_eq!(seen.made_in(), &area(GRID));
    let title = FieldMap::from_iter([(issue::TITLE, Value::text("路灯又灭了"))]);
    amina.now_ms = NOW + 2 * WHILE;
    amina.record(lamp, RecordState::change_to(lamp.kind, Some(&seen), title));
    push_all(storage, &amina, NOW + 2 * WHILE).await;
    let report = storage.check().await.unwrap();
    assert_eq!(report.faults, Vec::<String>::new());
}

/// What was made in a unit's area by force is nobody's, also when somebody who may would have it.
pub async fn nothing_is_taken_up_that_would_lie_in_a_units_area(storage: &Storage) {
    let World { lin, mut wu, .. } = world(storage).await;
    wu.household("9-9-909");
    let (_, parked) = push_new(storage, &wu, NOW).await;
    assert_eq!(parked, ["right.none"]);
    assert!(matches!(
        take_up(storage, &lin, 0).await,
        TakenUp::Refused("record.other_area")
    ));
}

/// What was overwritten before it was sent is not sent; when it has ended the steps say nothing but that.
pub async fn a_unit_is_told_what_is_and_not_what_was(storage: &Storage) {
    let World {
        mut amina,
        mut lin,
        wu,
        unit,
        at,
    } = world(storage).await;
    let lamp = an_issue(&mut amina, None);
    let note = |text| FieldMap::from_iter([(issue::NOTE, Value::text(text))]);
    let seen = known(&[&amina], lamp);
    amina.record(
        lamp,
        RecordState::change_to(lamp.kind, Some(&seen), note("王奶奶一个人住")),
    );
    let seen = known(&[&amina], lamp);
    amina.record(
        lamp,
        RecordState::change_to(lamp.kind, Some(&seen), note("门口的灯不亮")),
    );
    push_all(storage, &amina, NOW).await;
    step(&[&amina], &mut lin, lamp, Step::Assigned, &unit.to_string());
    let seen = known(&[&amina, &lin], lamp);
    push_all(storage, &lin, NOW).await;

    let lent = read(storage, &wu, &at, 0).await;
    let told: Vec<String> = lent
        .operations
        .iter()
        .map(|applied| texts(&applied.operation))
        .collect();
    assert!(told.iter().any(|text| text.contains("门口的灯不亮")), "{told:?}");
    assert!(!told.iter().any(|text| text.contains("王奶奶")), "{told:?}");
    // Whoever folds what they are told holds what the server says of it.
    let mut folded: Option<RecordState> = None;
    for applied in &lent.operations {
        match &mut folded {
            Some(state) => state.apply(&applied.operation, Some(applied.applied_at)),
            None => folded = Some(RecordState::start(&applied.operation, Some(applied.applied_at))),
        }
    }
    let mut folded = folded.unwrap();
    assert_eq!(folded.values(), seen.values());
    folded.bring_to(at.clone());
    let mut held = Fingerprints::default();
    held.add(lamp.id, folded.fingerprint(lamp));
    let request = |held: &Fingerprints, epoch| VerifyRequest {
        worker: wu.worker,
        epoch: Some(epoch),
        cursors: [(at.clone(), lent.cursor)].into(),
        now_ms: NOW,
        verification: Verification::new(held, Vec::new(), Vec::new()),
        operations_max: 1_000,
        bytes_max: 1_000_000,
    };
    let epoch = storage.epoch().await.unwrap();
    let (verified, _) = storage.verify(request(&held, epoch)).await.unwrap().unwrap();
    assert_eq!(verified.differing, 0);
    let (_, again) = storage
        .verify(request(&Fingerprints::default(), epoch))
        .await
        .unwrap()
        .unwrap();
    let again: Vec<String> = again.areas[0]
        .operations
        .iter()
        .map(|applied| texts(&applied.operation))
        .collect();
    assert_eq!(again, told, "comparing tells no more");

    let event = Event {
        note: "住户张三已经自己修好".to_owned(),
        target: "张三".to_owned(),
        ..Event::of(Step::Returned)
    };
    lin.record(lamp, RecordState::step(Some(&seen), event));
    push_all(storage, &lin, NOW + WHILE).await;
    let ended = read(storage, &wu, &at, 0).await;
    assert_eq!(records(&ended), [lamp; 3]);
    let told: String = ended
        .operations
        .iter()
        .map(|applied| texts(&applied.operation))
        .collect();
    assert!(
        !told.contains("张三") && told.contains(&unit.to_string()),
        "{told}"
    );
}

/// A stranger who names a record and some unit's area is shown to those who know the stranger.
pub async fn nobody_fills_the_list_of_a_grid_by_naming_a_unit(storage: &Storage) {
    let World { mut amina, at, .. } = world(storage).await;
    let lamp = an_issue(&mut amina, None);
    push_all(storage, &amina, NOW).await;
    let mut stranger = a_phone(storage, 11, Role::Member, &[NEIGHBOUR]).await;
    stranger.area = at;
    stranger.record(lamp, RecordState::step(None, Event::of(Step::InProgress)));
    let (_, parked) = push_new(storage, &stranger, NOW).await;
    assert_eq!(parked, ["area.not_assigned"]);
    assert_eq!(storage.parked_in(&[area(COMMUNITY)], 10).await.unwrap().len(), 0);
    assert_eq!(storage.parked_in(&[area(NEIGHBOUR)], 10).await.unwrap().len(), 1);
}

/// Work of a unit that a restored server lacks is missed where somebody can do something about it.
pub async fn what_a_units_device_lacks_is_shown_where_the_unit_was_decided_on(storage: &Storage) {
    let World { wu, .. } = world(storage).await;
    storage.note_receipt_shown(wu.device, 9).await.unwrap();
    let here = storage.gaps_in(&[area(COMMUNITY)], 10).await.unwrap();
    assert!(here.devices.iter().any(|gap| gap.device == wu.device));
    let elsewhere = storage.gaps_in(&[area(NEIGHBOUR)], 10).await.unwrap();
    assert_eq!(elsewhere.devices.len(), 0);
}

/// Who knows a hash from before reads nothing by naming it again.
pub async fn a_photo_record_of_ones_own_opens_no_bytes_of_others(storage: &Storage) {
    let World {
        mut amina,
        mut lin,
        mut wu,
        unit,
        at,
    } = world(storage).await;
    let of_unit = std::slice::from_ref(&at);
    let lamp = an_issue(&mut amina, None);
    let hash = amina.photo(lamp, b"lamp");
    let gate = an_issue(&mut amina, None);
    push_all(storage, &amina, NOW).await;
    let stored = |hash: PhotoHash, by: &TestPhone| StoredPhoto {
        hash,
        areas: vec![area(GRID)],
        size_bytes: 4,
        device: by.device,
    };
    storage.note_photo(stored(hash, &amina), NOW).await.unwrap();
    for issue in [lamp, gate] {
        step(&[&amina], &mut lin, issue, Step::Assigned, &unit.to_string());
    }
    step(&[&amina], &mut lin, lamp, Step::Returned, "");
    push_all(storage, &lin, NOW).await;
    assert_eq!(storage.photo_stored_in(hash, of_unit).await.unwrap(), None);

    wu.now_ms = NOW + WHILE;
    assert_eq!(wu.photo(gate, b"lamp"), hash);
    let done = wu.photo(gate, b"done");
    push_all(storage, &wu, NOW + WHILE).await;
    assert_eq!(storage.photo_stored_in(hash, of_unit).await.unwrap(), None);
    storage.note_photo(stored(done, &wu), NOW + WHILE).await.unwrap();
    assert_eq!(storage.photo_stored_in(done, of_unit).await.unwrap(), Some(4));
}

/// A household brings its issue to where the unit reaches; and who works above is known by name.
pub async fn what_comes_within_reach_is_lent_then(storage: &Storage) {
    let World { wu, unit, at, .. } = world(storage).await;
    let mut mei = a_phone(storage, 12, Role::Supervisor, &[STREET]).await;
    mei.area = area(NEIGHBOUR);
    let home = mei.household("1-1-101");
    let lamp = an_issue(&mut mei, Some(home));
    step(&[], &mut mei, lamp, Step::Assigned, &unit.to_string());
    push_all(storage, &mei, NOW).await;
    assert_eq!(
        read(storage, &wu, &at, 0).await.operations.len(),
        0,
        "it does not reach there"
    );
    let record = RecordRef::new(RecordKind::HOUSEHOLD, home);
    let moved = known(&[&mei], record).settle(household::MOVED_TO, Value::text(OTHER_GRID));
    mei.record(record, moved);
    push_all(storage, &mei, NOW + WHILE).await;
    assert_eq!(records(&read(storage, &wu, &at, 0).await), [lamp; 3]);
    let directory = storage.directory(wu.worker, 0).await.unwrap().unwrap();
    assert!(directory.workers.iter().any(|known| known.id == mei.worker));
}

/// Whoever was silent meanwhile reads of the end, of the withdrawal and of the beginning at once.
pub async fn a_photo_that_was_withdrawn_between_two_lendings_is_gone(storage: &Storage) {
    let World {
        mut amina,
        mut lin,
        wu,
        unit,
        at,
    } = world(storage).await;
    let lamp = an_issue(&mut amina, None);
    amina.photo(lamp, b"lamp");
    let shown = amina.operations.last().unwrap().record;
    push_all(storage, &amina, NOW).await;
    step(&[&amina], &mut lin, lamp, Step::Assigned, &unit.to_string());
    push_all(storage, &lin, NOW).await;
    let cursor = read(storage, &wu, &at, 0).await.cursor;
    step(&[&amina], &mut lin, lamp, Step::Returned, "");
    push_all(storage, &lin, NOW + WHILE).await;
    let removal = known(&[&amina], shown).removal();
    amina.record(shown, removal);
    push_all(storage, &amina, NOW + WHILE).await;
    step(&[&amina], &mut lin, lamp, Step::Assigned, &unit.to_string());
    push_all(storage, &lin, NOW + 2 * WHILE).await;
    let told = read(storage, &wu, &at, cursor).await;
    let told: BTreeSet<RecordRef> = records(&told).into_iter().collect();
    assert_eq!(told, [lamp, shown].into());
}
