//! Where photo bytes lie: an object store; by default a folder, written through to the disk.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use shared::ids::PhotoHash;

/// The store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[error("the photo store failed")]
pub struct PhotoStoreError(#[from] object_store::Error);

/// Photo bytes by their hash. What [`put`](PhotoStore::put) returned from is durable.
#[derive(Debug, Clone)]
pub struct PhotoStore(Arc<dyn ObjectStore>);

impl PhotoStore {
    /// A folder, which must exist.
    ///
    /// # Errors
    /// When it does not.
    pub fn folder(path: &Path) -> Result<Self, PhotoStoreError> {
        Ok(Self(Arc::new(
            LocalFileSystem::new_with_prefix(path)?.with_fsync(true),
        )))
    }

    /// Keeps nothing beyond this value.
    pub fn in_memory() -> Self {
        Self(Arc::new(InMemory::new()))
    }

    /// Keeps bytes under their hash; the same bytes again change nothing.
    ///
    /// # Errors
    /// When the disk fails.
    pub async fn put(&self, hash: PhotoHash, bytes: Bytes) -> Result<(), PhotoStoreError> {
        self.0.put(&place(hash), PutPayload::from_bytes(bytes)).await?;
        Ok(())
    }

    /// Whether bytes lie under a hash.
    ///
    /// # Errors
    /// When the disk fails.
    pub async fn has(&self, hash: PhotoHash) -> Result<bool, PhotoStoreError> {
        match self.0.head(&place(hash)).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// The bytes under a hash.
    ///
    /// # Errors
    /// When the disk fails.
    pub async fn get(&self, hash: PhotoHash) -> Result<Option<Bytes>, PhotoStoreError> {
        match self.0.get(&place(hash)).await {
            Ok(found) => Ok(Some(found.bytes().await?)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// Two levels, so that no folder holds all of them.
fn place(hash: PhotoHash) -> ObjectPath {
    let name = hash.to_string();
    ObjectPath::from_iter([name.get(..2).unwrap_or_default(), name.as_str()])
}
