//! `koumen-server user ...`

use std::io::Read;

use anyhow::{Context, Result, bail};
use shared::ids::{AreaCode, WorkerId};

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
            password_stdin: _,
            data,
        } => {
            let username = checked_name(&name)?;
            let display = names::shown(&display, DISPLAY_BYTES_MAX)
                .with_context(|| format!("{display:?} cannot be the name on screens"))?;
            let worker = WorkerId(OsChance.uuid());
            let password = read_password(&[&username, &display])?;
            let name = username;
            let account = NewAccount {
                worker,
                username: name.clone(),
                display,
                role: role.into(),
                areas,
                password,
            };
            match open_existing(&data).await?.add_account(account, now_ms).await? {
                AddedAccount::Added => say!("added {name}"),
                AddedAccount::NameTaken => bail!("there is an account {name} already"),
                AddedAccount::AreasUnknown(areas) => bail!("not imported: {}", codes(&areas)),
            }
        }
        UserCommand::List { data } => list(&*open_existing(&data).await?).await?,
        UserCommand::Areas { name, areas, data } => {
            let name = checked_name(&name)?;
            match open_existing(&data)
                .await?
                .set_areas(&name, &areas, now_ms)
                .await?
            {
                None => bail!("there is no account {name}"),
                Some(unknown) if unknown.is_empty() => say!("{name}: {}", codes(&areas)),
                Some(unknown) => bail!("not imported: {}", codes(&unknown)),
            }
        }
        UserCommand::Remove { name, data } => {
            let name = checked_name(&name)?;
            if !open_existing(&data).await?.remove_account(&name, now_ms).await? {
                bail!("there is no account {name}");
            }
            say!("removed {name}");
        }
        UserCommand::Password {
            name,
            password_stdin: _,
            data,
        } => {
            let name = checked_name(&name)?;
            let password = read_password(&[&name])?;
            if !open_existing(&data).await?.set_password(&name, &password).await? {
                bail!("there is no account {name}");
            }
            say!("{name} has another password and is signed out everywhere");
        }
    }
    Ok(())
}

async fn list(storage: &dyn Storage) -> Result<()> {
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

fn codes(areas: &[AreaCode]) -> String {
    areas.iter().map(AreaCode::as_str).collect::<Vec<_>>().join(" ")
}

fn checked_name(name: &str) -> Result<String> {
    names::account(name, USERNAME_BYTES_MAX).with_context(|| format!("{name:?} cannot be an account"))
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
