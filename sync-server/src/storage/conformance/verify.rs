//! What a device holds is compared with the records of its areas.

use std::collections::{BTreeMap, BTreeSet};

use shared::crdt::RecordState;
use shared::domain::worker::Role;
use shared::domain::{RecordKind, RecordRef, Value, household};
use shared::protocol::verify::{Fingerprints, Verification, Verified, bucket_of};

use super::*;
use crate::storage::VerifyRequest;

/// What a phone holds that has recorded all that there is, but for these records.
fn held(phone: &TestPhone, lacking: &[RecordRef]) -> Fingerprints {
    let mut states: BTreeMap<RecordRef, RecordState> = BTreeMap::new();
    for operation in &phone.operations {
        match states.get_mut(&operation.record) {
            Some(state) => state.apply(operation, Some(NOW)),
            None => drop(states.insert(operation.record, RecordState::start(operation, Some(NOW)))),
        }
    }
    let mut held = Fingerprints::default();
    for (record, state) in states.iter().filter(|(record, _)| !lacking.contains(record)) {
        held.add(record.id, state.fingerprint(*record));
    }
    held
}

async fn request(storage: &Storage, phone: &TestPhone, held: &Fingerprints) -> VerifyRequest {
    let pulled = pull(storage, phone, 0, 10_000).await.areas.into_iter();
    VerifyRequest {
        worker: phone.worker,
        epoch: Some(storage.epoch().await.unwrap()),
        now_ms: NOW,
        cursors: pulled.map(|pulled| (pulled.area, pulled.cursor)).collect(),
        verification: Verification::new(held, Vec::new(), Vec::new()),
        operations_max: 1_000,
        bytes_max: 1_000_000,
    }
}

fn say_door(phone: &mut TestPhone, household: RecordRef, door: &str) {
    let made = phone
        .operations
        .iter()
        .find(|operation| operation.record == household);
    let state = RecordState::start(made.unwrap(), Some(NOW));
    phone.record(household, state.settle(household::DOOR, Value::text(door)));
}

/// What is the same is said to be the same; of what differs all operations come, by position, and no others, as far as
/// there is room.
pub async fn records_that_a_device_holds_otherwise_are_handed_out(storage: &Storage) {
    with_areas(storage).await;
    let mut amina = a_phone(storage, 1, Role::Member, &[GRID]).await;
    let mut elsewhere = a_phone(storage, 2, Role::Member, &[OTHER_GRID]).await;
    elsewhere.household("1-1-101");
    push(storage, &elsewhere, 1).await;
    let home = RecordRef::new(RecordKind::HOUSEHOLD, amina.household("3-2-501").0);
    for number in 0..40 {
        amina.visit(home.id.into(), &format!("visit {number}"));
    }
    say_door(&mut amina, home, "3-2-502");
    push(storage, &amina, 1).await;

    let same = request(storage, &amina, &held(&amina, &[])).await;
    let cursors = same.cursors.clone();
    let (verified, pulled) = storage.verify(same).await.unwrap().unwrap();
    assert_eq!(verified, Verified::default());
    assert_eq!(pulled.scope, reached(GRID));
    assert_eq!(
        (pulled.areas[0].operations.len(), pulled.areas[0].remaining),
        (0, 0)
    );
    assert_eq!(pulled.areas[0].cursor, cursors[&area(GRID)]);

    let other = amina.operations[1].record;
    let lacking = held(&amina, &[home, other]);
    let buckets: BTreeSet<u8> = [home, other].map(|record| bucket_of(record.id)).into();
    let (verified, pulled) = storage
        .verify(request(storage, &amina, &lacking).await)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(usize::from(verified.differing), buckets.len());
    assert_eq!(verified.buckets, buckets.iter().copied().collect::<Vec<_>>());
    let handed_out = pulled.areas[0]
        .operations
        .iter()
        .map(|applied| &applied.operation);
    let of_these = amina.operations.iter();
    let of_these = of_these.filter(|operation| buckets.contains(&bucket_of(operation.record.id)));
    assert!(handed_out.eq(of_these));
    assert_eq!(pulled.areas[0].cursor, cursors[&area(GRID)]);

    // Of what is left out nothing is said; what has no room is said, and does not come.
    let mut some = request(storage, &amina, &lacking).await;
    some.verification = Verification::new(&lacking, buckets.iter().copied().collect(), Vec::new());
    let (verified, _) = storage.verify(some).await.unwrap().unwrap();
    assert_eq!(verified, Verified::default());
    let mut narrow = request(storage, &amina, &held(&amina, &[home])).await;
    narrow.operations_max = 1;
    let (verified, pulled) = storage.verify(narrow).await.unwrap().unwrap();
    assert_eq!((verified.differing, verified.buckets), (1, vec![]));
    assert!(pulled.areas[0].operations.is_empty());
}

/// Nothing is compared with a device that has not read everything, or has heard from another one what is not here yet.
pub async fn a_device_that_has_not_read_everything_is_not_compared(storage: &Storage) {
    with_areas(storage).await;
    let mut amina = a_phone(storage, 1, Role::Member, &[GRID]).await;
    let joao = a_phone(storage, 2, Role::Member, &[COMMUNITY]).await;
    amina.household("3-2-501");
    push(storage, &amina, 1).await;
    let held = held(&amina, &[]);
    let of_joao = || request(storage, &joao, &held);
    assert!(storage.verify(of_joao().await).await.unwrap().is_some());

    let mut met = of_joao().await;
    met.verification = Verification::new(&held, Vec::new(), vec![(amina.device, 1)]);
    assert!(storage.verify(met.clone()).await.unwrap().is_some());
    met.verification = Verification::new(&held, Vec::new(), vec![(amina.device, 2)]);
    let mut unknown = of_joao().await;
    unknown.verification = Verification::new(&held, Vec::new(), vec![(DeviceId(id(77)), 1)]);
    let mut other_life = of_joao().await;
    other_life.epoch = None;
    let mut elsewhere = of_joao().await;
    elsewhere.cursors = [(area(GRID), elsewhere.cursors[&area(COMMUNITY)])].into();
    let mut of_the_future = of_joao().await;
    of_the_future
        .cursors
        .values_mut()
        .for_each(|cursor| *cursor += 10);
    let before = of_joao().await;
    amina.household("3-2-502");
    push(storage, &amina, 2).await;
    for asked in [unknown, other_life, elsewhere, of_the_future, before] {
        assert_eq!(storage.verify(asked).await.unwrap(), None);
    }
    met.cursors = of_joao().await.cursors;
    let compared = storage.verify(met).await.unwrap();
    assert!(compared.is_some_and(|(verified, _)| verified.differing == 1));
}
