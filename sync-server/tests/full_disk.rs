//! A disk that is full, under the real server: what was receipted is held, what has no room is refused with 507, reading,
//! signing in and starting go on. `KOUMEN_TRIES` says how often; prints tries and lost.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "durability/process.rs"]
#[expect(dead_code, reason = "other tests send headers")]
mod process;

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use process::{AREA, Answer, Ground, Request, Server, ask, connect, free_port, prepare, sign_in};
use shared::ids::AreaCode;
use shared::protocol::v1::{self, CONTENT_TYPE, Refusal, SyncReply};
use sync_server::testing::{SeededChance, TestPhone, a_request};

/// A file system of its own in memory.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` where this user may not make one.
    fn of(megabytes: u64, at: &Path) -> Option<Self> {
        fs::create_dir(at).unwrap();
        let size = format!("size={megabytes}m,mode=700");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(at)
            .output();
        mounted
            .is_ok_and(|mounted| mounted.status.success())
            .then(|| Self(at.to_path_buf()))
    }

    /// Fills it, but for about `slack` bytes.
    fn fill(&self, slack: u64) {
        let mut filler = File::create(self.0.join("filler")).unwrap();
        let block = [7; 4096];
        while filler.write_all(&block).is_ok() {}
        let length = filler.metadata().unwrap().len();
        filler.set_len(length.saturating_sub(slack)).unwrap();
    }

    /// Takes what is left.
    fn fill_rest(&self) {
        let mut filler = File::options().append(true).open(self.0.join("filler")).unwrap();
        while filler.write_all(&[7; 4096]).is_ok() {}
    }

    fn empty(&self) {
        fs::remove_file(self.0.join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn sync(server: &Server, token: &str, request: &v1::SyncRequest) -> Answer {
    let body = v1::encode(request);
    let mut request = Request::new("POST", "/v1/sync", token);
    request.kind = CONTENT_TYPE;
    request.body = &body;
    ask(&mut connect(server.port).unwrap(), &request).unwrap()
}

fn health(server: &Server) -> String {
    let request = Request::new("GET", "/healthz", "");
    let answer = ask(&mut connect(server.port).unwrap(), &request).unwrap();
    String::from_utf8(answer.body).unwrap()
}

/// Pushes what was recorded behind `receipted` once; what is receipted then.
fn push(server: &Server, token: &str, phone: &TestPhone, receipted: u64) -> Option<u64> {
    let answer = sync(server, token, &a_request(Some(phone.push_from(receipted + 1))));
    if answer.status == 507 {
        let refusal: Refusal = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(refusal.code, "server.no_room");
        assert!(answer.headers.contains_key("retry-after"));
        return None;
    }
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    Some(v1::decode::<SyncReply>(&answer.body).unwrap().receipt.through_seq)
}

/// One disk that fills up. How many receipted operations are not held in the end, and how many were refused for want of
/// room: whoever took that for a receipt would have lost them. `None` where there can be no such disk.
async fn one(chance: &SeededChance, at: &Path) -> Option<(usize, usize)> {
    let disk = SmallDisk::of(14 + chance.below(6), at)?;
    let ground = Ground::new(&at.join("data"), None);
    prepare(&ground, 1).await;
    let server = Server::start(&ground, free_port());
    let session = sign_in(&server, "phone0");
    let (token, mut phone) = (session.token.as_str(), TestPhone::of(&session, AREA));
    let home = phone.household("1-1-101");
    let mut receipted = push(&server, token, &phone, 0)?;
    disk.fill(chance.below(3_000_000));
    for turn in 0.. {
        assert!(turn < 20_000, "a disk has an end");
        for _ in 0..=chance.below(40) {
            phone.visit(home, &"门口的灯坏了。".repeat(60 + turn % 7));
        }
        match push(&server, token, &phone, receipted) {
            Some(through) => receipted = through,
            None => break,
        }
    }
    let refused = phone.operations.len() - receipted as usize;
    let mut server = server;
    for restarts in 0..3 {
        // What a restart has tidied up is no room for much.
        for _ in 0..200 {
            match push(&server, token, &phone, receipted) {
                Some(through) => receipted = through,
                None => break,
            }
            phone.visit(home, &"门口的灯坏了。".repeat(280));
            disk.fill_rest();
        }
        assert!(health(&server).contains("no_room"), "after {restarts} restarts");
        assert_eq!(sync(&server, token, &a_request(None)).status, 200);
        let again = sign_in(&server, "phone0");
        assert_eq!(sync(&server, &again.token, &a_request(None)).status, 200);
        server.kill();
        server = Server::start(&ground, free_port());
    }
    disk.empty();
    server.kill();
    let server = Server::start(&ground, free_port());
    assert!(health(&server).contains("\"ok\""));
    receipted = push(&server, token, &phone, receipted)?;
    assert_eq!(
        receipted,
        phone.operations.len() as u64,
        "with room everything goes on"
    );
    server.kill();
    let storage = ground.storage().await;
    assert_eq!(storage.check().await.unwrap().faults, Vec::<String>::new());
    let held = storage
        .operations_of(phone.device, &AreaCode::new(AREA).unwrap())
        .await
        .unwrap();
    let is_held = |(operation, held): (&shared::change::Operation, &shared::change::AppliedOperation)| {
        held.operation == *operation
    };
    let whole = phone
        .operations
        .iter()
        .zip(&held)
        .filter(|pair| is_held(*pair))
        .count();
    Some((phone.operations.len() - whole, refused))
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_nothing_receipted_is_lost_and_reading_goes_on() {
    let tries = std::env::var("KOUMEN_TRIES")
        .ok()
        .and_then(|tries| tries.parse().ok())
        .unwrap_or(3_u64);
    let folder = tempfile::tempdir().unwrap();
    let chance = SeededChance::new(28);
    let (mut lost, mut refused) = (0, 0);
    for number in 0..tries {
        let Some((of_one, not_taken)) = one(&chance, &folder.path().join(number.to_string())).await else {
            println!("full disks: not tried, this user may make no file system");
            return;
        };
        lost += of_one;
        refused += not_taken;
    }
    println!("full disks: {tries} tries, {lost} lost");
    println!(
        "control: {refused} operations were refused for want of room and sent again; taken for receipted they were lost"
    );
    assert_eq!(lost, 0);
    assert!(refused > 0);
}
