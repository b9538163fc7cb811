//! What the server keeps, as use cases: [`Storage`], over SQLite or PostgreSQL.
//!
//! Each use case is written once, beside its SQL, in `sql/<subject>.rs`: its contract is its comment. What differs
//! between the databases is below that: how a transaction is run, and a statement in it.
//!
//! **Transactions.** Every method is one transaction (but where it says so): it happens whole and durably before it returns, or not
//! at all. [`Storage::apply_push`] decides nothing itself; it reads what [`crate::apply`] asks for and writes
//! what comes of it. **Isolation.** Methods behave as if they ran one after the other. **Not found** is
//! `Ok(None)` (or an empty list, or `false`), never an error. **Ordering.** Lists come in the order that their
//! method names. **Positions** are given to operations in the order in which they are applied, from 1, and are
//! never used again in one epoch.
//!
//! The suite in [`conformance`] holds each database to this.

mod error;
mod postgres;
mod sql;
mod sqlite;
mod types;
mod upload;

#[cfg(any(test, feature = "testing"))]
pub mod conformance;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::stream::BoxStream;
use postgres::Postgres;
use sql::tx::Tx;
use sqlite::Sqlite;

pub use error::{StorageError, StorageResult};
pub use shared::protocol::v1::SEGMENT_OPERATIONS;
pub use types::{
    Account, AccountSummary, AddedAccount, AreaChanges, CheckReport, Credential, DeviceSummary, Importer,
    NewAccount, NewSession, OpenedSession, ParkedPlace, PullRequest, Pulled, PulledArea, PushOutcome,
    Session, SessionOutcome, StoredPhoto, Taken, TakenUp, TokenHash, Unit, VerifyRequest,
};
pub use upload::{AppendedUpload, CreatedUpload, NewUpload, Upload, UploadId};

use crate::chance::Chance;

/// About the most bytes of a segment's operations, unpacked.
pub const SEGMENT_BYTES_MAX: usize = 4 * 1024 * 1024;
/// On how many devices one worker is signed in at most: a phone, a desk, and those that they had before. Who has stolen a
/// token cannot make more. One that has never been answered since it was enrolled gives way to one that signs in with the
/// password, never to one that another device's session brings.
pub const DEVICES_PER_WORKER_MAX: u64 = 20;

/// The server's storage. See the [module page](self) for the contract.
#[derive(Debug)]
pub struct Storage(Database);

/// Where it is kept.
#[derive(Debug)]
enum Database {
    Sqlite(Sqlite),
    Postgres(Box<Postgres>),
}

impl Storage {
    /// Opens a file of SQLite, making or migrating it first.
    ///
    /// # Errors
    /// When the file cannot be opened, is of a later version, or somebody else holds it for too long.
    pub fn open_file(path: &Path, chance: &dyn Chance) -> StorageResult<Self> {
        Ok(Self(Database::Sqlite(Sqlite::open(path, chance)?)))
    }

    /// Storage that lives as long as this value.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn in_memory(chance: &dyn Chance) -> StorageResult<Self> {
        Ok(Self(Database::Sqlite(Sqlite::in_memory(chance)?)))
    }

    /// Opens the database of PostgreSQL at a `postgres://` address, making or migrating its tables first. With the
    /// certificate of an authority (PEM) the connection is encrypted and the database must show that it has a certificate
    /// from it.
    ///
    /// # Errors
    /// When the address cannot be read, or would send the password in the clear over a network; when the database
    /// cannot be reached, refuses, or is of a later version.
    pub async fn open_postgres(
        address: &str,
        authority: Option<&Path>,
        chance: Arc<dyn Chance>,
    ) -> StorageResult<Self> {
        let database = Postgres::open(address, authority, chance).await?;
        Ok(Self(Database::Postgres(Box::new(database))))
    }

    /// Copies everything, as it is at one moment, into a file of SQLite that does not exist yet; durable when this
    /// returns.
    ///
    /// # Errors
    /// When the database cannot be read, a writer not be waited for, or the file not be written.
    pub async fn back_up(&self, file: PathBuf, chance: Arc<dyn Chance>) -> StorageResult<()> {
        match &self.0 {
            Database::Sqlite(sqlite) => sqlite.back_up(file).await,
            Database::Postgres(postgres) => postgres.back_up(file, chance).await,
        }
    }

    /// Fills the database of PostgreSQL at an address with what a file of SQLite holds, whole or not at all. What is in
    /// it already stays as the schema that is returned, if `aside` names one; else nothing is done.
    ///
    /// # Errors
    /// As [`open_postgres`](Self::open_postgres), and when there is something in it and no `aside`.
    pub async fn restore_postgres(
        address: &str,
        authority: Option<&Path>,
        file: PathBuf,
        aside: Option<String>,
        chance: Arc<dyn Chance>,
    ) -> StorageResult<Option<String>> {
        Postgres::restore(address, authority, file, aside, chance).await
    }

    /// Says a word to the other processes that work on this storage, if there can be any.
    pub async fn tell_others(&self, word: &str) -> StorageResult<()> {
        match &self.0 {
            Database::Sqlite(_) => Ok(()),
            Database::Postgres(postgres) => postgres.say(word).await,
        }
    }

    /// The words that are said to processes that work on this storage, those of this one too, from now on; `None` where
    /// there can be no other. It ends when the connection to them does.
    pub async fn hear_others(&self) -> StorageResult<Option<BoxStream<'static, String>>> {
        match &self.0 {
            Database::Sqlite(_) => Ok(None),
            Database::Postgres(postgres) => postgres.listen().await.map(Some),
        }
    }

    /// Does `work` on one moment's view of the database.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(Tx<'_>) -> StorageResult<T> + Send + 'static,
    ) -> StorageResult<T> {
        match &self.0 {
            Database::Sqlite(sqlite) => sqlite.read(work).await,
            Database::Postgres(postgres) => postgres.read(work).await,
        }
    }

    /// Does `work` in a transaction that writes; it is durable when this returns. No other runs at the same time.
    /// After an error nothing of it was written.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(Tx<'_>) -> StorageResult<T> + Send + 'static,
    ) -> StorageResult<T> {
        match &self.0 {
            Database::Sqlite(sqlite) => sqlite.write(work).await,
            Database::Postgres(postgres) => postgres.write(work).await,
        }
    }

    /// [`write`](Self::write), unless the work itself refuses: then nothing of it was written, either.
    async fn write_unless<T: Send + 'static, R: Send + 'static>(
        &self,
        work: impl FnOnce(Tx<'_>) -> Result<T, NotDone<R>> + Send + 'static,
    ) -> StorageResult<Result<T, R>> {
        let done = match &self.0 {
            Database::Sqlite(sqlite) => sqlite.write(work).await,
            Database::Postgres(postgres) => postgres.write(work).await,
        };
        match done {
            Ok(done) => Ok(Ok(done)),
            Err(NotDone::Refused(refusal)) => Ok(Err(refusal)),
            Err(NotDone::Failed(error)) => Err(error),
        }
    }
}

/// Why work is not done; what was written of it is taken back.
enum NotDone<R> {
    /// The work itself refuses.
    Refused(R),
    /// The storage failed.
    Failed(StorageError),
}

impl<R> From<StorageError> for NotDone<R> {
    fn from(error: StorageError) -> Self {
        Self::Failed(error)
    }
}
