use shared::domain::household::NOTE;
use shared::domain::value::FieldMap;
use shared::domain::worker::Role;
use shared::domain::{Household, resident};
use shared::ids::{AreaCode, DeviceId, WorkerId};

use super::*;
use crate::storage::operations::{self, from_seq};
use crate::storage::recorder::record;
use crate::storage::recorder::{Author, SaveError};
use crate::storage::{Home, prepare};

fn here() -> AreaCode {
    AreaCode::new("130803001001-01").unwrap()
}

fn household(number: u128) -> RecordRef {
    RecordRef::new(RecordKind::HOUSEHOLD, Uuid::from_u128(number))
}

fn author() -> Author {
    Author {
        device: DeviceId(Uuid::from_u128(1)),
        worker: WorkerId(Uuid::from_u128(2)),
        role: Role::Member,
        now_ms: 1_800_000_000_000,
    }
}

/// A device that recorded so many households.
fn recorded(count: u128) -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    prepare(&mut connection, Home::Memory).unwrap();
    let transaction = connection.transaction().unwrap();
    record(&transaction, author(), |recorder| {
        for number in 1..=count {
            let fields = Household {
                door: format!("{number}-2-501"),
                ..Household::default()
            };
            recorder.bring_to(&here(), household(number), fields.to_fields())?;
        }
        Ok(())
    })
    .unwrap();
    transaction.commit().unwrap();
    connection
}

fn body_bytes(connection: &Connection, seq: u64) -> u64 {
    let sql = "SELECT length(body) FROM operation WHERE seq = ?1";
    connection.query_row(sql, [seq], |row| row.get(0)).unwrap()
}

fn whole_chain(connection: &Connection) -> (Vec<Operation>, ChainHash) {
    let (before, operations, after) = from_seq(connection, 1, 1_000, usize::MAX).unwrap().unwrap();
    let folded = operations
        .iter()
        .fold(before, |chain, operation| chain.then(operation));
    assert_eq!(folded, after);
    (operations, after)
}

#[test]
fn what_made_a_record_is_read_off_its_row_until_the_row_changes() {
    let mut connection = recorded(2);
    assert_eq!([1, 2].map(|seq| body_bytes(&connection, seq)), [0, 0]);
    let (made, _) = whole_chain(&connection);
    let transaction = connection.transaction().unwrap();
    record(&transaction, author(), |recorder| {
        let fields = FieldMap::from_iter([(NOTE, Value::text("门铃坏了"))]);
        recorder.bring_to(&here(), household(1), fields)
    })
    .unwrap();
    transaction.commit().unwrap();
    assert!(body_bytes(&connection, 1) > 0);
    assert_eq!(body_bytes(&connection, 2), 0);
    let (edited, _) = whole_chain(&connection);
    assert_eq!(edited[..2], made);
    assert_eq!(edited.len(), 3);
}

/// Registers, emptied ones and sets: only what differs becomes an operation, and nothing is left of it the second time.
#[test]
fn a_record_that_is_here_is_brought_to_the_wanted_values() {
    let mut connection = recorded(1);
    let person = RecordRef::new(RecordKind::RESIDENT, Uuid::from_u128(9));
    let wanted = |phone: Value, needs: &[u64]| {
        FieldMap::from_iter([
            (resident::HOUSEHOLD, Value::Id(household(1).id)),
            (resident::NAME, Value::text("单春")),
            (resident::PHONES, phone),
            (resident::NEEDS, Value::numbers(needs.to_vec())),
        ])
    };
    let phone = Value::Texts(vec!["12000000001".to_owned()]);
    let transaction = connection.transaction().unwrap();
    let (first, second, third) = record(&transaction, author(), |recorder| {
        let first = recorder.bring_to(&here(), person, wanted(phone, &[1, 2]))?;
        let second = recorder.bring_to(&here(), person, wanted(Value::Null, &[2, 3]))?;
        let third = recorder.bring_to(&here(), person, wanted(Value::Null, &[2, 3]))?;
        Ok((first, second, third))
    })
    .unwrap();
    transaction.commit().unwrap();
    assert_eq!((first, second, third), (Some(2), Some(3), None));
    let state = records::load(&connection, person).unwrap().unwrap();
    let mut expected = wanted(Value::Null, &[2, 3]);
    expected.remove(&resident::PHONES);
    assert_eq!(state.values(), expected);
    let edit = operations::by_seq(&connection, 3).unwrap().unwrap().change;
    assert_eq!((edit.writes.len(), edit.members.len()), (1, 2));
}

#[test]
fn the_own_operation_read_again_changes_nothing_unless_it_is_dated_anew() {
    let mut connection = recorded(1);
    let (made, chain) = whole_chain(&connection);
    for (applied_at, is_in_row) in [
        (author().now_ms, true),
        (author().now_ms - 10 * 86_400_000, false),
    ] {
        let transaction = connection.transaction().unwrap();
        records::merge(&transaction, &made[0], Some(applied_at)).unwrap();
        transaction.commit().unwrap();
        assert_eq!(body_bytes(&connection, 1) == 0, is_in_row, "{applied_at}");
        assert_eq!(whole_chain(&connection), (made.clone(), chain));
    }
}

#[test]
fn an_operation_outlives_the_row_that_it_was_read_off() {
    let mut connection = recorded(2);
    let (made, _) = whole_chain(&connection);
    let transaction = connection.transaction().unwrap();
    keep_bodies(
        &transaction,
        "SELECT id FROM household WHERE id = ?1",
        params![household(2).id],
    )
    .unwrap();
    records::remove(&transaction, household(2)).unwrap();
    transaction.commit().unwrap();
    assert_eq!(whole_chain(&connection).0, made);
    // The control: without that the operation is gone with its row, and that is said.
    let transaction = connection.transaction().unwrap();
    records::remove(&transaction, household(1)).unwrap();
    transaction.commit().unwrap();
    assert!(from_seq(&connection, 1, 9, usize::MAX).is_err());
}

#[test]
fn the_chain_is_found_between_the_places_where_it_is_kept() {
    let connection = recorded(200);
    let (operations, _) = whole_chain(&connection);
    let kept: u64 = connection
        .query_row("SELECT count(*) FROM operation WHERE chain <> x''", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(kept, 3);
    let mut chain = ChainHash::default();
    for operation in &operations {
        chain = chain.then(operation);
        assert_eq!(chain_at(&connection, operation.seq).unwrap(), Some(chain));
    }
    assert_eq!(chain_at(&connection, 201).unwrap(), None);
}

#[test]
fn the_chain_goes_on_from_where_it_was_kept_when_what_was_before_has_gone() {
    let mut connection = recorded(100);
    let expected = chain_at(&connection, 70).unwrap();
    let transaction = connection.transaction().unwrap();
    keep_chain(&transaction, 67).unwrap();
    transaction
        .execute("DELETE FROM operation WHERE seq < 67", [])
        .unwrap();
    transaction.commit().unwrap();
    assert_eq!(chain_at(&connection, 70).unwrap(), expected);
    assert_eq!(chain_at(&connection, 60).unwrap(), None);
}

/// Whichever way it comes: a form, or a tool that brings many records at once.
#[test]
fn what_a_role_may_not_do_is_kept_in_neither_way() {
    let mut connection = recorded(1);
    let responder = Author {
        role: Role::Responder,
        ..author()
    };
    let noted = || FieldMap::from_iter([(NOTE, Value::text("x"))]);
    let door = || Household {
        door: "9-2-501".to_owned(),
        ..Household::default()
    };
    let transaction = connection.transaction().unwrap();
    record(&transaction, responder, |recorder| {
        let changed = RecordState::change_to(RecordKind::HOUSEHOLD, None, noted());
        let made = RecordState::change_to(RecordKind::HOUSEHOLD, None, door().to_fields());
        let refused = [
            recorder.perform(&here(), household(1), changed),
            recorder.perform(&here(), household(9), made),
            recorder.bring_to(&here(), household(1), noted()),
            recorder.bring_to(&here(), household(9), door().to_fields()),
        ];
        for refused in refused {
            let Err(SaveError::Rejected(rejection)) = refused else {
                panic!("it was kept");
            };
            assert_eq!(rejection.code, "right.none");
        }
        Ok(())
    })
    .unwrap();
    transaction.commit().unwrap();
    assert_eq!(whole_chain(&connection).0.len(), 1);
}
