//! `koumen-server serve`

use std::fs::{File, TryLockError};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};

use super::options::ServeOptions;
use super::{make_folder, open};
use crate::chance::OsChance;
use crate::clock::SystemClock;
use crate::passwords::Passwords;
use crate::photos::PhotoStore;
use crate::serve;
use crate::state::{AppState, Setup};

pub(super) async fn serve(options: ServeOptions) -> Result<()> {
    let data = &options.data.data;
    let storage = open(data)?;
    let _lock = lock(data)?;
    let photos = data.join("photos");
    make_folder(&photos)?;
    if let Some(web) = &options.web
        && !web.join("index.html").is_file()
    {
        bail!("there is no index.html in {}", web.display());
    }
    let state = AppState::new(Setup {
        storage,
        photos: PhotoStore::folder(&photos)?,
        clock: Arc::new(SystemClock),
        chance: Arc::new(OsChance),
        passwords: Passwords::default(),
        web: options.web.clone(),
        authority: None,
    });
    serve::serve(state, SocketAddr::new(options.host, options.port)).await
}

/// Two servers on one folder would not tell each other's devices of changes.
fn lock(data: &Path) -> Result<File> {
    let path = data.join("server.lock");
    let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => bail!("another server serves {}", data.display()),
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot lock {}", path.display())),
    }
}
