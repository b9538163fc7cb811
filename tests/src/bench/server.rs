//! The server of the benchmark: the real routes over the real storage on a loopback port, with one grid, its
//! households and one account.

use std::path::Path;
use std::sync::Arc;

use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use shared::change::hash::CHAIN_START;
use shared::change::{Change, Operation, Write};
use shared::clock::Stamp;
use shared::domain::area::Area;
use shared::domain::household;
use shared::domain::schema::{RecordKind, RecordRef};
use shared::domain::value::Value;
use shared::domain::worker::Role;
use shared::ids::{AreaCode, WorkerId};
use sync_server::apply::PreparedPush;
use sync_server::chance::{Chance, OsChance};
use sync_server::clock::SystemClock;
use sync_server::passwords::Passwords;
use sync_server::photos::PhotoStore;
use sync_server::state::{AppState, Setup};
use sync_server::storage::sqlite::SqliteStorage;
use sync_server::storage::{NewAccount, PushOutcome, Storage};

use super::usage;
use super::workload::{GRID, HOUSEHOLDS, START_MS, household as household_id};

/// The account of every device of the benchmark.
pub const USERNAME: &str = "bench";
/// Its password.
pub const PASSWORD: &str = "knock-knock-7";

/// What the server process has used.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct ServerUsage {
    /// Processor time since its start, s.
    pub cpu_s: f64,
    /// The most memory since the last question, bytes.
    pub peak_bytes: u64,
}

impl ServerUsage {
    /// What was used since `before` was asked.
    pub fn since(&self, before: &Self) -> Self {
        Self {
            cpu_s: self.cpu_s - before.cpu_s,
            peak_bytes: self.peak_bytes,
        }
    }
}

/// What serving fails with.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Serves `folder` on a loopback port until the process ends. Prints `ready` when it listens.
///
/// # Errors
/// When the folder, the database or the port fails.
pub async fn serve(folder: &Path, port: u16) -> Result<(), Failure> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    serve_on(listener, folder).await
}

/// The same on a port that is taken already; connections wait until it is ready.
///
/// # Errors
/// When the folder or the database fails.
pub async fn serve_on(listener: tokio::net::TcpListener, folder: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(folder.join("photos"))?;
    let storage: Arc<dyn Storage> = Arc::new(SqliteStorage::open(&folder.join("koumen.sqlite"), &OsChance)?);
    furnish(&*storage).await?;
    let state = AppState::new(Setup {
        storage,
        photos: PhotoStore::folder(&folder.join("photos"))?,
        clock: Arc::new(SystemClock),
        chance: Arc::new(OsChance),
        passwords: Passwords::cheap(),
        web: None,
        tls: None,
    });
    let router = sync_server::routes::router(state).merge(Router::new().route("/bench/usage", get(used)));
    println!("ready");
    axum::serve(listener, router).await?;
    Ok(())
}

async fn used() -> Json<ServerUsage> {
    let used = ServerUsage {
        cpu_s: usage::cpu().as_secs_f64(),
        peak_bytes: usage::peak_bytes(),
    };
    usage::forget_peak();
    Json(used)
}

async fn furnish(storage: &dyn Storage) -> Result<(), Failure> {
    let grid = AreaCode::new(GRID)?;
    if storage.area(&grid).await?.is_some() {
        return Ok(());
    }
    let mut areas = Vec::new();
    for (code, name) in [("130803001001", "元宝山社区"), (GRID, "第1网格")] {
        areas.push(Area {
            code: AreaCode::new(code)?,
            name: name.to_owned(),
        });
    }
    storage.put_areas(&areas).await?;
    let chance = OsChance;
    let account = NewAccount {
        worker: WorkerId(chance.uuid()),
        username: USERNAME.to_owned(),
        display: "测量".to_owned(),
        role: Role::Member,
        areas: vec![grid.clone()],
        password: Passwords::cheap().hash(PASSWORD, &chance)?,
    };
    storage.add_account(account, START_MS).await?;
    let importer = storage.importer(&AreaCode::new("130803001001")?).await?;
    let operations: Vec<Operation> = (0..HOUSEHOLDS)
        .map(|number| Operation {
            device: importer.device,
            seq: number + 1,
            author: importer.worker,
            stamp: Stamp {
                ms: START_MS,
                counter: u32::try_from(number).unwrap_or(0),
            },
            area: grid.clone(),
            record: RecordRef::new(RecordKind::HOUSEHOLD, household_id(number)),
            change: Change {
                writes: vec![Write {
                    field: household::DOOR,
                    value: Value::Text(format!("{}-1-{}01", number / 6 + 1, number % 6 + 1)),
                    seen: Default::default(),
                }],
                ..Change::default()
            },
        })
        .collect();
    let chain = operations
        .iter()
        .fold(CHAIN_START, |chain, operation| chain.then(operation));
    let push = PreparedPush::of(CHAIN_START, chain, operations)?;
    match storage.apply_push(push, START_MS).await? {
        PushOutcome::Taken(taken) if taken.applied == HOUSEHOLDS => Ok(()),
        other => Err(format!("the households were not taken: {other:?}").into()),
    }
}
