//! The command line: serve, import, accounts, devices, backup, restore, check.
//!
//! Every command but `restore` may run while the server serves the same folder: they wait for each other's writes.

mod accounts;
mod areas;
mod backup;
mod check;
mod check_receipt;
mod devices;
mod options;
mod register;
mod start;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::Parser;

use crate::chance::OsChance;
use crate::folders;
use crate::storage::Storage;
use crate::storage::sqlite::SqliteStorage;
use options::{Command, DeviceCommand, ImportCommand, LogForm, Options};

/// The name of the database's file in a data folder.
const DATABASE: &str = "koumen.sqlite";

/// Does what the command line says.
pub fn main() -> ExitCode {
    let options = Options::parse();
    let result = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the server cannot start its threads")
        .and_then(|runtime| runtime.block_on(run(options.command)));
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("koumen-server: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Serve(options) => {
            start_log(options.log);
            start::serve(options).await?;
        }
        Command::Import(ImportCommand::Areas { file, data }) => {
            areas::import(&*open(&data.data)?, &file).await?
        }
        Command::Import(ImportCommand::Register(options)) => {
            register::import(&*open(&options.data.data)?, &options).await?;
        }
        Command::User(command) => accounts::run(command).await?,
        Command::Device(DeviceCommand::List { data }) => devices::list(&*open(&data.data)?).await?,
        Command::Device(DeviceCommand::Revoke { device, data }) => {
            devices::revoke(&*open(&data.data)?, device).await?;
        }
        Command::Backup { to, data } => return backup::back_up(&data.data, &to).await,
        Command::Restore { from, force, data } => return backup::restore(&from, &data.data, force).await,
        Command::CheckReceipt { data } => return check_receipt::check(&*open(&data.data)?).await,
        Command::Check { data } => return check::check(&*open(&data.data)?, &data.data).await,
    }
    Ok(ExitCode::SUCCESS)
}

/// The storage of a data folder, made when it is not there.
fn open(data: &Path) -> Result<Arc<dyn Storage>> {
    make_folder(data)?;
    let file = data.join(DATABASE);
    let storage = SqliteStorage::open(&file, &OsChance);
    Ok(Arc::new(
        storage.with_context(|| format!("cannot open {}", file.display()))?,
    ))
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
