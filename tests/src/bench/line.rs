//! The JSON line of a figure: what it took on the device and on the server.

use serde_json::{Value, json};

use super::device::{BenchDevice, Took};
use super::raw::Raw;
use super::server::{Failure, ServerUsage};

/// A sync, and what the server used meanwhile.
///
/// # Errors
/// When a request fails.
pub async fn beside_server(server: &str, device: &mut BenchDevice) -> Result<(Took, ServerUsage), Failure> {
    let before = server_usage(server).await?;
    let took = device.sync().await?;
    Ok((took, server_usage(server).await?.since(&before)))
}

/// What the server used since its start, and its most memory since the last question.
///
/// # Errors
/// When it does not answer.
pub async fn server_usage(server: &str) -> Result<ServerUsage, Failure> {
    let reply = reqwest::get(format!("{server}/bench/usage")).await?;
    Ok(serde_json::from_slice(&reply.bytes().await?)?)
}

/// The line of a sync of `records` records.
pub fn line(figure: &str, records: u64, took: &Took, used: &ServerUsage) -> Value {
    let (client_s, wall_s) = (took.cpu.as_secs_f64(), took.wall.as_secs_f64());
    json!({
        "figure": figure,
        "records": records,
        "wall_ms": (wall_s * 10_000.0).round() / 10.0,
        "client_cpu_s": client_s,
        "server_cpu_s": used.cpu_s,
        "records_per_s": (records as f64 / wall_s).round(),
        "requests": took.requests,
        "sent_bytes": took.sent_bytes,
        "received_bytes": took.received_bytes,
        "bytes_per_record": (took.sent_bytes + took.received_bytes) as f64 / records.max(1) as f64,
        "client_peak_bytes": took.peak_bytes,
        "server_peak_bytes": used.peak_bytes,
    })
}

/// Adds what plain SQLite took for the same rows.
pub fn add_plain(line: &mut Value, plain: &Raw, cpu_s: f64) {
    let raw_s = plain.cpu.as_secs_f64();
    extend(
        line,
        [
            ("raw_cpu_s", json!(raw_s)),
            ("raw_wall_ms", json!(plain.wall.as_millis() as u64)),
            ("cpu_ratio", json!(cpu_s / raw_s)),
        ],
    );
}

/// Adds entries.
pub fn extend<const N: usize>(line: &mut Value, entries: [(&str, Value); N]) {
    if let Some(object) = line.as_object_mut() {
        object.extend(entries.map(|(key, value)| (key.to_owned(), value)));
    }
}
