//! Two workers with phones, and the requests of tus.

use std::sync::Arc;

use axum::body::Body;
use axum::http::request::Builder;
use axum::http::{Method, Request, StatusCode, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use shared::domain::worker::Role;
use shared::domain::{Photo, RecordKind};
use shared::ids::PhotoHash;
use sync_server::photos::PhotoStore;
use sync_server::state::UploadLimits;
use sync_server::storage::Storage;
use sync_server::testing::{Answer, SeededChance, TestPhone, TestServer, a_request};

pub(crate) const GRID: &str = "130803001001-01";
pub(crate) const NEIGHBOUR: &str = "130803001002";
const CHUNK: &str = "application/offset+octet-stream";

pub(crate) struct World {
    pub(crate) server: TestServer,
    pub(crate) amina: TestPhone,
    pub(crate) token: String,
    pub(crate) stranger: TestPhone,
    pub(crate) stranger_token: String,
}

/// How a body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Whole,
    Cut,
}

pub(crate) async fn world() -> World {
    world_with(UploadLimits::default()).await
}

pub(crate) async fn world_with(limits: UploadLimits) -> World {
    let storage = Storage::in_memory(&SeededChance::new(7)).unwrap();
    let server = TestServer::with_upload_limits(Arc::new(storage), PhotoStore::in_memory(), None, limits);
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
    /// Amina records these photos with one visit and syncs.
    pub(crate) async fn record<'a>(&mut self, photos: impl IntoIterator<Item = &'a Vec<u8>>) {
        let first = self.amina.operations.len() as u64 + 1;
        let household = self.amina.household(&format!("1-1-{first}01"));
        let visit = self.amina.visit(household, "");
        for bytes in photos {
            let photo = Photo {
                owner: visit,
                hash: PhotoHash::of(bytes),
                taken_at: self.amina.now_ms,
                // A record has its own bound, which the server's limit does not move.
                size: 1,
                width: 64,
                height: 48,
                thumbnail: Vec::new(),
            };
            self.amina.make(RecordKind::PHOTO, photo.to_fields());
        }
        let push = a_request(Some(self.amina.push_from(first)));
        let reply = self.server.sync(&self.token, &push).await.unwrap();
        assert_eq!(reply.parked, []);
    }

    pub(crate) async fn create(&self, token: &str, bytes: &[u8]) -> Answer {
        let request = tus(Method::POST, "/v1/uploads", token)
            .header("Upload-Length", bytes.len())
            .header("Upload-Metadata", metadata(bytes));
        self.server.send(request.body(Body::empty()).unwrap()).await
    }

    /// Begins Amina's upload; its address.
    pub(crate) async fn begin(&self, bytes: &[u8]) -> String {
        let created = self.create(&self.token, bytes).await;
        assert_eq!(created.status, StatusCode::CREATED, "{created:?}");
        text(&created, "location")
    }

    pub(crate) async fn patch(&self, place: &str, offset: usize, bytes: &[u8], end: End) -> Answer {
        let request = tus(Method::PATCH, place, &self.token)
            .header("Upload-Offset", offset)
            .header(header::CONTENT_TYPE, CHUNK);
        self.server.send(request.body(body(bytes, end)).unwrap()).await
    }

    pub(crate) async fn patch_summed(&self, place: &str, offset: usize, bytes: &[u8], sum: &str) -> Answer {
        let request = tus(Method::PATCH, place, &self.token)
            .header("Upload-Offset", offset)
            .header("Upload-Checksum", sum)
            .header(header::CONTENT_TYPE, CHUNK);
        let body = Body::from(bytes.to_vec());
        self.server.send(request.body(body).unwrap()).await
    }

    pub(crate) async fn ask(&self, method: Method, place: &str, token: &str) -> Answer {
        let request = tus(method, place, token).body(Body::empty()).unwrap();
        self.server.send(request).await
    }

    /// Where Amina's upload stands.
    pub(crate) async fn offset(&self, place: &str) -> usize {
        let answer = self.ask(Method::HEAD, place, &self.token).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(text(&answer, "cache-control"), "no-store");
        number(&answer, "upload-offset")
    }

    pub(crate) async fn photo(&self, token: &str, bytes: &[u8]) -> Answer {
        let path = format!("/v1/photos/{}", PhotoHash::of(bytes));
        self.server.get(&path, Some(token)).await
    }

    pub(crate) async fn is_there(&self, bytes: &[u8]) -> bool {
        let answer = self.photo(&self.token, bytes).await;
        answer.status == StatusCode::OK && answer.body == bytes
    }
}

pub(crate) fn tus(method: Method, place: &str, token: &str) -> Builder {
    Request::builder()
        .method(method)
        .uri(place)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header("Tus-Resumable", "1.0.0")
}

pub(crate) fn metadata(bytes: &[u8]) -> String {
    let hash = STANDARD.encode(PhotoHash::of(bytes).to_string());
    format!("hash {hash},filetype {}", STANDARD.encode("image/jpeg"))
}

pub(crate) fn blake3_sum(bytes: &[u8]) -> String {
    format!("blake3 {}", STANDARD.encode(PhotoHash::of(bytes).0))
}

/// A body without a length, as it arrives from a connection that may break.
fn body(bytes: &[u8], end: End) -> Body {
    let mut parts: Vec<Result<Bytes, std::io::Error>> = bytes
        .chunks(64 * 1024)
        .map(|part| Ok(Bytes::copy_from_slice(part)))
        .collect();
    if end == End::Cut {
        parts.push(Err(std::io::ErrorKind::ConnectionReset.into()));
    }
    Body::from_stream(futures::stream::iter(parts))
}

pub(crate) fn text(answer: &Answer, name: &str) -> String {
    answer.headers[name].to_str().unwrap().to_owned()
}

pub(crate) fn number(answer: &Answer, name: &str) -> usize {
    text(answer, name).parse().unwrap()
}
