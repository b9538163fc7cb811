//! Which record stands for which: the table `duplicate`, made from the records and nothing else.
//!
//! It holds only records that are shown under another one, which are few. A record's answer depends on the
//! records on its way, so when one changes, everything that leads to it is looked at again.

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use shared::crdt::duplicates;
use shared::domain::schema::{RecordKind, RecordRef};
use uuid::Uuid;

use super::StorageResult;

/// `?1` and everything that is shown under it.
pub const GROUP: &str = "(SELECT ?1 UNION ALL SELECT id FROM duplicate WHERE kept = ?1)";

fn table(kind: RecordKind) -> Option<&'static str> {
    kind.merged_into()?;
    kind.spec().map(|spec| spec.name)
}

/// The record under which `record` is shown; itself when it is merged into nothing.
///
/// # Errors
/// A failing database.
pub fn kept(connection: &Connection, id: Uuid) -> StorageResult<Uuid> {
    let found = connection
        .prepare_cached("SELECT kept FROM duplicate WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    Ok(found.unwrap_or(id))
}

/// The records that are shown under this one, in the order in which they were made.
///
/// # Errors
/// A failing database.
pub fn of(connection: &Connection, id: Uuid) -> StorageResult<Vec<Uuid>> {
    let mut statement = connection.prepare_cached("SELECT id FROM duplicate WHERE kept = ?1 ORDER BY id")?;
    let rows = statement.query_map([id], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The removed records that would be shown under this one.
///
/// # Errors
/// A failing database.
pub fn removed_under(connection: &Connection, record: RecordRef) -> StorageResult<Vec<RecordRef>> {
    let Some(table) = table(record.kind) else {
        return Ok(Vec::new());
    };
    let sql =
        format!("SELECT id FROM {table} WHERE merged_into = ?1 AND removed = 1 AND id <> ?1 ORDER BY id");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([record.id], |row| row.get(0))?;
    let named = |id: rusqlite::Result<Uuid>| id.map(|id| RecordRef { id, ..record });
    Ok(rows.map(named).collect::<Result<_, _>>()?)
}

/// Brings the table up to date after a record changed, came or was removed.
pub(super) fn follow(transaction: &Transaction<'_>, record: RecordRef, removed: bool) -> StorageResult<()> {
    let Some(table) = table(record.kind) else {
        return Ok(());
    };
    let concerned: bool = transaction
        .prepare_cached(&format!(
            "SELECT EXISTS (SELECT 1 FROM duplicate WHERE id = ?1)
                 OR EXISTS (SELECT 1 FROM {table} WHERE merged_into = ?1)
                 OR EXISTS (SELECT 1 FROM {table} WHERE id = ?1 AND merged_into IS NOT NULL)"
        ))?
        .query_row([record.id], |row| row.get(0))?;
    if !concerned {
        return Ok(());
    }
    stand(transaction, table, record.id)?;
    if removed {
        // What led to it stands for itself now.
        for id in pointing_at(transaction, table, record.id)? {
            stand(transaction, table, id)?;
        }
    }
    Ok(())
}

/// Notes under which record `id` and all that leads to it are shown.
fn stand(transaction: &Transaction<'_>, table: &str, id: Uuid) -> StorageResult<()> {
    let mut next = transaction.prepare_cached(&format!(
        "SELECT other.id FROM {table} AS this JOIN {table} AS other ON other.id = this.merged_into
         WHERE this.id = ?1 AND other.removed = 0"
    ))?;
    let kept = duplicates::kept(id, |id| next.query_row([id], |row| row.get(0)).optional())?;
    let mut seen = std::collections::BTreeSet::from([id]);
    let mut open = vec![id];
    while let Some(id) = open.pop() {
        if id == kept {
            transaction
                .prepare_cached("DELETE FROM duplicate WHERE id = ?1")?
                .execute([id])?;
        } else {
            transaction
                .prepare_cached(
                    "INSERT INTO duplicate (id, kept) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET kept = ?2",
                )?
                .execute(params![id, kept])?;
        }
        // Nothing leads through a removed record.
        let is_there: bool = transaction
            .prepare_cached(&format!(
                "SELECT EXISTS (SELECT 1 FROM {table} WHERE id = ?1 AND removed = 0)"
            ))?
            .query_row([id], |row| row.get(0))?;
        if is_there {
            open.extend(
                pointing_at(transaction, table, id)?
                    .into_iter()
                    .filter(|id| seen.insert(*id)),
            );
        }
    }
    Ok(())
}

fn pointing_at(transaction: &Transaction<'_>, table: &str, id: Uuid) -> StorageResult<Vec<Uuid>> {
    let mut statement = transaction.prepare_cached(&format!(
        "SELECT id FROM {table} WHERE merged_into = ?1 ORDER BY id"
    ))?;
    let rows = statement.query_map([id], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Forgets records that are not on this device any more.
pub(super) fn forget_absent(transaction: &Transaction<'_>) -> StorageResult<()> {
    transaction.execute(
        "DELETE FROM duplicate WHERE id NOT IN (SELECT id FROM household UNION ALL SELECT id FROM resident)
            OR kept NOT IN (SELECT id FROM household UNION ALL SELECT id FROM resident)",
        [],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::convert::Infallible;

    use proptest::prelude::*;
    use shared::change::Operation;
    use shared::crdt::RecordState;
    use shared::domain::household;
    use shared::domain::value::{FieldMap, Value};
    use shared::testing::FakeDevice;

    use super::super::{Home, prepare, records};
    use super::*;

    const HOUSEHOLDS: u8 = 6;

    fn a_household(number: u8) -> RecordRef {
        RecordRef::new(RecordKind::HOUSEHOLD, Uuid::from_bytes([number; 16]))
    }

    /// Each household is made by its own device, so that its making can come late; then people merge, separate
    /// and remove, each having seen what was there.
    fn operations(script: &[(u8, u8, u8)]) -> Vec<Operation> {
        let mut states: BTreeMap<u8, RecordState> = BTreeMap::new();
        let mut all = Vec::new();
        for number in 0..HOUSEHOLDS {
            let door = FieldMap::from_iter([(household::DOOR, Value::text("3-2-501"))]);
            let change = RecordState::change_to(RecordKind::HOUSEHOLD, None, door);
            let made = FakeDevice::numbered(number).operation(1_000, a_household(number), change);
            states.insert(number, RecordState::start(&made, Some(9_000)));
            all.push(made);
        }
        let mut office = FakeDevice::numbered(100);
        for (what, one, other) in script {
            let number = one % HOUSEHOLDS;
            let Some(state) = states.get_mut(&number) else {
                continue;
            };
            let change = match what % 4 {
                0 => state.removal(),
                1 => state.settle(household::MERGED_INTO, Value::Null),
                _ => state.settle(
                    household::MERGED_INTO,
                    Value::Id(a_household(other % HOUSEHOLDS).id),
                ),
            };
            let made = office.operation(2_000, a_household(number), change);
            state.apply(&made, Some(9_000));
            all.push(made);
        }
        all
    }

    fn table_after(all: &[Operation]) -> Vec<(Uuid, Uuid)> {
        let mut connection = Connection::open_in_memory().unwrap();
        prepare(&mut connection, Home::Memory).unwrap();
        let transaction = connection.transaction().unwrap();
        for operation in all {
            records::merge(&transaction, operation, Some(9_000)).unwrap();
        }
        transaction.commit().unwrap();
        let mut statement = connection
            .prepare("SELECT id, kept FROM duplicate ORDER BY id")
            .unwrap();
        let rows = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    /// The rule alone, over the records as they are at the end.
    fn by_the_rule(all: &[Operation]) -> Vec<(Uuid, Uuid)> {
        let mut states: BTreeMap<Uuid, RecordState> = BTreeMap::new();
        for operation in all {
            match states.get_mut(&operation.record.id) {
                Some(state) => state.apply(operation, Some(9_000)),
                None => {
                    states.insert(operation.record.id, RecordState::start(operation, Some(9_000)));
                }
            }
        }
        let next = |id: Uuid| {
            let pointer = states
                .get(&id)
                .and_then(|state| state.values().remove(&household::MERGED_INTO));
            let into = pointer.and_then(|value| value.as_id());
            Ok::<_, Infallible>(into.filter(|into| states.get(into).is_some_and(|state| !state.is_removed())))
        };
        let stands = |id: &Uuid| match duplicates::kept(*id, next) {
            Ok(kept) => (*id, kept),
        };
        states
            .keys()
            .map(stands)
            .filter(|(id, kept)| id != kept)
            .collect()
    }

    proptest! {
        #[test]
        fn the_table_is_what_the_rule_says_in_whatever_order_operations_come(
            script in proptest::collection::vec((any::<u8>(), any::<u8>(), any::<u8>()), 0..20),
            seed in any::<u64>(),
        ) {
            let all = operations(&script);
            let expect = by_the_rule(&all);
            prop_assert_eq!(table_after(&all), expect.clone());
            let mut shuffled = all;
            let mut state = seed;
            for index in (1..shuffled.len()).rev() {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                shuffled.swap(index, (state >> 33) as usize % (index + 1));
            }
            prop_assert_eq!(table_after(&shuffled), expect);
        }
    }
}
