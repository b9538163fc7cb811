//! `/v1/uploads`: photo bytes in chunks that survive a cut connection, by the protocol tus 1.0 (D9).
//!
//! `POST` begins, `PATCH` appends, `HEAD` tells where to go on, `DELETE` ends. A chunk is durable before its
//! offset is told. An upload belongs to one device; for everybody else it does not exist.

mod receive;
mod tus;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use self::receive::Work;
use self::tus::Metadata;
use super::body;
use super::photos as photo_routes;
use crate::auth::Authorised;
use crate::photos::stored_for_all;
use crate::refused::Refused;
use crate::state::AppState;
use crate::storage::{CreatedUpload, NewUpload, StoredPhoto, Upload, UploadId};

pub(super) use tus::speak;

/// The same answer whether the upload does not exist, has been swept, or is another device's.
const UNKNOWN: Refused = Refused::new(
    StatusCode::NOT_FOUND,
    "upload.unknown",
    "there is no such upload of this device",
);
const EXPIRED: Refused = Refused::new(
    StatusCode::GONE,
    "upload.expired",
    "nobody went on with this upload for too long; begin again",
);

fn misplaced() -> Refused {
    Refused::new(
        StatusCode::CONFLICT,
        "upload.offset",
        "the upload stands at another offset",
    )
}

/// What is spoken here.
#[utoipa::path(options, path = "/v1/uploads", tag = "photos",
    responses((status = 204, description = "tus 1.0.0: version, extensions, largest size and checksums, as headers.")))]
pub async fn uploads_offered(State(state): State<AppState>) -> Response {
    let headers = [
        (tus::VERSIONS, tus::VERSION.to_owned()),
        (tus::EXTENSION, tus::EXTENSIONS.to_owned()),
        (tus::MAX_SIZE, state.bounds.uploads.bytes_max.to_string()),
        (tus::CHECKSUM_ALGORITHM, tus::ALGORITHMS.to_owned()),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// Begins an upload; a first chunk may come with it. `Upload-Offset` says how much is here already: all of it when
/// the worker may read these bytes here, some of it when this device had begun before.
///
/// # Errors
/// 404 when no record of the worker names the photo, 413, 429 when too many are open.
#[utoipa::path(post, path = "/v1/uploads", tag = "photos", security(("token" = [])),
    params(
        ("Tus-Resumable" = String, Header, description = "1.0.0"),
        ("Upload-Length" = u64, Header, description = "how many bytes there will be"),
        ("Upload-Metadata" = String, Header,
            description = "`hash`: BLAKE3, 64 hexadecimal digits; `filetype`: image/jpeg; values in Base64"),
    ),
    responses(
        (status = 201, description = "`Location` names the upload, `Upload-Offset` says where to go on."),
        (status = 400, description = "`upload.metadata`, `upload.length`", body = super::openapi::Refusal),
        (status = 401, description = "`session.invalid`", body = super::openapi::Refusal),
        (status = 404, description = "`photo.unknown`", body = super::openapi::Refusal),
        (status = 412, description = "`upload.version`", body = super::openapi::Refusal),
        (status = 413, description = "`request.too_large`", body = super::openapi::Refusal),
        (status = 429, description = "`upload.too_many`", body = super::openapi::Refusal),
))]
pub async fn create_upload(
    authorised: Authorised,
    State(state): State<AppState>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    let metadata = tus::metadata(&headers)?;
    let length = tus::length(&headers, state.bounds.uploads.bytes_max)?;
    let checksum = tus::checksum(&headers)?;
    state.check_room()?;
    let session = authorised.session;
    let work = Work { state, session };
    let begun = begin(&work, metadata, length).await;
    let with_chunk = body::check_media_type(&headers, tus::CHUNK).is_ok();
    let upload = match begun {
        Ok(upload) if with_chunk && upload.offset == 0 && !upload.stored => {
            apart(async move { work.receive(upload, checksum, &headers, body).await }).await?
        }
        other => {
            body::drain(body, work.state.bounds.uploads.bytes_max).await;
            other?
        }
    };
    let location = format!("/v1/uploads/{}", upload.id);
    let place = [(header::LOCATION, location)];
    Ok((StatusCode::CREATED, place, tus::standing(&upload)).into_response())
}

async fn begin(work: &Work, metadata: Metadata, length: u64) -> Result<Upload, Refused> {
    let Work { state, session } = work;
    let (hash, device) = (metadata.hash, session.credential.device);
    let areas = state
        .storage
        .photo_wanted_from(hash, session.credential.worker, &session.scope)
        .await?;
    if areas.is_empty() {
        return Err(photo_routes::UNKNOWN);
    }
    let now_ms = state.clock.now_ms();
    // Only what the worker may read here, or has brought here, is here for them; a hash alone opens nothing.
    let readable = state.storage.photo_stored_in(hash, &session.scope).await?;
    let noted = readable == Some(length) || stored_for_all(state, hash, &areas).await?;
    // A database may know of bytes that its folder of photos has lost: they are taken again.
    let stored = noted && state.photos.has(hash).await?;
    if stored {
        let photo = StoredPhoto {
            hash,
            size_bytes: length,
            areas,
            device,
        };
        state.storage.note_photo(photo, now_ms).await?;
    }
    let upload = NewUpload {
        id: UploadId(state.chance.uuid()),
        device,
        hash,
        length,
        metadata: metadata.text,
        expires_at: now_ms + state.bounds.uploads.term_ms,
        stored,
    };
    let created = state
        .storage
        .create_upload(upload, state.bounds.uploads.open_max, now_ms)
        .await?;
    match created {
        CreatedUpload::Open(upload) => Ok(upload),
        CreatedUpload::TooMany => Err(Refused::new(
            StatusCode::TOO_MANY_REQUESTS,
            "upload.too_many",
            "this device has too many uploads open",
        )
        .retry_after(60)),
    }
}

/// Where an upload stands. One that has arrived whole is a photo when this is answered.
///
/// # Errors
/// 404, 410, and those of the last chunk.
#[utoipa::path(head, path = "/v1/uploads/{id}", tag = "photos", security(("token" = [])),
    params(("id" = String, Path, description = "from `Location`"), ("Tus-Resumable" = String, Header, description = "1.0.0")),
    responses(
        (status = 200, description = "`Upload-Offset`, `Upload-Length`, `Upload-Expires`, `Upload-Metadata`."),
        (status = 401, description = "`session.invalid`"),
        (status = 404, description = "`upload.unknown`"),
        (status = 410, description = "`upload.expired`"),
        (status = 412, description = "`upload.version`"),
        (status = 422, description = "It has arrived whole and is refused; begun again, the last chunk says why."),
))]
pub async fn head_upload(
    authorised: Authorised,
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<Response, Refused> {
    let session = authorised.session;
    let work = Work { state, session };
    let upload = work.find(&id).await?;
    let upload = apart(async move { work.finished(upload).await }).await?;
    Ok((StatusCode::OK, tus::description(&upload)).into_response())
}

/// Appends a chunk. Durable before the answer; the last one is answered when the photo is checked and stored.
///
/// # Errors
/// 409 at another offset, 460 when the checksum does not fit, 413 beyond the length, 422 when the whole is no
/// photo as wanted.
#[utoipa::path(patch, path = "/v1/uploads/{id}", tag = "photos", security(("token" = [])),
    params(
        ("id" = String, Path, description = "from `Location`"),
        ("Tus-Resumable" = String, Header, description = "1.0.0"),
        ("Upload-Offset" = u64, Header, description = "where the chunk begins"),
        ("Upload-Checksum" = Option<String>, Header, description = "`blake3`, `sha256` or `sha1`, and the sum in Base64"),
    ),
    request_body(content_type = "application/offset+octet-stream", content = super::openapi::Bytes),
    responses(
        (status = 204, description = "`Upload-Offset`: everything before it is durable."),
        (status = 400, description = "`upload.header`, `request.cut`", body = super::openapi::Refusal),
        (status = 401, description = "`session.invalid`", body = super::openapi::Refusal),
        (status = 404, description = "`upload.unknown`, `photo.unknown`", body = super::openapi::Refusal),
        (status = 409, description = "`upload.offset`", body = super::openapi::Refusal),
        (status = 410, description = "`upload.expired`", body = super::openapi::Refusal),
        (status = 412, description = "`upload.version`", body = super::openapi::Refusal),
        (status = 413, description = "`request.too_large`", body = super::openapi::Refusal),
        (status = 415, description = "`request.media_type`", body = super::openapi::Refusal),
        (status = 422, description = "`photo.hash`, `photo.no_jpeg`, `photo.too_many_pixels`, `photo.metadata`",
            body = super::openapi::Refusal),
        (status = 460, description = "`upload.checksum`", body = super::openapi::Refusal),
))]
pub async fn patch_upload(
    authorised: Authorised,
    State(state): State<AppState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    body::check_media_type(&headers, tus::CHUNK)?;
    let offset = tus::offset(&headers)?;
    let checksum = tus::checksum(&headers)?;
    state.check_room()?;
    let session = authorised.session;
    let work = Work { state, session };
    let upload = match work.find(&id).await {
        Ok(upload) if upload.offset == offset => upload,
        other => {
            body::drain(body, work.state.bounds.uploads.bytes_max).await;
            return Err(other.err().unwrap_or(misplaced()));
        }
    };
    let upload = apart(async move { work.receive(upload, checksum, &headers, body).await }).await?;
    Ok((StatusCode::NO_CONTENT, tus::standing(&upload)).into_response())
}

/// Ends an upload and drops what arrived. A photo that was stored stays.
///
/// # Errors
/// 404, 410.
#[utoipa::path(delete, path = "/v1/uploads/{id}", tag = "photos", security(("token" = [])),
    params(("id" = String, Path, description = "from `Location`"), ("Tus-Resumable" = String, Header, description = "1.0.0")),
    responses(
        (status = 204, description = "It is gone."),
        (status = 401, description = "`session.invalid`", body = super::openapi::Refusal),
        (status = 404, description = "`upload.unknown`", body = super::openapi::Refusal),
        (status = 410, description = "`upload.expired`", body = super::openapi::Refusal),
        (status = 412, description = "`upload.version`", body = super::openapi::Refusal),
))]
pub async fn delete_upload(
    authorised: Authorised,
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<StatusCode, Refused> {
    let device = authorised.session.credential.device;
    let session = authorised.session;
    let work = Work { state, session };
    let upload = work.find(&id).await?;
    work.state.storage.remove_upload(upload.id, device).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `PATCH` and `DELETE` for those whose network lets neither through: the method stands in
/// `X-HTTP-Method-Override`.
///
/// # Errors
/// As the method that is meant; 405 for any other.
#[utoipa::path(post, path = "/v1/uploads/{id}", tag = "photos", security(("token" = [])),
    params(
        ("id" = String, Path, description = "from `Location`"),
        ("Tus-Resumable" = String, Header, description = "1.0.0"),
        ("X-HTTP-Method-Override" = String, Header, description = "PATCH or DELETE"),
    ),
    responses(
        (status = 204, description = "As the method that is meant."),
        (status = 400, description = "As PATCH.", body = super::openapi::Refusal),
        (status = 409, description = "As PATCH.", body = super::openapi::Refusal),
        (status = 410, description = "`upload.expired`", body = super::openapi::Refusal),
        (status = 412, description = "`upload.version`", body = super::openapi::Refusal),
        (status = 413, description = "As PATCH.", body = super::openapi::Refusal),
        (status = 415, description = "As PATCH.", body = super::openapi::Refusal),
        (status = 422, description = "As PATCH.", body = super::openapi::Refusal),
        (status = 460, description = "As PATCH.", body = super::openapi::Refusal),
        (status = 401, description = "`session.invalid`", body = super::openapi::Refusal),
        (status = 404, description = "`upload.unknown`", body = super::openapi::Refusal),
        (status = 405, description = "`route.method`", body = super::openapi::Refusal),
))]
pub async fn post_upload(
    authorised: Authorised,
    state: State<AppState>,
    id: Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    match headers.get(tus::METHOD_OVERRIDE).map(|method| method.as_bytes()) {
        Some(b"PATCH") => patch_upload(authorised, state, id, headers, body).await,
        Some(b"DELETE") => Ok(delete_upload(authorised, state, id).await?.into_response()),
        _ => Err(super::wrong_method().await),
    }
}

/// Work that goes on when the client is gone: what has arrived is kept.
async fn apart<T: Send + 'static>(
    work: impl Future<Output = Result<T, Refused>> + Send + 'static,
) -> Result<T, Refused> {
    tokio::spawn(work).await.map_err(|_| Refused::internal())?
}
