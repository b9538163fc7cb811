//! The device schema: (major, minor). Minor steps only add; an older app opens a newer file of its major.

use rusqlite::Connection;

use super::{StorageError, StorageResult};

const MAJOR: i64 = 2;
/// One small file per step with the major version that it leads to, each in its own transaction, never edited once
/// shipped.
const STEPS: &[(i64, &str)] = &[
    (1, include_str!("migrations/0001_init.sql")),
    (1, include_str!("migrations/0002_more.sql")),
    (1, include_str!("migrations/0003_uploads.sql")),
    (1, include_str!("migrations/0004_merge.sql")),
    (1, include_str!("migrations/0005_peers.sql")),
    (2, include_str!("migrations/0006_lean.sql")),
    (2, include_str!("migrations/0007_moves.sql")),
];

/// Brings the schema to this version.
///
/// # Errors
/// [`StorageError::NewerSchema`] for a file of another major, or a failing database.
pub fn migrate(connection: &mut Connection) -> StorageResult<()> {
    // user_version = major * 1000 + steps taken; 0 for a new file.
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let (major, taken) = (version / 1000, version % 1000);
    if major > MAJOR {
        return Err(StorageError::NewerSchema {
            found: major,
            known: MAJOR,
        });
    }
    for (index, (major, step)) in STEPS.iter().enumerate().skip(usize::try_from(taken).unwrap_or(0)) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", major * 1000 + index as i64 + 1)?;
        transaction.commit()?;
    }
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
        connection.pragma_update(None, "user_version", 2_999).unwrap();
        migrate(&mut connection).unwrap();
        connection.pragma_update(None, "user_version", 3_001).unwrap();
        assert!(matches!(
            migrate(&mut connection),
            Err(StorageError::NewerSchema { found: 3, known: 2 })
        ));
    }
}
