use shared::crdt::RecordState;
use shared::domain::value::{FieldMap, Value};
use shared::domain::{FieldId, household, unit};
use shared::testing::FakeDevice;

use super::super::{Home, migrate, prepare};
use super::*;
use crate::search::fts_query;

/// Of the version after this one.
const UNKNOWN: FieldId = FieldId(99);

/// A device as an app left it that knew less: nothing says what it knew.
fn earlier() -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    let transaction = connection.transaction().unwrap();
    migrate::make(&transaction, 1_001).unwrap();
    transaction.commit().unwrap();
    connection
}

fn found(connection: &Connection, text: &str) -> usize {
    let mut statement = connection
        .prepare("SELECT rowid FROM search WHERE search MATCH ?1")
        .unwrap();
    let rows = statement.query_map([fts_query(text).unwrap()], |row| row.get::<_, i64>(0));
    rows.unwrap().count()
}

#[test]
fn what_an_earlier_app_could_only_keep_is_shown_after_the_update() {
    let record = RecordRef::new(RecordKind::HOUSEHOLD, Uuid::from_u128(7));
    let made = FieldMap::from_iter([
        (household::DOOR, Value::text("3-2-501")),
        (household::WARNINGS, Value::Numbers(vec![1])),
        (UNKNOWN, Value::text("later")),
    ]);
    let made = RecordState::change_to(record.kind, None, made);
    let mut state = RecordState::start(&FakeDevice::numbered(1).operation(5, record, made), Some(6));
    let more = FieldMap::from_iter([(household::WARNINGS, Value::Numbers(vec![1, 3]))]);
    let more = RecordState::change_to(record.kind, Some(&state), more);
    state.apply(&FakeDevice::numbered(2).operation(7, record, more), Some(8));

    let mut connection = earlier();
    let mut hidden = state.values();
    hidden.remove(&household::DOOR);
    let hidden: Vec<(FieldId, Value)> = hidden.into_iter().collect();
    connection
        .execute(
            "INSERT INTO household (id, area, door, clocks, more) VALUES (?1, ?2, '3-2-501', ?3, ?4)",
            params![
                record.id,
                state.area().as_str(),
                state.pack_clocks(record.kind),
                postcard::to_stdvec(&hidden).unwrap()
            ],
        )
        .unwrap();
    prepare(&mut connection, Home::Memory).unwrap();
    let warnings: String = connection
        .query_row("SELECT warnings FROM household", [], |row| row.get(0))
        .unwrap();
    assert_eq!(warnings, ",1,3,");
    let read = records::load(&connection, record).unwrap().unwrap();
    assert_eq!(read.values(), state.values());
    assert!(read.looks_like(&state));
    // It is read off the row as any other: what is not known yet is still there.
    let still_unknown: Vec<u8> = connection
        .query_row("SELECT more FROM household", [], |row| row.get(0))
        .unwrap();
    let still_unknown: Vec<(FieldId, Value)> = postcard::from_bytes(&still_unknown).unwrap();
    assert_eq!(still_unknown, [(UNKNOWN, Value::text("later"))]);
}

#[test]
fn a_row_that_went_bad_does_not_hold_up_an_update() {
    let mut connection = earlier();
    connection
        .execute_batch(
            "INSERT INTO household (id, area, door, clocks, more)
             VALUES (zeroblob(16), '130803001001-01', '3-2-501', x'ff', x'ff')",
        )
        .unwrap();
    prepare(&mut connection, Home::Memory).unwrap();
}

#[test]
fn names_that_an_earlier_app_indexed_as_they_look_are_found_after_the_update() {
    let mut connection = earlier();
    connection
        .execute_batch(
            "INSERT INTO resident (row, id, area, household, name, phones, clocks)
             VALUES (4, zeroblob(16), '130803001001-01', zeroblob(16), '⽅志远', '', x'00');
             INSERT INTO search (rowid, chars, latin, digits) VALUES (9, '⽅ 志 远', 'zhiyuan', '');
             INSERT INTO resident (row, id, area, household, name, phones, clocks, removed)
             VALUES (5, x'01010101010101010101010101010101', '130803001001-01', zeroblob(16), '⽅圆', '', x'00', 1)",
        )
        .unwrap();
    assert_eq!(found(&connection, "方志远"), 0, "the control");
    prepare(&mut connection, Home::Memory).unwrap();
    assert_eq!(found(&connection, "方志远"), 1);
    assert_eq!(found(&connection, "fang"), 1);
    assert_eq!(found(&connection, "方圆"), 0, "who was removed is not found");
}

/// A record of a kind that the earlier app did not know, as it kept it.
fn kept(connection: &Connection, record: RecordRef, fields: FieldMap) -> RecordState {
    let made = RecordState::change_to(record.kind, None, fields);
    let state = RecordState::start(&FakeDevice::numbered(1).operation(5, record, made), Some(6));
    connection
        .execute(
            "INSERT INTO record (kind, id, area, state) VALUES (?1, ?2, ?3, ?4)",
            params![
                record.kind.0,
                record.id,
                state.area().as_str(),
                state.pack_whole(record.kind)
            ],
        )
        .unwrap();
    state
}

#[test]
fn a_kind_that_an_earlier_app_could_only_keep_is_listed_after_the_update() {
    let (unit, later) = (
        RecordRef::new(RecordKind::UNIT, Uuid::from_u128(8)),
        RecordRef::new(RecordKind(77), Uuid::from_u128(9)),
    );
    let mut connection = earlier();
    let named = FieldMap::from_iter([(unit::NAME, Value::text("惠民物业"))]);
    let states = [
        (unit, kept(&connection, unit, named.clone())),
        (later, kept(&connection, later, named)),
    ];
    prepare(&mut connection, Home::Memory).unwrap();
    let listed = |connection: &Connection, kind| record_table::listed(connection, kind, 10).unwrap();
    assert_eq!(listed(&connection, unit.kind), [unit]);
    let title: String = connection
        .query_row("SELECT title FROM record WHERE kind = ?1", [unit.kind.0], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(title, "惠民物业");
    for (record, state) in states {
        let read = records::load(&connection, record).unwrap().unwrap();
        assert!(read.looks_like(&state), "{record:?}");
    }
    // The next update adds a kind and no step of the schema: what is written down says that it was not known before.
    connection
        .execute("UPDATE record SET title = '' WHERE kind = ?1", [unit.kind.0])
        .unwrap();
    prepare(&mut connection, Home::Memory).unwrap();
    let titles = |connection: &Connection| -> u64 {
        let sql = "SELECT count(*) FROM record WHERE title <> ''";
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(
        titles(&connection),
        0,
        "the control: everything is known, nothing is taken up"
    );
    let transaction = connection.transaction().unwrap();
    let known: Vec<(u8, u8)> = meta::get(&transaction, KNOWN).unwrap().unwrap();
    let before: Vec<(u8, u8)> = known
        .into_iter()
        .filter(|(kind, _)| *kind != unit.kind.0)
        .collect();
    meta::set(&transaction, KNOWN, &before).unwrap();
    transaction.commit().unwrap();
    prepare(&mut connection, Home::Memory).unwrap();
    assert_eq!(titles(&connection), 1);
}

/// What lists show of a record is compared with its state, as columns of other kinds are.
#[test]
fn a_title_that_went_bad_is_found() {
    let unit = RecordRef::new(RecordKind::UNIT, Uuid::from_u128(8));
    let mut connection = earlier();
    let named = FieldMap::from_iter([(unit::NAME, Value::text("惠民物业"))]);
    kept(&connection, unit, named);
    prepare(&mut connection, Home::Memory).unwrap();
    let exactly = |connection: &Connection| records::Reader::new(connection).load_exactly(unit);
    assert!(exactly(&connection).unwrap().is_some());
    connection.execute("UPDATE record SET title = '惠'", []).unwrap();
    assert!(matches!(
        exactly(&connection),
        Err(StorageError::Inconsistent { table: "record" })
    ));
}
