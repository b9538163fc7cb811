//! The real server as a process with its photos in a bucket, and a phone that has recorded some.

use std::io;
use std::path::PathBuf;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use shared::ids::PhotoHash;
use shared::protocol::v1::{self, CONTENT_TYPE, Refusal, SyncReply};
use sync_server::testing::{TestPhone, a_jpeg, a_request};
use tempfile::TempDir;

use super::process::{AREA, Answer, Ground, Request, Server, ask, connect, free_port, prepare, sign_in};
use super::service::{BUCKET, KEY, SECRET, Service};

/// What stands before the names of photos.
pub(crate) const PREFIX: &str = "street";

pub(crate) struct World {
    pub(crate) service: Service,
    pub(crate) folder: TempDir,
    pub(crate) port: u16,
    pub(crate) token: String,
    /// Recorded and named by a visit; no byte of them was sent.
    pub(crate) photos: Vec<Vec<u8>>,
}

impl World {
    /// A data folder, and a phone that has synced a visit with so many photos.
    pub(crate) async fn with_photos(photos: u64) -> Self {
        let (service, folder) = (Service::start(), tempfile::tempdir().unwrap());
        prepare(&Ground::new(&folder.path().join("data"), None), 1).await;
        let mut world = Self {
            service,
            folder,
            port: free_port(),
            token: String::new(),
            photos: (0..photos).map(|seed| a_jpeg(500, 400, seed)).collect(),
        };
        let server = world.serve();
        let session = sign_in(&server, "phone0");
        world.token = session.token.clone();
        let mut phone = TestPhone::of(&session, AREA);
        let household = phone.household("1-1-101");
        for nine in world.photos.chunks(9) {
            let visit = phone.visit(household, "");
            for bytes in nine {
                phone.photo(visit, bytes);
            }
        }
        let body = v1::encode(&a_request(Some(phone.push_from(1))));
        let mut request = Request::new("POST", "/v1/sync", &world.token);
        (request.kind, request.body) = (CONTENT_TYPE, &body);
        let reply: SyncReply = v1::decode(&world.ask(&request).unwrap().body).unwrap();
        assert_eq!(reply.parked, []);
        server.kill();
        world
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn serve(&self) -> Server {
        let ground = Ground::new(&self.data(), None);
        Server::start_with(&ground, self.port, |command| self.name_the_bucket(command))
    }

    /// Says to a command where photos are, and who it is.
    pub(crate) fn name_the_bucket(&self, command: &mut Command) {
        let place = format!("s3://{BUCKET}/{PREFIX}");
        command.args(["--photos", &place, "--s3-endpoint", &self.service.endpoint()]);
        identify(command);
    }

    pub(crate) fn ask(&self, request: &Request<'_>) -> io::Result<Answer> {
        ask(&mut connect(self.port)?, request)
    }

    pub(crate) fn get(&self, bytes: &[u8]) -> io::Result<Answer> {
        let path = format!("/v1/photos/{}", PhotoHash::of(bytes));
        self.ask(&Request::new("GET", &path, &self.token))
    }

    /// Whether a photo comes back as it was.
    pub(crate) fn is_whole(&self, bytes: &[u8]) -> bool {
        self.get(bytes)
            .is_ok_and(|got| got.status == 200 && got.body == bytes)
    }

    pub(crate) fn put(&self, bytes: &[u8]) -> io::Result<Answer> {
        let path = format!("/v1/photos/{}", PhotoHash::of(bytes));
        let mut request = Request::new("PUT", &path, &self.token);
        (request.kind, request.body) = ("image/jpeg", bytes);
        self.ask(&request)
    }

    fn tus<'a>(&'a self, method: &'a str, path: &'a str) -> Request<'a> {
        let mut request = Request::new(method, path, &self.token);
        request.header("Tus-Resumable", "1.0.0");
        request
    }

    pub(crate) fn begin(&self, bytes: &[u8]) -> io::Result<String> {
        let hash = STANDARD.encode(PhotoHash::of(bytes).to_string());
        let mut request = self.tus("POST", "/v1/uploads");
        request.header("Upload-Length", &bytes.len().to_string());
        request.header("Upload-Metadata", &format!("hash {hash}"));
        let begun = self.ask(&request)?;
        assert_eq!(begun.status, 201, "{}", String::from_utf8_lossy(&begun.body));
        Ok(begun.headers["location"].clone())
    }

    /// Sends the bytes of an upload from an offset on.
    pub(crate) fn send(&self, place: &str, bytes: &[u8], offset: usize) -> io::Result<Answer> {
        let mut request = self.tus("PATCH", place);
        request.header("Upload-Offset", &offset.to_string());
        (request.kind, request.body) = ("application/offset+octet-stream", &bytes[offset..]);
        self.ask(&request)
    }

    /// Asks where an upload stands.
    pub(crate) fn standing(&self, place: &str) -> io::Result<Answer> {
        self.ask(&self.tus("HEAD", place))
    }
}

pub(crate) fn identify(command: &mut Command) {
    command
        .env("AWS_ACCESS_KEY_ID", KEY)
        .env("AWS_SECRET_ACCESS_KEY", SECRET);
}

pub(crate) fn code(answer: &Answer) -> String {
    let refusal: Refusal = serde_json::from_slice(&answer.body).unwrap();
    refusal.code
}

/// The offset that an answer tells.
pub(crate) fn offset(answer: &Answer) -> usize {
    answer.headers["upload-offset"].parse().unwrap()
}
