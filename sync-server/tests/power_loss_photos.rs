//! Power loss, with photos (F3): whatever the server has acknowledged of a photo is there, wherever the power goes.
//!
//! The server works in a folder of which every change and every sync is recorded, is killed again and again while
//! photos arrive, and is started anew. Then the record is cut at random points; at each, what the disk may hold is
//! put together, and a server is started on it and asked.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]
#![expect(clippy::indexing_slicing, reason = "helpers of tests")]

#[path = "power_loss_photos/disk.rs"]
mod disk;
#[path = "power_loss_photos/system.rs"]
mod system;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use disk::{Disk, Event, Without};
use futures::future::join_all;
use shared::domain::worker::Role;
use shared::ids::PhotoHash;
use sync_server::clock::Clock;
use sync_server::folders;
use sync_server::passwords::Passwords;
use sync_server::photos::{PhotoStore, verify};
use sync_server::state::{AppState, Setup};
use sync_server::storage::Storage;
use sync_server::testing::{
    Answer, FakeClock, SeededChance, TEST_START_MS, TestPhone, TestServer, a_jpeg, a_request,
};

const AREA: &str = "130803001001";
const PHOTOS: usize = 160;
/// Photos lie in so many folders at most, so that several come to each.
const FOLDERS: u8 = 40;
const AT_ONCE: usize = 4;
/// How often the server is killed while photos arrive.
const KILLS: u64 = 40;
/// The most changes and syncs that a server lives for.
const LIFE_STEPS_MAX: u64 = 700;
/// The most syncs.
const LIFE_SYNCS_MAX: u64 = 60;
/// How many cuts the ordinary run makes; `KOUMEN_TRIES` says otherwise.
const TRIES: u64 = 60;
/// Half of the cuts come within so many events of an answer, a quarter of the first one after a start.
const SOON: u64 = 12;

/// The server on a data folder, as `koumen-server serve` starts it.
fn start(place: &Path, life: u64) -> Option<TestServer> {
    let data = place.join("community").join("data");
    folders::make(&data).ok()?;
    let storage = Storage::open_file(&data.join("koumen.sqlite"), &SeededChance::new(1)).ok()?;
    folders::make(&data.join("photos")).ok()?;
    let clock = Arc::new(FakeClock::at(TEST_START_MS));
    let state = AppState::new(Setup {
        storage: Arc::new(storage),
        photos: PhotoStore::folder(&data.join("photos")).ok()?,
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        chance: Arc::new(SeededChance::new(100 + life)),
        passwords: Passwords::cheap(),
        web: None,
        tls: None,
    });
    let router = sync_server::routes::router(state.clone());
    Some(TestServer { state, router, clock })
}

/// A photo on its way.
struct Sending {
    number: usize,
    bytes: Vec<u8>,
    place: Option<String>,
    is_stored: bool,
}

/// Photos in the order of their names, so that those of one folder arrive together.
fn photos() -> Vec<Sending> {
    let photos = (0..).map(|seed| a_jpeg(48, 48, seed));
    let few = photos.map(|bytes| (PhotoHash::of(&bytes), bytes));
    let few = few.filter(|(hash, _)| hash.0[0] < FOLDERS).take(PHOTOS);
    let sorted = few.collect::<BTreeMap<_, _>>().into_values();
    let sending = sorted.enumerate().map(|(number, bytes)| Sending {
        number,
        bytes,
        place: None,
        is_stored: false,
    });
    sending.collect()
}

/// A visit names every two photos; the token of the phone that may send them.
async fn records(server: &TestServer, photos: &[Sending]) -> String {
    server.add_area(AREA, "社区").await;
    server.add_worker("amina", Role::Member, &[AREA]).await;
    let session = server.sign_in("amina").await;
    let mut phone = TestPhone::of(&session, AREA);
    for (number, pair) in photos.chunks(2).enumerate() {
        let household = phone.household(&format!("1-1-{}", 101 + number));
        let visit = phone.visit(household, "");
        for photo in pair {
            phone.photo(visit, &photo.bytes);
        }
    }
    let push = a_request(Some(phone.push_from(1)));
    let reply = server.sync(&session.token, &push).await.unwrap();
    assert_eq!(reply.parked, []);
    session.token
}

async fn ask(server: &TestServer, request: axum::http::request::Builder, body: &[u8]) -> Answer {
    server
        .send(request.body(Body::from(body.to_vec())).unwrap())
        .await
}

fn tus(method: Method, path: &str, token: &str) -> axum::http::request::Builder {
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "application/offset+octet-stream")
        .header("Tus-Resumable", "1.0.0")
}

impl Sending {
    /// Notes what was answered; how many bytes are durable.
    fn heard(&mut self, answer: &Answer) -> Option<usize> {
        if !answer.status.is_success() {
            return None;
        }
        let offset = answer.headers["upload-offset"].to_str().unwrap();
        let offset = offset.parse().unwrap();
        let (photo, place) = (self.number, self.place.clone().unwrap());
        if offset == self.bytes.len() {
            self.stored();
        } else if offset > 0 {
            system::note(Event::Told { photo, place, offset });
        }
        Some(offset)
    }

    fn stored(&mut self) {
        self.is_stored = !system::is_killed();
        system::note(Event::Stored { photo: self.number });
    }

    async fn send(&mut self, server: &TestServer, token: &str) -> Option<()> {
        if self.number % 4 == 3 {
            return self.send_whole(server, token).await;
        }
        let mut offset = match self.place.clone() {
            Some(place) => {
                let held = ask(server, tus(Method::HEAD, &place, token), &[]).await;
                self.heard(&held)?
            }
            None => {
                let hash = STANDARD.encode(PhotoHash::of(&self.bytes).to_string());
                let begin = tus(Method::POST, "/v1/uploads", token)
                    .header("Upload-Length", self.bytes.len())
                    .header("Upload-Metadata", format!("hash {hash}"));
                let begun = ask(server, begin, &self.bytes[..100]).await;
                if begun.status != StatusCode::CREATED {
                    return None;
                }
                self.place = Some(begun.headers["location"].to_str().unwrap().to_owned());
                self.heard(&begun)?
            }
        };
        while offset < self.bytes.len() {
            let place = self.place.clone().unwrap();
            let end = (offset + 900).min(self.bytes.len());
            let patch = tus(Method::PATCH, &place, token).header("Upload-Offset", offset);
            let taken = ask(server, patch, &self.bytes[offset..end]).await;
            offset = self.heard(&taken)?;
        }
        Some(())
    }

    async fn send_whole(&mut self, server: &TestServer, token: &str) -> Option<()> {
        let path = format!("/v1/photos/{}", PhotoHash::of(&self.bytes));
        let body = ("image/jpeg", self.bytes.clone());
        let put = server.call(Method::PUT, &path, Some(token), body).await;
        put.status.is_success().then(|| self.stored())
    }
}

/// What was sent, by whom, and everything that became of the folder meanwhile.
struct Recorded {
    photos: Vec<Vec<u8>>,
    token: String,
    events: Vec<Event>,
}

async fn recorded(place: &Path) -> Recorded {
    let mut photos = photos();
    let chance = SeededChance::new(2);
    system::begin(place);
    let server = start(place, 0).unwrap();
    let token = records(&server, &photos).await;
    drop(server);
    for life in 1..=KILLS + 1 {
        match chance.below(3) {
            _ if life > KILLS => system::set_fuse(None),
            0 => system::set_fuse_at_folder(chance.below(12)),
            1 => system::set_fuse_of_syncs(chance.below(LIFE_SYNCS_MAX)),
            _ => system::set_fuse(Some(chance.below(LIFE_STEPS_MAX))),
        }
        system::note(Event::Started);
        if let Some(server) = start(place, life) {
            let mut left: Vec<_> = photos.iter_mut().filter(|photo| !photo.is_stored).collect();
            for group in left.chunks_mut(AT_ONCE) {
                let sent = group.iter_mut().map(|photo| photo.send(&server, &token));
                join_all(sent).await;
                if system::is_killed() {
                    break;
                }
            }
        }
        system::set_fuse(None);
    }
    assert!(photos.iter().all(|photo| photo.is_stored));
    let events = system::end();
    let photos = photos.into_iter().map(|photo| photo.bytes).collect();
    Recorded {
        photos,
        token,
        events,
    }
}

/// What the server has acknowledged up to an instant.
#[derive(Default)]
struct Acknowledged {
    stored: BTreeSet<usize>,
    told: BTreeMap<usize, (String, usize)>,
}

impl Recorded {
    /// What is wrong after a power loss that left `place` as it is.
    async fn lost_at(&self, place: &Path, acknowledged: &Acknowledged) -> Option<String> {
        let Some(server) = start(place, 0) else {
            return Some("the server does not start".to_owned());
        };
        match server.state.storage.check().await {
            Ok(report) if report.faults.is_empty() => {}
            damage => return Some(format!("damage: {damage:?}")),
        }
        match verify(&server.state.storage, &server.state.photos).await {
            Ok(report) if report.damaged.is_empty() => {}
            damage => return Some(format!("noted, but not there: {damage:?}")),
        }
        let mut present = BTreeSet::new();
        for (number, bytes) in self.photos.iter().enumerate() {
            let path = format!("/v1/photos/{}", PhotoHash::of(bytes));
            let answer = server.get(&path, Some(&self.token)).await;
            match answer.status {
                StatusCode::OK if answer.body == bytes => drop(present.insert(number)),
                StatusCode::OK => return Some(format!("photo {number} is shown with other bytes")),
                _ if acknowledged.stored.contains(&number) => return Some(format!("photo {number} is lost")),
                _ => {}
            }
        }
        for (number, (upload, offset)) in &acknowledged.told {
            let held = ask(&server, tus(Method::HEAD, upload, &self.token), &[]).await;
            let held = held
                .headers
                .get("upload-offset")
                .and_then(|held| held.to_str().ok());
            let held: usize = held.and_then(|held| held.parse().ok()).unwrap_or(0);
            if held < *offset && !present.contains(number) {
                return Some(format!(
                    "{offset} bytes of photo {number} were told, {held} are there"
                ));
            }
        }
        half_written(&place.join("community/data/photos"))
    }

    /// When the server answered that something is durable: ever, and as the first thing after its start, when it has
    /// that from what a killed one wrote and maybe did not sync.
    fn answers(&self) -> [Vec<u64>; 2] {
        let [mut all, mut first] = [Vec::new(), Vec::new()];
        let mut has_started = false;
        for (index, event) in self.events.iter().enumerate() {
            if is_answer(event) {
                all.push(index as u64);
                if has_started {
                    first.push(index as u64);
                }
            }
            has_started = matches!(event, Event::Started) || has_started && !is_answer(event);
        }
        [all, first]
    }

    /// Cuts the record at random points; how many of the cuts lost something, what the first did, and how many
    /// files and folders had changes that were at risk.
    async fn cut(&self, tries: u64, without: Without) -> (u64, Option<String>, u64) {
        let chance = SeededChance::new(3);
        let end = self.events.len() as u64;
        let answers = self.answers();
        let mut cuts: BTreeMap<usize, u64> = BTreeMap::new();
        for number in 0..tries {
            let at = match number % 2 {
                0 => chance.below(end),
                _ => {
                    let answers = &answers[usize::from(number % 4 == 3)];
                    let answer = usize::try_from(chance.below(answers.len() as u64)).unwrap();
                    (answers[answer] + 1 + chance.below(SOON)).min(end - 1)
                }
            };
            *cuts.entry(usize::try_from(at).unwrap()).or_default() += 1;
        }
        let mut disk = Disk::new(without);
        let mut acknowledged = Acknowledged::default();
        let (mut lost, mut first, mut at_risk) = (0, None, 0);
        for (index, event) in self.events.iter().enumerate() {
            for _ in 0..cuts.get(&index).copied().unwrap_or(0) {
                let place = tempfile::tempdir().unwrap();
                at_risk += disk.unsynced();
                disk.lose_power(place.path(), &chance);
                // Before its first answer the server owes nothing but to start.
                let token_is_due = !acknowledged.stored.is_empty() || !acknowledged.told.is_empty();
                let wrong = self.lost_at(place.path(), &acknowledged).await;
                if let Some(wrong) = wrong.filter(|_| token_is_due || without == Without::Nothing) {
                    lost += 1;
                    first.get_or_insert(format!("{wrong}, at event {index}"));
                }
            }
            disk.take(event);
            match event {
                Event::Stored { photo } => drop(acknowledged.stored.insert(*photo)),
                Event::Told { photo, place, offset } => {
                    acknowledged.told.insert(*photo, (place.clone(), *offset));
                }
                _ => {}
            }
        }
        (lost, first, at_risk)
    }
}

fn is_answer(event: &Event) -> bool {
    matches!(event, Event::Stored { .. } | Event::Told { .. })
}

/// A file that has the name of a photo and other bytes.
fn half_written(photos: &Path) -> Option<String> {
    for folder in fs::read_dir(photos).unwrap() {
        for file in fs::read_dir(folder.unwrap().path()).unwrap() {
            let file = file.unwrap();
            let name = file.file_name().into_string().unwrap();
            let hash = PhotoHash::of(&fs::read(file.path()).unwrap());
            if name.parse().is_ok_and(|named: PhotoHash| named != hash) {
                return Some(format!("{name} has other bytes"));
            }
        }
    }
    None
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_of_photos_survives_a_power_loss_at_any_point() {
    let folder = tempfile::tempdir().unwrap();
    let recorded = recorded(folder.path()).await;
    let mut disk = Disk::new(Without::Nothing);
    recorded.events.iter().for_each(|event| disk.take(event));
    assert!(disk.is_like(folder.path()), "nothing happened past the record");
    let tries = std::env::var("KOUMEN_TRIES")
        .ok()
        .and_then(|tries| tries.parse().ok());
    let tries = tries.unwrap_or(TRIES);
    let (lost, first, at_risk) = recorded.cut(tries, Without::Nothing).await;
    let (events, answers) = (recorded.events.len(), recorded.answers()[0].len());
    println!(
        "power loss with photos (F3): {tries} tries / {lost} lost; {events} events, {answers} answers, {KILLS} \
         kills, {at_risk} files and folders with unsynced changes; first lost: {first:?}"
    );
    // The controls: as if the server left out syncs of one kind. Each loses something, and this check sees it.
    for without in [
        Without::PhotoFiles,
        Without::PhotoFolders,
        Without::FolderOfFolders,
        Without::OuterFolders,
        Without::Database,
    ] {
        let (lost, first, _) = recorded.cut(10, without).await;
        println!("without {without:?}: {lost} of 10 lost; first: {first:?}");
        assert!(lost > 0, "{without:?}");
    }
    assert!(at_risk > tries / 4, "the cuts came where it matters");
    assert_eq!(lost, 0, "{first:?}");
}
