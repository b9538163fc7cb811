//! Where photo bytes lie: an object store; by default a folder, written through to the disk.

use std::error::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use shared::clock::TimestampMs;
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

    /// Removes what was being written before that time, and never became a photo because the server was killed; how
    /// many files. Bytes that are there are never touched.
    ///
    /// # Errors
    /// When the disk fails.
    pub async fn sweep(&self, before_ms: TimestampMs) -> Result<u64, PhotoStoreError> {
        let Some(folder) = self.folder.clone() else {
            return Ok(0);
        };
        let before = SystemTime::UNIX_EPOCH + Duration::from_millis(before_ms);
        let swept = blocking::apart(move || remove_unfinished(&folder, before)).await;
        Ok(swept.map_err(io::Error::other)??)
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

/// The object store writes a file under the name of the photo, this sign and a number, and renames it when it is whole.
const UNFINISHED: char = '#';

/// Removes from the folders of photos what a server that was killed in the middle of writing has left; how many.
fn remove_unfinished(folder: &Path, before: SystemTime) -> io::Result<u64> {
    let mut removed = 0;
    for level in fs::read_dir(folder)? {
        let level = level?;
        if !level.file_type()?.is_dir() {
            continue;
        }
        for file in fs::read_dir(level.path())? {
            let file = file?;
            let is_unfinished = file.file_name().to_string_lossy().contains(UNFINISHED);
            if is_unfinished && file.metadata()?.modified()? < before {
                fs::remove_file(file.path())?;
                removed += 1;
            }
        }
    }
    Ok(removed)
}

/// Two levels, so that no folder holds all of them.
fn place(hash: PhotoHash) -> ObjectPath {
    let name = hash.to_string();
    ObjectPath::from_iter([level(&name), name.as_str()])
}

fn level(name: &str) -> &str {
    name.get(..2).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_a_killed_server_left_goes_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let store = PhotoStore::folder(folder.path()).unwrap();
        let bytes = Bytes::from_static(b"a lamp");
        let hash = PhotoHash::of(&bytes);
        store.put(hash, bytes.clone()).await.unwrap();
        let whole = folder.path().join(place(hash).as_ref());
        let left = whole.with_file_name(format!("{hash}{UNFINISHED}1"));
        let written = |file: &Path, at_ms: u64| {
            fs::write(file, b"half a la").unwrap();
            let at = SystemTime::UNIX_EPOCH + Duration::from_millis(at_ms);
            fs::File::options()
                .write(true)
                .open(file)
                .unwrap()
                .set_modified(at)
                .unwrap();
        };
        written(&left, 1_000);
        let young = whole.with_file_name(format!("{hash}{UNFINISHED}2"));
        written(&young, 3_000);
        assert_eq!(store.sweep(2_000).await.unwrap(), 1);
        assert!(!left.exists() && young.exists());
        assert_eq!(store.get(hash).await.unwrap(), Some(bytes));
        assert_eq!(store.sweep(4_000).await.unwrap(), 1);
        assert_eq!(PhotoStore::in_memory().sweep(4_000).await.unwrap(), 0);
    }

    /// The name is the object store's own affair: this fails when it writes otherwise.
    #[tokio::test]
    async fn the_object_store_still_writes_so() {
        let folder = tempfile::tempdir().unwrap();
        let store = PhotoStore::folder(folder.path()).unwrap();
        let mut upload = store
            .objects
            .put_multipart(&place(PhotoHash([7; 32])))
            .await
            .unwrap();
        upload
            .put_part(PutPayload::from_static(b"half a lamp"))
            .await
            .unwrap();
        assert_eq!(store.sweep(u64::from(u32::MAX) * 1_000).await.unwrap(), 1);
    }
}
