//! `koumen-server user ...`

use std::io::Read;

use anyhow::{Context, Result, bail};
use shared::domain::worker::Role;
use shared::ids::{AreaCode, WorkerId};
use uuid::Uuid;

use super::open_existing;
use super::options::UserCommand;
use crate::chance::{Chance, OsChance};
use crate::clock::{Clock, SystemClock};
use crate::names;
use crate::passwords::{PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN, Passwords};
use crate::routes::session::USERNAME_BYTES_MAX;
use crate::storage::{AddedAccount, NewAccount, Storage};
use crate::strength;

const DISPLAY_BYTES_MAX: usize = 120;

pub(super) async fn run(command: UserCommand) -> Result<()> {
    let now_ms = SystemClock.now_ms();
    match command {
        UserCommand::Add {
            name,
            display,
            role,
            areas,
            units,
            password_stdin: _,
            data,
        } => {
            let areas = with_units(areas, &units);
            let role = Role::from(role);
            if role == Role::Responder && units.is_empty() {
                bail!("a responder works for a unit: --unit, by its id as `units` lists it");
            }
            let username = checked_name(&name)?;
            let display = names::shown(&display, DISPLAY_BYTES_MAX)
                .with_context(|| format!("{display:?} cannot be the name on screens"))?;
            let worker = WorkerId(OsChance.uuid());
            let password = read_password(&[&username, &display])?;
            let account = NewAccount {
                worker,
                username: username.clone(),
                display,
                role,
                areas,
                password,
            };
            match open_existing(&data).await?.add_account(account).await? {
                AddedAccount::Added => say!("added {username}"),
                AddedAccount::NameTaken => bail!("there is an account {username} already"),
                AddedAccount::AreasUnknown(areas) => bail!("{}", unknown(&areas)),
            }
        }
        UserCommand::List { data } => list(&*open_existing(&data).await?).await?,
        UserCommand::Areas {
            name,
            areas,
            units,
            data,
        } => {
            let areas = with_units(areas, &units);
            let storage = open_existing(&data).await?;
            let name = name_of(&storage, &name).await?;
            match storage.set_areas(&name, &areas, now_ms).await? {
                None => bail!("there is no account {name}"),
                Some(unknown) if unknown.is_empty() => say!("{name}: {}", codes(&areas)),
                Some(areas) => bail!("{}", unknown(&areas)),
            }
        }
        UserCommand::Remove { name, data } => {
            let storage = open_existing(&data).await?;
            let name = name_of(&storage, &name).await?;
            if !storage.remove_account(&name, now_ms).await? {
                bail!("there is no account {name}");
            }
            say!("removed {name}");
        }
        UserCommand::Password {
            name,
            password_stdin: _,
            data,
        } => {
            let storage = open_existing(&data).await?;
            let name = name_of(&storage, &name).await?;
            let account = storage.account(&name).await?;
            let display = account.map(|account| account.worker.name).unwrap_or_default();
            let password = read_password(&[&name, &display])?;
            if !storage.set_password(&name, &password).await? {
                bail!("there is no account {name}");
            }
            say!("{name} has another password and is signed out everywhere");
        }
    }
    Ok(())
}

async fn list(storage: &Storage) -> Result<()> {
    for account in storage.accounts().await? {
        let worker = account.worker;
        say!(
            "{}\t{}\t{}\t{}",
            account.username,
            worker.name,
            worker.role.code(),
            codes(&account.areas)
        );
    }
    Ok(())
}

/// Every unit with its id, its name, and for whom it was entered.
pub(super) async fn units(storage: &Storage) -> Result<()> {
    for unit in storage.units().await? {
        say!("{}\t{}\t{}", unit.id, unit.name, unit.decided_for);
    }
    Ok(())
}

fn with_units(areas: Vec<AreaCode>, units: &[Uuid]) -> Vec<AreaCode> {
    let of_units = units.iter().map(|unit| AreaCode::of_unit(*unit));
    areas.into_iter().chain(of_units).collect()
}

/// Why areas cannot be assigned.
fn unknown(areas: &[AreaCode]) -> String {
    let (units, areas): (Vec<AreaCode>, Vec<AreaCode>) = areas.iter().cloned().partition(AreaCode::is_unit);
    match (areas.as_slice(), units.as_slice()) {
        ([], _) => "there is no such unit, or the account is no responder's: see units".to_owned(),
        (areas, _) => format!("not imported: {}", codes(areas)),
    }
}

fn codes(areas: &[AreaCode]) -> String {
    areas.iter().map(AreaCode::as_str).collect::<Vec<_>>().join(" ")
}

fn checked_name(name: &str) -> Result<String> {
    names::account(name, USERNAME_BYTES_MAX).with_context(|| format!("{name:?} cannot be an account"))
}

/// What an account is called, as the storage knows it: one that was made before names had one form goes by its name as
/// it was typed then.
async fn name_of(storage: &Storage, typed: &str) -> Result<String> {
    if storage.account(typed).await?.is_some() {
        return Ok(typed.to_owned());
    }
    checked_name(typed)
}

/// One line of standard input, hashed.
fn read_password(names: &[&str]) -> Result<String> {
    let mut text = String::new();
    let limit = PASSWORD_BYTES_MAX as u64 + 2;
    std::io::stdin()
        .take(limit)
        .read_to_string(&mut text)
        .context("the password cannot be read")?;
    let password = text.trim_end_matches(['\r', '\n']);
    if password.len() > PASSWORD_BYTES_MAX || password.chars().count() < PASSWORD_CHARS_MIN {
        bail!(
            "a password has at least {PASSWORD_CHARS_MIN} characters and at most {PASSWORD_BYTES_MAX} bytes"
        );
    }
    strength::check(password, names)?;
    Ok(Passwords::default().hash(password, &OsChance)?)
}
