//! Operations that later ones have replaced leave the log.

use shared::crdt::RecordState;
use shared::domain::worker::Role;
use shared::domain::{RecordKind, RecordRef, Value, household};
use shared::protocol::v1::SEGMENT_OPERATIONS;

use super::*;
use crate::apply::PushRefusal;

/// A phone says again and again where a household lives: operations 2 to `last`.
fn say_doors(phone: &mut TestPhone, last: u64) -> RecordRef {
    let record = RecordRef::new(RecordKind::HOUSEHOLD, phone.household("1-1-101").0);
    for number in 2..=last {
        let state = folded(
            phone
                .operations
                .iter()
                .filter(|operation| operation.record == record),
        );
        phone.record(
            record,
            state.settle(household::DOOR, Value::text(&format!("1-1-{number}01"))),
        );
    }
    record
}

fn folded<'a>(mut operations: impl Iterator<Item = &'a shared::change::Operation>) -> RecordState {
    let mut state = RecordState::start(operations.next().unwrap(), Some(NOW));
    operations.for_each(|operation| state.apply(operation, Some(NOW)));
    state
}

fn numbers(pulled: &Pulled) -> Vec<u64> {
    let operations = pulled.areas[0].operations.iter();
    operations.map(|applied| applied.operation.seq).collect()
}

/// What is left tells the same from every position on; cursors and what is held of the device stay as they were, and
/// segments are packed anew.
pub async fn what_was_replaced_leaves_the_log_and_nothing_else_changes(storage: &Storage) {
    with_areas(storage).await;
    let mut amina = a_phone(storage, 1, Role::Member, &[GRID]).await;
    let joao = a_phone(storage, 2, Role::Member, &[COMMUNITY]).await;
    let record = say_doors(&mut amina, 6);
    push(storage, &amina, 1).await;
    for number in 0..u64::from(SEGMENT_OPERATIONS) {
        amina.household(&format!("{}-1-101", number + 2));
    }
    let many = push_at(storage, &amina, 7, amina.operations.len() as u64, NOW + 1).await;
    assert!(matches!(many, PushOutcome::Taken(_)));
    let whole = folded(amina.operations.iter().take(6));
    let before = pull(storage, &joao, 0, 100_000).await;
    let packed = storage.segment(&area(COMMUNITY), 0).await.unwrap().unwrap();
    let held = storage.held(amina.device).await.unwrap();

    // Nothing of it is old enough; then all of it is, once.
    assert_eq!(storage.compact(NOW).await.unwrap(), 0);
    assert_eq!(storage.compact(NOW + 1).await.unwrap(), 4);
    assert_eq!(storage.compact(NOW + 1).await.unwrap(), 0);

    let after = pull(storage, &joao, 0, 100_000).await;
    assert_eq!(numbers(&after)[..3], [1, 6, 7]);
    assert_eq!(
        after.areas[0].operations.len() + 4,
        before.areas[0].operations.len()
    );
    assert_eq!(after.areas[0].cursor, before.areas[0].cursor);
    let told = after.areas[0].operations.iter().map(|applied| &applied.operation);
    let told = folded(told.filter(|operation| operation.record == record));
    assert_eq!(told.pack_whole(record.kind), whole.pack_whole(record.kind));
    // Who had read some of it goes on from there.
    let rest = pull(storage, &joao, 3, 100_000).await;
    assert_eq!(numbers(&rest)[0], 6);
    assert_eq!(storage.held(amina.device).await.unwrap(), held);
    assert_eq!(
        storage.applied_of(amina.device, vec![3, 6]).await.unwrap(),
        [3, 6]
    );
    let anew = storage.segment(&area(COMMUNITY), 0).await.unwrap();
    assert_ne!(anew, Some(packed));

    // It goes on as before, also with the same record.
    let state = folded(amina.operations.iter().take(6));
    amina.record(record, state.settle(household::DOOR, Value::text("1-1-901")));
    let last = amina.operations.len() as u64;
    assert_eq!(push(storage, &amina, last).await.applied, 1);
    assert_eq!(storage.compact(NOW + 2).await.unwrap(), 1);
}

/// The chain at it is kept: the same operations have the same receipt, others are a fork.
pub async fn what_left_the_log_is_known_when_it_is_sent_again(storage: &Storage) {
    with_areas(storage).await;
    let mut amina = a_phone(storage, 1, Role::Member, &[GRID]).await;
    let mut copy = TestPhone::new(amina.device, amina.worker, GRID);
    say_doors(&mut amina, 6);
    let taken = push(storage, &amina, 1).await;
    assert_eq!(storage.compact(NOW + 1).await.unwrap(), 4);
    let again = push_at(storage, &amina, 2, 4, NOW + 1).await;
    let PushOutcome::Taken(again) = again else {
        panic!("refused: {again:?}")
    };
    assert_eq!((again.applied, again.receipt), (0, taken.receipt));

    copy.now_ms += 1_000;
    say_doors(&mut copy, 4);
    let other = push_at(storage, &copy, 1, 4, NOW + 1).await;
    assert!(
        matches!(other, PushOutcome::Refused(PushRefusal::Fork { .. })),
        "{other:?}"
    );
}

/// A register that comes again is compared with all that it ever said.
pub async fn what_the_importer_said_stays(storage: &Storage) {
    with_areas(storage).await;
    let importer = storage.importer(&area(COMMUNITY)).await.unwrap();
    let mut register = TestPhone::new(importer.device, importer.worker, GRID);
    say_doors(&mut register, 5);
    push(storage, &register, 1).await;
    assert_eq!(storage.compact(NOW + 1).await.unwrap(), 0);
    let said = storage
        .operations_of(importer.device, &area(COMMUNITY))
        .await
        .unwrap();
    assert_eq!(said.len(), 5);
}
