//! F25: cut anywhere, sent twice, sent to the wrong place.

use axum::http::StatusCode;
use sync_server::state::UploadLimits;
use sync_server::testing::a_jpeg;

use super::world::{End, World, number, world, world_with};

/// What may be sent again after a cut.
const CHUNK_BYTES: usize = 256 * 1024;
const LARGE_BYTES_MAX: usize = 8 * 1024 * 1024;
const LARGE_STEP: usize = 4 * 1024;

/// Sends all of `bytes` with one cut behind `cut` of them; how many were sent again.
async fn send_with_a_cut(world: &World, bytes: &[u8], cut: usize) -> usize {
    let place = world.begin(bytes).await;
    let broken = world.patch(&place, 0, &bytes[..cut], End::Cut).await;
    assert_eq!(broken.code(), "request.cut");
    let offset = world.offset(&place).await;
    assert!(offset <= cut, "nothing counts that was not sent");
    if offset < bytes.len() {
        let rest = world.patch(&place, offset, &bytes[offset..], End::Whole).await;
        assert_eq!(rest.status, StatusCode::NO_CONTENT, "{rest:?}");
        assert_eq!(number(&rest, "upload-offset"), bytes.len());
    }
    cut - offset
}

#[tokio::test]
async fn a_small_photo_survives_a_cut_at_every_byte() {
    let mut world = world().await;
    let length = a_jpeg(8, 8, 1).len();
    // Another photo for every cut: one that is there already would not be sent again.
    let photos: Vec<Vec<u8>> = (0..=length as u64)
        .map(|seed| a_jpeg(8, 8, 10_000 + seed))
        .collect();
    world.record(&photos).await;
    let (mut lost, mut again) = (0, 0);
    for (cut, bytes) in photos.iter().enumerate() {
        again = again.max(send_with_a_cut(&world, bytes, cut.min(bytes.len())).await);
        lost += usize::from(!world.is_there(bytes).await);
    }
    println!(
        "F25 small: {} tries, {lost} lost, at most {again} bytes sent again",
        photos.len()
    );
    assert_eq!((lost, again), (0, 0));
}

#[tokio::test]
async fn a_photo_of_5_mb_survives_a_cut_every_4_kib() {
    let limits = UploadLimits {
        bytes_max: LARGE_BYTES_MAX,
        ..UploadLimits::default()
    };
    let mut world = world_with(limits).await;
    let bytes = a_large_jpeg();
    assert!(bytes.len() > 5_000_000, "{}", bytes.len());
    world.record([&bytes]).await;
    let place = world.begin(&bytes).await;
    let (mut at, mut cuts, mut again) = (0, 0, 0);
    while at < bytes.len() {
        let end = (at + LARGE_STEP).min(bytes.len());
        world.patch(&place, at, &bytes[at..end], End::Cut).await;
        cuts += 1;
        // What arrived is sent once more, to the place where it belongs and not: nothing changes.
        let repeated = world.patch(&place, at, &bytes[at..end], End::Whole).await;
        let offset = world.offset(&place).await;
        if offset > at {
            assert_eq!(
                (repeated.status, repeated.code().as_str()),
                (StatusCode::CONFLICT, "upload.offset")
            );
        }
        again = again.max(end - offset);
        assert!(offset > at, "every cut leaves some progress");
        at = offset;
    }
    let lost = usize::from(!world.is_there(&bytes).await);
    println!("F25 large: {cuts} tries, {lost} lost, at most {again} bytes sent again");
    assert!(cuts >= 5_000_000 / LARGE_STEP);
    assert!(again <= CHUNK_BYTES);
    assert_eq!(lost, 0);
}

/// The control: a client that takes what it has sent for what has arrived loses photos, and this would be seen.
#[tokio::test]
async fn without_asking_for_the_offset_cuts_are_not_survived() {
    let mut world = world().await;
    let photos: Vec<Vec<u8>> = (0..20).map(|seed| a_jpeg(16, 16, 20_000 + seed)).collect();
    world.record(&photos).await;
    let mut lost = 0;
    for bytes in &photos {
        let place = world.begin(bytes).await;
        let half = bytes.len() / 2;
        // The last bytes of the chunk were on the way when the connection broke.
        world.patch(&place, 0, &bytes[..half - 7], End::Cut).await;
        world.patch(&place, half, &bytes[half..], End::Whole).await;
        lost += usize::from(!world.is_there(bytes).await);
    }
    assert_eq!(lost, photos.len());
}

#[tokio::test]
async fn a_wrong_offset_changes_nothing() {
    let mut world = world().await;
    let bytes = a_jpeg(64, 48, 4);
    world.record([&bytes]).await;
    let place = world.begin(&bytes).await;
    let (mut tries, mut taken) = (0, 0);
    for offset in [1, 17, bytes.len() - 1, bytes.len(), bytes.len() + 1, usize::MAX] {
        let answer = world.patch(&place, offset, &bytes[..1], End::Whole).await;
        tries += 1;
        taken += usize::from(answer.status != StatusCode::CONFLICT);
    }
    world.patch(&place, 0, &bytes[..100], End::Whole).await;
    for offset in (0..bytes.len()).filter(|offset| *offset != 100) {
        let answer = world.patch(&place, offset, &bytes[offset..], End::Whole).await;
        tries += 1;
        taken += usize::from(answer.status != StatusCode::CONFLICT);
    }
    println!("F25 wrong offset: {tries} tries, {taken} taken");
    assert_eq!((taken, world.offset(&place).await), (0, 100));
    world.patch(&place, 100, &bytes[100..], End::Whole).await;
    assert!(world.is_there(&bytes).await);
    // The last chunk once more, as when its answer was lost.
    let again = world.patch(&place, 100, &bytes[100..], End::Whole).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert_eq!(world.offset(&place).await, bytes.len());
}

/// A JPEG of more than 5 MB within the side limit: noise at full quality.
fn a_large_jpeg() -> Vec<u8> {
    use sync_server::chance::Chance;
    use sync_server::testing::SeededChance;
    let mut pixels = vec![0; 1600 * 1600 * 3];
    SeededChance::new(5).fill(&mut pixels);
    let mut bytes = Vec::new();
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 97);
    image::ImageEncoder::write_image(encoder, &pixels, 1600, 1600, image::ExtendedColorType::Rgb8).unwrap();
    bytes
}
