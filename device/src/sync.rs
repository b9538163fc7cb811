//! `koumen-device sync`: the engine and its driver, until nothing is left to do.

use std::time::Duration;

use futures::channel::mpsc;
use futures::future::{Either, select};
use futures::{FutureExt, StreamExt, pin_mut};
use replica::api::{self, SyncPhase, SyncState};
use replica::replica::{ANOTHER_COPY, LOST_HERE};
use replica::sync::driver::Driver;
use replica::sync::http::HttpTransport;
use serde_json::json;
use tokio::time::Instant;

use crate::failure::{Failure, Outcome};
use crate::home::Home;
use crate::options::SyncOptions;
use crate::print;

pub(crate) async fn sync(options: &SyncOptions) -> Outcome<()> {
    let (driver, told, _lock) = Home::open(&options.data)?.connected(&options.trust)?;
    let until = Instant::now() + Duration::from_secs(options.wait_s);
    let state = run(&driver, told, until).await?;
    tell_once(
        &driver,
        ANOTHER_COPY,
        "there is another copy of this device; both can be used, and what was recorded on either is kept",
    )?;
    tell_once(
        &driver,
        LOST_HERE,
        "the storage of this device damaged records before they were sent; everything else was sent",
    )?;
    report(&state)
}

/// Synchronises until nothing is left to do, or until it cannot go on for longer than the caller waits.
pub(crate) async fn run(
    driver: &Driver<HttpTransport>,
    told: mpsc::UnboundedReceiver<()>,
    until: Instant,
) -> Outcome<SyncState> {
    let running = driver.run();
    let finished = settled(driver, told, until);
    pin_mut!(running, finished);
    match select(finished, running).await {
        Either::Left((state, _)) => state,
        Either::Right(_) => Err(Failure::now("the sync ended by itself")),
    }
}

/// Waits until the engine has nothing to do, or cannot go on for longer than the caller waits.
async fn settled(
    driver: &Driver<HttpTransport>,
    mut told: mpsc::UnboundedReceiver<()>,
    until: Instant,
) -> Outcome<SyncState> {
    while told.next().await.is_some() {
        while told.next().now_or_never().flatten().is_some() {}
        if !driver.replica().borrow().is_settled()? {
            continue;
        }
        let state = status(driver).await?;
        let may_come_back = matches!(
            state.phase,
            SyncPhase::Offline | SyncPhase::Trouble | SyncPhase::ServerFull
        );
        if !may_come_back || Instant::now() >= until {
            return Ok(state);
        }
    }
    status(driver).await
}

/// Once: whoever reads this knows it.
fn tell_once(driver: &Driver<HttpTransport>, name: &str, sentence: &str) -> Outcome<()> {
    let mut replica = driver.replica().borrow_mut();
    let name = name.to_owned();
    let told = replica.call(api::Setting { name: name.clone() })?;
    if told.is_none_or(|told| told.is_empty()) {
        return Ok(());
    }
    eprintln!("koumen-device: {sentence}");
    let value = String::new();
    replica.call(api::SetSetting { name, value })?;
    Ok(())
}

async fn status(driver: &Driver<HttpTransport>) -> Outcome<SyncState> {
    Ok(driver.replica().borrow_mut().call(api::CurrentStatus)?.sync)
}

fn report(state: &SyncState) -> Outcome<()> {
    print(&json!({
        "phase": state.phase,
        "waiting_operations": state.waiting_operations,
        "waiting_photos": state.waiting_photos,
        "attention": state.attention,
        "clock_ahead_ms": state.clock_ahead_ms,
    }))?;
    judge(state)
}

/// Whether the sync came to its end; else what to do.
pub(crate) fn judge(state: &SyncState) -> Outcome<()> {
    match state.phase {
        SyncPhase::UpToDate | SyncPhase::Working => Ok(()),
        // Nothing was tried: the session had been closed before.
        SyncPhase::Idle => Err(Failure::input(
            "nobody is signed in here; run `enrol`, what was recorded is kept",
        )),
        SyncPhase::Offline => Err(Failure::now(
            "no connection to the server; what was recorded is kept",
        )),
        SyncPhase::Trouble => Err(Failure::now(
            "the server answers otherwise than it should; what was recorded is kept",
        )),
        SyncPhase::ServerFull => Err(Failure::now(
            "the server's disk is full; what was recorded is kept",
        )),
        SyncPhase::SignInAgain => Err(Failure::input(
            "the session was closed; run `enrol` again, what was recorded is kept",
        )),
        SyncPhase::UpdateNeeded => Err(Failure::now("this program is too old for the server")),
    }
}
