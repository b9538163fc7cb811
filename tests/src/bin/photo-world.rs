//! Makes a data folder with one account whose photos are recorded and not yet uploaded, and the photos as files:
//! what `tests/e2e/tus.mjs` and `tests/api/run.mjs` begin with.
//!
//! `photo-world DATA PHOTOS` prints one JSON object: account, password, per photo its file and hash, and the bytes of
//! two sync requests, one that only asks and the one that brought all this.
#![expect(
    clippy::print_stdout,
    reason = "its output is read by the script that calls it"
)]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use shared::domain::worker::Role;
use shared::ids::AreaCode;
use shared::protocol::v1;
use sync_server::chance::OsChance;
use sync_server::clock::Clock;
use sync_server::photos::PhotoStore;
use sync_server::storage::Storage;
use sync_server::testing::{TEST_PASSWORD, TestPhone, TestServer, a_jpeg, a_request};

const GRID: &str = "130803001001-01";
const ACCOUNT: &str = "amina";
const STRANGER: &str = "stranger";
/// Whose grid was taken away, and how many of their records are set aside.
const MOVED_ON: &str = "joao";
const PARKED: usize = 8;
/// Sides of the photos; the larger ones are several chunks of 256 KiB.
const SIDES: [u32; 8] = [1_600, 1_600, 1_600, 1_600, 900, 900, 300, 300];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut folders = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(data), Some(photos), None) = (folders.next(), folders.next(), folders.next()) else {
        return Err("usage: photo-world DATA PHOTOS".into());
    };
    sync_server::folders::make(&data)?;
    std::fs::create_dir_all(&photos)?;
    println!("{}", make(&data, &photos).await?);
    Ok(())
}

async fn make(data: &Path, photos: &Path) -> Result<String, Box<dyn Error>> {
    let storage = Storage::open_file(&data.join("koumen.sqlite"), &OsChance)?;
    let server = TestServer::with(Arc::new(storage), PhotoStore::in_memory(), None);
    for (code, name) in [
        ("130803001001", "元宝山社区"),
        (GRID, "第1网格"),
        ("130803001002", "邻社区"),
    ] {
        server.add_area(code, name).await;
    }
    server.add_worker(ACCOUNT, Role::Member, &[GRID]).await;
    server.add_worker(STRANGER, Role::Member, &["130803001002"]).await;
    let session = server.sign_in(ACCOUNT).await;
    let mut phone = TestPhone::of(&session, GRID);
    let household = phone.household("1-1-101");
    let visit = phone.visit(household, "楼道灯坏了");
    let mut listed = Vec::new();
    for (number, side) in SIDES.into_iter().enumerate() {
        let bytes = a_jpeg(side, side, number as u64);
        let hash = phone.photo(visit, &bytes);
        let file = photos.join(format!("{number}.jpg"));
        std::fs::write(&file, &bytes)?;
        listed.push(serde_json::json!({ "file": file, "hash": hash.to_string() }));
    }
    let request = a_request(Some(phone.push_from(1)));
    let reply = server
        .sync(&session.token, &request)
        .await
        .map_err(|answer| answer.code())?;
    if !reply.parked.is_empty() {
        return Err(format!("parked: {:?}", reply.parked).into());
    }
    set_aside(&server).await?;
    let requests = [a_request(None), request];
    let world = serde_json::json!({
        "account": ACCOUNT,
        "stranger": STRANGER,
        "password": TEST_PASSWORD,
        "photos": listed,
        "requests": requests.map(|request| hex(&v1::encode(&request))),
    });
    Ok(world.to_string())
}

/// What somebody recorded after the grid was taken away.
async fn set_aside(server: &TestServer) -> Result<(), Box<dyn Error>> {
    server.add_worker(MOVED_ON, Role::Member, &[GRID]).await;
    let session = server.sign_in(MOVED_ON).await;
    let now_ms = server.clock.now_ms();
    let elsewhere = [AreaCode::new("130803001002")?];
    let unknown = server
        .state
        .storage
        .set_areas(MOVED_ON, &elsewhere, now_ms)
        .await?;
    let mut phone = TestPhone::of(&session, GRID);
    phone.now_ms = now_ms + 1;
    for door in 1..=PARKED {
        phone.household(&format!("9-1-{door}01"));
    }
    let request = a_request(Some(phone.push_from(1)));
    let reply = server.sync(&session.token, &request).await;
    let parked = reply.map_err(|answer| answer.code())?.parked;
    match unknown.is_some_and(|unknown| unknown.is_empty()) && parked.len() == PARKED {
        true => Ok(()),
        false => Err(format!("parked: {parked:?}").into()),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
