//! What every place of photos does alike: one suite for the folder and for the bucket.

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures::future::join_all;
use shared::domain::photo::PHOTO_SIZE_BYTES_MAX;
use shared::ids::PhotoHash;
use sync_server::photos::PhotoStore;
use tempfile::TempDir;

use super::service::{Line, Service, place_at};

/// A place of photos, and how it breaks.
pub(crate) struct Stand {
    store: PhotoStore,
    breaking: Breaking,
}

enum Breaking {
    /// The folder is moved away, and a file lies in its place.
    Folder(TempDir),
    /// The line to the service breaks.
    Bucket { line: Line, _service: Service },
}

impl Stand {
    fn folder() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let photos = photos_in(folder.path());
        fs::create_dir(&photos).unwrap();
        Self {
            store: PhotoStore::folder(&photos).unwrap(),
            breaking: Breaking::Folder(folder),
        }
    }

    fn bucket(prefix: &str) -> Self {
        let service = Service::start();
        let line = Line::to(service.port);
        Self {
            store: PhotoStore::s3(&place_at(line.port, prefix)).unwrap(),
            breaking: Breaking::Bucket {
                line,
                _service: service,
            },
        }
    }

    fn breaks(&self) {
        match &self.breaking {
            Breaking::Folder(folder) => {
                let photos = photos_in(folder.path());
                fs::rename(&photos, aside(&photos)).unwrap();
                fs::write(&photos, "no folder").unwrap();
            }
            Breaking::Bucket { line, .. } => line.breaks_after(0, 0),
        }
    }

    fn is_mended(&self) {
        match &self.breaking {
            Breaking::Folder(folder) => {
                let photos = photos_in(folder.path());
                fs::remove_file(&photos).unwrap();
                fs::rename(aside(&photos), &photos).unwrap();
            }
            Breaking::Bucket { line, .. } => line.mend(),
        }
    }
}

fn photos_in(folder: &Path) -> PathBuf {
    folder.join("photos")
}

fn aside(photos: &Path) -> PathBuf {
    photos.with_extension("aside")
}

fn a_photo(seed: u8, length: usize) -> (PhotoHash, Bytes) {
    let bytes: Vec<u8> = (0..length).map(|at| (at % 251) as u8 ^ seed).collect();
    (PhotoHash::of(&bytes), bytes.into())
}

async fn bytes_come_back_as_they_were_put(stand: Stand) {
    for (seed, length) in [(1, 1), (2, 70_000), (3, PHOTO_SIZE_BYTES_MAX)] {
        let (hash, bytes) = a_photo(seed, length);
        stand.store.put(hash, bytes.clone()).await.unwrap();
        assert!(stand.store.has(hash).await.unwrap());
        assert_eq!(stand.store.get(hash).await.unwrap(), Some(bytes));
    }
}

async fn what_is_not_there_is_no_error(stand: Stand) {
    let (there, bytes) = a_photo(1, 1_000);
    let (absent, _) = a_photo(2, 1_000);
    for _ in 0..2 {
        assert!(!stand.store.has(absent).await.unwrap());
        assert_eq!(stand.store.get(absent).await.unwrap(), None);
        // The same when the place is not empty.
        stand.store.put(there, bytes.clone()).await.unwrap();
    }
}

async fn the_same_bytes_again_change_nothing(stand: Stand) {
    let (hash, bytes) = a_photo(1, 70_000);
    let (other, others) = a_photo(2, 70_000);
    stand.store.put(other, others.clone()).await.unwrap();
    let put = |_| stand.store.put(hash, bytes.clone());
    for put in join_all((0..8).map(put)).await {
        put.unwrap();
    }
    stand.store.put(hash, bytes.clone()).await.unwrap();
    assert_eq!(stand.store.get(hash).await.unwrap(), Some(bytes));
    assert_eq!(stand.store.get(other).await.unwrap(), Some(others));
}

async fn whole_photos_are_never_swept(stand: Stand) {
    let (hash, bytes) = a_photo(1, 1_000);
    stand.store.put(hash, bytes.clone()).await.unwrap();
    assert_eq!(stand.store.sweep(u64::from(u32::MAX) * 1_000).await.unwrap(), 0);
    assert_eq!(stand.store.get(hash).await.unwrap(), Some(bytes));
}

async fn a_broken_place_is_an_error_and_the_next_try_works(stand: Stand) {
    let (there, bytes) = a_photo(1, 1_000);
    let (new, news) = a_photo(2, 1_000);
    stand.store.put(there, bytes.clone()).await.unwrap();
    for _ in 0..2 {
        stand.breaks();
        // Not "it is not there": a phone would be told so, and somebody would look for a lost photo.
        assert!(stand.store.has(there).await.is_err());
        assert!(stand.store.get(there).await.is_err());
        assert!(stand.store.put(new, news.clone()).await.is_err());
        stand.is_mended();
        assert_eq!(stand.store.get(there).await.unwrap(), Some(bytes.clone()));
        stand.store.put(new, news.clone()).await.unwrap();
        assert_eq!(stand.store.get(new).await.unwrap(), Some(news.clone()));
    }
}

macro_rules! conformance_suite {
    ($place:ident, $stand:expr, $($test:ident),+ $(,)?) => {
        mod $place {
            $(#[tokio::test]
            async fn $test() {
                super::$test($stand).await;
            })+
        }
    };
}

macro_rules! every_place {
    ($($test:ident),+ $(,)?) => {
        conformance_suite!(folder, super::Stand::folder(), $($test),+);
        conformance_suite!(bucket, super::Stand::bucket(""), $($test),+);
        conformance_suite!(bucket_with_a_prefix, super::Stand::bucket("koumen/photos"), $($test),+);
    };
}

every_place!(
    bytes_come_back_as_they_were_put,
    what_is_not_there_is_no_error,
    the_same_bytes_again_change_nothing,
    whole_photos_are_never_swept,
    a_broken_place_is_an_error_and_the_next_try_works,
);
