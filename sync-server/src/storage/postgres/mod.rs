//! PostgreSQL: the storage when one machine is not enough. Any number of server processes work on one database.
//!
//! What a method returned is on the disk: every connection asks for `synchronous_commit`. A transaction that writes
//! holds the one lock that says so, in this database, until it ends; so writes come one after the other, as in SQLite,
//! whichever process they are from. One that reads sees one moment.

mod copy;
mod migrate;
mod notify;
mod tls;
pub(super) mod transaction;
mod value;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime, Timeouts};
use tokio::runtime::Handle;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Config, IsolationLevel};
use tokio_postgres_rustls::MakeRustlsConnect;

use transaction::Transaction;

use super::sql::tx::Tx;
use super::{StorageError, StorageResult};
use crate::chance::Chance;

/// Connections of one process.
const CONNECTIONS_MAX: usize = 8;
/// How long a connection is waited for, ours or the database's.
const WAIT: Duration = Duration::from_secs(10);
/// For every connection. Whoever holds the lock of writers and falls silent loses it; who waits for it is told so.
const SETTINGS: &str = "-c search_path=koumen -c synchronous_commit=on -c lock_timeout=10s \
    -c idle_in_transaction_session_timeout=30s -c client_min_messages=warning";
/// The lock of writers; the number means nothing.
const WRITE_LOCK: &str = "SELECT pg_advisory_xact_lock(4813908271)";

/// A database of PostgreSQL, in the schema `koumen`.
pub(super) struct Postgres {
    pool: Pool,
    config: Config,
    tls: MakeRustlsConnect,
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Postgres(..)")
    }
}

/// Why an address is not used.
#[derive(Debug, thiserror::Error)]
enum AddressError {
    #[error("the address of the database cannot be read")]
    Unreadable(#[source] tokio_postgres::Error),
    #[error("the file of the database's authority holds no certificate")]
    Authority,
    #[error(
        "the database is on another machine: name the authority of its certificate, or say sslmode=disable in its address when the network is your own"
    )]
    InTheClear,
}

impl Postgres {
    /// Opens the database, making or migrating its tables first.
    pub(super) async fn open(
        address: &str,
        authority: Option<&Path>,
        chance: Arc<dyn Chance>,
    ) -> StorageResult<Self> {
        let database = Self::new(address, authority)?;
        database.migrate(chance).await?;
        Ok(database)
    }

    fn new(address: &str, authority: Option<&Path>) -> StorageResult<Self> {
        let failed = |error| StorageError::Failed(Box::new(error));
        let mut config: Config = address
            .parse()
            .map_err(|error| failed(AddressError::Unreadable(error)))?;
        let tls = tls::settle(&mut config, authority)?;
        config
            .options(SETTINGS)
            .application_name("koumen-server")
            .connect_timeout(WAIT)
            .keepalives_idle(Duration::from_secs(30))
            .tcp_user_timeout(Duration::from_secs(30));
        let manager = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let pool = Pool::builder(Manager::from_config(config.clone(), tls.clone(), manager))
            .max_size(CONNECTIONS_MAX)
            .timeouts(Timeouts {
                wait: Some(WAIT),
                create: Some(WAIT),
                recycle: Some(WAIT),
            })
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| StorageError::Failed(Box::new(error)))?;
        Ok(Self { pool, config, tls })
    }

    /// Does `work` on one moment's view.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(Tx<'_>) -> StorageResult<T> + Send + 'static,
    ) -> StorageResult<T> {
        self.transact(Kind::Reads, |transaction| work(Tx::Postgres(transaction)))
            .await
    }

    /// Does `work` in a transaction that writes.
    pub(super) async fn write<T: Send + 'static, E: From<StorageError> + Send + 'static>(
        &self,
        work: impl FnOnce(Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        self.transact(Kind::Writes, |transaction| work(Tx::Postgres(transaction)))
            .await
    }

    /// Does `work` in a transaction, on a thread that may block. Work that has begun is finished even when the caller
    /// is gone.
    async fn transact<T: Send + 'static, E: From<StorageError> + Send + 'static>(
        &self,
        kind: Kind,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        let mut client = self.pool.get().await.map_err(StorageError::from)?;
        let runtime = Handle::current();
        let done = tokio::task::spawn_blocking(move || {
            let builder = client.build_transaction();
            let builder = match kind {
                Kind::Reads => builder
                    .isolation_level(IsolationLevel::RepeatableRead)
                    .read_only(true),
                // Each statement sees what was committed before it, and nobody else commits while the lock is held.
                Kind::Writes => builder.isolation_level(IsolationLevel::ReadCommitted),
            };
            let transaction = Transaction::new(
                runtime.block_on(builder.start()).map_err(StorageError::from)?,
                runtime,
            );
            if kind == Kind::Writes {
                transaction.batch(WRITE_LOCK)?;
            }
            let result = work(&transaction)?;
            transaction.commit()?;
            Ok(result)
        });
        done.await
            .map_err(|error| StorageError::Failed(Box::new(error)))?
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Reads,
    Writes,
}

impl From<tokio_postgres::Error> for StorageError {
    fn from(error: tokio_postgres::Error) -> Self {
        let waited = [
            SqlState::LOCK_NOT_AVAILABLE,
            SqlState::T_R_DEADLOCK_DETECTED,
            SqlState::T_R_SERIALIZATION_FAILURE,
        ];
        match error.code() {
            Some(code) if waited.contains(code) => Self::Busy,
            Some(code) if *code == SqlState::DISK_FULL => Self::NoRoom(Box::new(error)),
            // Classes 08 and 57, and 53: connections end, the database stops or starts, or has no room for one more.
            Some(code)
                if ["08", "57", "53"]
                    .iter()
                    .any(|class| code.code().starts_with(class)) =>
            {
                Self::Away(Box::new(error))
            }
            None if error.is_closed() || is_of_the_network(&error) => Self::Away(Box::new(error)),
            _ => Self::Failed(Box::new(error)),
        }
    }
}

fn is_of_the_network(error: &tokio_postgres::Error) -> bool {
    std::error::Error::source(error).is_some_and(|cause| cause.is::<std::io::Error>())
}

impl From<PoolError> for StorageError {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => error.into(),
            other => Self::Away(Box::new(other)),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::sync::Arc;

    use crate::storage::Storage;
    use crate::testing::{SeededChance, TestPostgres};

    crate::conformance_suite!(database, || async {
        let address = TestPostgres::shared().database().await;
        let chance = Arc::new(SeededChance::new(1));
        (Storage::open_postgres(&address, None, chance).await.unwrap(), ())
    });
}
