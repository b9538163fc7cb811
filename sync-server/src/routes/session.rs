//! `POST /v1/session` signs in, `DELETE /v1/session` signs out.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use shared::ids::{DeviceId, WorkerId};
use shared::protocol::v1::{SignInReply, SignInRequest};

use super::body;
use crate::auth::{Authorised, TOKEN_BYTES, write_token};
use crate::callers::Caller;
use crate::hashers::Crowded;
use crate::names::{self, NameError};
use crate::notices::Word;
use crate::passwords::PASSWORD_BYTES_MAX;
use crate::refused::Refused;
use crate::seal_key;
use crate::state::AppState;
use crate::storage::{NewSession, SessionOutcome, StorageError, TokenHash};

/// The most bytes of an account's name.
pub const USERNAME_BYTES_MAX: usize = 100;
/// The most bytes of a device's name.
const DEVICE_NAME_BYTES_MAX: usize = 200;

const WRONG: Refused = Refused::new(
    StatusCode::UNAUTHORIZED,
    "session.wrong_password",
    "account or password is wrong",
);

const TOO_MANY_DEVICES: Refused = Refused::new(
    StatusCode::CONFLICT,
    "device.too_many",
    "this account is signed in on too many devices; sign out on one of them, or have one revoked",
);

const TOO_LONG: Refused = Refused::new(
    StatusCode::BAD_REQUEST,
    "session.too_long",
    "account, password or device name is too long",
);

fn refused_name(error: NameError) -> Refused {
    if error == NameError::TooLong {
        return TOO_LONG;
    }
    Refused::bad(
        "session.unreadable",
        "account or device name has a sign that cannot be seen; type it anew",
    )
}

/// Checks the password and enrols the device, or finds it again.
///
/// # Errors
/// 400 for another form, 401 `session.wrong_password`, 409 `device.too_many`, 429 `session.throttled`, 429 or 503
/// `session.crowded`.
#[utoipa::path(post, path = "/v1/session", tag = "session", request_body = super::openapi::SignInRequest, responses(
    (status = 200, description = "Signed in.", body = super::openapi::SignInReply),
    (status = 400, description = "Not the JSON that is wanted.", body = super::openapi::Refusal),
    (status = 401, description = "`session.wrong_password`", body = super::openapi::Refusal),
    (status = 408, description = "`request.slow`", body = super::openapi::Refusal),
    (status = 409, description = "`device.too_many`: signed in on too many devices.", body = super::openapi::Refusal),
    (status = 413, description = "`request.too_large`", body = super::openapi::Refusal),
    (status = 429, description = "`session.throttled`, `session.crowded`: wait as `Retry-After` says.",
        body = super::openapi::Refusal),
    (status = 503, description = "`session.crowded`, `server.busy`: wait as `Retry-After` says.",
        body = super::openapi::Refusal),
))]
pub async fn sign_in(
    State(state): State<AppState>,
    extensions: Extensions,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    let caller = extensions.get::<Caller>().copied();
    let request: SignInRequest = body::json(&state, caller, &headers, body).await?;
    if request.password.len() > PASSWORD_BYTES_MAX {
        return Err(TOO_LONG);
    }
    let username = match names::account(&request.username, USERNAME_BYTES_MAX) {
        // No account has such a name; whoever asks learns it as with any wrong name.
        Err(NameError::Empty | NameError::Blank) => request.username.clone(),
        name => name.map_err(refused_name)?,
    };
    let device_name = match names::shown(&request.device_name, DEVICE_NAME_BYTES_MAX) {
        Err(NameError::Empty) => String::new(),
        name => name.map_err(refused_name)?,
    };
    let account = names::find(&state.storage, &request.username, &username).await?;
    let known = account.as_ref().map(|account| account.worker.id);
    let device = match request.device.zip(known) {
        Some((device, worker)) if state.storage.is_device_of(device, worker).await? => Some(device),
        _ => None,
    };
    let tried = state.throttle.tried(&username, known, device);
    state
        .throttle
        .begin(tried, caller, state.clock.now_ms())
        .map_err(throttled)?;
    let phc = account.map(|account| account.password);
    match state.passwords.verify(request.password, phc, caller).await {
        Ok(true) => {}
        Ok(false) => return Err(WRONG),
        Err(crowded) => {
            state.throttle.take_back(tried, caller);
            return Err(crowded.into());
        }
    }
    let worker = known.ok_or(WRONG)?;
    state.throttle.succeeded(tried, caller);
    let opened = open(&state, worker, request.device, device_name, None).await?;
    opened.ok_or(WRONG)
}

fn throttled(wait_ms: u64) -> Refused {
    Refused::new(
        StatusCode::TOO_MANY_REQUESTS,
        "session.throttled",
        "too many wrong passwords; wait a moment",
    )
    .retry_after(wait_ms.div_ceil(1_000))
}

impl From<Crowded> for Refused {
    fn from(crowded: Crowded) -> Self {
        let status = match crowded {
            Crowded::OfCaller => StatusCode::TOO_MANY_REQUESTS,
            Crowded::InAll => StatusCode::SERVICE_UNAVAILABLE,
        };
        Self::new(status, "session.crowded", "many are signing in; wait a moment").retry_after(3)
    }
}

/// Opens a session on a device that the worker has already or on a new one, perhaps with the session of another one
/// (`parent`); `None` when the worker was removed.
pub(super) async fn open(
    state: &AppState,
    worker: WorkerId,
    device: Option<DeviceId>,
    device_name: String,
    parent: Option<DeviceId>,
) -> Result<Option<Response>, Refused> {
    let mut token = [0; TOKEN_BYTES];
    state.chance.fill(&mut token);
    let session = NewSession {
        worker,
        device,
        device_fresh: DeviceId(state.chance.uuid()),
        device_name,
        token: TokenHash::of(&token),
        parent,
    };
    let now_ms = state.clock.now_ms();
    let mut outcome = state.storage.open_session(session.clone(), now_ms).await;
    // Who signs in reads what is here, also when the disk takes nothing else.
    if matches!(outcome, Err(StorageError::NoRoom(_))) && state.reserve.give_up() {
        outcome = state.storage.open_session(session, now_ms).await;
    }
    let opened = match outcome? {
        SessionOutcome::Opened(opened) => *opened,
        SessionOutcome::WorkerGone => return Ok(None),
        SessionOutcome::TooManyDevices => return Err(TOO_MANY_DEVICES),
    };
    let seed = state.storage.receipt_seed().await?;
    let reply = SignInReply {
        seal_key: Some(seal_key::of_account(&seed, &opened.username)),
        token: write_token(&token),
        device: opened.device,
        worker: opened.worker,
        areas: opened.areas,
        epoch: opened.epoch,
        through_seq: opened.held.through_seq,
        chain: opened.held.chain,
        now_ms,
    };
    let headers = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    Ok(Some((headers, Json(reply)).into_response()))
}

/// Closes the session; its token opens nothing any more.
///
/// # Errors
/// 401 when there is none.
#[utoipa::path(delete, path = "/v1/session", tag = "session", security(("token" = [])), responses(
    (status = 204, description = "Signed out."),
    (status = 401, description = "`session.invalid`", body = super::openapi::Refusal),
))]
pub async fn sign_out(authorised: Authorised, State(state): State<AppState>) -> Result<StatusCode, Refused> {
    state.storage.close_session(authorised.token).await?;
    state.hub.say(Word::Closed(authorised.token));
    Ok(StatusCode::NO_CONTENT)
}
