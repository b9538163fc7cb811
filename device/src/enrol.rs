//! `koumen-device enrol`

use std::io::Read;

use replica::api;
use serde_json::json;

use crate::failure::{Failure, Outcome};
use crate::home::Home;
use crate::options::EnrolOptions;
use crate::print;

const PASSWORD_BYTES_MAX: u64 = 1_024;

pub(crate) async fn enrol(options: EnrolOptions) -> Outcome<()> {
    let known_scheme = ["http://", "https://"]
        .iter()
        .any(|scheme| options.server.starts_with(scheme));
    if !known_scheme {
        return Err(Failure::input("the server begins with http:// or https://"));
    }
    let password = read_password()?;
    let (driver, _told, _lock) = Home::make(&options.data)?.connected(&options.trust)?;
    let status = driver
        .call(api::SignIn {
            server: options.server,
            username: options.user,
            password,
            device_name: options.name,
        })
        .await?;
    let session = status
        .session
        .ok_or_else(|| Failure::now("the session was not kept"))?;
    let areas: Vec<&str> = session.areas.iter().map(|area| area.code.as_str()).collect();
    print(&json!({
        "worker": session.name, "role": session.role.code(), "device": session.device, "areas": areas,
    }))
}

/// One line of standard input.
fn read_password() -> Outcome<String> {
    let mut text = String::new();
    std::io::stdin()
        .take(PASSWORD_BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(|_| Failure::input("the password cannot be read from standard input"))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
