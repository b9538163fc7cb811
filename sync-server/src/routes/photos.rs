//! `PUT`, `GET` and `HEAD /v1/photos/{hash}`: photo bytes, which travel apart from records (D9).

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use shared::domain::photo::PHOTO_SIZE_BYTES_MAX;
use shared::ids::PhotoHash;

use super::body;
use crate::auth::Authorised;
use crate::photos::{AcceptError, PhotoFault, PhotoStoreError, accept, stored_for_all};
use crate::refused::Refused;
use crate::state::AppState;
use crate::storage::StoredPhoto;

/// The same answer whether the photo does not exist or is not for this worker.
pub(super) const UNKNOWN: Refused = Refused::new(
    StatusCode::NOT_FOUND,
    "photo.unknown",
    "no record of yours names this photo",
);

/// The bytes are others than were announced.
const HASH: Refused = Refused::new(
    StatusCode::UNPROCESSABLE_ENTITY,
    "photo.hash",
    "the bytes have another hash",
);

impl From<PhotoFault> for Refused {
    fn from(fault: PhotoFault) -> Self {
        let refused = |code, message| Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, message);
        match fault {
            PhotoFault::NoJpeg => refused("photo.no_jpeg", "the bytes are no whole JPEG"),
            PhotoFault::TooManyPixels => refused(
                "photo.too_many_pixels",
                "the picture has more pixels than allowed",
            ),
            PhotoFault::Metadata => refused("photo.metadata", "the picture carries metadata"),
        }
    }
}

impl From<PhotoStoreError> for Refused {
    fn from(error: PhotoStoreError) -> Self {
        tracing::error!(cause = ?std::error::Error::source(&error), "The photo store failed.");
        if error.is_no_room() {
            return Self::no_room();
        }
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "photo.away",
            "the place of photos does not answer; keep the photo and try again",
        )
        .retry_after(30)
    }
}

impl From<AcceptError> for Refused {
    fn from(error: AcceptError) -> Self {
        match error {
            AcceptError::Hash => HASH,
            AcceptError::Fault(fault) => fault.into(),
            AcceptError::Store(error) => error.into(),
            AcceptError::Interrupted => Self::internal(),
        }
    }
}

fn read_hash(text: &str) -> Result<PhotoHash, Refused> {
    text.parse()
        .map_err(|_| Refused::bad("photo.name", "a photo is named by 64 hexadecimal digits"))
}

/// Takes a photo's bytes. Durable before the answer; the same bytes again change nothing.
///
/// # Errors
/// 404 when no record of the worker names it, 413, 415, 422 when the bytes are not what is wanted.
#[utoipa::path(put, path = "/v1/photos/{hash}", tag = "photos", security(("token" = [])),
    params(("hash" = String, Path, description = "BLAKE3 of the bytes, 64 hexadecimal digits")),
    request_body(content_type = "image/jpeg", content = super::openapi::Bytes),
    responses(
        (status = 201, description = "The bytes are durable."),
        (status = 204, description = "They were already."),
        (status = 400, description = "`photo.name`", body = super::openapi::Refusal),
        (status = 401, description = "`session.invalid`", body = super::openapi::Refusal),
        (status = 404, description = "`photo.unknown`", body = super::openapi::Refusal),
        (status = 413, description = "`request.too_large`", body = super::openapi::Refusal),
        (status = 422, description = "`photo.hash`, `photo.no_jpeg`, `photo.too_many_pixels`, `photo.metadata`",
            body = super::openapi::Refusal),
))]
pub async fn put_photo(
    authorised: Authorised,
    State(state): State<AppState>,
    Path(hash): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Refused> {
    let hash = read_hash(&hash)?;
    body::check_media_type(&headers, "image/jpeg")?;
    state.check_room()?;
    let credential = authorised.session.credential;
    let areas = state
        .storage
        .photo_wanted_from(hash, credential.worker, &authorised.session.scope)
        .await?;
    if areas.is_empty() {
        return Err(UNKNOWN);
    }
    let bytes = body::read(&headers, body, PHOTO_SIZE_BYTES_MAX).await?;
    if PhotoHash::of(&bytes) != hash {
        return Err(HASH);
    }
    // Whoever sends the bytes has them; from now on they may be seen in all these areas.
    // A restored backup may name bytes that it could not bring along: they are taken again.
    if stored_for_all(&state, hash, &areas).await? && state.photos.has(hash).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    let size_bytes = bytes.len() as u64;
    accept(&state, hash, bytes).await?;
    state
        .storage
        .note_photo(
            StoredPhoto {
                hash,
                size_bytes,
                areas,
                device: credential.device,
            },
            state.clock.now_ms(),
        )
        .await?;
    Ok(StatusCode::CREATED)
}

/// A photo's bytes.
///
/// # Errors
/// 404 when no record of the worker names it, or the bytes have not arrived yet.
#[utoipa::path(get, path = "/v1/photos/{hash}", tag = "photos", security(("token" = [])),
    params(("hash" = String, Path, description = "BLAKE3 of the bytes, 64 hexadecimal digits")),
    responses(
        (status = 200, description = "The bytes.", content_type = "image/jpeg", body = super::openapi::Bytes),
        (status = 400, description = "`photo.name`", body = super::openapi::Refusal),
        (status = 401, description = "`session.invalid`", body = super::openapi::Refusal),
        (status = 404, description = "`photo.unknown`", body = super::openapi::Refusal),
))]
pub async fn get_photo(
    authorised: Authorised,
    State(state): State<AppState>,
    Path(hash): Path<String>,
) -> Result<Response, Refused> {
    let hash = read_hash(&hash)?;
    state
        .storage
        .photo_stored_in(hash, &authorised.session.scope)
        .await?
        .ok_or(UNKNOWN)?;
    match state.photos.get(hash).await? {
        Some(bytes) if PhotoHash::of(&bytes) == hash => Ok((photo_headers(), bytes).into_response()),
        Some(_) => {
            tracing::error!(%hash, "A photo in the store has other bytes than its name says.");
            Err(UNKNOWN)
        }
        None => {
            tracing::error!(%hash, "A photo that was received is not in the store.");
            Err(UNKNOWN)
        }
    }
}

/// Whether a photo is here, and its size.
///
/// # Errors
/// As [`get_photo`].
#[utoipa::path(head, path = "/v1/photos/{hash}", tag = "photos", security(("token" = [])),
    params(("hash" = String, Path, description = "BLAKE3 of the bytes, 64 hexadecimal digits")),
    responses(
        (status = 200, description = "It is here; `Content-Length` is its size."),
        (status = 400, description = "`photo.name`"),
        (status = 401, description = "`session.invalid`"),
        (status = 404, description = "`photo.unknown`"),
))]
pub async fn head_photo(
    authorised: Authorised,
    State(state): State<AppState>,
    Path(hash): Path<String>,
) -> Result<Response, Refused> {
    let hash = read_hash(&hash)?;
    let size = state
        .storage
        .photo_stored_in(hash, &authorised.session.scope)
        .await?
        .ok_or(UNKNOWN)?;
    Ok((
        photo_headers(),
        [(header::CONTENT_LENGTH, HeaderValue::from(size))],
    )
        .into_response())
}

/// The name is the content, so it may be kept; only by the person it was sent to.
fn photo_headers() -> [(header::HeaderName, HeaderValue); 2] {
    [
        (header::CONTENT_TYPE, HeaderValue::from_static("image/jpeg")),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("private, max-age=31536000, immutable"),
        ),
    ]
}
