use std::collections::BTreeSet;

use uuid::Uuid;

use super::*;
use crate::change::{Change, MemberEdit, Operation, Write};
use crate::domain::issue::Step;
use crate::domain::schema::RecordKind;
use crate::domain::{issue, resident};
use crate::testing::FakeDevice;

fn record() -> RecordRef {
    RecordRef::new(RecordKind::RESIDENT, Uuid::from_bytes([9; 16]))
}

fn write(field: FieldId, text: &str) -> Change {
    Change {
        writes: vec![Write {
            field,
            value: Value::text(text),
            seen: Default::default(),
        }],
        ..Change::default()
    }
}

fn of(operations: &[Operation]) -> RecordState {
    let mut operations = operations.iter();
    let mut state = RecordState::start(operations.next().unwrap(), Some(9_000));
    operations.for_each(|operation| state.apply(operation, Some(9_000)));
    state
}

#[test]
fn everything_that_can_be_seen_changes_it() {
    let mut amina = FakeDevice::numbered(1);
    let mut joao = FakeDevice::numbered(2);
    let plain = vec![amina.operation(1_000, record(), write(resident::NAME, "王秀兰"))];
    let with = |operation: Operation| [plain.clone(), vec![operation]].concat();
    let base = of(&plain);

    let mut operations = vec![plain.clone()];
    let named = base.settle(resident::NAME, Value::text("王秀蘭"));
    operations.push(with(amina.operation(2_000, record(), named)));
    // Written without knowing of the first: a conflict, whose order can be seen too.
    operations.push(with(joao.operation(
        2_000,
        record(),
        write(resident::NAME, "王秀蘭"),
    )));
    let mut lin = FakeDevice::numbered(3);
    operations.push(with(lin.operation(
        500,
        record(),
        write(resident::NAME, "王秀蘭"),
    )));
    let need = MemberEdit {
        field: resident::NEEDS,
        member: 3,
        removes: None,
    };
    let needs = Change {
        members: vec![need],
        ..Change::default()
    };
    operations.push(with(amina.operation(2_000, record(), needs)));
    let step = RecordState::step(
        None,
        issue::Event {
            step: Step::Accepted.number(),
            note: String::new(),
            target: String::new(),
        },
    );
    operations.push(with(amina.operation(2_000, record(), step)));
    let removed = with(amina.operation(2_000, record(), base.removal()));
    let late = joao.operation(3_000, record(), write(resident::RELATION, "x"));
    operations.push(removed.clone());
    operations.push([removed, vec![late.clone()]].concat());
    operations.push(with(late));

    let mut seen: BTreeSet<u64> = operations
        .iter()
        .map(|operations| of(operations).fingerprint(record()))
        .collect();
    assert_eq!(seen.len(), operations.len());
    // So do its name and where it lies.
    let other = RecordRef::new(RecordKind::RESIDENT, Uuid::from_bytes([8; 16]));
    assert!(seen.insert(base.fingerprint(other)));
    let mut moved = base.clone();
    moved.bring_to(AreaCode::new("130803001001-02").unwrap());
    assert!(seen.insert(moved.fingerprint(record())));
}

#[test]
fn clocks_and_what_was_replaced_do_not_change_it() {
    let mut amina = FakeDevice::numbered(1);
    let mut joao = FakeDevice::numbered(2);
    let plain = amina.operation(1_000, record(), write(resident::NAME, "王秀兰"));
    let base = of(std::slice::from_ref(&plain));
    let once = joao.operation(
        5_000,
        record(),
        base.settle(resident::NAME, Value::text("王秀蘭")),
    );
    let between = amina.operation(2_000, record(), base.settle(resident::NAME, Value::text("王")));
    let known = of(&[plain.clone(), between.clone()]);
    let after = amina.operation(
        4_000,
        record(),
        known.settle(resident::NAME, Value::text("王秀蘭")),
    );
    let (short, long) = (of(&[plain.clone(), once]), of(&[plain, between, after]));
    assert_ne!(short.pack_whole(record().kind), long.pack_whole(record().kind));
    assert_eq!(short.fingerprint(record()), long.fingerprint(record()));
}

#[test]
fn it_is_the_same_number_for_ever() {
    // Both sides must compute the same, also when one of them is of another year.
    let mut amina = FakeDevice::numbered(1);
    let plain = amina.operation(1_000, record(), write(resident::NAME, "王秀兰"));
    assert_eq!(of(&[plain]).fingerprint(record()), 5767289894800598493);
}
