//! A small, stable command line for measuring the sync, so that other systems can be measured beside it.
//!
//! ```text
//! koumen-bench-peer serve --port P --dir D [--crowd W] [--web A]
//!                                                             a server with one grid, W more for a crowd, and the app
//!                                                             in folder A for a browser; prints "ready"
//! koumen-bench-peer push  --server U --count N [--dir D]      a device records N visits offline, then pushes them
//! koumen-bench-peer fill  --server U --count N --dir D [--batch B]
//!                                                             the same in batches, so that memory stays bounded
//! koumen-bench-peer prepare --server U --count N             the server packs what devices that begin will read
//! koumen-bench-peer pull  --server U --dir D [--beside no]    a device reads everything; without plain SQLite beside it
//! koumen-bench-peer edit  --server U --dir D --records R --fields F [--seed S]
//! koumen-bench-peer pair  --server U --dir D --records R --edits different|same
//!                                                             two devices edit the same records, apart from each other
//! koumen-bench-peer reads --server U --dir D [--times T] [--every MS]
//!                                                             what screens ask, at random instants of T pulls
//! koumen-bench-peer crowd --server U --dir D --devices W --each N
//!                                                             W devices of W workers push N visits each, at once
//! koumen-bench-peer noop  --server U --dir D                  a sync with nothing to do
//! koumen-bench-peer count --dir D                             how many visits the device holds
//! koumen-bench-peer suite                                     all figures with their bars: `cargo xtask bench sync`
//! koumen-bench-peer postgres                                  servers on SQLite and on PostgreSQL:
//!                                                             `cargo xtask bench postgres`
//! ```
//!
//! `serve` keeps everything in the PostgreSQL whose address stands in `KOUMEN_DATABASE`, if there is one.
//! Every command but `serve`, `suite` and `postgres` prints one JSON line and ends.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;
use std::time::{Duration, Instant};

use replica::native::NativePlatform;
use replica::sync::http::HttpTransport;
use serde_json::{Value, json};
use tests::bench::crowd::Crowd;
use tests::bench::device::{BenchDevice, Took};
use tests::bench::line::{add_plain, beside_server, extend, line, server_usage};
use tests::bench::pair::Pair;
use tests::bench::reads::{self, Waits};
use tests::bench::server::{self, Failure};
use tests::bench::{raw, suite, workload};

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = runtime
        .map_err(Failure::from)
        .and_then(|runtime| runtime.block_on(run(std::env::args().skip(1))));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("koumen-bench-peer: {error}");
            ExitCode::from(2)
        }
    }
}

/// `--name value` pairs.
struct Options(BTreeMap<String, String>);

impl Options {
    fn read(words: impl Iterator<Item = String>) -> Result<Self, Failure> {
        let mut words = words;
        let mut options = BTreeMap::new();
        while let Some(name) = words.next() {
            let name = name
                .strip_prefix("--")
                .ok_or_else(|| format!("{name} is no option"))?
                .to_owned();
            let value = words.next().ok_or_else(|| format!("--{name} needs a value"))?;
            options.insert(name, value);
        }
        Ok(Self(options))
    }

    fn text(&self, name: &str) -> Result<&str, Failure> {
        let value = self.0.get(name).map(String::as_str);
        value.ok_or_else(|| format!("--{name} is missing").into())
    }

    fn number(&self, name: &str) -> Result<u64, Failure> {
        Ok(self.text(name)?.parse()?)
    }

    fn number_or(&self, name: &str, otherwise: u64) -> Result<u64, Failure> {
        self.0.get(name).map_or(Ok(otherwise), |value| Ok(value.parse()?))
    }

    fn folder(&self) -> Result<PathBuf, Failure> {
        Ok(PathBuf::from(self.text("dir")?))
    }
}

async fn run(mut words: impl Iterator<Item = String>) -> Result<(), Failure> {
    let command = words
        .next()
        .ok_or("which command? serve, push, pull, edit, noop, count")?;
    let options = Options::read(words)?;
    match command.as_str() {
        "serve" => {
            let port = u16::try_from(options.number("port")?)?;
            let web = options.text("web").ok().map(PathBuf::from);
            return server::serve(&options.folder()?, port, options.number_or("crowd", 0)?, web).await;
        }
        "suite" => {
            return match suite::run(&std::env::current_exe()?)? {
                0 => Ok(()),
                missed => Err(format!("{missed} figures miss their bar").into()),
            };
        }
        #[cfg(unix)]
        "postgres" => return suite::run_on_postgres(&std::env::current_exe()?).await,
        "push" => push(&options).await,
        "fill" => fill(&options).await,
        "prepare" => prepare(&options).await,
        "pull" => pull(&options).await,
        "edit" => edit(&options).await,
        "pair" => pair(&options).await,
        "reads" => reads(&options).await,
        "crowd" => crowd(&options).await,
        "noop" => {
            let server = options.text("server")?;
            let mut device = BenchDevice::open(&options.folder()?, server).await?;
            let (took, used) = beside_server(server, &mut device).await?;
            Ok(line("noop", 0, &took, &used))
        }
        "count" => {
            let path = options.folder()?.join("replica.sqlite");
            let connection = rusqlite::Connection::open(path)?;
            let count: u64 = connection.query_row("SELECT count(*) FROM visit", [], |row| row.get(0))?;
            Ok(json!({ "figure": "count", "records": count }))
        }
        other => Err(format!("there is no command {other}").into()),
    }
    .map(|line: Value| println!("{line}"))
}

async fn push(options: &Options) -> Result<Value, Failure> {
    let server = options.text("server")?;
    let count = options.number("count")?;
    let seed = options.number_or("seed", 1)?;
    let scratch = tempfile::tempdir()?;
    let folder = match options.folder() {
        Ok(folder) => folder,
        Err(_) => scratch.path().to_path_buf(),
    };
    let rows = workload::visits(seed, count);
    let mut device = BenchDevice::open(&folder, server).await?;
    device.sync().await?;
    let created = device.record(&rows)?;
    let waiting_bytes = raw::checkpointed_bytes(&device.connection()?)?;
    let (took, used) = beside_server(server, &mut device).await?;
    let receipted_bytes = raw::checkpointed_bytes(&device.connection()?)?;
    let plain = plain(&rows)?;
    let mut line = line("push", count, &took, &used);
    add_plain(&mut line, &plain, took.cpu.as_secs_f64() + used.cpu_s);
    let entries = [
        ("create_cpu_s", json!(created.cpu.as_secs_f64())),
        ("create_wall_ms", json!(created.wall.as_millis() as u64)),
        (
            "create_cpu_ratio",
            json!(created.cpu.as_secs_f64() / plain.cpu.as_secs_f64()),
        ),
        (
            "waiting_size_ratio",
            json!(waiting_bytes as f64 / plain.file_bytes as f64),
        ),
        (
            "receipted_size_ratio",
            json!(receipted_bytes as f64 / plain.file_bytes as f64),
        ),
    ];
    extend(&mut line, entries);
    Ok(line)
}

async fn pair(options: &Options) -> Result<Value, Failure> {
    let server = options.text("server")?;
    let edits = options.text("edits")?.parse()?;
    let mut pair = Pair::open(&options.folder()?, server).await?;
    pair.sync().await?;
    let before = server_usage(server).await?;
    pair.edit(edits, options.number("records")?)?;
    let took = pair.sync().await?;
    let used = server_usage(server).await?.since(&before);
    let found = pair.look()?;
    let mut line = line("pair", found.edits, &took, &used);
    let entries = [
        ("edits", json!(found.edits)),
        ("kept", json!(found.edits - found.lost)),
        ("lost", json!(found.lost)),
        ("losers_visible", json!(found.losers_visible)),
        ("diverged", json!(found.diverged)),
    ];
    extend(&mut line, entries);
    Ok(line)
}

async fn reads(options: &Options) -> Result<Value, Failure> {
    let server = options.text("server")?;
    let (times, every) = (options.number_or("times", 1)?, options.number_or("every", 20)?);
    let mut waits = Waits::default();
    let mut records = 0;
    for time in 0..times {
        let folder = options.folder()?.join(time.to_string());
        let device = BenchDevice::open(&folder, server).await?;
        let pulled = reads::during_a_pull(device, Duration::from_millis(every), time, &mut waits).await?;
        records += pulled.saturating_sub(workload::HOUSEHOLDS);
    }
    Ok(waits.line(records))
}

async fn crowd(options: &Options) -> Result<Value, Failure> {
    let server = options.text("server")?;
    let (devices, each) = (options.number("devices")?, options.number("each")?);
    let crowd = Crowd::ready(&options.folder()?, server, devices, each).await?;
    let before = server_usage(server).await?;
    let pushed = crowd.push().await?;
    Ok(pushed.line(&server_usage(server).await?.since(&before)))
}

/// Visits of one batch, unless told otherwise.
const BATCH: u64 = 25_000;

async fn fill(options: &Options) -> Result<Value, Failure> {
    let server = options.text("server")?;
    let (count, batch) = (
        options.number("count")?,
        options.number_or("batch", BATCH)?.max(1),
    );
    let seed = options.number_or("seed", 1)?;
    let mut device = BenchDevice::open(&options.folder()?, server).await?;
    device.sync().await?;
    let before = server_usage(server).await?;
    let (mut recorded, mut took) = (Took::default(), Took::default());
    for number in 0..count.div_ceil(batch) {
        let rows = workload::visits(seed + number, batch.min(count - number * batch));
        recorded.add(&device.record(&rows)?);
        took.add(&device.sync().await?);
    }
    let used = server_usage(server).await?.since(&before);
    let mut line = line("fill", count, &took, &used);
    let entries = [
        ("create_cpu_s", json!(recorded.cpu.as_secs_f64())),
        ("create_wall_ms", json!(recorded.wall.as_millis() as u64)),
        ("batch", json!(batch)),
    ];
    extend(&mut line, entries);
    Ok(line)
}

async fn prepare(options: &Options) -> Result<Value, Failure> {
    let server = options.text("server")?;
    let count = options.number("count")?;
    // A device's transport chooses the cryptography of its process, without which there is no client.
    drop(HttpTransport::new(Rc::new(NativePlatform)));
    let before = server_usage(server).await?;
    let began = Instant::now();
    let reply = reqwest::Client::new()
        .post(format!("{server}/bench/prepare"))
        .send()
        .await?;
    let segments: u64 = serde_json::from_slice(&reply.bytes().await?)?;
    let took = Took {
        wall: began.elapsed(),
        ..Took::default()
    };
    let used = server_usage(server).await?.since(&before);
    let mut line = line("prepare", count, &took, &used);
    add_plain(&mut line, &plain(&workload::visits(1, count))?, used.cpu_s);
    extend(&mut line, [("segments", json!(segments))]);
    Ok(line)
}

async fn pull(options: &Options) -> Result<Value, Failure> {
    let server = options.text("server")?;
    let folder = options.folder()?;
    let mut device = BenchDevice::open(&folder, server).await?;
    let before = device.count()?;
    let (took, used) = beside_server(server, &mut device).await?;
    let records = device.count()? - before;
    let mut line = line("pull", records, &took, &used);
    if options.text("beside").is_ok_and(|beside| beside == "no") {
        return Ok(line);
    }
    let plain = plain(&workload::visits(1, records))?;
    add_plain(&mut line, &plain, took.cpu.as_secs_f64() + used.cpu_s);
    let bytes = raw::checkpointed_bytes(&device.connection()?)?;
    extend(
        &mut line,
        [("size_ratio", json!(bytes as f64 / plain.file_bytes as f64))],
    );
    Ok(line)
}

async fn edit(options: &Options) -> Result<Value, Failure> {
    let server = options.text("server")?;
    let mut device = BenchDevice::open(&options.folder()?, server).await?;
    let held = device.count()?;
    let seed = options.number_or("seed", 7)?;
    let fields = device.edit(seed, options.number("records")?, options.number("fields")?)?;
    let (took, used) = beside_server(server, &mut device).await?;
    let mut line = line("edit", fields, &took, &used);
    extend(&mut line, [("replica_records", json!(held))]);
    Ok(line)
}

fn plain(rows: &[workload::VisitRow]) -> Result<raw::Raw, Failure> {
    let scratch = tempfile::tempdir()?;
    Ok(raw::insert(
        Path::new(&scratch.path().join("plain.sqlite")),
        workload::household(0),
        rows,
    )?)
}
