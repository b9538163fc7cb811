//! A sealed replica: what a revoked device keeps of its worker, unreadable to whoever holds it (F18).
//!
//! A device that signs in is given a key by the server and keeps it. When the server says that the device was revoked,
//! every row is encrypted under that key, and rows and key go, in one transaction: at each instant either everything is
//! there as before, or nothing of it but the sealed blocks. Who signs in again is given the key again, and every row
//! comes back as it was: work that waits with its numbers and its chain, half-filled forms, photos.
//!
//! A block is a statement and the rows that it brings back, in postcard, encrypted with XChaCha20-Poly1305. Its nonce is
//! 16 random bytes, drawn anew at each sealing, and the number of the block.

mod beside;

use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Statement, ToSql, Transaction, params, params_from_iter};
use serde::{Deserialize, Serialize};
use shared::domain::value::Value;
use shared::protocol::v1::SealKey;

use super::meta::{self, Enrolment};
use super::{StorageError, StorageResult, drafts, migrate, operations, photo_bytes};

use beside::SEALED;
pub use beside::{Sealed, standing};

/// The key under which this device would be sealed.
const SEAL_KEY: &str = "seal_key";
/// A block grows to about so many bytes; one row with a photo may be larger.
const BLOCK_BYTES: usize = 64 * 1024;
const DAMAGED: StorageError = StorageError::Inconsistent { table: "sealed" };

#[derive(Default, Serialize, Deserialize)]
struct Block {
    insert: String,
    rows: Vec<Vec<Value>>,
}

/// A table, by its name and the statement that makes it.
struct Table {
    name: String,
    sql: String,
}

/// Keeps the key that came with a sign-in; a server without one cannot have its devices sealed.
pub(crate) fn keep_key(transaction: &Transaction<'_>, key: Option<SealKey>) -> StorageResult<()> {
    match key {
        Some(key) => meta::set(transaction, SEAL_KEY, &key),
        None => forget_key(transaction),
    }
}

fn forget_key(transaction: &Transaction<'_>) -> StorageResult<()> {
    transaction.execute("DELETE FROM meta WHERE key = ?1", [SEAL_KEY])?;
    Ok(())
}

/// The key under which this device would be sealed.
pub(crate) fn key(connection: &Connection) -> StorageResult<Option<SealKey>> {
    meta::get(connection, SEAL_KEY)
}

/// Seals everything but the settings of this device and who may open it again.
pub(crate) fn seal(transaction: &Transaction<'_>, key: &SealKey, nonce: [u8; 16]) -> StorageResult<Sealed> {
    let sealed = Sealed {
        operations: operations::count_waiting(transaction)?,
        photos: photo_bytes::count_waiting(transaction)?,
        drafts: drafts::count_open(transaction)?,
        schema: migrate::version(transaction)?,
        nonce,
    };
    seal_as(transaction, key, sealed)
}

/// Seals what `sealed` says, in whatever schema the rows are.
fn seal_as(transaction: &Transaction<'_>, key: &SealKey, sealed: Sealed) -> StorageResult<Sealed> {
    let nonce = sealed.nonce;
    let enrolment: Option<Enrolment> = meta::get(transaction, meta::ENROLMENT)?;
    // A key is not encrypted under itself.
    forget_key(transaction)?;
    transaction.execute_batch(
        "CREATE TABLE sealed (number INTEGER PRIMARY KEY NOT NULL, bytes BLOB NOT NULL) STRICT",
    )?;
    let mut writer = Writer {
        insert: transaction.prepare("INSERT INTO sealed (number, bytes) VALUES (?1, ?2)")?,
        cipher: XChaCha20Poly1305::new(&key.0.into()),
        nonce,
        written: 0,
        block: Block::default(),
        block_bytes: 0,
    };
    for table in tables(transaction)? {
        // The rows of found text have numbers that say what was found.
        let columns = if table.is_virtual() { "rowid, *" } else { "*" };
        let mut statement = transaction.prepare(&format!("SELECT {columns} FROM {}", table.name))?;
        let names: Vec<&str> = statement.column_names().collect();
        let names = names.join(", ");
        let marks = vec!["?"; statement.column_count()].join(", ");
        let insert = format!("INSERT INTO {} ({names}) VALUES ({marks})", table.name);
        writer.take(&insert, &mut statement)?;
    }
    writer.write(true)?;
    drop(writer);
    wipe(transaction)?;
    if let Some(mut enrolment) = enrolment {
        enrolment.token.clear();
        meta::set(transaction, meta::ENROLMENT, &enrolment)?;
    }
    meta::set(transaction, SEALED, &sealed)?;
    Ok(sealed)
}

/// Brings everything back. `false` when this key does not open it, or it was damaged: the caller then drops the
/// transaction, and everything stays sealed.
pub(crate) fn unseal(transaction: &Transaction<'_>, key: &SealKey) -> StorageResult<bool> {
    let Some(sealed) = standing(transaction)? else {
        return Ok(true);
    };
    let last: u64 = transaction.query_row("SELECT coalesce(max(number), 0) FROM sealed", [], |row| {
        row.get(0)
    })?;
    let cipher = XChaCha20Poly1305::new(&key.0.into());
    // An app that was updated meanwhile brings the rows to its schema as it would have brought those of an open replica.
    let is_earlier = migrate::is_earlier(sealed.schema);
    if is_earlier {
        make_anew(transaction, sealed.schema)?;
    } else {
        wipe(transaction)?;
    }
    for number in 1..=last {
        let mut bytes: Vec<u8> =
            transaction.query_row("SELECT bytes FROM sealed WHERE number = ?1", [number], |row| {
                row.get(0)
            })?;
        let opened = cipher.decrypt_in_place(
            &nonce(sealed.nonce, number),
            &[u8::from(number == last)],
            &mut bytes,
        );
        if opened.is_err() {
            return Ok(false);
        }
        let block: Block = postcard::from_bytes(&bytes).map_err(|_| DAMAGED)?;
        let mut insert = transaction.prepare_cached(&block.insert)?;
        for row in &block.rows {
            insert.execute(params_from_iter(row.iter().map(Cell)))?;
        }
    }
    transaction.execute_batch("DROP TABLE sealed")?;
    migrate::go_on(transaction)?;
    Ok(last > 0)
}

/// Removes every row of the worker; what is removed cannot be read in the file any more.
pub(crate) fn wipe(transaction: &Transaction<'_>) -> StorageResult<()> {
    for table in tables(transaction)? {
        if table.is_virtual() {
            // Found text leaves its words behind when its rows go one by one.
            transaction.execute_batch(&format!("DROP TABLE {}; {}", table.name, table.sql))?;
        } else {
            transaction.execute(&format!("DELETE FROM {}", table.name), [])?;
        }
    }
    Ok(())
}

/// Makes the schema anew as an earlier app had it. The settings of this device stay.
fn make_anew(transaction: &Transaction<'_>, schema: i64) -> StorageResult<()> {
    let mut settings = transaction.prepare("SELECT name, value FROM setting")?;
    let kept: Vec<(String, String)> = settings
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    drop(settings);
    for table in tables(transaction)? {
        transaction.execute_batch(&format!("DROP TABLE {}", table.name))?;
    }
    transaction.execute_batch("DROP TABLE setting")?;
    migrate::make(transaction, schema)?;
    for (name, value) in kept {
        meta::set_setting(transaction, &name, &value)?;
    }
    Ok(())
}

/// Every table with rows of the worker, those that others refer to first.
fn tables(connection: &Connection) -> StorageResult<Vec<Table>> {
    let mut statement = connection.prepare(
        "SELECT name, sql FROM sqlite_schema
         WHERE type = 'table' AND name NOT IN ('setting', 'sealed') AND name NOT LIKE 'search^_%' ESCAPE '^'
         AND name NOT LIKE 'sqlite^_%' ESCAPE '^' ORDER BY rowid",
    )?;
    let tables = statement.query_map([], |row| {
        Ok(Table {
            name: row.get(0)?,
            sql: row.get(1)?,
        })
    })?;
    Ok(tables.collect::<Result<_, _>>()?)
}

impl Table {
    fn is_virtual(&self) -> bool {
        self.sql.starts_with("CREATE VIRTUAL")
    }
}

/// Encrypts block after block. The last one says that it is, so none can be missing at the end.
struct Writer<'t> {
    insert: Statement<'t>,
    cipher: XChaCha20Poly1305,
    nonce: [u8; 16],
    written: u64,
    block: Block,
    block_bytes: usize,
}

impl Writer<'_> {
    /// Takes all rows of a statement; `insert` brings them back.
    fn take(&mut self, insert: &str, statement: &mut Statement<'_>) -> StorageResult<()> {
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            if self.block.insert != insert || self.block_bytes >= BLOCK_BYTES {
                self.write(false)?;
                self.block.insert.push_str(insert);
            }
            let cells = (0..columns).map(|column| Ok(value(row.get_ref(column)?)));
            let cells = cells.collect::<StorageResult<Vec<Value>>>()?;
            self.block_bytes += cells.iter().map(weight).sum::<usize>();
            self.block.rows.push(cells);
        }
        Ok(())
    }

    /// Writes the block that was begun, if there is one, and begins another.
    fn write(&mut self, is_last: bool) -> StorageResult<()> {
        let block = std::mem::take(&mut self.block);
        self.block_bytes = 0;
        if block.rows.is_empty() && !is_last {
            return Ok(());
        }
        self.written += 1;
        let mut bytes = postcard::to_stdvec(&block).map_err(|_| DAMAGED)?;
        self.cipher
            .encrypt_in_place(&nonce(self.nonce, self.written), &[u8::from(is_last)], &mut bytes)
            .map_err(|_| DAMAGED)?;
        self.insert.execute(params![self.written, bytes])?;
        Ok(())
    }
}

fn nonce(first: [u8; 16], number: u64) -> XNonce {
    let mut nonce = XNonce::default();
    let (random, counted) = nonce.split_at_mut(first.len());
    random.copy_from_slice(&first);
    counted.copy_from_slice(&number.to_le_bytes());
    nonce
}

fn value(cell: ValueRef<'_>) -> Value {
    match cell {
        ValueRef::Integer(number) => Value::Int(number),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
        // No table has a column of real numbers.
        ValueRef::Null | ValueRef::Real(_) => Value::Null,
    }
}

fn weight(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        _ => 8,
    }
}

struct Cell<'a>(&'a Value);

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Int(number) => ValueRef::Integer(*number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
            _ => ValueRef::Null,
        }))
    }
}

#[cfg(test)]
#[path = "sealed_tests.rs"]
mod tests;
