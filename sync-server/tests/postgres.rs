//! Several server processes on one PostgreSQL, and the way there and back.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "durability/process.rs"]
#[expect(dead_code, reason = "shared with a suite that needs more of it")]
mod process;

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::{Duration, Instant};

use process::{AREA, Ground, Request, Server, ask, connect, free_port, prepare, sign_in};
use shared::protocol::v1::{self, CONTENT_TYPE, SignInReply, SyncReply};
use sync_server::chance::OsChance;
use sync_server::storage::Storage;
use sync_server::testing::{TestPhone, TestPostgres, a_request};

fn sync(server: &Server, session: &SignInReply, phone: &TestPhone, first: Option<u64>) -> SyncReply {
    let body = v1::encode(&a_request(first.map(|first| phone.push_from(first))));
    let mut request = Request::new("POST", "/v1/sync", &session.token);
    request.kind = CONTENT_TYPE;
    request.body = &body;
    let answer = ask(&mut connect(server.port).unwrap(), &request).unwrap();
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    v1::decode(&answer.body).unwrap()
}

/// The operations of a reply.
fn pulled(reply: &SyncReply) -> u64 {
    let operations =
        |page: &v1::AreaPage| shared::change::encode::decode_pull(&page.page).unwrap().len() as u64;
    reply.pages.iter().map(operations).sum()
}

/// A stream of notices that somebody has begun to listen to.
fn listen(server: &Server, token: &str) -> BufReader<TcpStream> {
    let mut stream = connect(server.port).unwrap();
    let head =
        format!("GET /v1/notices HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut reader = BufReader::new(stream);
    wait_for(&mut reader, ": listening");
    reader
}

/// Reads until a line begins so; fails when none does for 20 seconds, whatever else is said meanwhile.
fn wait_for(reader: &mut BufReader<TcpStream>, beginning: &str) {
    let began = Instant::now();
    let mut line = String::new();
    while !line.starts_with(beginning) {
        let in_time = began.elapsed() < Duration::from_secs(20);
        line.clear();
        assert!(
            in_time && reader.read_line(&mut line).unwrap() > 0,
            "{beginning} comes"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_on_one_database_are_one() {
    let folder = tempfile::tempdir().unwrap();
    let address = TestPostgres::shared().database().await;
    let ground = |name: &str| Ground::new(&folder.path().join(name), Some(address.clone()));
    let (here, there) = (ground("here"), ground("there"));
    prepare(&here, 2).await;
    let (here, there) = (
        Server::start(&here, free_port()),
        Server::start(&there, free_port()),
    );
    let (writes, reads) = (sign_in(&here, "phone0"), sign_in(&there, "phone1"));
    let mut phone = TestPhone::of(&writes, AREA);
    let reader = TestPhone::of(&reads, AREA);
    let mut notices = listen(&there, &reads.token);
    for door in ["1-1-101", "1-1-102", "1-1-103"] {
        phone.household(door);
    }
    assert_eq!(sync(&here, &writes, &phone, Some(1)).receipt.through_seq, 3);
    // The other server wakes its phone, and that finds everything.
    wait_for(&mut notices, "event: changed");
    assert_eq!(pulled(&sync(&there, &reads, &reader, None)), 3);
    // A session is known to both, and so is what was pushed.
    phone.household("1-1-104");
    assert_eq!(sync(&there, &writes, &phone, Some(2)).receipt.through_seq, 4);
    assert_eq!(sync(&here, &writes, &phone, Some(1)).receipt.through_seq, 4);
    // It ends for both.
    let mut own = listen(&there, &writes.token);
    let close = Request::new("DELETE", "/v1/session", &writes.token);
    assert_eq!(ask(&mut connect(here.port).unwrap(), &close).unwrap().status, 204);
    // The last piece of a stream is an empty one.
    wait_for(&mut own, "0");
    here.kill();
    there.kill();
}

/// The server's command line on a data folder, with or without a PostgreSQL.
fn koumen(words: &[&str], data: &Path, database: Option<&str>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_koumen-server"));
    command.args(words).arg("--data").arg(data);
    if let Some(address) = database {
        command.env("KOUMEN_DATABASE", address);
    }
    command.output().unwrap()
}

fn text(output: &Output) -> String {
    let (out, error) = (&output.stdout, &output.stderr);
    format!(
        "{}{}",
        String::from_utf8_lossy(out),
        String::from_utf8_lossy(error)
    )
}

fn ok(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(output));
    text(output)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_community_moves_to_postgresql_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let address = TestPostgres::shared().database().await;
    let database = Some(address.as_str());
    let small = Ground::new(&path("small"), None);
    prepare(&small, 1).await;
    let server = Server::start(&small, free_port());
    let session = sign_in(&server, "phone0");
    let mut phone = TestPhone::of(&session, AREA);
    for number in 1..=700 {
        phone.household(&format!("1-1-{number}"));
    }
    assert_eq!(sync(&server, &session, &phone, Some(1)).receipt.through_seq, 700);
    server.kill();
    let backup = path("backup").to_string_lossy().into_owned();
    ok(&koumen(&["backup", &backup], &small.data, None));

    let large = path("large");
    let restored = ok(&koumen(&["restore", &backup], &large, database));
    assert!(restored.contains("restored 700 operations"), "{restored}");
    let checked = ok(&koumen(&["check"], &large, database));
    assert!(checked.contains("700 operations, 0 parked"), "{checked}");
    // A second time only when somebody means it, and what was there stays.
    let again = koumen(&["restore", &backup], &path("other"), database);
    assert!(text(&again).contains("the database is not empty") && !again.status.success());
    assert!(!path("other").exists());
    let forced = ok(&koumen(&["restore", &backup, "--force"], &large, database));
    assert!(
        forced.contains("is in its schema koumen_before_restore_"),
        "{forced}"
    );
    // Whoever forgets where the database is begins no empty one.
    let forgotten = koumen(&["check"], &large, None);
    assert!(text(&forgotten).contains("is in PostgreSQL; say where"));
    let twice = koumen(&["check"], &small.data, database);
    assert!(text(&twice).contains("there is a database in"));

    // The phone goes on by itself, under its session, and offers what the backup has not.
    let ground = Ground::new(&large, Some(address.clone()));
    let server = Server::start(&ground, free_port());
    phone.household("1-1-701");
    assert_eq!(
        sync(&server, &session, &phone, Some(701)).receipt.through_seq,
        701
    );
    server.kill();
    let back = path("back").to_string_lossy().into_owned();
    let backed_up = ok(&koumen(&["backup", &back], &large, database));
    assert!(backed_up.contains("701 operations"), "{backed_up}");
    ok(&koumen(&["restore", &back], &path("small-again"), None));
    let checked = ok(&koumen(&["check"], &path("small-again"), None));
    assert!(checked.contains("701 operations, 0 parked"), "{checked}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_connection_to_a_database_elsewhere_is_encrypted() {
    let certificate = || rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (own, strange) = (certificate(), certificate());
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: String| {
        std::fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name)
    };
    let authority = file("own.pem", own.cert.pem());
    let stranger = file("strange.pem", strange.cert.pem());
    let (certificate, key) = (own.cert.pem(), own.signing_key.serialize_pem());
    let files = [("server.crt", certificate.as_str()), ("server.key", key.as_str())];
    let postgres = TestPostgres::start_with(&files, &["-c", "ssl=on", "-c", "fsync=off"]);
    let address = postgres.database().await.replace("127.0.0.1", "localhost");
    let open = |authority: PathBuf, address: String| async move {
        Storage::open_postgres(&address, Some(&authority), Arc::new(OsChance)).await
    };
    let storage = open(authority.clone(), address.clone()).await.unwrap();
    assert!(storage.epoch().await.is_ok());
    assert!(
        open(stranger, address).await.is_err(),
        "another one vouches for it"
    );
    // One that cannot encrypt is not spoken to in the clear.
    let plain = TestPostgres::shared()
        .database()
        .await
        .replace("127.0.0.1", "localhost");
    assert!(open(authority, plain).await.is_err());
}

#[tokio::test]
async fn a_password_does_not_cross_a_network_in_the_clear() {
    let chance = || Arc::new(OsChance);
    let refused = |address: &'static str| async move {
        let error = Storage::open_postgres(address, None, chance()).await.unwrap_err();
        std::error::Error::source(&error)
            .map(ToString::to_string)
            .unwrap_or_default()
    };
    let elsewhere = refused("postgres://koumen:secret@db.example/koumen").await;
    assert!(elsewhere.contains("on another machine"), "{elsewhere}");
    assert!(refused("koumen at home").await.contains("cannot be read"));
    // Nobody listens there: this one was tried.
    let tried = refused("postgres://koumen:secret@127.0.0.1:1/koumen?sslmode=prefer").await;
    assert!(!tried.contains("on another machine"), "{tried}");
}
