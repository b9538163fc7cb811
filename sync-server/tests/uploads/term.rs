//! How uploads begin, end and expire.

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use shared::crdt::RecordState;
use shared::domain::RecordKind;
use sync_server::state::UploadLimits;
use sync_server::testing::{TEST_START_MS, a_jpeg, a_request};

use super::world::{End, metadata, number, text, tus, world, world_with};

const DAY_MS: u64 = 24 * 3_600 * 1_000;

#[tokio::test]
async fn an_upload_lasts_for_its_term_after_the_last_chunk() {
    let mut world = world().await;
    let bytes = a_jpeg(64, 48, 1);
    world.record([&bytes]).await;
    let created = world.create(&world.token, &bytes).await;
    // 1,795,000,000,000 ms is 18 November 2026, 11:06:40 UTC; the term is 7 days.
    assert_eq!(text(&created, "upload-expires"), "Wed, 25 Nov 2026 11:06:40 GMT");
    let place = text(&created, "location");
    world.server.clock.advance(6 * DAY_MS);
    let chunk = world.patch(&place, 0, &bytes[..100], End::Whole).await;
    assert_eq!(text(&chunk, "upload-expires"), "Tue, 01 Dec 2026 11:06:40 GMT");
    world.server.clock.advance(6 * DAY_MS);
    assert_eq!(sync_server::jobs::sweep(&world.server.state).await, 0);
    assert_eq!(world.offset(&place).await, 100);
    world.server.clock.advance(DAY_MS);
    let expired = world.patch(&place, 100, &bytes[100..], End::Whole).await;
    assert_eq!(
        (expired.status, expired.code().as_str()),
        (StatusCode::GONE, "upload.expired")
    );
    assert_eq!(sync_server::jobs::sweep(&world.server.state).await, 1);
    let swept = world.ask(Method::HEAD, &place, &world.token).await;
    assert_eq!(swept.status, StatusCode::NOT_FOUND);
    // It begins again, and a photo that was stored is not swept.
    let place = world.begin(&bytes).await;
    world.patch(&place, 0, &bytes, End::Whole).await;
    world.server.clock.advance(400 * DAY_MS);
    assert_eq!(sync_server::jobs::sweep(&world.server.state).await, 1);
    assert!(world.is_there(&bytes).await);
}

#[tokio::test]
async fn a_clock_that_jumps_back_ends_no_upload() {
    let mut world = world().await;
    let bytes = a_jpeg(64, 48, 1);
    world.record([&bytes]).await;
    let place = world.begin(&bytes).await;
    world.server.clock.set(TEST_START_MS - 365 * DAY_MS);
    world.patch(&place, 0, &bytes[..100], End::Whole).await;
    assert_eq!(sync_server::jobs::sweep(&world.server.state).await, 0);
    world.server.clock.set(TEST_START_MS + 6 * DAY_MS);
    assert_eq!(world.offset(&place).await, 100);
}

#[tokio::test]
async fn an_upload_that_is_ended_is_gone() {
    let mut world = world().await;
    let bytes = a_jpeg(64, 48, 1);
    world.record([&bytes]).await;
    for by_post in [false, true] {
        let place = world.begin(&bytes).await;
        world.patch(&place, 0, &bytes[..100], End::Whole).await;
        let request = if by_post {
            tus(Method::POST, &place, &world.token).header("X-HTTP-Method-Override", "DELETE")
        } else {
            tus(Method::DELETE, &place, &world.token)
        };
        let ended = world.server.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(ended.status, StatusCode::NO_CONTENT);
        assert_eq!(text(&ended, "tus-resumable"), "1.0.0");
        for method in [Method::HEAD, Method::DELETE] {
            let answer = world.ask(method, &place, &world.token).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND);
        }
    }
}

#[tokio::test]
async fn a_network_that_lets_no_patch_through_is_gone_around() {
    let mut world = world().await;
    let bytes = a_jpeg(64, 48, 1);
    world.record([&bytes]).await;
    let place = world.begin(&bytes).await;
    let by_post = |method: &'static str| {
        let request = tus(Method::POST, &place, &world.token)
            .header("X-HTTP-Method-Override", method)
            .header("Upload-Offset", 0)
            .header(header::CONTENT_TYPE, "application/offset+octet-stream");
        world
            .server
            .send(request.body(Body::from(bytes.clone())).unwrap())
    };
    assert_eq!(by_post("GET").await.code(), "route.method");
    assert_eq!(by_post("PATCH").await.status, StatusCode::NO_CONTENT);
    assert!(world.is_there(&bytes).await);
}

#[tokio::test]
async fn a_creation_may_bring_the_first_chunk() {
    let mut world = world().await;
    let photos = [a_jpeg(64, 48, 1), a_jpeg(64, 48, 2)];
    world.record(&photos).await;
    for (bytes, first) in photos.iter().zip([100, photos[1].len()]) {
        let request = tus(Method::POST, "/v1/uploads", &world.token)
            .header("Upload-Length", bytes.len())
            .header("Upload-Metadata", metadata(bytes))
            .header(header::CONTENT_TYPE, "application/offset+octet-stream");
        let request = request.body(Body::from(bytes[..first].to_vec())).unwrap();
        let created = world.server.send(request).await;
        assert_eq!(created.status, StatusCode::CREATED);
        assert_eq!(number(&created, "upload-offset"), first);
        world
            .patch(&text(&created, "location"), first, &bytes[first..], End::Whole)
            .await;
        assert!(world.is_there(bytes).await);
    }
}

#[tokio::test]
async fn a_lost_answer_to_a_creation_costs_nothing() {
    let mut world = world().await;
    let bytes = a_jpeg(64, 48, 1);
    world.record([&bytes]).await;
    let place = world.begin(&bytes).await;
    world.patch(&place, 0, &bytes[..100], End::Whole).await;
    for _ in 0..100 {
        let again = world.create(&world.token, &bytes).await;
        assert_eq!(text(&again, "location"), place);
        assert_eq!(number(&again, "upload-offset"), 100);
    }
}

#[tokio::test]
async fn a_device_has_only_so_many_uploads_open() {
    let limits = UploadLimits {
        open_max: 2,
        ..UploadLimits::default()
    };
    let mut world = world_with(limits).await;
    let photos: Vec<Vec<u8>> = (0..3).map(|seed| a_jpeg(16, 16, seed)).collect();
    world.record(&photos).await;
    let first = world.begin(&photos[0]).await;
    world.begin(&photos[1]).await;
    let third = world.create(&world.token, &photos[2]).await;
    assert_eq!(
        (third.status, third.code().as_str()),
        (StatusCode::TOO_MANY_REQUESTS, "upload.too_many")
    );
    assert_eq!(text(&third, "retry-after"), "60");
    world.patch(&first, 0, &photos[0], End::Whole).await;
    world.begin(&photos[2]).await;
}

#[tokio::test]
async fn a_record_withdrawn_meanwhile_wants_no_bytes() {
    let mut world = world().await;
    let bytes = a_jpeg(64, 48, 1);
    world.record([&bytes]).await;
    let place = world.begin(&bytes).await;
    let made = world.amina.operations.last().unwrap().clone();
    assert_eq!(made.record.kind, RecordKind::PHOTO);
    let removal = RecordState::start(&made, None).removal();
    world.amina.record(made.record, removal);
    let seq = world.amina.operations.len() as u64;
    let push = a_request(Some(world.amina.push_from(seq)));
    assert_eq!(world.server.sync(&world.token, &push).await.unwrap().parked, []);
    let answer = world.patch(&place, 0, &bytes, End::Whole).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (StatusCode::NOT_FOUND, "photo.unknown")
    );
    let gone = world.ask(Method::HEAD, &place, &world.token).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND, "an orphan is not kept");
}

#[tokio::test]
async fn a_photo_recorded_before_a_reassignment_still_arrives() {
    let mut world = world().await;
    let bytes = a_jpeg(64, 48, 1);
    world.record([&bytes]).await;
    let place = world.begin(&bytes).await;
    world.patch(&place, 0, &bytes[..100], End::Whole).await;
    let elsewhere = shared::ids::AreaCode::new(super::world::NEIGHBOUR).unwrap();
    let storage = &world.server.state.storage;
    storage
        .set_areas("amina", &[elsewhere], TEST_START_MS)
        .await
        .unwrap();
    let rest = world.patch(&place, 100, &bytes[100..], End::Whole).await;
    assert_eq!(rest.status, StatusCode::NO_CONTENT);
    let grid = shared::ids::AreaCode::new(super::world::GRID).unwrap();
    let hash = shared::ids::PhotoHash::of(&bytes);
    let stored = storage.photo_stored_in(hash, &[grid]).await.unwrap();
    assert_eq!(stored, Some(bytes.len() as u64));
    // Sending is not seeing: the area is not Amina's any more.
    assert_eq!(
        world.photo(&world.token, &bytes).await.status,
        StatusCode::NOT_FOUND
    );
}
