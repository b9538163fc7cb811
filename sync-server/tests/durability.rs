//! The real server is killed with SIGKILL while phones push: what was receipted is there, in value.
//!
//! Two phones push without pause; the server is ended at a random instant, 200 times, on one database. After
//! every start each phone asks what is held; in the end every receipted operation is compared with what the
//! phone recorded. A copy of the database from half way is the control: it must be found to have lost work.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

#[path = "durability/process.rs"]
mod process;
#[path = "durability/uploads.rs"]
mod uploads;

use std::fs;
use std::io;
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use process::{AREA, Ground, Request, Server, ask, connect, free_port, prepare, sign_in};
use shared::ids::AreaCode;
use shared::protocol::v1::{self, CONTENT_TYPE, SignInReply, SyncReply};
use sync_server::chance::Chance;
use sync_server::folders;
#[cfg(unix)]
use sync_server::testing::TestPostgres;
use sync_server::testing::{SeededChance, TestPhone, a_request};

const KILLS: u32 = 200;
const KILLS_ON_POSTGRES: u32 = 40;
const CRASHES: u32 = 5;
const PHONES: usize = 2;
/// The longest that a server lives once it answers.
const LIFE_US_MAX: u64 = 60_000;
/// The same on PostgreSQL, to which a server has to connect first.
const LIFE_ON_POSTGRES_US_MAX: u64 = 400_000;

/// A phone, its token, and up to where the server has told it that its work is durable.
struct Pusher {
    phone: TestPhone,
    token: String,
    receipted: u64,
}

impl Pusher {
    fn new(session: SignInReply) -> Self {
        Self {
            phone: TestPhone::of(&session, AREA),
            token: session.token,
            receipted: 0,
        }
    }

    fn sync(&self, stream: &mut TcpStream, first: Option<u64>) -> io::Result<SyncReply> {
        let mut request = a_request(first.map(|first| self.phone.push_from(first)));
        request.operations_max = 0;
        let body = v1::encode(&request);
        let mut request = Request::new("POST", "/v1/sync", &self.token);
        request.kind = CONTENT_TYPE;
        request.body = &body;
        let answer = ask(stream, &request)?;
        if answer.status == 503 {
            return Err(io::ErrorKind::ResourceBusy.into());
        }
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        Ok(v1::decode(&answer.body).unwrap())
    }

    /// Whether the server still holds what it receipted, as it was. Work without a receipt may be there or not.
    fn is_whole(&self, stream: &mut TcpStream) -> bool {
        let held = self.sync(stream, None).unwrap().receipt;
        let recorded = self.phone.operations.len() as u64;
        (self.receipted..=recorded).contains(&held.through_seq)
            && held.chain == self.phone.chain_at(held.through_seq as usize)
    }

    /// Records and pushes until the server is gone; gives the number of receipts.
    fn push_until_the_end(&mut self, port: u16) -> u64 {
        let mut receipts = 0;
        let Ok(mut stream) = connect(port) else { return 0 };
        loop {
            for _ in 0..1 + self.phone.operations.len() % 5 {
                let number = self.phone.operations.len() + 1;
                self.phone.household(&format!("1-1-{number}"));
            }
            match self.sync(&mut stream, Some(self.receipted + 1)) {
                Ok(reply) => self.receipted = reply.receipt.through_seq,
                Err(_) => return receipts,
            }
            receipts += 1;
        }
    }
}

/// How many receipted operations a database does not hold in value.
async fn lost(ground: &Ground, pushers: &[Pusher]) -> usize {
    let storage = ground.storage().await;
    assert_eq!(storage.check().await.unwrap().faults, Vec::<String>::new());
    let mut lost = 0;
    for pusher in pushers {
        let held = storage
            .operations_of(pusher.phone.device, &AreaCode::new(AREA).unwrap())
            .await
            .unwrap();
        let receipted = &pusher.phone.operations[..pusher.receipted as usize];
        let is_held = |(index, operation): (usize, &shared::change::Operation)| {
            held.get(index)
                .is_some_and(|applied| applied.operation == *operation)
        };
        lost += receipted
            .iter()
            .enumerate()
            .filter(|entry| !is_held(*entry))
            .count();
    }
    lost
}

fn copy_database(from: &Path, to: &Path) {
    folders::make(to).unwrap();
    for name in ["koumen.sqlite", "koumen.sqlite-wal"] {
        if from.join(name).is_file() {
            fs::copy(from.join(name), to.join(name)).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_loses_nothing_that_it_receipted() {
    let folder = tempfile::tempdir().unwrap();
    let ground = Ground::new(&folder.path().join("data"), None);
    let half_way = Ground::new(&folder.path().join("half-way"), None);
    let copy = || copy_database(&ground.data, &half_way.data);
    let pushers = push_while((KILLS, LIFE_US_MAX), &ground, |kill, server| {
        server.kill();
        if kill == KILLS / 2 {
            copy();
        }
    });
    // The control: a database from half way has lost what came after, and this test would have seen it.
    assert!(lost(&half_way, &pushers.await).await > 0);
}

/// Two phones push to a server that is started so many times and lives at most so many microseconds once it answers;
/// `end` ends it while they do. Nothing may be lost.
async fn push_while(
    (times, life_us_max): (u32, u64),
    ground: &Ground,
    mut end: impl FnMut(u32, Server),
) -> Vec<Pusher> {
    prepare(ground, PHONES).await;
    let port = free_port();
    let first = Server::start(ground, port);
    let mut pushers: Vec<Pusher> = (0..PHONES)
        .map(|number| Pusher::new(sign_in(&first, &format!("phone{number}"))))
        .collect();
    first.kill();
    let chance = Arc::new(SeededChance::new(200));
    let (mut receipts, mut lost_at_start) = (0, 0);
    for time in 0..times {
        let server = Server::start(ground, port);
        let mut stream = connect(port).unwrap();
        lost_at_start += pushers
            .iter()
            .filter(|pusher| !pusher.is_whole(&mut stream))
            .count();
        drop(stream);
        let mut life = [0; 8];
        chance.fill(&mut life);
        let life = Duration::from_micros(u64::from_le_bytes(life) % life_us_max);
        receipts += thread::scope(|scope| {
            let pushing: Vec<_> = pushers
                .iter_mut()
                .map(|pusher| scope.spawn(move || pusher.push_until_the_end(port)))
                .collect();
            thread::sleep(life);
            end(time, server);
            pushing
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .sum::<u64>()
        });
    }
    let receipted: u64 = pushers.iter().map(|pusher| pusher.receipted).sum();
    let lost_in_value = lost(ground, &pushers).await;
    println!("{times} ends, {receipts} receipts, {receipted} operations receipted, {lost_in_value} lost");
    assert!(
        receipts > u64::from(times) / 4,
        "the ends came while phones pushed: {receipts}"
    );
    assert_eq!((lost_at_start, lost_in_value), (0, 0));
    pushers
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_on_postgresql_loses_nothing_that_it_receipted() {
    let folder = tempfile::tempdir().unwrap();
    let address = TestPostgres::shared().database().await;
    let ground = Ground::new(&folder.path().join("data"), Some(address));
    push_while(
        (KILLS_ON_POSTGRES, LIFE_ON_POSTGRES_US_MAX),
        &ground,
        |_, server| server.kill(),
    )
    .await;
}

/// F32: the database ends at once, as when its machine fails, and another process takes its place.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_that_ends_loses_nothing_that_was_receipted() {
    let folder = tempfile::tempdir().unwrap();
    let mut postgres = TestPostgres::start(&[]);
    let address = postgres.database().await;
    let ground = Ground::new(&folder.path().join("data"), Some(address));
    let mut answers = Vec::new();
    push_while((CRASHES, LIFE_ON_POSTGRES_US_MAX), &ground, |_, server| {
        postgres.crash();
        // Phones are told to wait, and the server goes on by itself when the database is there again.
        let token = "ab".repeat(32);
        let unknown = Request::new("GET", "/v1/notices", &token);
        let answer = || ask(&mut connect(server.port).unwrap(), &unknown).unwrap().status;
        let without = answer();
        postgres.run(&[]);
        answers.push((without, answer()));
        server.kill();
    })
    .await;
    assert_eq!(answers, vec![(503, 401); CRASHES as usize]);
}
