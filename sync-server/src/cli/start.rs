//! `koumen-server serve`

use std::fs::{File, TryLockError};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};

use super::options::ServeOptions;
use super::photo_place::reach;
use super::{make_folder, open};
use crate::callers::Proxies;
use crate::chance::OsChance;
use crate::clock::{Clock, SystemClock};
use crate::passwords::Passwords;
use crate::photos::{PhotoStore, PhotoStoreError};
use crate::reserve::Reserve;
use crate::routes::ca::TlsNotice;
use crate::serve::{self, Certificates, Listen};
use crate::state::{AppState, Bounds, Setup};
use crate::storage::StorageError;
use crate::tls::{self, Authority};

pub(super) async fn serve(options: ServeOptions) -> Result<()> {
    let data = &options.data.data;
    let storage = match open(&options.data).await {
        // For want of room, what was held back for this is given up.
        Err(error) if is_for_want_of_room(&error) && Reserve::give_up_in(data) => {
            tracing::warn!(
                error = format!("{error:#}"),
                "Starting with the room that was held back."
            );
            open(&options.data).await?
        }
        opened => opened?,
    };
    let _lock = lock(data)?;
    let photos = options.photos.open(data)?;
    look_at(&photos).await?;
    options.photos.note(data)?;
    if let Some(web) = &options.web
        && !web.join("index.html").is_file()
    {
        bail!("there is no index.html in {}", web.display());
    }
    let host = if options.lan {
        IpAddr::from([0, 0, 0, 0])
    } else {
        options.host
    };
    let (certificates, root_der) = match (&options.tls_cert, &options.tls_key) {
        (Some(certificates), Some(key)) => (
            Some(Certificates::Files(tls::from_files(certificates, key)?)),
            None,
        ),
        _ if options.tls_port.is_some() => {
            let authority = open_authority(data)?;
            let root = authority.root_der().to_vec();
            (Some(Certificates::Own(Box::new(authority))), Some(root))
        }
        _ => (None, None),
    };
    let notice = options.tls_port.map(|port| TlsNotice { port, root_der });
    if let Some(fingerprint) = notice.as_ref().and_then(TlsNotice::fingerprint) {
        tracing::info!(%fingerprint, "The root certificate that phones install from /ca (SHA-256).");
    }
    let passwords = Passwords::default();
    passwords.get_ready();
    let bounds = Bounds {
        origins: options.origins.clone(),
        proxies: Proxies::at(options.proxies.iter().copied()),
        ..Bounds::within(raise_open_files())
    };
    let setup = Setup {
        storage,
        photos,
        clock: Arc::new(SystemClock),
        chance: Arc::new(OsChance),
        passwords,
        web: options.web.clone(),
        tls: notice,
    };
    let state = AppState::with_reserve(setup, bounds, Reserve::of(data));
    let listen = Listen {
        plain: SocketAddr::new(host, options.port),
        plain_for_this_machine: options.lan,
        tls: options
            .tls_port
            .zip(certificates)
            .map(|(port, from)| (SocketAddr::new(host, port), from)),
    };
    serve::serve(state, listen).await
}

/// Whether something failed because the disk has no room.
fn is_for_want_of_room(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let storage = cause.downcast_ref::<StorageError>();
        let disk = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        matches!(storage, Some(StorageError::NoRoom(_)))
            || matches!(
                disk,
                Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
            )
    })
}

/// The most files that a server asks to have open.
#[cfg(unix)]
const OPEN_FILES_WANTED: u64 = 65_536;

/// Asks for as many open files as this process may have, and says how many it got. Every connection is one.
#[cfg(unix)]
fn raise_open_files() -> usize {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.unwrap_or(OPEN_FILES_WANTED).min(OPEN_FILES_WANTED);
    if limit.current.is_some_and(|current| current < wanted) {
        let raised = rustix::process::Rlimit {
            current: Some(wanted),
            ..limit
        };
        match setrlimit(Resource::Nofile, raised) {
            Ok(()) => limit = raised,
            Err(error) => tracing::warn!(%error, "The limit of open files cannot be raised."),
        }
    }
    let files = limit.current.unwrap_or(OPEN_FILES_WANTED);
    if files < OPEN_FILES_FEW {
        tracing::warn!(
            files,
            "Few files may be open at once, so few phones can be connected at once."
        );
    }
    usize::try_from(files).unwrap_or(usize::MAX)
}

/// Below so many it is said in the log.
#[cfg(unix)]
const OPEN_FILES_FEW: u64 = 1_024;

/// What other systems give without being asked.
#[cfg(not(unix))]
fn raise_open_files() -> usize {
    usize::MAX
}

/// A bucket that says no is a mistake to be told now. One that does not answer may start later than this server, and
/// what has no photo is served meanwhile; phones wait with their photos.
async fn look_at(photos: &PhotoStore) -> Result<()> {
    match reach(photos).await {
        Err(error) if !is_refusal(&error) => {
            tracing::warn!(error = format!("{error:#}"), "Photos have to wait.");
            Ok(())
        }
        reached => reached,
    }
}

fn is_refusal(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<PhotoStoreError>()
        .is_some_and(PhotoStoreError::is_refusal)
}

fn open_authority(data: &Path) -> Result<Authority> {
    let folder = data.join("tls");
    make_folder(&folder)?;
    let (name, addresses) = tls::local_names();
    Authority::open(&folder, &name, &addresses, SystemClock.now_ms())
        .context("the authority for TLS cannot be opened")
}

/// Two servers on one folder would not tell each other's devices of changes; those on one PostgreSQL do, and each has a
/// folder of its own.
pub(super) fn lock(data: &Path) -> Result<File> {
    let path = data.join("server.lock");
    let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => bail!("another server serves {}", data.display()),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock {}", path.display()))
        }
    }
}
