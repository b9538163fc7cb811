//! The database in the origin-private file system.

use std::rc::Rc;

use rusqlite::{Connection, OpenFlags};
use sqlite_wasm_vfs::sahpool::{OpfsSAHError, OpfsSAHPoolCfgBuilder, install};
use wasm_bindgen::JsValue;

use super::host;
use super::refusal::{self, Refusal};
use crate::platform::Platform;
use crate::replica::Replica;
use crate::storage::{Home, StorageError};

/// The pool's folder and name. Changing it would lose what is in it.
const POOL: &str = "koumen";
/// The database's name in the pool. Changing it would lose what is in it.
const DATABASE: &str = "replica.db";
/// The database, its journal, and one to spare, which costs two flushes at each start. Nothing else is written:
/// temporary tables are in memory.
const POOL_FILES: usize = 3;
/// The files of a worker that was killed are free again a little later. So long they are waited for, ms.
const WAITS_MS: [u64; 9] = [20, 40, 80, 160, 320, 640, 1_000, 1_500, 2_000];

/// Opens the replica, waiting a few seconds for files that a dying worker still holds.
///
/// # Errors
/// The code to show.
pub(super) async fn open_replica(platform: Rc<dyn Platform>) -> Result<Replica, &'static str> {
    let mut waits = WAITS_MS.into_iter();
    loop {
        let refusal = match host::root_folder().await {
            Err(error) => refusal::of_root(&name_of(&error)),
            Ok(()) => match install_pool(POOL, POOL_FILES, false).await {
                Ok(()) => break,
                Err(OpfsSAHError::NotSupported) => Refusal::ForGood,
                Err(OpfsSAHError::Opfs { value, .. }) => refusal::of_file(&name_of(&value)),
                Err(_) => Refusal::ForNow,
            },
        };
        match (refusal, waits.next()) {
            (Refusal::ForGood, _) => return Err("storage.no_opfs"),
            (Refusal::Full, _) => return Err("storage.full"),
            (Refusal::ForNow, None) => return Err("storage.open_failed"),
            (Refusal::ForNow, Some(wait_ms)) => platform.sleep(wait_ms).await,
        }
    }
    let connection = connection(POOL, DATABASE).map_err(|_| "storage.open_failed")?;
    Replica::open(connection, Home::Opfs, platform).map_err(|error| match error {
        StorageError::Full => "storage.full",
        StorageError::NewerSchema { .. } => "storage.newer_schema",
        _ => "storage.open_failed",
    })
}

/// Installs a pool of files, emptied if so wished; its name is the folder and the name of the file system
/// within SQLite. A pool lives as long as its worker.
pub(super) async fn install_pool(name: &str, files: usize, emptied: bool) -> Result<(), OpfsSAHError> {
    let config = OpfsSAHPoolCfgBuilder::new()
        .vfs_name(name)
        .directory(name)
        .initial_capacity(files)
        .clear_on_init(emptied)
        .build();
    install::<sqlite_wasm_rs::WasmOsCallback>(&config, false)
        .await
        .map(drop)
}

/// Opens a database of a pool. Nobody else can, so it is locked for good: otherwise every read would look for a
/// journal left by somebody else, and the pool flushes that file each time.
pub(super) fn connection(pool: &str, database: &str) -> rusqlite::Result<Connection> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags_and_vfs(database, flags, pool)?;
    connection.pragma_update(None, "locking_mode", "exclusive")?;
    Ok(connection)
}

/// The name of a browser's error, e.g. `SecurityError`.
fn name_of(error: &JsValue) -> String {
    js_sys::Reflect::get(error, &"name".into())
        .ok()
        .and_then(|name| name.as_string())
        .unwrap_or_default()
}
