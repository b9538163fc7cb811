//! `koumen-server backup` and `restore`.
//!
//! ```text
//!   DIR/backup.json      what it is; written last
//!   DIR/koumen.sqlite    the database at one moment
//!   DIR/photos/          every photo that the database says was received, also when they lie in a bucket
//!   DIR/tls/             the authority that phones have installed, if there is one
//! ```
//!
//! A backup is made beside its place, restored into a scratch folder, checked there, and only then moved to its
//! place. So whatever lies under the name of a backup was a good one when it was made.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use shared::clock::TimestampMs;
use shared::ids::{EpochId, PhotoHash};

use super::options::DataOption;
use super::photo_place::{PHOTOS, PhotoOptions, reach};
use super::start::lock;
use super::{DATABASE, ELSEWHERE, make_folder, note_elsewhere, open_postgres, open_sqlite};
use crate::chance::{Chance, OsChance};
use crate::clock::{Clock, SystemClock};
use crate::folders;
use crate::photos::{PhotoStore, verify};
use crate::storage::{CheckReport, Storage};

const MANIFEST: &str = "backup.json";
const FORMAT: u32 = 1;
const NAMES_AT_ONCE: u32 = 500;

/// What a backup says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Manifest {
    /// [`FORMAT`].
    format: u32,
    /// Server time, ms.
    made_at: TimestampMs,
    /// The life of the database that it is a copy of.
    epoch: EpochId,
    /// Operations in it, applied and parked.
    operations: u64,
    /// Photos in it.
    photos: u64,
}

/// What became of the photos while they were copied.
#[derive(Debug, Default)]
struct Copied {
    whole: u64,
    damaged: Vec<PhotoHash>,
}

pub(super) async fn back_up(option: &DataOption, photos: &PhotoOptions, to: &Path) -> Result<ExitCode> {
    let data = option.data.as_path();
    if option.database.is_none() && !data.join(ELSEWHERE).is_file() && !data.join(DATABASE).is_file() {
        bail!("there is no database in {}", data.display());
    }
    if !is_free(to)? {
        bail!(
            "{} is not empty; every backup has a folder of its own",
            to.display()
        );
    }
    let photos = photos.open(data)?;
    reach(&photos).await?;
    let (partial, scratch) = (beside(to, "partial")?, beside(to, "verify")?);
    empty(&partial)?;
    empty(&scratch)?;
    make_folder(&partial)?;
    copy_database(option, partial.join(DATABASE))
        .await
        .context("the database cannot be copied")?;
    // What the copied database names is copied, not what lies in the folder: newer photos belong to a later backup.
    let copy = Storage::open_file(&partial.join(DATABASE), &OsChance)?;
    let epoch = copy.epoch().await?;
    let copied = copy_photos(&copy, Some(&photos), &folder_in(&partial)?).await?;
    copy_tls(data, &partial)?;
    drop(copy);
    let manifest = Manifest {
        format: FORMAT,
        made_at: SystemClock.now_ms(),
        epoch,
        operations: 0,
        photos: copied.whole,
    };
    let report = verified(&partial, &scratch, manifest.clone()).await?;
    let manifest = Manifest {
        operations: report.operations + report.parked,
        ..manifest
    };
    write_manifest(&partial, &manifest)?;
    close(&partial)?;
    put_in_place(&partial, to)?;
    say!(
        "backup {}: {} operations, {} records, {} photos; restored into a scratch folder and checked",
        to.display(),
        manifest.operations,
        report.records,
        copied.whole
    );
    say!(
        "keep it like the server: it holds residents' names and the private keys of the server, not encrypted"
    );
    Ok(told(
        &copied.damaged,
        "is missing or damaged in the place of photos and is not in the backup",
    ))
}

/// Copies the database as it is at one moment, from wherever it is, into a file of SQLite.
async fn copy_database(option: &DataOption, file: PathBuf) -> Result<()> {
    let source = match &option.database {
        Some(address) => open_postgres(address, option).await?,
        None => open_sqlite(option)?,
    };
    Ok(source.back_up(file, Arc::new(OsChance)).await?)
}

/// Restores a backup that has no manifest yet, checks what came of it, and removes it again.
async fn verified(partial: &Path, scratch: &Path, manifest: Manifest) -> Result<CheckReport> {
    let unpacked = folder_in(scratch)?;
    let (storage, copied) = unpack(partial, scratch, &unpacked).await?;
    let report = storage.check().await?;
    let photos = verify(&storage, &unpacked).await?;
    let epoch = storage.epoch().await?;
    drop(storage);
    empty(scratch)?;
    let is_good = report.faults.is_empty()
        && epoch == manifest.epoch
        && (copied.whole, photos.whole) == (manifest.photos, manifest.photos);
    if !is_good {
        for fault in &report.faults {
            say!("damage: {fault}");
        }
        bail!(
            "the backup cannot be restored whole, so it is none; it was left in {}",
            partial.display()
        );
    }
    Ok(report)
}

pub(super) async fn restore(
    from: &Path,
    option: &DataOption,
    photos: &PhotoOptions,
    force: bool,
) -> Result<ExitCode> {
    let data = option.data.as_path();
    let manifest = read_manifest(from)?;
    let free = is_free(data)?;
    if !free && !force {
        bail!(
            "{} is not empty; with --force it is moved aside, not removed",
            data.display()
        );
    }
    let held = if free { None } else { Some(lock(data)?) };
    let partial = beside(data, "partial")?;
    empty(&partial)?;
    make_folder(&partial)?;
    // What a restore that broke off has put into a bucket is named by its content and does no harm there.
    let photos = photos.open_new(data, &partial)?;
    reach(&photos).await?;
    let (storage, copied) = unpack(from, &partial, &photos).await?;
    let report = storage.check().await?;
    if !report.faults.is_empty() {
        for fault in &report.faults {
            say!("damage: {fault}");
        }
        bail!("the backup is damaged; {} was not touched", data.display());
    }
    // Another life begins: devices offer again what this one lacks.
    let epoch = EpochId(OsChance.uuid());
    storage.begin_epoch(epoch).await?;
    for hash in &copied.damaged {
        storage.forget_photo(*hash).await?;
    }
    drop(storage);
    let now_ms = SystemClock.now_ms();
    if let Some(address) = &option.database {
        to_postgres(address, option, &partial, force, now_ms).await?;
    }
    if !free {
        let aside = beside(data, &format!("before-restore-{now_ms}"))?;
        fs::rename(data, &aside).with_context(|| format!("cannot move {}", data.display()))?;
        say!("what was there is in {} now", aside.display());
    }
    drop(held);
    close(&partial)?;
    put_in_place(&partial, data)?;
    say!(
        "restored {} operations, {} records, {} photos of {}; epoch {epoch}",
        report.operations + report.parked,
        report.records,
        copied.whole,
        age(now_ms, manifest.made_at)
    );
    say!("devices send by themselves what was recorded since; nobody has to do anything on a phone");
    Ok(told(
        &copied.damaged,
        "is missing or damaged in the backup; its phone will send it again",
    ))
}

/// Fills PostgreSQL with the database of a folder, which then is there only.
async fn to_postgres(
    address: &str,
    option: &DataOption,
    folder: &Path,
    force: bool,
    now_ms: TimestampMs,
) -> Result<()> {
    let (file, authority) = (folder.join(DATABASE), option.database_authority.as_deref());
    let aside = force.then(|| format!("koumen_before_restore_{now_ms}"));
    let moved = Storage::restore_postgres(address, authority, file.clone(), aside, Arc::new(OsChance)).await;
    if let Some(schema) = moved.context("nothing was restored")? {
        say!("what was in the database is in its schema {schema} now");
    }
    fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))?;
    note_elsewhere(folder)
}

/// The database and keys of a backup in a folder of their own, and its photos where they are to lie.
async fn unpack(from: &Path, to: &Path, photos: &PhotoStore) -> Result<(Storage, Copied)> {
    make_folder(to)?;
    let database = to.join(DATABASE);
    fs::copy(from.join(DATABASE), &database)
        .with_context(|| format!("there is no database in {}", from.display()))?;
    File::open(&database)?.sync_all()?;
    let storage = Storage::open_file(&database, &OsChance)
        .with_context(|| format!("cannot open {}", database.display()))?;
    let source = from.join(PHOTOS);
    let source = source.is_dir().then(|| PhotoStore::folder(&source)).transpose()?;
    let copied = copy_photos(&storage, source.as_ref(), photos).await?;
    copy_tls(from, to)?;
    Ok((storage, copied))
}

/// The photos of a folder that is still being made.
fn folder_in(folder: &Path) -> Result<PhotoStore> {
    let photos = folder.join(PHOTOS);
    make_folder(&photos)?;
    Ok(PhotoStore::folder(&photos)?)
}

async fn copy_photos(storage: &Storage, source: Option<&PhotoStore>, target: &PhotoStore) -> Result<Copied> {
    let mut copied = Copied::default();
    let mut after = None;
    loop {
        let names = storage.stored_photos(after, NAMES_AT_ONCE).await?;
        let Some(last) = names.last() else {
            return Ok(copied);
        };
        after = Some(*last);
        for hash in names {
            let found = match source {
                // A service that fails says nothing of this photo: then there is no backup, instead of one without it.
                Some(bucket) if bucket.is_bucket() => bucket.get(hash).await?,
                Some(folder) => folder.get(hash).await.ok().flatten(),
                None => None,
            };
            match found.filter(|bytes| PhotoHash::of(bytes) == hash) {
                Some(bytes) => {
                    target.put(hash, bytes).await?;
                    copied.whole += 1;
                }
                None => copied.damaged.push(hash),
            }
        }
    }
}

/// Phones have installed this authority: with another one they would not find the server again.
fn copy_tls(from: &Path, to: &Path) -> Result<()> {
    let (source, target) = (from.join("tls"), to.join("tls"));
    if !source.is_dir() {
        return Ok(());
    }
    make_folder(&target)?;
    for entry in fs::read_dir(&source)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            let place = target.join(entry.file_name());
            fs::copy(entry.path(), &place).with_context(|| format!("cannot copy to {}", place.display()))?;
            File::open(&place)?.sync_all()?;
        }
    }
    folders::sync(&target)?;
    Ok(())
}

fn write_manifest(folder: &Path, manifest: &Manifest) -> Result<()> {
    let file = folder.join(MANIFEST);
    fs::write(&file, serde_json::to_vec_pretty(manifest)?)?;
    File::open(&file)?.sync_all()?;
    Ok(())
}

fn read_manifest(folder: &Path) -> Result<Manifest> {
    let file = folder.join(MANIFEST);
    let bytes = fs::read(&file).with_context(|| format!("{} is no backup", folder.display()))?;
    let manifest: Manifest =
        serde_json::from_slice(&bytes).with_context(|| format!("{} cannot be read", file.display()))?;
    if manifest.format != FORMAT {
        bail!(
            "{} has format {}; this server knows {FORMAT}",
            folder.display(),
            manifest.format
        );
    }
    Ok(manifest)
}

/// Whether nothing would be overwritten.
fn is_free(folder: &Path) -> Result<bool> {
    match fs::read_dir(folder) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", folder.display())),
    }
}

/// What was copied has the modes of where it came from.
fn close(folder: &Path) -> Result<()> {
    let tls = folder.join("tls");
    for place in [folder, &tls] {
        if place.is_dir() {
            folders::close(place).with_context(|| format!("cannot close {}", place.display()))?;
        }
    }
    Ok(())
}

/// A folder of the same file system, so that it can be moved into place in one step.
fn beside(folder: &Path, what: &str) -> Result<PathBuf> {
    let name = folder
        .file_name()
        .with_context(|| format!("{} is no folder's name", folder.display()))?;
    Ok(folder.with_file_name(format!("{}.{what}", name.to_string_lossy())))
}

/// Removes what an earlier try left behind.
fn empty(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

fn put_in_place(partial: &Path, to: &Path) -> Result<()> {
    // An empty folder of that name may be there.
    let _ = fs::remove_dir(to);
    folders::sync(partial)?;
    fs::rename(partial, to).with_context(|| format!("cannot move {} into place", partial.display()))?;
    folders::sync_name(to)?;
    Ok(())
}

fn told(damaged: &[PhotoHash], sentence: &str) -> ExitCode {
    for hash in damaged {
        say!("photo {hash} {sentence}");
    }
    if damaged.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn age(now_ms: TimestampMs, made_at: TimestampMs) -> String {
    let hours = now_ms.saturating_sub(made_at) / 3_600_000;
    match hours {
        0 => "less than an hour ago".to_owned(),
        1..48 => format!("{hours} hours ago"),
        _ => format!("{} days ago", hours / 24),
    }
}
