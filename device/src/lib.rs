//! A headless device: the replica that phones have, on a command line. For scripts, load and support.
//!
//! **What it is:** the same store, the same sync engine, the same photo preparation as in the app, in a native
//! file. **What it is not:** a second implementation; it knows no SQL and no wire format.
//!
//! Every command that prints data prints one JSON object a line. Exit code 0: done. 1: not possible now (no
//! connection, a failing disk); what was recorded is kept. 2: what was asked cannot be done as it was asked.
//!
//! ```text
//! echo PASSWORD | koumen-device enrol --data DIR --server http://localhost:8080 --user zhao --password-stdin
//! koumen-device visit --data DIR --door 3-2-501 --outcome met --note "水管已修好" --photo lamp.jpg
//! koumen-device sync --data DIR
//! koumen-device show visits --data DIR
//! ```
//!
//! A package of its own because of its dependencies: a command line and a runtime must not reach the browser.
//!
//! Read next: [`options`], then the file named like the command.

mod enrol;
mod failure;
mod home;
mod meet;
pub mod options;
mod photo;
mod record;
mod show;
mod sync;
mod verify;

use std::process::ExitCode;

use clap::Parser;

use failure::{Failure, Outcome};
use options::{Command, Options};

/// Does what the command line says.
pub fn main() -> ExitCode {
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(run(options.command)),
        Err(error) => Err(Failure::now(format!("the timer cannot start: {error}"))),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("koumen-device: {failure}");
            failure.exit_code()
        }
    }
}

async fn run(command: Command) -> Outcome<()> {
    match command {
        Command::Enrol(options) => enrol::enrol(options).await,
        Command::Household(options) => record::household(&options),
        Command::Visit(options) => record::visit(&options),
        Command::Issue(options) => record::issue(&options),
        Command::Photo(options) => photo::photo(&options).await,
        Command::Sync(options) => sync::sync(&options).await,
        Command::Verify(options) => verify::verify(&options).await,
        Command::Meet(options) => meet::meet(&options).await,
        Command::Show(options) => show::show(&options),
    }
}

/// One JSON object, one line. Written through at once: who reads it may rely on it even if this program is killed
/// right after.
fn print(value: &serde_json::Value) -> Outcome<()> {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{value}")
        .and_then(|()| out.flush())
        .map_err(|error| Failure::now(format!("the output cannot be written: {error}")))
}
