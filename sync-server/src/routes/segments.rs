//! `GET /v1/segments/{area}?after=N`: the next stretch of an area's log, packed once for all devices that begin (D7).

use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use shared::ids::AreaCode;
use shared::protocol::v1::CONTENT_TYPE;

use crate::auth::Authorised;
use crate::refused::Refused;
use crate::state::AppState;

/// The same answer whether the area is not this worker's or nothing is packed behind the cursor: read on by
/// `POST /v1/sync`.
const NONE: Refused = Refused::new(
    StatusCode::NOT_FOUND,
    "segment.none",
    "no segment of an area of yours goes on behind this position",
);

/// Where to go on.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Behind {
    /// The device's cursor of this area.
    #[serde(default)]
    after: u64,
}

/// Hands out the segment that goes on behind a cursor: a frame with an `AreaPage`, the same for every device.
///
/// # Errors
/// 404 when the area is not assigned to the worker, or what is behind the cursor is not a whole segment yet.
#[utoipa::path(get, path = "/v1/segments/{area}", tag = "sync", security(("token" = [])),
    params(
        ("area" = String, Path, description = "The code of an assigned area"),
        ("after" = Option<u64>, Query, description = "The device's cursor of this area; 0 for nothing yet"),
    ),
    responses(
        (status = 200, description = "A frame with an `AreaPage`; its `cursor` is where to go on.",
            content_type = "application/vnd.koumen.v1", body = super::openapi::Bytes),
        (status = 400, description = "`request.query`", body = super::openapi::Refusal),
        (status = 401, description = "`session.invalid`", body = super::openapi::Refusal),
        (status = 404, description = "`segment.none`", body = super::openapi::Refusal),
    ))]
pub async fn segment(
    authorised: Authorised,
    State(state): State<AppState>,
    Path(area): Path<String>,
    query: Result<Query<Behind>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Refused> {
    let Query(behind) =
        query.map_err(|_| Refused::bad("request.query", "`after` is a position, a number from 0"))?;
    let area = AreaCode::new(&area).map_err(|_| NONE)?;
    if !authorised.session.scope.contains(&area) {
        return Err(NONE);
    }
    let bytes = state.storage.segment(&area, behind.after).await?.ok_or(NONE)?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE)),
        // The device keeps what it read; a copy in the browser's cache would only take room.
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, bytes).into_response())
}
