//! `koumen-server user ...`

use std::io::Read;

use anyhow::{Context, Result, bail};
use shared::ids::{AreaCode, WorkerId};

use super::open;
use super::options::UserCommand;
use crate::chance::{Chance, OsChance};
use crate::clock::{Clock, SystemClock};
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
            let display = display.trim().to_owned();
            if display.is_empty() || display.len() > DISPLAY_BYTES_MAX {
                bail!("the name on screens must have 1 to {DISPLAY_BYTES_MAX} bytes");
            }
            let worker = WorkerId(OsChance.uuid());
            let password = read_password(&[&username, &display])?;
            let account = NewAccount {
                worker,
                username,
                display,
                role: role.into(),
                areas,
                password,
            };
            match open(&data).await?.add_account(account, now_ms).await? {
                AddedAccount::Added => println!("added {name}"),
                AddedAccount::NameTaken => bail!("there is an account {name} already"),
                AddedAccount::AreasUnknown(areas) => bail!("not imported: {}", codes(&areas)),
            }
        }
        UserCommand::List { data } => list(&*open(&data).await?).await?,
        UserCommand::Areas { name, areas, data } => {
            match open(&data).await?.set_areas(&name, &areas, now_ms).await? {
                None => bail!("there is no account {name}"),
                Some(unknown) if unknown.is_empty() => println!("{name}: {}", codes(&areas)),
                Some(unknown) => bail!("not imported: {}", codes(&unknown)),
            }
        }
        UserCommand::Remove { name, data } => {
            if !open(&data).await?.remove_account(&name, now_ms).await? {
                bail!("there is no account {name}");
            }
            println!("removed {name}");
        }
        UserCommand::Password {
            name,
            password_stdin: _,
            data,
        } => {
            let password = read_password(&[&name])?;
            if !open(&data).await?.set_password(&name, &password).await? {
                bail!("there is no account {name}");
            }
            println!("{name} has another password and is signed out everywhere");
        }
    }
    Ok(())
}

async fn list(storage: &dyn Storage) -> Result<()> {
    for account in storage.accounts().await? {
        let worker = account.worker;
        println!(
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
    let fits = !name.is_empty() && name.len() <= USERNAME_BYTES_MAX;
    if !fits || name.chars().any(|c| c.is_whitespace() || c.is_control()) {
        bail!("an account name has 1 to {USERNAME_BYTES_MAX} bytes without blanks");
    }
    Ok(name.to_owned())
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
