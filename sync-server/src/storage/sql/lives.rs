//! The lives of a database.

use shared::ids::EpochId;

use super::columns;
use super::value::values;
use crate::storage::{Storage, StorageResult};

impl Storage {
    /// The life of this database.
    pub async fn epoch(&self) -> StorageResult<EpochId> {
        self.read(columns::epoch).await
    }

    /// Begins another life of this database, as a restored backup does: devices offer again what it lacks.
    pub async fn begin_epoch(&self, epoch: EpochId) -> StorageResult<()> {
        self.write(move |tx| {
            tx.execute("UPDATE meta SET epoch = ?1", values![epoch.0.as_bytes()])?;
            Ok(())
        })
        .await
    }
}
