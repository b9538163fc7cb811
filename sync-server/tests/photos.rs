//! Photo bytes: what is taken, from whom, and what is not.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use axum::http::{Method, StatusCode};
use shared::domain::worker::Role;
use shared::ids::PhotoHash;
use sync_server::testing::{Answer, TestPhone, TestServer, a_jpeg, a_request};

const GRID: &str = "130803001001-01";
const NEIGHBOUR: &str = "130803001002";

struct World {
    server: TestServer,
    amina: TestPhone,
    token: String,
    stranger: TestPhone,
    stranger_token: String,
}

async fn world() -> World {
    let server = TestServer::start().await;
    for (code, name) in [("130803001001", "社区"), (GRID, "第1网格"), (NEIGHBOUR, "邻社区")] {
        server.add_area(code, name).await;
    }
    server.add_worker("amina", Role::Member, &[GRID]).await;
    server
        .add_worker("stranger", Role::Administrator, &[NEIGHBOUR])
        .await;
    let amina = server.sign_in("amina").await;
    let stranger = server.sign_in("stranger").await;
    World {
        amina: TestPhone::of(&amina, GRID),
        stranger: TestPhone::of(&stranger, NEIGHBOUR),
        server,
        token: amina.token,
        stranger_token: stranger.token,
    }
}

impl World {
    /// Records a visit with a photo and syncs it.
    async fn record(&mut self, bytes: &[u8]) -> PhotoHash {
        let first = self.amina.operations.len() as u64 + 1;
        let household = self.amina.household(&format!("1-1-{first}01"));
        let visit = self.amina.visit(household, "");
        let hash = self.amina.photo(visit, bytes);
        let reply = self
            .server
            .sync(&self.token, &a_request(Some(self.amina.push_from(first))))
            .await
            .unwrap();
        assert_eq!(reply.parked, []);
        hash
    }

    async fn put(&self, token: &str, hash: PhotoHash, bytes: &[u8]) -> Answer {
        let path = format!("/v1/photos/{hash}");
        self.server
            .call(Method::PUT, &path, Some(token), ("image/jpeg", bytes.to_vec()))
            .await
    }

    async fn get(&self, token: &str, hash: PhotoHash) -> Answer {
        self.server.get(&format!("/v1/photos/{hash}"), Some(token)).await
    }
}

#[tokio::test]
async fn a_photo_comes_back_as_it_was_sent() {
    let mut world = world().await;
    let bytes = a_jpeg(64, 48, 1);
    let hash = world.record(&bytes).await;
    assert_eq!(
        world.get(&world.token, hash).await.code(),
        "photo.unknown",
        "not yet"
    );
    assert_eq!(
        world.put(&world.token, hash, &bytes).await.status,
        StatusCode::CREATED
    );
    assert_eq!(
        world.put(&world.token, hash, &bytes).await.status,
        StatusCode::NO_CONTENT
    );
    let got = world.get(&world.token, hash).await;
    assert_eq!((got.status, &got.body[..]), (StatusCode::OK, &bytes[..]));
    assert_eq!(got.headers["content-type"], "image/jpeg");
    assert_eq!(got.headers["x-content-type-options"], "nosniff");
    assert_eq!(
        got.headers["cache-control"],
        "private, max-age=31536000, immutable"
    );
    let path = format!("/v1/photos/{hash}");
    let head = world
        .server
        .call(Method::HEAD, &path, Some(&world.token), ("text/plain", ""))
        .await;
    assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0));
    assert_eq!(head.headers["content-length"], bytes.len().to_string().as_str());
}

/// As after a restore whose backup had lost the bytes: the database says that they were received.
#[tokio::test]
async fn bytes_that_are_named_but_gone_are_taken_again() {
    let mut world = world().await;
    let bytes = a_jpeg(64, 48, 1);
    let hash = world.record(&bytes).await;
    let device = world.amina.device;
    let noted = sync_server::storage::StoredPhoto {
        hash,
        size_bytes: bytes.len() as u64,
        areas: vec![world.amina.area.clone()],
        device,
    };
    world.server.state.storage.note_photo(noted, 1).await.unwrap();
    assert_eq!(
        world.put(&world.token, hash, &bytes).await.status,
        StatusCode::CREATED
    );
    assert_eq!(
        world.put(&world.token, hash, &bytes).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(world.get(&world.token, hash).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_photo_that_no_record_names_is_not_taken() {
    let world = world().await;
    let bytes = a_jpeg(64, 48, 1);
    let answer = world.put(&world.token, PhotoHash::of(&bytes), &bytes).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (StatusCode::NOT_FOUND, "photo.unknown")
    );
    for name in ["..%2f..%2fetc%2fpasswd", "x", &"A".repeat(64)] {
        let answer = world
            .server
            .get(&format!("/v1/photos/{name}"), Some(&world.token))
            .await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::BAD_REQUEST, "photo.name"),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_stranger_neither_sends_nor_sees_nor_learns() {
    let mut world = world().await;
    let bytes = a_jpeg(64, 48, 1);
    let hash = world.record(&bytes).await;
    world.put(&world.token, hash, &bytes).await;
    let there = world.get(&world.stranger_token, hash).await;
    let nowhere = world.get(&world.stranger_token, PhotoHash::of(b"nothing")).await;
    assert_eq!(
        (there.status, &there.body),
        (StatusCode::NOT_FOUND, &nowhere.body)
    );
    assert_eq!(
        world.put(&world.stranger_token, hash, &bytes).await.status,
        StatusCode::NOT_FOUND
    );
    // Naming the hash in a record of one's own area opens nothing: one must have the bytes.
    let household = world.stranger.household("9-9-901");
    let visit = world.stranger.visit(household, "");
    world.stranger.photo(visit, &bytes);
    let push = a_request(Some(world.stranger.push_from(1)));
    assert_eq!(
        world
            .server
            .sync(&world.stranger_token, &push)
            .await
            .unwrap()
            .parked,
        []
    );
    assert_eq!(
        world.get(&world.stranger_token, hash).await.status,
        StatusCode::NOT_FOUND
    );
    // Naming a visit of the other area is parked.
    let own_visit = world.amina.operations[1].record;
    world.stranger.photo(own_visit, &bytes);
    let push = a_request(Some(world.stranger.push_from(4)));
    let reply = world.server.sync(&world.stranger_token, &push).await.unwrap();
    assert_eq!(reply.parked[0].code, "reference.unknown");
}

#[tokio::test]
async fn bytes_that_are_not_the_photo_are_refused() {
    let mut world = world().await;
    let good = a_jpeg(64, 48, 1);
    let mut exif = good.clone();
    exif.splice(
        2..2,
        [&[0xff, 0xe1, 0, 16][..], b"Exif\0\0II*\0\x08\0\0\0"].concat(),
    );
    let mut huge = good.clone();
    let frame = huge.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    huge[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xdc, 0xff, 0xdc]);
    let cut = good[..good.len() / 2].to_vec();
    let png = b"\x89PNG\r\n\x1a\n".to_vec();
    for (bytes, code) in [
        (exif, "photo.metadata"),
        (huge, "photo.too_many_pixels"),
        (a_jpeg(1700, 10, 1), "photo.too_many_pixels"),
        (cut, "photo.no_jpeg"),
        (png, "photo.no_jpeg"),
    ] {
        let hash = world.record(&bytes).await;
        let answer = world.put(&world.token, hash, &bytes).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::UNPROCESSABLE_ENTITY, code)
        );
        assert_eq!(
            world.get(&world.token, hash).await.status,
            StatusCode::NOT_FOUND,
            "{code}"
        );
    }
    let hash = world.record(&good).await;
    let other = world.put(&world.token, hash, &a_jpeg(64, 48, 2)).await;
    assert_eq!(
        (other.status, other.code().as_str()),
        (StatusCode::UNPROCESSABLE_ENTITY, "photo.hash")
    );
    let large = world.put(&world.token, hash, &vec![0; 2 * 1024 * 1024 + 1]).await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
    let path = format!("/v1/photos/{hash}");
    let typed = world
        .server
        .call(
            Method::PUT,
            &path,
            Some(&world.token),
            ("text/html", good.clone()),
        )
        .await;
    assert_eq!(typed.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(
        world.put(&world.token, hash, &good).await.status,
        StatusCode::CREATED
    );
}

#[tokio::test]
async fn a_header_that_declares_a_huge_picture_takes_no_memory() {
    let mut world = world().await;
    let mut bytes = a_jpeg(8, 8, 1);
    let frame = bytes.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    bytes[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xdc, 0xff, 0xdc]);
    let hash = world.record(&bytes).await;
    let before = peak_kib();
    let answer = world.put(&world.token, hash, &bytes).await;
    assert_eq!(answer.code(), "photo.too_many_pixels");
    let grown = peak_kib().saturating_sub(before);
    assert!(grown < 64 * 1024, "{grown} KiB for a picture of 12 GB");
}

/// The most memory that this process ever had, KiB; 0 where the system does not say.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or(0)
}
