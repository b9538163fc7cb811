//! The real server is killed with SIGKILL while phones push: what was receipted is there, in value.
//!
//! Two phones push without pause; the server is ended at a random instant, 200 times, on one database. After
//! every start each phone asks what is held; in the end every receipted operation is compared with what the
//! phone recorded. A copy of the database from half way is the control: it must be found to have lost work.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use shared::domain::area::Area;
use shared::domain::worker::Role;
use shared::ids::{AreaCode, WorkerId};
use shared::protocol::v1::{self, CONTENT_TYPE, SignInReply, SignInRequest, SyncReply};
use sync_server::chance::{Chance, OsChance};
use sync_server::passwords::Passwords;
use sync_server::storage::sqlite::SqliteStorage;
use sync_server::storage::{AddedAccount, NewAccount, Storage};
use sync_server::testing::{SeededChance, TEST_PASSWORD, TestPhone, a_request};

const KILLS: u32 = 200;
const PHONES: usize = 2;
const AREA: &str = "130803001001";
/// The longest that a server lives once it answers.
const LIFE_US_MAX: u64 = 60_000;

/// A phone, its token, and up to where the server has told it that its work is durable.
struct Pusher {
    phone: TestPhone,
    token: String,
    receipted: u64,
}

struct Server {
    child: Child,
    port: u16,
}

impl Server {
    fn start(data: &Path, port: u16) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_koumen-server"));
        command
            .args(["serve", "--port", &port.to_string(), "--data"])
            .arg(data);
        let child = command
            .env("KOUMEN_LOG", "error")
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let server = Self { child, port };
        let began = Instant::now();
        while !matches!(server.ask("GET", "/healthz", "", "text/plain", b""), Ok((200, _))) {
            assert!(began.elapsed() < Duration::from_secs(30), "the server starts");
            thread::sleep(Duration::from_millis(2));
        }
        server
    }

    fn ask(
        &self,
        method: &str,
        path: &str,
        token: &str,
        kind: &str,
        body: &[u8],
    ) -> io::Result<(u16, Vec<u8>)> {
        ask(&mut connect(self.port)?, method, path, token, kind, body)
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn connect(port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// One request over an open connection.
fn ask(
    stream: &mut TcpStream,
    method: &str,
    path: &str,
    token: &str,
    kind: &str,
    body: &[u8],
) -> io::Result<(u16, Vec<u8>)> {
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nContent-Type: {kind}\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat())?;
    let mut reader = BufReader::new(stream);
    let (mut status, mut length) = (0, 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = line.trim_end().to_ascii_lowercase();
        if let Some(rest) = line.strip_prefix("http/1.1 ") {
            status = rest
                .split(' ')
                .next()
                .and_then(|code| code.parse().ok())
                .unwrap_or(0);
        } else if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().unwrap_or(0);
        } else if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok((status, body))
}

impl Pusher {
    fn sign_in(server: &Server, username: &str) -> Self {
        let request = SignInRequest {
            username: username.to_owned(),
            password: TEST_PASSWORD.to_owned(),
            device: None,
            device_name: "test".to_owned(),
        };
        let body = serde_json::to_vec(&request).unwrap();
        let (status, body) = server
            .ask("POST", "/v1/session", "", "application/json", &body)
            .unwrap();
        assert_eq!(status, 200);
        let reply: SignInReply = serde_json::from_slice(&body).unwrap();
        Self {
            phone: TestPhone::of(&reply, AREA),
            token: reply.token,
            receipted: 0,
        }
    }

    fn sync(&self, stream: &mut TcpStream, first: Option<u64>) -> io::Result<SyncReply> {
        let mut request = a_request(first.map(|first| self.phone.push_from(first)));
        request.operations_max = 0;
        let (status, body) = ask(
            stream,
            "POST",
            "/v1/sync",
            &self.token,
            CONTENT_TYPE,
            &v1::encode(&request),
        )?;
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
        Ok(v1::decode(&body).unwrap())
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

async fn prepare(data: &Path) {
    let storage = SqliteStorage::open(&data.join("koumen.sqlite"), &OsChance).unwrap();
    let area = AreaCode::new(AREA).unwrap();
    storage
        .put_areas(&[Area {
            code: area.clone(),
            name: "社区".to_owned(),
        }])
        .await
        .unwrap();
    for number in 0..PHONES {
        let account = NewAccount {
            worker: WorkerId(OsChance.uuid()),
            username: format!("phone{number}"),
            display: format!("phone{number}"),
            role: Role::Member,
            areas: vec![area.clone()],
            password: Passwords::cheap().hash(TEST_PASSWORD, &OsChance).unwrap(),
        };
        assert_eq!(
            storage.add_account(account, 1).await.unwrap(),
            AddedAccount::Added
        );
    }
}

/// How many receipted operations a database does not hold in value.
async fn lost(data: &Path, pushers: &[Pusher]) -> usize {
    let storage = SqliteStorage::open(&data.join("koumen.sqlite"), &OsChance).unwrap();
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
    fs::create_dir_all(to).unwrap();
    for name in ["koumen.sqlite", "koumen.sqlite-wal"] {
        if from.join(name).is_file() {
            fs::copy(from.join(name), to.join(name)).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_loses_nothing_that_it_receipted() {
    let folder = tempfile::tempdir().unwrap();
    let (data, half_way) = (folder.path().join("data"), folder.path().join("half-way"));
    fs::create_dir_all(&data).unwrap();
    prepare(&data).await;
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let first = Server::start(&data, port);
    let mut pushers: Vec<Pusher> = (0..PHONES)
        .map(|number| Pusher::sign_in(&first, &format!("phone{number}")))
        .collect();
    first.kill();
    let chance = Arc::new(SeededChance::new(200));
    let (mut receipts, mut lost_at_start) = (0, 0);
    for kill in 0..KILLS {
        let server = Server::start(&data, port);
        let mut stream = connect(port).unwrap();
        lost_at_start += pushers
            .iter()
            .filter(|pusher| !pusher.is_whole(&mut stream))
            .count();
        drop(stream);
        let mut life = [0; 8];
        chance.fill(&mut life);
        let life = Duration::from_micros(u64::from_le_bytes(life) % LIFE_US_MAX);
        receipts += thread::scope(|scope| {
            let pushing: Vec<_> = pushers
                .iter_mut()
                .map(|pusher| scope.spawn(move || pusher.push_until_the_end(port)))
                .collect();
            thread::sleep(life);
            server.kill();
            pushing
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .sum::<u64>()
        });
        if kill == KILLS / 2 {
            copy_database(&data, &half_way);
        }
    }
    let receipted: u64 = pushers.iter().map(|pusher| pusher.receipted).sum();
    let lost_in_value = lost(&data, &pushers).await;
    println!("{KILLS} kills, {receipts} receipts, {receipted} operations receipted, {lost_in_value} lost");
    assert!(
        receipts > u64::from(KILLS) / 4,
        "the kills came while phones pushed: {receipts}"
    );
    assert_eq!((lost_at_start, lost_in_value), (0, 0));
    // The control: a database from half way has lost what came after, and this test would have seen it.
    assert!(lost(&half_way, &pushers).await > 0);
}
