//! Reads a request's body: within a size and a time, and never before the session is known.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;
use futures::StreamExt;
use serde::de::DeserializeOwned;

use crate::callers::Caller;
use crate::refused::Refused;
use crate::state::AppState;
use crate::turns::Unfinished;

/// How long a body may take to arrive: 8 MiB at 100 KB/s, with some patience.
pub(super) const BODY_SECONDS_MAX: u64 = 120;
/// How long a body that nobody wants may take.
const DRAIN_SECONDS_MAX: u64 = 20;
/// The most bytes of a JSON body.
pub(super) const JSON_BYTES_MAX: usize = 16 * 1024;

/// The whole body, if it is not larger than `bytes_max`.
pub(super) async fn read(headers: &HeaderMap, body: Body, bytes_max: usize) -> Result<Bytes, Refused> {
    check_announced(headers, bytes_max)?;
    let arrived =
        tokio::time::timeout(Duration::from_secs(BODY_SECONDS_MAX), to_bytes(body, bytes_max)).await;
    match arrived {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) => Err(broken(&error)),
        Err(_) => Err(slow()),
    }
}

/// Reads up to `bytes_max` bytes that nobody wants. An answer before the request's end may be lost with its
/// connection: whoever still sends does not read it.
pub(super) async fn drain(body: Body, bytes_max: usize) {
    let mut left = bytes_max;
    let mut arriving = body.into_data_stream();
    let unwanted = async {
        while let Some(Ok(data)) = arriving.next().await {
            match left.checked_sub(data.len()) {
                Some(rest) => left = rest,
                None => return,
            }
        }
    };
    // Whoever is slower than this gets the answer when it can be had.
    let _ = tokio::time::timeout(Duration::from_secs(DRAIN_SECONDS_MAX), unwanted).await;
}

/// Refuses a body that announces more than `bytes_max`, before any of it is read.
pub(super) fn check_announced(headers: &HeaderMap, bytes_max: usize) -> Result<(), Refused> {
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|announced| announced > bytes_max as u64) {
        return Err(Refused::too_large());
    }
    Ok(())
}

/// Why the rest of a body did not come.
pub(super) fn broken(error: &axum::Error) -> Refused {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        match error.downcast_ref::<Unfinished>() {
            Some(Unfinished::Busy) => return Refused::busy(),
            Some(Unfinished::Slow) => return slow(),
            None if error.to_string().contains("length limit exceeded") => return Refused::too_large(),
            None => cause = error.source(),
        }
    }
    Refused::bad("request.cut", "the request broke off")
}

/// The body took too long.
pub(super) fn slow() -> Refused {
    Refused::new(
        StatusCode::REQUEST_TIMEOUT,
        "request.slow",
        "the request took too long to arrive",
    )
}

/// Whether a content type begins with `wanted`; parameters may follow.
pub(super) fn check_media_type(headers: &HeaderMap, wanted: &str) -> Result<(), Refused> {
    let sent = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = sent.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case(wanted) {
        Ok(())
    } else {
        Err(Refused::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "request.media_type",
            "another content type is wanted",
        ))
    }
}

/// A JSON body of somebody who may be a stranger: it comes within seconds, and its place goes to others when too many
/// are on their way.
pub(super) async fn json<T: DeserializeOwned>(
    state: &AppState,
    caller: Option<Caller>,
    headers: &HeaderMap,
    body: Body,
) -> Result<T, Refused> {
    check_media_type(headers, "application/json")?;
    let place = state.bodies.take(caller).ok_or(Refused::busy())?;
    let arriving = tokio::time::timeout(state.bounds.json, read(headers, body, JSON_BYTES_MAX));
    let bytes = tokio::select! {
        biased;
        arrived = arriving => arrived.map_err(|_| slow())??,
        () = place.lost() => return Err(slow()),
    };
    serde_json::from_slice(&bytes)
        .map_err(|_| Refused::bad("request.json", "the body is not the JSON that is wanted"))
}
