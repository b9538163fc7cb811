//! The real server is killed with SIGKILL while photos arrive in chunks: what it acknowledged is there after the
//! next start, and every photo becomes whole (F25).

use std::io;
use std::thread;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use shared::ids::PhotoHash;
use shared::protocol::v1::{self, CONTENT_TYPE, SyncReply};
use sync_server::chance::Chance;
use sync_server::testing::{SeededChance, TestPhone, a_jpeg, a_request};

use super::copy_database;
use super::process::{AREA, Answer, Ground, Request, Server, ask, connect, free_port, prepare, sign_in};

const KILLS: usize = 100;
/// Fewer than a device may have open.
const PHOTOS: u64 = 24;
const CHUNK: usize = 8 * 1024;
/// The longest that a server lives once it answers.
const LIFE_US_MAX: u64 = 40_000;

/// A photo on its way, and up to where the server has told that it is durable.
struct Sending {
    bytes: Vec<u8>,
    place: Option<String>,
    told: usize,
}

fn tus<'a>(method: &'a str, path: &'a str, token: &'a str) -> Request<'a> {
    let mut request = Request::new(method, path, token);
    request.header("Tus-Resumable", "1.0.0");
    request
}

impl Sending {
    fn begin(&self, port: u16, token: &str) -> io::Result<Answer> {
        let hash = STANDARD.encode(PhotoHash::of(&self.bytes).to_string());
        let mut request = tus("POST", "/v1/uploads", token);
        request.header("Upload-Length", &self.bytes.len().to_string());
        request.header("Upload-Metadata", &format!("hash {hash}"));
        ask(&mut connect(port)?, &request)
    }

    /// Sends until the server is gone or the photo whole. Whether the server had forgotten something.
    fn send(&mut self, port: u16, token: &str) -> io::Result<bool> {
        let mut forgot = false;
        let place = match &self.place {
            Some(place) => place.clone(),
            None => {
                let begun = self.begin(port, token)?;
                assert_eq!(begun.status, 201, "{}", String::from_utf8_lossy(&begun.body));
                begun.headers["location"].clone()
            }
        };
        self.place = Some(place.clone());
        let asked = ask(&mut connect(port)?, &tus("HEAD", &place, token))?;
        let held: usize = match asked.status {
            200 => asked.headers["upload-offset"].parse().unwrap(),
            _ => 0,
        };
        forgot |= asked.status != 200 || held < self.told;
        self.told = held;
        let mut stream = connect(port)?;
        while self.told < self.bytes.len() {
            let end = (self.told + CHUNK).min(self.bytes.len());
            let mut request = tus("PATCH", &place, token);
            request.header("Upload-Offset", &self.told.to_string());
            request.kind = "application/offset+octet-stream";
            request.body = &self.bytes[self.told..end];
            let taken = ask(&mut stream, &request)?;
            assert_eq!(taken.status, 204, "{}", String::from_utf8_lossy(&taken.body));
            self.told = taken.headers["upload-offset"].parse().unwrap();
        }
        Ok(forgot)
    }
}

fn record(server: &Server, token: &str, phone: &mut TestPhone, photos: &[Vec<u8>]) {
    let household = phone.household("1-1-101");
    let visit = phone.visit(household, "");
    for bytes in photos {
        phone.photo(visit, bytes);
    }
    let mut request = Request::new("POST", "/v1/sync", token);
    let body = v1::encode(&a_request(Some(phone.push_from(1))));
    request.kind = CONTENT_TYPE;
    request.body = &body;
    let answer = ask(&mut connect(server.port).unwrap(), &request).unwrap();
    let reply: SyncReply = v1::decode(&answer.body).unwrap();
    assert_eq!(reply.parked, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_keeps_every_chunk_that_it_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let data = Ground::new(&folder.path().join("data"), None);
    let early = Ground::new(&folder.path().join("early"), None);
    prepare(&data, 1).await;
    let port = free_port();
    let first = Server::start(&data, port);
    let session = sign_in(&first, "phone0");
    let token = session.token.clone();
    let mut phone = TestPhone::of(&session, AREA);
    let photos: Vec<Vec<u8>> = (0..PHOTOS).map(|seed| a_jpeg(500, 500, seed)).collect();
    record(&first, &token, &mut phone, &photos);
    first.kill();
    let mut sending: Vec<Sending> = photos
        .into_iter()
        .map(|bytes| Sending {
            bytes,
            place: None,
            told: 0,
        })
        .collect();
    let chance = SeededChance::new(25);
    let (mut forgot, mut while_sending) = (0, 0);
    for kill in 0..KILLS {
        let server = Server::start(&data, port);
        let mut life = [0; 8];
        chance.fill(&mut life);
        let life = Duration::from_micros(u64::from_le_bytes(life) % LIFE_US_MAX);
        let at = kill % sending.len();
        let next = sending.get_mut(at).unwrap();
        let broke = thread::scope(|scope| {
            let sender = scope.spawn(|| next.send(port, &token));
            thread::sleep(life);
            server.kill();
            sender.join().unwrap()
        });
        match broke {
            Ok(lost) => forgot += usize::from(lost),
            Err(_) => while_sending += 1,
        }
        if kill == 3 {
            copy_database(&data.data, &early.data);
        }
    }
    let server = Server::start(&data, port);
    let mut lost = 0;
    for photo in &mut sending {
        forgot += usize::from(photo.send(port, &token).unwrap());
        let path = format!("/v1/photos/{}", PhotoHash::of(&photo.bytes));
        let got = ask(&mut connect(port).unwrap(), &Request::new("GET", &path, &token)).unwrap();
        lost += usize::from(got.body != photo.bytes);
    }
    server.kill();
    println!(
        "F25 server killed: {KILLS} tries, {while_sending} while a photo was sent, {forgot} acknowledged offsets \
         forgotten, {lost} of {} photos lost",
        sending.len()
    );
    assert!(
        while_sending > KILLS / 4,
        "the kills came while photos arrived: {while_sending}"
    );
    assert_eq!((forgot, lost), (0, 0));
    // The control: a server that went back to an earlier day has forgotten chunks, and this test would have seen it.
    let server = Server::start(&early, port);
    let mut seen = 0;
    for photo in &mut sending {
        let asked = ask(
            &mut connect(port).unwrap(),
            &tus("HEAD", photo.place.as_ref().unwrap(), &token),
        );
        seen += usize::from(asked.unwrap().status != 200);
    }
    server.kill();
    assert!(seen > 0);
}
