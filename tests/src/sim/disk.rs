//! Disks in memory that outlive the process that writes to them, can be cut off at any instruction, and can be full.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rusqlite::Connection;

/// Steps of SQLite's machine between two looks at the fuse.
const STEPS_PER_LOOK: i32 = 3;

/// A database in memory under a name: it lives as long as this value.
pub(super) struct Disk {
    uri: String,
    /// Keeps the memory while no process has it open; also the eyes of the checkers.
    pub(super) eyes: Connection,
}

impl Disk {
    /// An empty disk. The name must be unique within this process.
    pub(super) fn new(name: &str) -> rusqlite::Result<Self> {
        let uri = format!("file:/{name}?vfs=memdb");
        let eyes = Connection::open(&uri)?;
        Ok(Self { uri, eyes })
    }

    pub(super) fn uri(&self) -> &str {
        &self.uri
    }

    /// A byte-independent copy of what is durable now.
    pub(super) fn copy(&self, name: &str) -> rusqlite::Result<Self> {
        let copy = Self::new(name)?;
        self.eyes.execute("VACUUM INTO ?1", [copy.uri()])?;
        Ok(copy)
    }

    /// Opens it for a process that can be cut off, with room for `pages_more` more pages (`None`: enough).
    pub(super) fn open(&self, fuse: &Fuse, pages_more: Option<u64>) -> rusqlite::Result<Connection> {
        let mut connection = Connection::open(&self.uri)?;
        if let Some(more) = pages_more {
            let pages: u64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0))?;
            connection.pragma_update(None, "max_page_count", pages + more)?;
        }
        let burning = fuse.clone();
        connection.progress_handler(STEPS_PER_LOOK, Some(move || burning.burn()))?;
        let burnt = fuse.clone();
        connection.commit_hook(Some(move || burnt.is_burnt()))?;
        Ok(connection)
    }
}

/// Cuts a process off: from then on nothing that it writes becomes durable.
#[derive(Debug, Clone, Default)]
pub(super) struct Fuse(Arc<Parts>);

#[derive(Debug, Default)]
struct Parts {
    /// Looks left; 0: not lit.
    left: AtomicU64,
    burnt: AtomicBool,
}

impl Fuse {
    /// Lights it: `looks` looks later the process is cut off, wherever it is then.
    pub(super) fn light(&self, looks: u64) {
        self.0.left.store(looks.max(1), Ordering::Relaxed);
    }

    /// Puts it out again.
    pub(super) fn put_out(&self) {
        self.0.left.store(0, Ordering::Relaxed);
    }

    pub(super) fn is_burnt(&self) -> bool {
        self.0.burnt.load(Ordering::Relaxed)
    }

    /// One look: whether the process is cut off now.
    fn burn(&self) -> bool {
        match self.0.left.load(Ordering::Relaxed) {
            0 => {}
            1 => {
                self.put_out();
                self.0.burnt.store(true, Ordering::Relaxed);
            }
            left => self.0.left.store(left - 1, Ordering::Relaxed),
        }
        self.is_burnt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_committed_before_the_cut_is_there_and_nothing_else() {
        let disk = Disk::new("disk-test").unwrap();
        disk.eyes
            .execute_batch("CREATE TABLE t (n INTEGER NOT NULL)")
            .unwrap();
        for looks in 1..60 {
            let before: u64 = disk
                .eyes
                .query_row("SELECT count(*) FROM t", [], |row| row.get(0))
                .unwrap();
            let fuse = Fuse::default();
            let mut connection = disk.open(&fuse, None).unwrap();
            fuse.light(looks);
            let acknowledged = connection.transaction().and_then(|transaction| {
                (0..5).try_for_each(|n| transaction.execute("INSERT INTO t VALUES (?1)", [n]).map(drop))?;
                transaction.commit()
            });
            drop(connection);
            let after: u64 = disk
                .eyes
                .query_row("SELECT count(*) FROM t", [], |row| row.get(0))
                .unwrap();
            assert!(after == before || after == before + 5, "whole or absent");
            assert!(
                acknowledged.is_err() || after == before + 5,
                "acknowledged is present"
            );
        }
    }

    #[test]
    fn a_full_disk_refuses_and_keeps_what_it_has() {
        let disk = Disk::new("disk-full-test").unwrap();
        disk.eyes
            .execute_batch("CREATE TABLE t (b BLOB NOT NULL)")
            .unwrap();
        let connection = disk.open(&Fuse::default(), Some(2)).unwrap();
        let write = || connection.execute("INSERT INTO t VALUES (zeroblob(3000))", []);
        let refused = (0..10).find_map(|_| write().err()).unwrap();
        assert_eq!(refused.sqlite_error_code(), Some(rusqlite::ErrorCode::DiskFull));
    }
}
