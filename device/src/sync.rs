//! `koumen-device sync`: the engine and its driver, until nothing is left to do.

use std::time::Duration;

use futures::future::{Either, select};
use futures::{FutureExt, StreamExt, pin_mut};
use replica::api::{Answer, Call, SyncPhase, SyncState};
use replica::sync::driver::Driver;
use replica::sync::engine::Action;
use replica::sync::http::HttpTransport;
use serde_json::json;
use tokio::time::Instant;

use crate::failure::{Failure, Outcome};
use crate::home::Home;
use crate::options::SyncOptions;
use crate::print;
use crate::record::unexpected;

pub(crate) async fn sync(options: &SyncOptions) -> Outcome<()> {
    let (driver, told, _lock) = Home::open(&options.data)?.connected(&options.trust)?;
    let until = Instant::now() + Duration::from_secs(options.wait_s);
    let running = driver.run();
    let finished = settled(&driver, told, until);
    pin_mut!(running, finished);
    let state = match select(finished, running).await {
        Either::Left((state, _)) => state?,
        Either::Right(_) => return Err(Failure::now("the sync ended by itself")),
    };
    report(&state)
}

/// Waits until the engine has nothing to do, or cannot go on for longer than the caller waits.
async fn settled(
    driver: &Driver<HttpTransport>,
    mut told: futures::channel::mpsc::UnboundedReceiver<()>,
    until: Instant,
) -> Outcome<SyncState> {
    while told.next().await.is_some() {
        while told.next().now_or_never().flatten().is_some() {}
        let Action::Wait(_) = driver.replica().borrow_mut().decide()? else {
            continue;
        };
        let state = status(driver).await?;
        let may_come_back = matches!(state.phase, SyncPhase::Offline | SyncPhase::Trouble);
        if !may_come_back || Instant::now() >= until {
            return Ok(state);
        }
    }
    status(driver).await
}

async fn status(driver: &Driver<HttpTransport>) -> Outcome<SyncState> {
    match driver.replica().borrow_mut().call(Call::Status)? {
        Answer::Status(status) => Ok(status.sync),
        other => Err(unexpected(&other)),
    }
}

fn report(state: &SyncState) -> Outcome<()> {
    print(&json!({
        "phase": state.phase,
        "waiting_operations": state.waiting_operations,
        "waiting_photos": state.waiting_photos,
        "attention": state.attention,
        "clock_ahead_ms": state.clock_ahead_ms,
    }))?;
    match state.phase {
        SyncPhase::UpToDate | SyncPhase::Working => Ok(()),
        SyncPhase::Idle => Err(Failure::input("nobody is signed in here; run `enrol` first")),
        SyncPhase::Offline => Err(Failure::now(
            "no connection to the server; what was recorded is kept",
        )),
        SyncPhase::Trouble => Err(Failure::now(
            "the server answers otherwise than it should; what was recorded is kept",
        )),
        SyncPhase::SignInAgain => Err(Failure::input(
            "the session was closed; run `enrol` again, what was recorded is kept",
        )),
        SyncPhase::UpdateNeeded => Err(Failure::now("this program is too old for the server")),
    }
}
