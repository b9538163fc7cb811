//! Where photo bytes lie: an object store; by default a folder, written through to the disk, or a
//! [bucket](super::BucketPlace).

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
use tokio::time::timeout;

use super::bucket::{self, BUCKET_SECONDS_MAX, BucketError, BucketPlace};
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

impl From<tokio::time::error::Elapsed> for PhotoStoreError {
    fn from(error: tokio::time::error::Elapsed) -> Self {
        Self(Box::new(error))
    }
}

impl PhotoStoreError {
    /// Whether a disk has no room for the bytes.
    pub fn is_no_room(&self) -> bool {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        let mut cause: Option<&(dyn Error + 'static)> = Some(&*self.0);
        while let Some(error) = cause {
            if let Some(error) = error.downcast_ref::<io::Error>() {
                if matches!(error.kind(), FileTooLarge | QuotaExceeded | StorageFull) {
                    return true;
                }
                // An error of the system may be wrapped in one that has its kind only.
                cause = error
                    .get_ref()
                    .map(|inner| inner as &(dyn Error + 'static))
                    .or_else(|| error.source());
            } else {
                cause = error.source();
            }
        }
        false
    }

    /// Whether the bucket itself says no: there is none of that name, or not for these keys. Waiting does not help.
    pub fn is_refusal(&self) -> bool {
        use object_store::Error::{NotFound, PermissionDenied, Unauthenticated};
        matches!(
            self.0.downcast_ref(),
            Some(NotFound { .. } | PermissionDenied { .. } | Unauthenticated { .. })
        )
    }
}

/// Photo bytes by their hash. What [`put`](PhotoStore::put) returned from is durable.
#[derive(Debug, Clone)]
pub struct PhotoStore {
    objects: Arc<dyn ObjectStore>,
    /// What stands before the names of all photos.
    prefix: ObjectPath,
    place: Place,
}

#[derive(Debug, Clone)]
enum Place {
    Folder(PathBuf),
    Bucket,
    Memory,
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
            prefix: ObjectPath::default(),
            place: Place::Folder(path.to_path_buf()),
        })
    }

    /// A bucket of an S3 service. It is not asked anything yet; see [`reach`](PhotoStore::reach).
    ///
    /// # Errors
    /// When there can be no such bucket.
    pub fn s3(place: &BucketPlace) -> Result<Self, BucketError> {
        let (bucket, prefix) = bucket::open(place)?;
        Ok(Self {
            objects: Arc::new(bucket),
            prefix,
            place: Place::Bucket,
        })
    }

    /// Keeps nothing beyond this value.
    pub fn in_memory() -> Self {
        Self {
            objects: Arc::new(InMemory::new()),
            prefix: ObjectPath::default(),
            place: Place::Memory,
        }
    }

    /// Whether photos lie in a bucket. What fails there is the service for all photos, not the disk for one of them.
    pub fn is_bucket(&self) -> bool {
        matches!(self.place, Place::Bucket)
    }

    /// Whether the bucket can be read with these keys; a folder was looked at when it was opened.
    ///
    /// # Errors
    /// When it cannot: [`PhotoStoreError::is_refusal`] tells whether to wait for it.
    pub async fn reach(&self) -> Result<(), PhotoStoreError> {
        match &self.place {
            Place::Bucket => self.bounded(bucket::reach(&*self.objects, &self.prefix)).await,
            Place::Folder(_) | Place::Memory => Ok(()),
        }
    }

    /// Keeps bytes under their hash; the same bytes again change nothing. A bucket's service has acknowledged them.
    ///
    /// # Errors
    /// When the disk or the service fails. Whether the bytes are there is not known then; to put them again is safe.
    pub async fn put(&self, hash: PhotoHash, bytes: Bytes) -> Result<(), PhotoStoreError> {
        if let Place::Folder(folder) = &self.place {
            // The object store syncs the name of a folder only when it has just made it itself: not when another
            // request did at the same moment, nor a server that was killed before it came to that.
            let level = folder.join(level(&hash.to_string()));
            blocking::apart(move || folders::make_in(&level))
                .await
                .map_err(io::Error::other)??;
        }
        let payload = PutPayload::from_bytes(bytes);
        self.bounded(self.objects.put(&self.name(hash), payload)).await?;
        Ok(())
    }

    /// Removes what was being written before that time, and never became a photo because the server was killed; how
    /// many files. Bytes that are there are never touched. In a bucket nothing unfinished is left of a photo.
    ///
    /// # Errors
    /// When the disk fails.
    pub async fn sweep(&self, before_ms: TimestampMs) -> Result<u64, PhotoStoreError> {
        let Place::Folder(folder) = self.place.clone() else {
            return Ok(0);
        };
        let before = SystemTime::UNIX_EPOCH + Duration::from_millis(before_ms);
        let swept = blocking::apart(move || remove_unfinished(&folder, before)).await;
        Ok(swept.map_err(io::Error::other)??)
    }

    /// Whether bytes lie under a hash.
    ///
    /// # Errors
    /// When the disk or the service fails.
    pub async fn has(&self, hash: PhotoHash) -> Result<bool, PhotoStoreError> {
        let head = async { found(self.objects.head(&self.name(hash)).await) };
        Ok(self.bounded(head).await?.is_some())
    }

    /// The bytes under a hash, as they are: a disk or a service may have altered them.
    ///
    /// # Errors
    /// When the disk or the service fails.
    pub async fn get(&self, hash: PhotoHash) -> Result<Option<Bytes>, PhotoStoreError> {
        let get = async {
            match found(self.objects.get(&self.name(hash)).await)? {
                Some(object) => Ok(Some(object.bytes().await?)),
                None => Ok(None),
            }
        };
        self.bounded(get).await
    }

    /// Two levels, so that no folder holds all of them.
    fn name(&self, hash: PhotoHash) -> ObjectPath {
        let name = hash.to_string();
        let levels = [level(&name).into(), name.as_str().into()];
        self.prefix.parts().chain(levels).collect()
    }

    /// A service may never answer; a disk does.
    async fn bounded<T>(
        &self,
        work: impl Future<Output = object_store::Result<T>>,
    ) -> Result<T, PhotoStoreError> {
        match &self.place {
            Place::Bucket => Ok(timeout(Duration::from_secs(BUCKET_SECONDS_MAX), work).await??),
            Place::Folder(_) | Place::Memory => Ok(work.await?),
        }
    }
}

/// What is not there is no failure.
fn found<T>(asked: object_store::Result<T>) -> object_store::Result<Option<T>> {
    match asked {
        Ok(object) => Ok(Some(object)),
        Err(object_store::Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
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
        let whole = folder.path().join(store.name(hash).as_ref());
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
            .put_multipart(&store.name(PhotoHash([7; 32])))
            .await
            .unwrap();
        upload
            .put_part(PutPayload::from_static(b"half a lamp"))
            .await
            .unwrap();
        assert_eq!(store.sweep(u64::from(u32::MAX) * 1_000).await.unwrap(), 1);
    }
}
