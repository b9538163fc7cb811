//! The device schema: (major, minor). Minor steps only add; an older app opens a newer file of its major.

use rusqlite::{Connection, Transaction};

use super::{StorageError, StorageResult, learn};

const MAJOR: i64 = 1;
/// One small file per step with the major version that it leads to, each in its own transaction, never edited once
/// shipped.
const STEPS: &[(i64, &str)] = &[(1, include_str!("migrations/0001_init.sql"))];

/// The steps of this app.
fn steps() -> &'static [(i64, &'static str)] {
    #[cfg(any(test, feature = "testing"))]
    if let Some(steps) = super::next::steps() {
        return steps;
    }
    STEPS
}

/// Brings the schema to this version.
///
/// # Errors
/// [`StorageError::NewerSchema`] for a file of another major, or a failing database.
pub fn migrate(connection: &mut Connection) -> StorageResult<()> {
    let major = version(connection)? / 1000;
    if major > MAJOR {
        return Err(StorageError::NewerSchema {
            found: major,
            known: MAJOR,
        });
    }
    for index in taken(version(connection)?)..steps().len() {
        let transaction = connection.transaction()?;
        take(&transaction, index)?;
        transaction.commit()?;
    }
    learn::after_update(connection)
}

/// The schema as it is: major * 1000 + steps taken; 0 for a new file.
pub(super) fn version(connection: &Connection) -> StorageResult<i64> {
    Ok(connection.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}

/// Whether this app has steps behind a schema.
pub(super) fn is_earlier(version: i64) -> bool {
    taken(version) < steps().len()
}

/// Makes an earlier schema in a database without tables of ours.
pub(super) fn make(transaction: &Transaction<'_>, version: i64) -> StorageResult<()> {
    (0..taken(version)).try_for_each(|index| take(transaction, index))
}

/// The steps that are left, all of them or none.
pub(super) fn go_on(transaction: &Transaction<'_>) -> StorageResult<()> {
    (taken(version(transaction)?)..steps().len()).try_for_each(|index| take(transaction, index))?;
    learn::learn(transaction)
}

fn taken(version: i64) -> usize {
    usize::try_from(version % 1000).unwrap_or(0)
}

fn take(transaction: &Transaction<'_>, index: usize) -> StorageResult<()> {
    let (major, step) = steps()
        .get(index)
        .ok_or(StorageError::Inconsistent { table: "sealed" })?;
    transaction.execute_batch(step)?;
    transaction.pragma_update(None, "user_version", major * 1000 + index as i64 + 1)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_minor_opens_and_a_newer_major_is_said_plainly() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        migrate(&mut connection).unwrap();
        connection.pragma_update(None, "user_version", 1_999).unwrap();
        migrate(&mut connection).unwrap();
        connection.pragma_update(None, "user_version", 2_001).unwrap();
        assert!(matches!(
            migrate(&mut connection),
            Err(StorageError::NewerSchema { found: 2, known: 1 })
        ));
    }
}
