//! One suite for every home of the store: memory, a native file, and OPFS in a browser.
//!
//! Each check gets connections to one database that was empty at its start.

use rusqlite::Connection;
use shared::crdt::RecordState;
use shared::domain::household;
use shared::domain::schema::{RecordKind, RecordRef};
use shared::domain::value::{FieldMap, Value};
use shared::domain::worker::Role;
use shared::ids::{AreaCode, DeviceId, DraftId, HouseholdId, WorkerId};
use uuid::Uuid;

use super::meta::{self, ChainEnd};
use super::operations;
use super::recorder;
use super::recorder::Author;
use super::{Home, drafts, prepare, records};
use crate::api::{DraftBody, VisitDraft};
use crate::search::fts_query;

/// Why a check failed.
pub type Failure = Box<dyn std::error::Error>;
type Check = fn(&mut dyn FnMut() -> Result<Connection, Failure>, Home) -> Result<(), Failure>;

/// The checks by name.
pub const CHECKS: &[(&str, Check)] = &[
    (
        "dropped_transaction_leaves_no_trace",
        dropped_transaction_leaves_no_trace,
    ),
    (
        "committed_operation_and_effect_are_both_there",
        committed_operation_and_effect_are_both_there,
    ),
    (
        "refused_operation_leaves_no_trace",
        refused_operation_leaves_no_trace,
    ),
    ("not_found_is_none", not_found_is_none),
    ("draft_is_there_after_reopening", draft_is_there_after_reopening),
    ("search_finds_what_was_saved", search_finds_what_was_saved),
    (
        "a_thousand_records_survive_reopening",
        a_thousand_records_survive_reopening,
    ),
];

/// Runs one check; `open` opens the same, at first empty, database again and again.
///
/// # Errors
/// What did not hold.
pub fn run(
    check: &Check,
    open: &mut dyn FnMut() -> Result<Connection, Failure>,
    home: Home,
) -> Result<(), Failure> {
    check(open, home)
}

fn ensure(holds: bool, what: &str) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(what.into()) }
}

fn ready(open: &mut dyn FnMut() -> Result<Connection, Failure>, home: Home) -> Result<Connection, Failure> {
    let mut connection = open()?;
    prepare(&mut connection, home)?;
    Ok(connection)
}

fn author() -> Author {
    Author {
        device: DeviceId(Uuid::from_bytes([1; 16])),
        worker: WorkerId(Uuid::from_bytes([2; 16])),
        role: Role::Member,
        now_ms: 1_790_000_000_000,
    }
}

fn a_household(number: u128) -> (AreaCode, RecordRef, shared::change::Change) {
    let record = RecordRef::new(RecordKind::HOUSEHOLD, Uuid::from_u128(number));
    let door = format!("{}-{}-{}01", number % 50 + 1, number % 4 + 1, number % 6 + 1);
    let fields = FieldMap::from_iter([(household::DOOR, Value::Text(door))]);
    let area =
        AreaCode::new("130803001001-01").unwrap_or_else(|_| unreachable!("a constant of the right shape"));
    (area, record, RecordState::change_to(record.kind, None, fields))
}

fn dropped_transaction_leaves_no_trace(
    open: &mut dyn FnMut() -> Result<Connection, Failure>,
    home: Home,
) -> Result<(), Failure> {
    let mut connection = ready(open, home)?;
    let (area, record, change) = a_household(7);
    {
        let transaction = connection.transaction()?;
        recorder::perform(&transaction, author(), &area, record, change)?;
    }
    ensure(
        records::load(&connection, record)?.is_none(),
        "the record is there",
    )?;
    ensure(
        operations::count_waiting(&connection)? == 0,
        "the operation is there",
    )?;
    let end: Option<ChainEnd> = meta::get(&connection, meta::CHAIN_END)?;
    ensure(end.is_none(), "the chain went on")
}

fn committed_operation_and_effect_are_both_there(
    open: &mut dyn FnMut() -> Result<Connection, Failure>,
    home: Home,
) -> Result<(), Failure> {
    let mut connection = ready(open, home)?;
    let (area, record, change) = a_household(7);
    let transaction = connection.transaction()?;
    let seq = recorder::perform(&transaction, author(), &area, record, change)?;
    transaction.commit()?;
    ensure(seq == Some(1), "numbers begin at 1")?;
    let state = records::load(&connection, record)?.ok_or("the record is missing")?;
    ensure(
        state.values().get(&household::DOOR) == Some(&Value::text("8-4-201")),
        "the door differs",
    )?;
    let (before, waiting, after) = operations::waiting(&connection, 10, 1 << 20)?.ok_or("nothing waits")?;
    ensure(waiting.len() == 1, "one operation waits")?;
    ensure(
        waiting
            .iter()
            .fold(before, |chain, operation| chain.then(operation))
            == after,
        "the chain differs",
    )
}

fn refused_operation_leaves_no_trace(
    open: &mut dyn FnMut() -> Result<Connection, Failure>,
    home: Home,
) -> Result<(), Failure> {
    let mut connection = ready(open, home)?;
    let (area, record, _) = a_household(7);
    let fields = FieldMap::from_iter([(household::DOOR, Value::text("not a door"))]);
    let change = RecordState::change_to(record.kind, None, fields);
    let transaction = connection.transaction()?;
    let refused = recorder::perform(&transaction, author(), &area, record, change);
    drop(transaction);
    ensure(refused.is_err(), "a door that is none was accepted")?;
    ensure(
        records::load(&connection, record)?.is_none(),
        "the record is there",
    )
}

fn not_found_is_none(
    open: &mut dyn FnMut() -> Result<Connection, Failure>,
    home: Home,
) -> Result<(), Failure> {
    let connection = ready(open, home)?;
    let nobody = Uuid::from_u128(99);
    for kind in 1..=6 {
        let record = RecordRef {
            kind: RecordKind(kind),
            id: nobody,
        };
        ensure(
            records::load(&connection, record)?.is_none(),
            "a record that nobody saved",
        )?;
    }
    ensure(
        drafts::load(&connection, DraftId(nobody))?.is_none(),
        "a draft that nobody saved",
    )
}

fn draft_is_there_after_reopening(
    open: &mut dyn FnMut() -> Result<Connection, Failure>,
    home: Home,
) -> Result<(), Failure> {
    let id = DraftId(Uuid::from_u128(5));
    let body = DraftBody::Visit(VisitDraft {
        household: HouseholdId(Uuid::from_u128(7)),
        outcome: None,
        met: Vec::new(),
        purpose: None,
        phrases: Vec::new(),
        note: "楼道灯坏了,老人说".to_owned(),
        needs: Vec::new(),
        promise: String::new(),
        promise_due: None,
        started_at: 1_790_000_000_000,
    });
    drafts::save(&ready(open, home)?, id, &body, (1, None, &[]), 1)?;
    // Memory has no second opening; the other homes do.
    if home == Home::Memory {
        return Ok(());
    }
    let (_, kept) = drafts::load(&ready(open, home)?, id)?.ok_or("the draft is gone")?;
    ensure(kept == body, "the draft differs")
}

fn search_finds_what_was_saved(
    open: &mut dyn FnMut() -> Result<Connection, Failure>,
    home: Home,
) -> Result<(), Failure> {
    let mut connection = ready(open, home)?;
    let (area, record, change) = a_household(7);
    let transaction = connection.transaction()?;
    recorder::perform(&transaction, author(), &area, record, change)?;
    transaction.commit()?;
    let query = fts_query("8栋4单元201室").ok_or("the door is no query")?;
    let count = |query: &str| -> rusqlite::Result<u64> {
        connection.query_row(
            "SELECT count(*) FROM search WHERE search MATCH ?1",
            [query],
            |row| row.get(0),
        )
    };
    ensure(count(&query)? == 1, "the door is not found")?;
    let other = fts_query("9栋4单元201室").ok_or("the door is no query")?;
    ensure(count(&other)? == 0, "another door is found")
}

fn a_thousand_records_survive_reopening(
    open: &mut dyn FnMut() -> Result<Connection, Failure>,
    home: Home,
) -> Result<(), Failure> {
    let mut connection = ready(open, home)?;
    let transaction = connection.transaction()?;
    for number in 1..=1_000 {
        let (area, record, change) = a_household(number);
        recorder::perform(&transaction, author(), &area, record, change)?;
    }
    transaction.commit()?;
    if home != Home::Memory {
        drop(connection);
        connection = ready(open, home)?;
    }
    ensure(
        operations::count_waiting(&connection)? == 1_000,
        "operations are missing",
    )?;
    let households: u64 = connection.query_row("SELECT count(*) FROM household", [], |row| row.get(0))?;
    ensure(households == 1_000, "records are missing")?;
    let checked: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    ensure(checked == "ok", &checked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_keeps_the_contract() {
        for (name, check) in CHECKS {
            let mut open = || Connection::open_in_memory().map_err(Failure::from);
            run(check, &mut open, Home::Memory).unwrap_or_else(|failure| panic!("{name}: {failure}"));
        }
    }

    #[test]
    fn a_native_file_keeps_the_contract() {
        for (name, check) in CHECKS {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("replica.sqlite");
            let mut open = || Connection::open(&path).map_err(Failure::from);
            run(check, &mut open, Home::File).unwrap_or_else(|failure| panic!("{name}: {failure}"));
        }
    }
}
