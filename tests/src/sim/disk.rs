//! Disks in memory that outlive the process that writes to them, can be cut off at any instruction, and can be full.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use replica::storage::{self, Home};
use rusqlite::backup::Backup;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, Transaction};

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
        // As the app does: else the same question is planned anew each time with another number in it.
        eyes.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        eyes.set_prepared_statement_cache_capacity(128);
        Ok(Self { uri, eyes })
    }

    pub(super) fn uri(&self) -> &str {
        &self.uri
    }

    /// A number that is another one after every commit of a process.
    pub(super) fn written(&self) -> u64 {
        self.eyes
            .prepare_cached("PRAGMA data_version")
            .and_then(|mut version| version.query_row([], |row| row.get(0)))
            .expect("a disk can be read")
    }

    /// A copy of what is durable now.
    pub(super) fn copy(&self, name: &str) -> rusqlite::Result<Self> {
        let mut copy = Self::new(name)?;
        copy_pages(&self.eyes, &mut copy.eyes)?;
        Ok(copy)
    }

    /// Lays the tables of a new replica out on a disk that nobody has used: as the app would, but once for all disks
    /// of this process, because it costs as much as the rest of a short life.
    pub(super) fn make_new(&self) {
        static NEW: LazyLock<Mutex<Connection>> = LazyLock::new(|| {
            let mut new = Connection::open_in_memory().expect("memory has room");
            storage::prepare(&mut new, Home::Memory).expect("the tables are made");
            Mutex::new(new)
        });
        let is_used: bool = self
            .eyes
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM sqlite_schema)")
            .and_then(|mut schema| schema.query_row([], |row| row.get(0)))
            .expect("a disk can be read");
        if is_used {
            return;
        }
        let new = NEW.lock().expect("nobody panics while it holds it");
        let mut disk = Connection::open(&self.uri).expect("a disk can be opened");
        copy_pages(&new, &mut disk).expect("a new replica is small");
    }

    /// A later version of the app brings it to its schema, in steps like our own: a column more, and the operations in
    /// a table that is made anew.
    pub(super) fn update(&self, fuse: &Fuse) -> rusqlite::Result<()> {
        let mut connection = self.open(fuse, None)?;
        let transaction = connection.transaction()?;
        let version: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        transaction.execute_batch(&format!(
            "ALTER TABLE visit ADD COLUMN later_{version} INTEGER; PRAGMA user_version = {};",
            version + 1
        ))?;
        make_anew(&transaction, "operation")?;
        transaction.commit()
    }

    /// A version of the server makes the tables of the log, of records and of what is parked anew, as a step of a migration does.
    pub(super) fn make_server_tables_anew(&self, fuse: &Fuse) -> rusqlite::Result<()> {
        let mut connection = self.open(fuse, None)?;
        let transaction = connection.transaction()?;
        for table in ["operation", "record", "parked"] {
            make_anew(&transaction, table)?;
        }
        transaction.commit()
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

/// Makes a table anew, with its indexes and all that is in it.
fn make_anew(transaction: &Transaction<'_>, table: &str) -> rusqlite::Result<()> {
    let sql = "SELECT sql FROM sqlite_schema WHERE tbl_name = ?1 AND sql IS NOT NULL ORDER BY type DESC";
    let mut statement = transaction.prepare(sql)?;
    let made_by: Vec<String> = statement
        .query_map([table], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let (own, indexes) = made_by
        .split_first()
        .ok_or(rusqlite::Error::QueryReturnedNoRows)?;
    // A table that was renamed stands in quotes.
    let later = own
        .replacen(&format!("\"{table}\""), table, 1)
        .replacen(table, &format!("later_{table}"), 1);
    transaction.execute_batch(&format!(
        "{later};
         INSERT INTO later_{table} SELECT * FROM {table};
         DROP TABLE {table};
         ALTER TABLE later_{table} RENAME TO {table};
         {}",
        indexes.join(";\n")
    ))
}

fn copy_pages(from: &Connection, to: &mut Connection) -> rusqlite::Result<()> {
    Backup::new(from, to)?.run_to_completion(1_000, Duration::ZERO, None)
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
    fn what_was_updated_says_so_and_has_what_it_had() {
        let disk = Disk::new("disk-update-test").unwrap();
        disk.make_new();
        let insert = "INSERT INTO operation (seq, kind, record, at, body, chain) VALUES (1, 1, x'01', 5, x'02', x'03')";
        disk.eyes.execute(insert, []).unwrap();
        let count = |sql: &str| -> i64 { disk.eyes.query_row(sql, [], |row| row.get(0)).unwrap() };
        let before = count("PRAGMA user_version");
        let (mut killed, mut updated) = (0, 0);
        for looks in (1..4_000).step_by(20) {
            let version = count("PRAGMA user_version");
            let fuse = Fuse::default();
            fuse.light(looks);
            match disk.update(&fuse) {
                Ok(()) => updated += 1,
                Err(_) => killed += 1,
            }
            let now = count("PRAGMA user_version");
            assert!(now == version || now == version + 1, "whole or absent");
            assert_eq!(count("SELECT count(*) FROM operation"), 1);
        }
        println!("{killed} killed, {updated} updated");
        assert!(killed > 0 && updated > 0);
        assert_eq!(count("PRAGMA user_version"), before + updated);
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
