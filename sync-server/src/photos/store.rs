//! Where photo bytes lie: an object store; by default a folder, written through to the disk.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use shared::ids::PhotoHash;

use crate::{blocking, folders};

/// The store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[error("the photo store failed")]
pub struct PhotoStoreError(#[source] Box<dyn Error + Send + Sync>);

impl From<object_store::Error> for PhotoStoreError {
    fn from(error: object_store::Error) -> Self {
        Self(Box::new(error))
    }
}

impl From<io::Error> for PhotoStoreError {
    fn from(error: io::Error) -> Self {
        Self(Box::new(error))
    }
}

/// Photo bytes by their hash. What [`put`](PhotoStore::put) returned from is durable.
#[derive(Debug, Clone)]
pub struct PhotoStore {
    objects: Arc<dyn ObjectStore>,
    /// Where it lies, when it is a folder.
    folder: Option<PathBuf>,
}

impl PhotoStore {
    /// A folder, which must exist.
    ///
    /// # Errors
    /// When it does not.
    pub fn folder(path: &Path) -> Result<Self, PhotoStoreError> {
        let objects = LocalFileSystem::new_with_prefix(path)?.with_fsync(true);
        Ok(Self {
            objects: Arc::new(objects),
            folder: Some(path.to_path_buf()),
        })
    }

    /// Keeps nothing beyond this value.
    pub fn in_memory() -> Self {
        Self {
            objects: Arc::new(InMemory::new()),
            folder: None,
        }
    }

    /// Keeps bytes under their hash; the same bytes again change nothing.
    ///
    /// # Errors
    /// When the disk fails.
    pub async fn put(&self, hash: PhotoHash, bytes: Bytes) -> Result<(), PhotoStoreError> {
        if let Some(folder) = &self.folder {
            // The object store syncs the name of a folder only when it has just made it itself: not when another
            // request did at the same moment, nor a server that was killed before it came to that.
            let level = folder.join(level(&hash.to_string()));
            blocking::apart(move || folders::make_in(&level))
                .await
                .map_err(io::Error::other)??;
        }
        let payload = PutPayload::from_bytes(bytes);
        self.objects.put(&place(hash), payload).await?;
        Ok(())
    }

    /// Whether bytes lie under a hash.
    ///
    /// # Errors
    /// When the disk fails.
    pub async fn has(&self, hash: PhotoHash) -> Result<bool, PhotoStoreError> {
        match self.objects.head(&place(hash)).await {
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
        match self.objects.get(&place(hash)).await {
            Ok(found) => Ok(Some(found.bytes().await?)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// Two levels, so that no folder holds all of them.
fn place(hash: PhotoHash) -> ObjectPath {
    let name = hash.to_string();
    ObjectPath::from_iter([level(&name), name.as_str()])
}

fn level(name: &str) -> &str {
    name.get(..2).unwrap_or_default()
}
