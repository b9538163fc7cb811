//! Many devices that come back into the network at the same instant, each with what its worker recorded offline.
//!
//! All of them live in one process and one thread; each has a file, an account, a grid and a connection of its own and
//! is driven as the app is. A request that fails is tried again as the app tries it; a device fails when it has to give
//! up, or is not done within a minute.

use std::path::Path;
use std::time::{Duration, Instant};

use futures::future::join_all;
use replica::api::{self, SyncPhase, SyncState};
use replica::native::open_file;
use replica::sync::driver::{Driver, Stepped};
use replica::sync::http::HttpTransport;
use serde_json::{Value, json};

use super::device::{BenchDevice, REPLICA_FILE};
use super::server::{Failure, ServerUsage};
use super::spread::Spread;
use super::usage;
use super::workload::Worker;

/// How long a device may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Devices with work to send.
pub struct Crowd {
    drivers: Vec<Driver<HttpTransport>>,
    each: u64,
}

/// What became of all.
#[derive(Debug, Default)]
pub struct Pushed {
    devices: u64,
    records: u64,
    failed: u64,
    retries: u64,
    rounds: u64,
    until_receipted: Spread,
    wall: Duration,
    cpu: Duration,
    peak_bytes: u64,
}

impl Pushed {
    /// The line of all that was measured.
    pub fn line(&self, used: &ServerUsage) -> Value {
        let wall_s = self.wall.as_secs_f64();
        json!({
            "figure": "crowd",
            "devices": self.devices,
            "records": self.records,
            "failed": self.failed,
            "retries": self.retries,
            "rounds": self.rounds,
            "wall_ms": (wall_s * 10_000.0).round() / 10.0,
            "records_per_s": (self.records as f64 / wall_s).round(),
            "p50_ms": self.until_receipted.percentile_ms(50),
            "p99_ms": self.until_receipted.percentile_ms(99),
            "max_ms": self.until_receipted.max_ms(),
            "client_cpu_s": self.cpu.as_secs_f64(),
            "server_cpu_s": used.cpu_s,
            "client_peak_bytes": self.peak_bytes,
            "server_peak_bytes": used.peak_bytes,
        })
    }
}

/// What became of one device.
struct Done {
    receipted: Option<Duration>,
    waiting: u64,
    retries: u64,
    rounds: u64,
}

impl Crowd {
    /// Signs `devices` devices in, one for each worker, brings them up to date and lets each record `each` visits.
    ///
    /// # Errors
    /// When the server does not know so many, or a disk fails.
    pub async fn ready(folder: &Path, server: &str, devices: u64, each: u64) -> Result<Self, Failure> {
        std::fs::create_dir_all(folder)?;
        // Empty replicas are all alike; making each of them anew would take longer than everything else together.
        let empty = folder.join("empty.sqlite");
        drop(open_file(&empty)?);
        let mut drivers = Vec::new();
        for worker in (1..=devices).map(Worker) {
            let place = folder.join(worker.0.to_string());
            std::fs::create_dir_all(&place)?;
            std::fs::copy(&empty, place.join(REPLICA_FILE))?;
            let mut device = BenchDevice::of(worker, &place, server).await?;
            device.sync().await?;
            device.record(&worker.visits(each))?;
            drivers.push(device.driven(|| {}));
        }
        Ok(Self { drivers, each })
    }

    /// All push at once.
    ///
    /// # Errors
    /// When a database fails.
    pub async fn push(&self) -> Result<Pushed, Failure> {
        usage::forget_peak();
        let (began, cpu) = (Instant::now(), usage::cpu());
        let all = join_all(self.drivers.iter().map(|driver| push_one(driver, began))).await;
        let mut pushed = Pushed {
            wall: began.elapsed(),
            cpu: usage::cpu().saturating_sub(cpu),
            peak_bytes: usage::peak_bytes(),
            ..Pushed::default()
        };
        for done in all {
            let done = done?;
            pushed.devices += 1;
            pushed.records += self.each.saturating_sub(done.waiting);
            pushed.retries += done.retries;
            pushed.rounds += done.rounds;
            match done.receipted {
                Some(time) => pushed.until_receipted.add(time),
                None => pushed.failed += 1,
            }
        }
        Ok(pushed)
    }
}

/// One device goes on until it has the receipt of all that it recorded.
async fn push_one(driver: &Driver<HttpTransport>, began: Instant) -> Result<Done, Failure> {
    let mut done = Done {
        receipted: None,
        waiting: 0,
        retries: 0,
        rounds: 0,
    };
    loop {
        let stepped = driver.step().await;
        let state = standing(driver)?;
        done.waiting = state.waiting_operations;
        if state.waiting_operations == 0 {
            // What was set aside is receipted, but not what the worker wanted.
            done.receipted = Some(began.elapsed()).filter(|_| state.attention == 0);
            done.rounds += 1;
            return Ok(done);
        }
        let gives_up = matches!(state.phase, SyncPhase::SignInAgain | SyncPhase::UpdateNeeded);
        if gives_up || began.elapsed() > PATIENCE {
            return Ok(done);
        }
        match stepped {
            Stepped::Waits(ms) => tokio::time::sleep(Duration::from_millis(ms.unwrap_or(1_000))).await,
            Stepped::Synced | Stepped::Tried => {
                done.rounds += 1;
                let failed = matches!(state.phase, SyncPhase::Offline | SyncPhase::Trouble);
                done.retries += u64::from(failed);
            }
        }
    }
}

fn standing(driver: &Driver<HttpTransport>) -> Result<SyncState, Failure> {
    Ok(driver.replica().borrow_mut().call(api::CurrentStatus)?.sync)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::server;

    async fn crowd(folder: &Path) -> (Crowd, tokio::task::JoinHandle<()>) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let place = folder.join("server");
        let serving = tokio::spawn(async move { drop(server::serve_on(listener, &place, 4, None).await) });
        (Crowd::ready(folder, &origin, 4, 5).await.unwrap(), serving)
    }

    #[tokio::test]
    async fn all_of_a_crowd_get_their_receipts() {
        let folder = tempfile::tempdir().unwrap();
        let (crowd, _serving) = crowd(folder.path()).await;
        let pushed = crowd.push().await.unwrap();
        assert_eq!((pushed.devices, pushed.records, pushed.failed), (4, 20, 0));
        assert_eq!(pushed.until_receipted.count(), 4);
    }

    #[tokio::test]
    async fn devices_that_are_turned_away_count_as_failed() {
        let folder = tempfile::tempdir().unwrap();
        let (crowd, _serving) = crowd(folder.path()).await;
        let store = rusqlite::Connection::open(folder.path().join("server/koumen.sqlite")).unwrap();
        store.execute("DELETE FROM token", []).unwrap();
        let pushed = crowd.push().await.unwrap();
        assert_eq!((pushed.devices, pushed.records, pushed.failed), (4, 0, 4));
    }
}
