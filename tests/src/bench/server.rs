//! The server of the benchmark: the real routes over the real storage on a loopback port, with one grid, its
//! households and one account, and as many more of each as a crowd needs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::extract::State;
use axum::routing::{get, post};
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
use sync_server::apply::IncomingPush;
use sync_server::chance::{Chance, OsChance};
use sync_server::clock::SystemClock;
use sync_server::passwords::Passwords;
use sync_server::photos::PhotoStore;
use sync_server::state::{AppState, Setup};
use sync_server::storage::{NewAccount, PushOutcome, Storage};

use super::usage;
use super::workload::{GRID, START_MS, STREET, Worker};

/// The password of every account of the benchmark.
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

/// Serves `folder` on a loopback port until the process ends, with `crowd` more workers and grids, and
/// the app in `web`. Prints `ready` when it listens.
///
/// # Errors
/// When the folder, the database or the port fails.
pub async fn serve(folder: &Path, port: u16, crowd: u64, web: Option<PathBuf>) -> Result<(), Failure> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    serve_on(listener, folder, crowd, web).await
}

/// The same on a port that is taken already; connections wait until it is ready.
///
/// # Errors
/// When the folder or the database fails.
pub async fn serve_on(
    listener: tokio::net::TcpListener,
    folder: &Path,
    crowd: u64,
    web: Option<PathBuf>,
) -> Result<(), Failure> {
    std::fs::create_dir_all(folder.join("photos"))?;
    let storage: Arc<Storage> = match std::env::var("KOUMEN_DATABASE") {
        Ok(address) => Arc::new(Storage::open_postgres(&address, None, Arc::new(OsChance)).await?),
        Err(_) => Arc::new(Storage::open_file(&folder.join("koumen.sqlite"), &OsChance)?),
    };
    furnish(&storage, crowd).await?;
    let state = AppState::new(Setup {
        storage,
        photos: PhotoStore::folder(&folder.join("photos"))?,
        clock: Arc::new(SystemClock),
        chance: Arc::new(OsChance),
        passwords: Passwords::cheap(),
        web,
        tls: None,
    });
    let bench = Router::new()
        .route("/bench/usage", get(used))
        .route("/bench/prepare", post(prepare))
        .with_state(state.clone());
    let router = sync_server::routes::router(state).merge(bench);
    println!("ready");
    axum::serve(listener, router).await?;
    Ok(())
}

/// What the server does by itself once an hour.
async fn prepare(State(state): State<AppState>) -> Json<u64> {
    Json(sync_server::jobs::prepare(&state).await)
}

async fn used() -> Json<ServerUsage> {
    let used = ServerUsage {
        cpu_s: usage::cpu().as_secs_f64(),
        peak_bytes: usage::peak_bytes(),
    };
    usage::forget_peak();
    Json(used)
}

async fn furnish(storage: &Storage, crowd: u64) -> Result<(), Failure> {
    if storage.area(&AreaCode::new(GRID)?).await?.is_some() {
        return Ok(());
    }
    let mut communities: BTreeMap<String, Vec<Worker>> = BTreeMap::new();
    for worker in (0..=crowd).map(Worker) {
        communities.entry(worker.community()).or_default().push(worker);
    }
    let street = Area {
        code: AreaCode::new(STREET)?,
        name: "元宝山街道".to_owned(),
    };
    storage.put_areas(&[street]).await?;
    let password = Passwords::cheap().hash(PASSWORD, &OsChance)?;
    for (community, workers) in communities {
        let community = AreaCode::new(&community)?;
        let mut areas = vec![Area {
            code: community.clone(),
            name: "元宝山社区".to_owned(),
        }];
        for worker in &workers {
            areas.push(Area {
                code: AreaCode::new(&worker.grid())?,
                name: "第1网格".to_owned(),
            });
        }
        storage.put_areas(&areas).await?;
        for worker in &workers {
            let account = NewAccount {
                worker: WorkerId(OsChance.uuid()),
                username: worker.username(),
                display: "测量".to_owned(),
                role: Role::Member,
                areas: vec![AreaCode::new(&worker.grid())?],
                password: password.clone(),
            };
            storage.add_account(account).await?;
        }
    }
    import_households(storage, crowd).await
}

async fn import_households(storage: &Storage, crowd: u64) -> Result<(), Failure> {
    let importer = storage.importer(&AreaCode::new(STREET)?).await?;
    let mut operations = Vec::new();
    for worker in (0..=crowd).map(Worker) {
        let grid = AreaCode::new(&worker.grid())?;
        for (number, id) in (0_u64..).zip(worker.households()) {
            let before = operations.len() as u64;
            operations.push(Operation {
                device: importer.device,
                seq: before + 1,
                author: importer.worker,
                stamp: Stamp {
                    ms: START_MS,
                    counter: u32::try_from(before)?,
                },
                area: grid.clone(),
                record: RecordRef::new(RecordKind::HOUSEHOLD, id),
                change: Change {
                    writes: vec![Write {
                        field: household::DOOR,
                        value: Value::Text(format!("{}-1-{}01", number / 6 + 1, number % 6 + 1)),
                        seen: Default::default(),
                    }],
                    ..Change::default()
                },
            });
        }
    }
    let chain = operations
        .iter()
        .fold(CHAIN_START, |chain, operation| chain.then(operation));
    let count = operations.len() as u64;
    let push = IncomingPush::of(CHAIN_START, chain, &operations)?;
    match storage.apply_push(push, START_MS).await? {
        PushOutcome::Taken(taken) if taken.applied == count => Ok(()),
        PushOutcome::Taken(taken) => Err(format!("only {} households were taken", taken.applied).into()),
        other => Err(format!("the households were not taken: {other:?}").into()),
    }
}
