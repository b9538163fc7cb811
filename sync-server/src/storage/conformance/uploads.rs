//! Uploads that are under way.

use shared::domain::worker::Role;
use shared::ids::{DeviceId, PhotoHash};

use super::*;
use crate::storage::{AppendedUpload, CreatedUpload, NewUpload, StoredPhoto, Upload, UploadId};

const TERM_MS: u64 = 1_000;
const OPEN_MAX: u32 = 2;

fn new_upload(number: u8, device: DeviceId, bytes: &[u8]) -> NewUpload {
    NewUpload {
        id: UploadId(id(number)),
        device,
        hash: PhotoHash::of(bytes),
        length: bytes.len() as u64,
        metadata: "hash MDA=".to_owned(),
        expires_at: NOW + TERM_MS,
        stored: false,
    }
}

async fn create(storage: &Storage, upload: NewUpload, now_ms: TimestampMs) -> Option<Upload> {
    match storage.create_upload(upload, OPEN_MAX, now_ms).await.unwrap() {
        CreatedUpload::Open(upload) => Some(upload),
        CreatedUpload::TooMany => None,
    }
}

async fn append(
    storage: &Storage,
    phone: &TestPhone,
    upload: &Upload,
    offset: u64,
    bytes: &[u8],
) -> AppendedUpload {
    storage
        .append_upload(upload.id, phone.device, offset, bytes.to_vec(), NOW + 2 * TERM_MS)
        .await
        .unwrap()
}

/// A phone with a synced photo record.
async fn with_photo(storage: &Storage, bytes: &[u8]) -> (TestPhone, PhotoHash) {
    with_areas(storage).await;
    let mut amina = a_phone(storage, 1, Role::Member, &[GRID]).await;
    let household = amina.household("1-1-101");
    let visit = amina.visit(household, "");
    let hash = amina.photo(visit, bytes);
    push(storage, &amina, 1).await;
    (amina, hash)
}

/// What was recorded while the area was assigned is accepted later, the photo too (D5). Others still see nothing.
pub async fn who_recorded_a_photo_may_send_it_after_a_reassignment(storage: &Storage) {
    let (amina, hash) = with_photo(storage, b"lamp").await;
    let joao = a_phone(storage, 2, Role::Member, &[NEIGHBOUR]).await;
    for (worker, expected) in [(amina.worker, vec![area(GRID)]), (joao.worker, Vec::new())] {
        let scope = [area(NEIGHBOUR)];
        let wanted = storage.photo_wanted_from(hash, worker, &scope).await.unwrap();
        assert_eq!(wanted, expected);
    }
    let scope = [area(COMMUNITY)];
    let wanted = storage.photo_wanted_from(hash, joao.worker, &scope).await;
    assert_eq!(wanted.unwrap(), [area(GRID)]);
}

/// A repeated chunk, one that leaves a gap and one beyond the end change nothing.
pub async fn a_chunk_counts_once_and_only_at_its_place(storage: &Storage) {
    let (amina, _) = with_photo(storage, b"lamp light").await;
    let upload = create(storage, new_upload(50, amina.device, b"lamp light"), NOW).await;
    let upload = upload.unwrap();
    assert_eq!((upload.offset, upload.stored), (0, false));
    let AppendedUpload::Appended(after) = append(storage, &amina, &upload, 0, b"lamp").await else {
        panic!("the chunk is taken");
    };
    assert_eq!((after.offset, after.expires_at), (4, NOW + 2 * TERM_MS));
    for (offset, bytes) in [
        (0, &b"lamp"[..]),
        (5, b"light"),
        (4, b" light!"),
        (u64::MAX, b"x"),
    ] {
        let appended = append(storage, &amina, &upload, offset, bytes).await;
        assert_eq!(appended, AppendedUpload::Misplaced { offset: 4 });
    }
    append(storage, &amina, &upload, 4, b" li").await;
    append(storage, &amina, &upload, 7, b"").await;
    append(storage, &amina, &upload, 7, b"ght").await;
    let whole = storage.upload_bytes(upload.id, amina.device).await.unwrap();
    assert_eq!(whole.as_deref(), Some(&b"lamp light"[..]));
}

/// Another's upload is as absent as one that never was.
pub async fn an_upload_is_there_for_its_own_device_only(storage: &Storage) {
    let (amina, _) = with_photo(storage, b"lamp").await;
    let joao = a_phone(storage, 2, Role::Member, &[GRID]).await;
    let upload = create(storage, new_upload(50, amina.device, b"lamp"), NOW)
        .await
        .unwrap();
    assert_eq!(storage.upload(upload.id, joao.device).await.unwrap(), None);
    assert_eq!(storage.upload_bytes(upload.id, joao.device).await.unwrap(), None);
    assert!(!storage.remove_upload(upload.id, joao.device).await.unwrap());
    let appended = append(storage, &joao, &upload, 0, b"lamp").await;
    assert_eq!(appended, AppendedUpload::Unknown);
    assert_eq!(
        storage.upload(upload.id, amina.device).await.unwrap(),
        Some(upload.clone())
    );
    assert!(storage.remove_upload(upload.id, amina.device).await.unwrap());
    assert!(!storage.remove_upload(upload.id, amina.device).await.unwrap());
    assert_eq!(storage.upload(upload.id, amina.device).await.unwrap(), None);
}

/// An upload that is asked for again is the same one; a device has only so many.
pub async fn open_uploads_are_bounded_and_go_on(storage: &Storage) {
    let (amina, _) = with_photo(storage, b"lamp").await;
    let joao = a_phone(storage, 2, Role::Member, &[GRID]).await;
    let first = create(storage, new_upload(50, amina.device, b"lamp"), NOW)
        .await
        .unwrap();
    append(storage, &amina, &first, 0, b"la").await;
    let again = create(storage, new_upload(51, amina.device, b"lamp"), NOW)
        .await
        .unwrap();
    assert_eq!((again.id, again.offset), (first.id, 2));
    let other = create(storage, new_upload(52, joao.device, b"lamp"), NOW).await;
    assert_eq!(other.unwrap().offset, 0, "another device begins its own");
    assert!(
        create(storage, new_upload(53, amina.device, b"door"), NOW)
            .await
            .is_some()
    );
    assert!(
        create(storage, new_upload(54, amina.device, b"yard"), NOW)
            .await
            .is_none()
    );
    let stored = NewUpload {
        stored: true,
        ..new_upload(55, amina.device, b"yard")
    };
    let stored = create(storage, stored, NOW).await.unwrap();
    assert_eq!(
        (stored.offset, stored.stored),
        (4, true),
        "what is there is not open"
    );
    // Expired ones are not open any more.
    let later = NOW + 2 * TERM_MS;
    let fresh = create(storage, new_upload(56, amina.device, b"lamp"), later).await;
    assert_eq!(fresh.unwrap().id, UploadId(id(56)));
}

/// A finished upload's photo is seen where it was sent for; its chunks are gone, where it stands is still told.
pub async fn a_finished_upload_is_a_photo(storage: &Storage) {
    let (amina, hash) = with_photo(storage, b"lamp").await;
    let upload = create(storage, new_upload(50, amina.device, b"lamp"), NOW)
        .await
        .unwrap();
    append(storage, &amina, &upload, 0, b"lamp").await;
    let photo = StoredPhoto {
        hash,
        size_bytes: 4,
        areas: vec![area(GRID)],
        device: amina.device,
    };
    for _ in 0..2 {
        storage
            .finish_upload(upload.id, photo.clone(), NOW)
            .await
            .unwrap();
    }
    let stored = storage.photo_stored_in(hash, &[area(GRID)]).await.unwrap();
    assert_eq!(stored, Some(4));
    let held = storage.upload(upload.id, amina.device).await.unwrap().unwrap();
    assert_eq!((held.offset, held.stored), (4, true));
    assert_eq!(storage.upload_bytes(upload.id, amina.device).await.unwrap(), None);
}

/// What is open stays for its term and no longer; a photo that was stored stays.
pub async fn uploads_are_swept_after_their_term(storage: &Storage) {
    let (amina, _) = with_photo(storage, b"lamp").await;
    let joao = a_phone(storage, 2, Role::Member, &[GRID]).await;
    let kept = create(storage, new_upload(50, amina.device, b"lamp"), NOW)
        .await
        .unwrap();
    append(storage, &amina, &kept, 0, b"la").await;
    let old = create(storage, new_upload(51, amina.device, b"door"), NOW)
        .await
        .unwrap();
    let revoked = create(storage, new_upload(52, joao.device, b"lamp"), NOW)
        .await
        .unwrap();
    append(storage, &joao, &revoked, 0, b"la").await;
    assert_eq!(storage.sweep_uploads(NOW + TERM_MS - 1).await.unwrap(), 0);
    assert_eq!(storage.sweep_uploads(NOW + TERM_MS).await.unwrap(), 1);
    assert_eq!(storage.upload(old.id, amina.device).await.unwrap(), None);
    assert!(storage.upload(kept.id, amina.device).await.unwrap().is_some());
    storage.revoke_device(joao.device, NOW).await.unwrap();
    assert_eq!(storage.sweep_uploads(NOW + TERM_MS).await.unwrap(), 1);
    assert_eq!(storage.upload(revoked.id, joao.device).await.unwrap(), None);
    assert_eq!(storage.sweep_uploads(NOW + 2 * TERM_MS).await.unwrap(), 1);
}
