use proptest::prelude::*;
use shared::change::Change;
use shared::crdt::RecordState;
use shared::domain::value::FieldMap;
use shared::domain::{RecordKind, RecordRef, Value, household, resident};
use shared::ids::{DeviceId, WorkerId};
use uuid::Uuid;

use super::*;
use crate::testing::{TEST_START_MS, TestPhone};

const GRID: &str = "130803001001-01";

fn a_phone(number: u8) -> TestPhone {
    let id = |number| Uuid::from_bytes([number; 16]);
    TestPhone::new(DeviceId(id(number)), WorkerId(id(100 + number)), GRID)
}

/// What a server made of operations that came in this order.
fn log(operations: &[&Operation]) -> Vec<AppliedOperation> {
    let applied = (0..).zip(operations).map(|(later, operation)| AppliedOperation {
        operation: (*operation).clone(),
        applied_at: TEST_START_MS + later,
    });
    applied.collect()
}

/// A phone says what a field of a record is, having read the log.
fn say(
    phone: &mut TestPhone,
    log: &mut Vec<AppliedOperation>,
    record: RecordRef,
    change: impl Fn(&RecordState) -> Change,
) {
    let state = fold(log.iter()).unwrap();
    let operation = phone.record(record, change(&state)).clone();
    let applied_at = TEST_START_MS + log.len() as u64;
    log.push(AppliedOperation {
        operation,
        applied_at,
    });
}

fn anything(_: &AppliedOperation) -> bool {
    true
}

#[test]
fn of_a_field_that_is_said_again_and_again_the_first_and_the_last_stay() {
    let mut phone = a_phone(1);
    let household = phone.household("1-1-101");
    let record = RecordRef::new(RecordKind::HOUSEHOLD, household.0);
    let mut log = log(&[&phone.operations[0]]);
    for turn in 1..=5 {
        say(&mut phone, &mut log, record, |state| {
            state.settle(household::DOOR, Value::text(&format!("1-1-{turn}01")))
        });
    }
    assert_eq!(replaced(&log, anything), [1, 2, 3, 4]);
    assert_eq!(
        replaced(&log, |applied| applied.applied_at < TEST_START_MS + 3),
        [1, 2]
    );
    let mut backwards = log.clone();
    backwards.reverse();
    assert_eq!(replaced(&backwards, anything), [1, 2, 3, 4]);
}

#[test]
fn what_stands_beside_something_stays_and_so_does_the_last_of_each_device() {
    let (mut amina, mut joao) = (a_phone(1), a_phone(2));
    let household = amina.household("1-1-101");
    let record = RecordRef::new(RecordKind::HOUSEHOLD, household.0);
    let mut log = log(&[&amina.operations[0]]);
    let door =
        |door: &'static str| move |state: &RecordState| state.settle(household::DOOR, Value::text(door));
    say(&mut amina, &mut log, record, door("1-1-201"));
    // Both say something at once, having seen the same: both values stand.
    let before = log.clone();
    say(&mut amina, &mut log, record, door("1-1-301"));
    let mut beside = before;
    say(&mut joao, &mut beside, record, door("1-1-401"));
    log.extend(beside.pop());
    assert_eq!(replaced(&log, anything), [1]);
    // Somebody ends it: what she said before goes. What he said is the last that he did.
    say(&mut amina, &mut log, record, door("1-1-501"));
    assert_eq!(replaced(&log, anything), [1, 2]);
    assert_eq!(log.len(), 5);
}

#[test]
fn members_and_removals_and_moves_stay() {
    let mut phone = a_phone(1);
    let household = phone.household("1-1-101");
    let record = phone.resident(household, "王秀英");
    let mut log = log(&[&phone.operations[1]]);
    let needs = |needs: &'static [u64]| {
        move |state: &RecordState| {
            let wanted = FieldMap::from_iter([(resident::NEEDS, Value::numbers(needs.to_vec()))]);
            RecordState::change_to(RecordKind::RESIDENT, Some(state), wanted)
        }
    };
    say(&mut phone, &mut log, record, needs(&[1, 2]));
    say(&mut phone, &mut log, record, needs(&[2]));
    say(&mut phone, &mut log, record, RecordState::removal);
    say(&mut phone, &mut log, record, |state| {
        state.keep(RecordKind::RESIDENT).unwrap()
    });
    assert_eq!(replaced(&log, anything), Vec::<usize>::new());

    let record = RecordRef::new(RecordKind::HOUSEHOLD, household.0);
    let mut log = self::log(&[&phone.operations[0]]);
    for grid in ["130803001001-02", "130803001001-03", "130803001001-01"] {
        say(&mut phone, &mut log, record, |state| {
            state.settle(household::MOVED_TO, Value::text(grid))
        });
    }
    assert_eq!(replaced(&log, anything), Vec::<usize>::new());
}

proptest! {
    /// Two people say things about a household, each having read some of what there is. Whoever reads what is left,
    /// and any of what went, has the same record.
    #[test]
    fn the_rest_tells_the_same(turns in prop::collection::vec((any::<bool>(), 0u8..3, 0usize..12), 1..12), also in any::<u64>()) {
        let mut phones = [a_phone(1), a_phone(2)];
        let household = phones[0].household("1-1-101");
        let record = RecordRef::new(RecordKind::HOUSEHOLD, household.0);
        let mut log = log(&[&phones[0].operations[0]]);
        for (number, (second, field, unread)) in turns.into_iter().enumerate() {
            let field = [household::DOOR, household::NOTE, household::TENURE][usize::from(field)];
            let value = match field {
                household::TENURE => Value::Int(number as i64),
                _ => Value::text(&format!("{number}")),
            };
            // A phone has read its own and the beginning of the rest.
            let phone = &mut phones[usize::from(second)];
            let read = log.len().saturating_sub(unread).max(1);
            let knows: Vec<AppliedOperation> = log.iter().enumerate()
                .filter(|(place, applied)| *place < read || applied.operation.device == phone.device)
                .map(|(_, applied)| applied.clone())
                .collect();
            let operation = phone.record(record, fold(knows.iter()).unwrap().settle(field, value)).clone();
            let applied_at = TEST_START_MS + log.len() as u64;
            log.push(AppliedOperation { operation, applied_at });
        }
        let whole = fold(log.iter()).unwrap();
        let gone = replaced(&log, anything);
        let left = log.iter().enumerate().filter(|(place, _)| !gone.contains(place) || also >> (place % 64) & 1 == 1);
        let told = fold(left.map(|(_, applied)| applied)).unwrap();
        prop_assert_eq!(told.pack_whole(record.kind), whole.pack_whole(record.kind));
    }
}
