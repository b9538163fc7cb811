//! The command line: serve, import, accounts, devices, backup, restore, check.
//!
//! Every command but `restore` may run while the server serves the same folder: they wait for each other's writes.

#![warn(clippy::print_stdout, clippy::print_stderr)]

/// Prints a line on standard output. What was done is done when it is said: a reader that has gone (`| head`) or a full
/// disk behind it ends nothing, as it would with `println!`.
macro_rules! say {
    ($($part:tt)*) => {
        $crate::cli::write_line(&mut std::io::stdout(), format_args!($($part)*))
    };
}

mod accounts;
mod areas;
mod backup;
mod check;
mod check_receipt;
mod devices;
mod options;
mod photo_place;
mod register;
mod start;

use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use clap::Parser;

use crate::chance::OsChance;
use crate::folders;
use crate::storage::Storage;
use options::{Command, DataOption, DeviceCommand, ImportCommand, LogForm, Options};

/// The name of the database's file in a data folder.
const DATABASE: &str = "koumen.sqlite";

/// Does what the command line says.
pub fn main() -> ExitCode {
    folders::keep_to_oneself();
    let options = Options::parse();
    let result = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the server cannot start its threads")
        .and_then(|runtime| runtime.block_on(run(options.command)));
    match result {
        Ok(code) => code,
        Err(error) => {
            write_line(&mut std::io::stderr(), format_args!("koumen-server: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn write_line(out: &mut dyn Write, line: fmt::Arguments<'_>) {
    match writeln!(out, "{line}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            // When that cannot be written either, nobody is there to read it.
            let _ = writeln!(
                std::io::stderr(),
                "koumen-server: cannot write what was done: {error}"
            );
        }
        _ => {}
    }
}

/// The beginning of a file: all of it, or one byte more than what is read at most, so that its reader says that it is too
/// large. A device or a pipe may have no end.
fn read_file(file: &Path, bytes_max: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(file)
        .and_then(|open| open.take(bytes_max + 1).read_to_end(&mut bytes))
        .with_context(|| format!("cannot read {}", file.display()))?;
    Ok(bytes)
}

async fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Serve(options) => {
            start_log(options.log);
            start::serve(options).await?;
        }
        Command::Import(ImportCommand::Areas { file, data }) => {
            areas::import(&*open(&data).await?, &file).await?
        }
        Command::Import(ImportCommand::Register(options)) => {
            register::import(&*open_existing(&options.data).await?, &options).await?;
        }
        Command::User(command) => accounts::run(command).await?,
        Command::Units { data } => accounts::units(&*open_existing(&data).await?).await?,
        Command::Device(DeviceCommand::List { data }) => devices::list(&*open_existing(&data).await?).await?,
        Command::Device(DeviceCommand::Revoke { device, data }) => {
            devices::revoke(&*open_existing(&data).await?, device).await?;
        }
        Command::Backup { to, data, photos } => return backup::back_up(&data, &photos, &to).await,
        Command::Restore {
            from,
            force,
            data,
            photos,
        } => return backup::restore(&from, &data, &photos, force).await,
        Command::CheckReceipt { data } => return check_receipt::check(&*open_existing(&data).await?).await,
        Command::Check { data, photos } => {
            let storage = open_existing(&data).await?;
            let photos = photos.open(&data.data)?;
            return check::check(&storage, &photos).await;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Says, in a data folder, that its database is elsewhere.
const ELSEWHERE: &str = "database-is-in-postgresql";

/// The storage of a data folder that somebody made before. Whoever mistypes the folder shall not be told that an empty
/// database, made at that moment, has no damage.
async fn open_existing(data: &DataOption) -> Result<Arc<Storage>> {
    let known = [DATABASE, ELSEWHERE]
        .iter()
        .any(|name| data.data.join(name).is_file());
    if data.database.is_none() && !known {
        bail!("there is no database in {}", data.data.display());
    }
    open(data).await
}

/// The storage of a data folder, made when it is not there.
async fn open(data: &DataOption) -> Result<Arc<Storage>> {
    make_folder(&data.data)?;
    folders::check_closed(&data.data)?;
    match &data.database {
        Some(address) => Ok(Arc::new(open_postgres(address, data).await?)),
        None => Ok(Arc::new(open_sqlite(data)?)),
    }
}

async fn open_postgres(address: &str, data: &DataOption) -> Result<Storage> {
    let file = data.data.join(DATABASE);
    if file.is_file() {
        bail!(
            "there is a database in {} already; a backup of it, restored with --database, brings it to PostgreSQL",
            data.data.display()
        );
    }
    let storage =
        Storage::open_postgres(address, data.database_authority.as_deref(), Arc::new(OsChance)).await;
    let storage = storage.context("the database cannot be opened")?;
    note_elsewhere(&data.data)?;
    Ok(storage)
}

fn open_sqlite(data: &DataOption) -> Result<Storage> {
    if data.data.join(ELSEWHERE).is_file() {
        bail!(
            "the database of {} is in PostgreSQL; say where, with --database or KOUMEN_DATABASE",
            data.data.display()
        );
    }
    let file = data.data.join(DATABASE);
    Storage::open_file(&file, &OsChance).with_context(|| format!("cannot open {}", file.display()))
}

/// Whoever forgets to say where the database is would begin an empty one here, which no phone knows.
fn note_elsewhere(data: &Path) -> Result<()> {
    let note = data.join(ELSEWHERE);
    if note.is_file() {
        return Ok(());
    }
    let made = File::create(&note).and_then(|file| file.sync_all());
    made.and_then(|()| folders::sync_name(&note))
        .with_context(|| format!("cannot write {}", note.display()))
}

fn make_folder(path: &Path) -> Result<()> {
    folders::make(path).with_context(|| format!("cannot make {}", path.display()))
}

fn start_log(form: LogForm) {
    let filter = tracing_subscriber::EnvFilter::try_from_env("KOUMEN_LOG");
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter.unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info")))
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .with_writer(std::io::stderr);
    match form {
        LogForm::Text => log.init(),
        LogForm::Json => log.json().init(),
    }
}
