//! What is refused: foreign uploads, other bytes, other versions (X17, X18).

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use shared::ids::PhotoHash;
use sync_server::testing::{Answer, a_jpeg, a_request};

use super::world::{End, World, blake3_sum, metadata, number, text, tus, world};

fn is(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), answer.code())
}

#[tokio::test]
async fn a_chunk_counts_only_when_its_checksum_fits() {
    let mut world = world().await;
    let bytes = a_jpeg(64, 48, 1);
    world.record([&bytes]).await;
    let place = world.begin(&bytes).await;
    let (mut tries, mut taken) = (0, 0);
    for flipped in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[flipped] ^= 1;
        let answer = world.patch_summed(&place, 0, &damaged, &blake3_sum(&bytes)).await;
        assert_eq!(is(&answer), (460, "upload.checksum".to_owned()));
        tries += 1;
        taken += world.offset(&place).await;
    }
    println!("F25 checksum: {tries} tries, {taken} bytes taken");
    assert_eq!(taken, 0);
    // The control: without a checksum the damage arrives, and only the hash of the whole catches it.
    let mut damaged = bytes.clone();
    damaged[500] ^= 1;
    let answer = world.patch(&place, 0, &damaged, End::Whole).await;
    assert_eq!(is(&answer), (422, "photo.hash".to_owned()));
    let gone = world.ask(Method::HEAD, &place, &world.token).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND, "it begins again");
    let place = world.begin(&bytes).await;
    let good = world.patch_summed(&place, 0, &bytes, &blake3_sum(&bytes)).await;
    assert_eq!(good.status, StatusCode::NO_CONTENT);
    assert!(world.is_there(&bytes).await);
    for sum in ["md5 AAAA", "blake3", "blake3 ?"] {
        let answer = world.patch_summed(&place, 0, b"x", sum).await;
        assert_eq!(is(&answer), (400, "upload.header".to_owned()), "{sum}");
    }
}

#[tokio::test]
async fn bytes_that_are_no_photo_are_refused_at_the_end() {
    let mut world = world().await;
    let good = a_jpeg(64, 48, 1);
    let mut exif = good.clone();
    exif.splice(
        2..2,
        [&[0xff, 0xe1, 0, 16][..], b"Exif\0\0II*\0\x08\0\0\0"].concat(),
    );
    let refused = [
        (exif, "photo.metadata"),
        (a_jpeg(1700, 10, 1), "photo.too_many_pixels"),
        (good[..good.len() / 2].to_vec(), "photo.no_jpeg"),
        (b"<svg onload=alert(1)>".to_vec(), "photo.no_jpeg"),
    ];
    world.record(refused.iter().map(|(bytes, _)| bytes)).await;
    for (bytes, code) in &refused {
        let place = world.begin(bytes).await;
        let answer = world.patch(&place, 0, bytes, End::Whole).await;
        assert_eq!(is(&answer), (422, (*code).to_owned()));
        assert_eq!(
            world.photo(&world.token, bytes).await.status,
            StatusCode::NOT_FOUND
        );
        let again = world.ask(Method::HEAD, &place, &world.token).await;
        assert_eq!(again.status, StatusCode::NOT_FOUND);
    }
}

/// Everything that somebody can do with an upload's address.
async fn answers(world: &World, token: &str, place: &str) -> Vec<(u16, bytes::Bytes)> {
    let mut answers = Vec::new();
    for method in [Method::HEAD, Method::PATCH, Method::DELETE] {
        let request = tus(method, place, token)
            .header("Upload-Offset", 0)
            .header(header::CONTENT_TYPE, "application/offset+octet-stream");
        let answer = world.server.send(request.body(Body::from("x")).unwrap()).await;
        answers.push((answer.status.as_u16(), answer.body));
    }
    answers
}

#[tokio::test]
async fn anothers_upload_is_as_absent_as_none() {
    let mut world = world().await;
    let bytes = a_jpeg(64, 48, 1);
    world.record([&bytes]).await;
    let place = world.begin(&bytes).await;
    world.patch(&place, 0, &bytes[..200], End::Whole).await;
    let nowhere = format!("/v1/uploads/{}", "0".repeat(32));
    let expected = answers(&world, &world.stranger_token, &nowhere).await;
    assert!(expected.iter().all(|(status, _)| *status == 404));
    let colleague = world.server.sign_in("amina").await.token;
    let mut allowed = 0;
    for token in [&world.stranger_token, &colleague] {
        for place in [&place[..], "/v1/uploads/x", "/v1/uploads/..%2f..%2fkoumen.sqlite"] {
            allowed += usize::from(answers(&world, token, place).await != expected);
        }
    }
    println!("X18: 18 tries, {allowed} allowed");
    assert_eq!((allowed, world.offset(&place).await), (0, 200));
    // The control: its own device is let in.
    assert_ne!(answers(&world, &world.token, &place).await, expected);
}

#[tokio::test]
async fn a_hash_alone_opens_nothing() {
    let mut world = world().await;
    let bytes = a_jpeg(64, 48, 1);
    world.record([&bytes]).await;
    let place = world.begin(&bytes).await;
    world.patch(&place, 0, &bytes, End::Whole).await;
    let unknown = world.create(&world.stranger_token, &bytes).await;
    assert_eq!(is(&unknown), (404, "photo.unknown".to_owned()));
    let never = world.create(&world.stranger_token, b"never").await;
    assert_eq!(unknown.body, never.body);
    // Naming the hash in a record of one's own does not say that the bytes are there.
    let household = world.stranger.household("9-9-901");
    let visit = world.stranger.visit(household, "");
    world.stranger.photo(visit, &bytes);
    let push = a_request(Some(world.stranger.push_from(1)));
    world.server.sync(&world.stranger_token, &push).await.unwrap();
    let begun = world.create(&world.stranger_token, &bytes).await;
    assert_eq!(
        (begun.status, number(&begun, "upload-offset")),
        (StatusCode::CREATED, 0)
    );
    assert_eq!(
        world.photo(&world.stranger_token, &bytes).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn what_the_worker_may_read_already_is_not_sent_again() {
    let mut world = world().await;
    let bytes = a_jpeg(64, 48, 1);
    world.record([&bytes]).await;
    let place = world.begin(&bytes).await;
    world.patch(&place, 0, &bytes, End::Whole).await;
    // Another of Amina's phones has the same photo.
    let other = world.server.sign_in("amina").await.token;
    let begun = world.create(&other, &bytes).await;
    assert_eq!(begun.status, StatusCode::CREATED);
    assert_eq!(number(&begun, "upload-offset"), bytes.len());
    let place = text(&begun, "location");
    let standing = world.ask(Method::HEAD, &place, &other).await;
    assert_eq!(number(&standing, "upload-offset"), bytes.len());
    assert_eq!(number(&standing, "upload-length"), bytes.len());
    assert_eq!(text(&standing, "upload-metadata"), metadata(&bytes));
}

#[tokio::test]
async fn what_a_creation_must_say() {
    let mut world = world().await;
    let bytes = a_jpeg(64, 48, 1);
    world.record([&bytes]).await;
    let length = bytes.len().to_string();
    let hash = metadata(&bytes);
    let with = async |headers: &[(&str, &str)]| {
        let mut request = tus(Method::POST, "/v1/uploads", &world.token);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        is(&world.server.send(request.body(Body::empty()).unwrap()).await)
    };
    let (meta, len) = ("Upload-Metadata", "Upload-Length");
    let too_long = (2 * 1024 * 1024 + 1).to_string();
    for (headers, status, code) in [
        (vec![(len, &length[..])], 400, "upload.metadata"),
        (
            vec![(meta, "hash ../../etc/passwd"), (len, &length)],
            400,
            "upload.metadata",
        ),
        (vec![(meta, &hash)], 400, "upload.length"),
        (vec![(meta, &hash), (len, "0")], 400, "upload.length"),
        (vec![(meta, &hash), (len, "-1")], 400, "upload.length"),
        (
            vec![(meta, &hash), ("Upload-Defer-Length", "1")],
            400,
            "upload.length",
        ),
        (vec![(meta, &hash), (len, &too_long)], 413, "request.too_large"),
        (
            vec![(meta, &hash), (len, "18446744073709551615")],
            413,
            "request.too_large",
        ),
    ] {
        assert_eq!(with(&headers).await, (status, code.to_owned()), "{headers:?}");
    }
    assert_eq!(with(&[(meta, &hash), (len, &length)]).await.0, 201);
}

#[tokio::test]
async fn only_the_version_of_the_protocol_is_spoken() {
    let world = world().await;
    let request = |method: Method, version: Option<&str>| {
        let request = Request::builder().method(method).uri("/v1/uploads");
        let request = match version {
            Some(version) => request.header("Tus-Resumable", version),
            None => request,
        };
        world.server.send(request.body(Body::empty()).unwrap())
    };
    for version in [None, Some("0.2.2"), Some("2.0.0")] {
        let answer = request(Method::POST, version).await;
        assert_eq!(is(&answer), (412, "upload.version".to_owned()));
        assert_eq!(text(&answer, "tus-version"), "1.0.0");
        assert_eq!(text(&answer, "tus-resumable"), "1.0.0");
    }
    let offered = request(Method::OPTIONS, None).await;
    assert_eq!(offered.status, StatusCode::NO_CONTENT);
    assert_eq!(text(&offered, "tus-version"), "1.0.0");
    assert_eq!(number(&offered, "tus-max-size"), 2 * 1024 * 1024);
    assert_eq!(text(&offered, "tus-checksum-algorithm"), "blake3,sha256,sha1");
    let extensions = "creation,creation-with-upload,checksum,expiration,termination";
    assert_eq!(text(&offered, "tus-extension"), extensions);
}

#[tokio::test]
async fn a_chunk_beyond_the_length_or_of_another_type_is_refused() {
    let mut world = world().await;
    let bytes = a_jpeg(64, 48, 1);
    world.record([&bytes]).await;
    let place = world.begin(&bytes).await;
    let long = [&bytes[..], b"more"].concat();
    let answer = world.patch(&place, 0, &long, End::Whole).await;
    assert_eq!(is(&answer), (413, "request.too_large".to_owned()));
    let typed = tus(Method::PATCH, &place, &world.token)
        .header("Upload-Offset", 0)
        .header(header::CONTENT_TYPE, "image/jpeg");
    let typed = world.server.send(typed.body(Body::from("x")).unwrap()).await;
    assert_eq!(is(&typed), (415, "request.media_type".to_owned()));
    let headless = tus(Method::PATCH, &place, &world.token)
        .header(header::CONTENT_TYPE, "application/offset+octet-stream");
    let headless = world.server.send(headless.body(Body::from("x")).unwrap()).await;
    assert_eq!(is(&headless), (400, "upload.header".to_owned()));
    assert_eq!(world.offset(&place).await, 0);
    assert_ne!(PhotoHash::of(&long), PhotoHash::of(&bytes));
}
