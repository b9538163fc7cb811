//! `POST /v1/sync`: push and pull in one round trip (D4, D8).

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use shared::change::encode::encode_pull;
use shared::change::frame::FrameError;
use shared::protocol::receipt::{EXTENSION_SIGNED_RECEIPT, SignedReceipt, Statement};
use shared::protocol::set_aside;
use shared::protocol::v1::{
    self, AreaPage, CONTENT_TYPE, MessageError, PROTOCOL_VERSION, PULL_OPERATIONS_MAX, REQUEST_BYTES_MAX,
    Receipt, SEGMENT_OPERATIONS, SyncReply, SyncRequest,
};
use shared::protocol::verify::{Verification, Verified};

use super::body;
use crate::apply::IncomingPush;
use crate::auth::Authorised;
use crate::notices::Word;
use crate::receipt_key::ReceiptKey;
use crate::refused::Refused;
use crate::state::AppState;
use crate::storage::{Credential, PullRequest, Pulled, PushOutcome, Taken, VerifyRequest};

/// The most bytes of operations in one reply, unpacked: thumbnails are up to 16 KiB each.
pub const PULL_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The most parked operations that a device which begins anew is told of.
const PARKED_TOLD_MAX: u32 = 1_000;

/// Takes a [`SyncRequest`], answers a [`SyncReply`].
///
/// # Errors
/// 4xx with a code when the request or its push is refused; then nothing of it was written.
#[utoipa::path(post, path = "/v1/sync", tag = "sync", security(("token" = [])),
    request_body(content_type = "application/vnd.koumen.v1", content = super::openapi::Bytes,
        description = "A frame with a `SyncRequest`: docs/sync-protocol.md"),
    responses(
        (status = 200, description = "A frame with a `SyncReply`.", content_type = "application/vnd.koumen.v1",
            body = super::openapi::Bytes),
        (status = 400, description = "`message.foreign`, `message.damaged`, `message.form`, `protocol.unknown`, `push.damaged`, `push.chain`",
            body = super::openapi::Refusal),
        (status = 401, description = "`session.invalid`, `session.revoked`", body = super::openapi::Refusal),
        (status = 409, description = "`push.gap`, `push.fork`: `held` says from where to go on.",
            body = super::openapi::Refusal),
    ))]
pub async fn sync(
    authorised: Authorised,
    State(state): State<AppState>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    body::check_media_type(&headers, CONTENT_TYPE)?;
    let bytes = body::read(&headers, body, REQUEST_BYTES_MAX).await?;
    let credential = authorised.session.credential;
    let (request, push) = on_thread(move || read(&bytes, credential)).await??;
    if let Some(receipt) = SignedReceipt::in_request(&request.extensions)
        && let Err(refused) = note_shown(&state, credential, &receipt).await
        && refused != Refused::no_room()
    {
        return Err(refused);
    }
    let taken = match push {
        Some(push) => Some(apply(&state, push).await?),
        None => None,
    };
    let was_pushed = taken.is_some();
    let epoch = state.storage.epoch().await?;
    // Own operations that came before are handed out like anybody's; those that came just now are not.
    let own_from_seq = match &taken {
        Some(taken) if taken.applied > 0 => taken.receipt.applied_from_seq,
        _ => u64::MAX,
    };
    let (receipt, parked) = match taken {
        Some(taken) => (taken.receipt, taken.parked),
        None => (standing(&state, credential).await?, Vec::new()),
    };
    // One that does not know this life of the database is told of everything that is parked.
    let parked = match request.epoch == Some(epoch) {
        true => parked,
        false => {
            let all = state.storage.parked_of(credential.device, 1, PARKED_TOLD_MAX);
            all.await?
        }
    };
    let (verified, pulled) = match verify(&state, credential, &request).await? {
        Some((verified, pulled)) => (Some(verified), pulled),
        None => {
            let pulled = state.storage.pull(PullRequest {
                worker: credential.worker,
                device: credential.device,
                own_from_seq,
                epoch: request.epoch,
                cursors: request.cursors,
                operations_max: request.operations_max.min(PULL_OPERATIONS_MAX as u32),
                bytes_max: PULL_BYTES_MAX,
            });
            (None, pulled.await?)
        }
    };
    let directory = state
        .storage
        .directory(credential.worker, request.directory_version)
        .await?;
    let asked = set_aside::in_extensions(&request.extensions);
    let applied = match asked.is_empty() {
        true => Vec::new(),
        false => state.storage.applied_of(credential.device, asked).await?,
    };
    let now_ms = state.clock.now_ms();
    if let Err(error) = state.storage.note_answered(credential.device, now_ms).await {
        // It costs no more than that late work is taken a week longer.
        tracing::warn!(%error, "That a device was answered could not be noted.");
    }
    // Only what a push brings is worth a signature: a request with nothing to do stays small.
    let mut extensions = if was_pushed {
        let statement = Statement::new(epoch, credential.device, &receipt, now_ms);
        vec![signature(state.receipt_key().await?, statement)]
    } else {
        Vec::new()
    };
    extensions.extend(set_aside::as_extension(&applied));
    extensions.extend(verified.map(|verified| verified.as_extension()));
    let reply = on_thread(move || {
        let page = |area: crate::storage::PulledArea| AreaPage {
            area: area.area,
            page: encode_pull(&area.operations),
            cursor: area.cursor,
            remaining: area.remaining,
        };
        v1::encode(&SyncReply {
            protocol: PROTOCOL_VERSION,
            epoch,
            now_ms,
            receipt,
            parked,
            scope: pulled.scope,
            pages: pulled.areas.into_iter().map(page).collect(),
            directory,
            extensions,
        })
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, reply.await?).into_response())
}

/// Compares what the device holds, if it wants that and has read everything: there is nothing else to hand out then.
async fn verify(
    state: &AppState,
    credential: Credential,
    request: &SyncRequest,
) -> Result<Option<(Verified, Pulled)>, Refused> {
    let Some(verification) = Verification::in_request(&request.extensions) else {
        return Ok(None);
    };
    let verified = state.storage.verify(VerifyRequest {
        worker: credential.worker,
        epoch: request.epoch,
        now_ms: state.clock.now_ms(),
        cursors: request.cursors.clone(),
        verification,
        operations_max: SEGMENT_OPERATIONS as usize,
        bytes_max: PULL_BYTES_MAX,
    });
    Ok(verified.await?)
}

fn signature(key: &ReceiptKey, statement: Statement) -> (u16, Vec<u8>) {
    let signed = key.sign(statement);
    (EXTENSION_SIGNED_RECEIPT, [signed.key, signed.signature].concat())
}

/// A receipt of an earlier life for more than this one holds is a gap that supervisors should know of. It is no
/// work, so it is noted even when the push beside it is refused.
async fn note_shown(
    state: &AppState,
    credential: Credential,
    receipt: &SignedReceipt,
) -> Result<(), Refused> {
    let is_own = receipt.statement.device == credential.device;
    if is_own && state.receipt_key().await?.has_signed(receipt) {
        let through_seq = receipt.statement.through_seq;
        state
            .storage
            .note_receipt_shown(credential.device, through_seq)
            .await?;
    }
    Ok(())
}

/// Decoding and packing are work for a thread of their own: a request may hold 16 MiB.
async fn on_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Refused> {
    crate::blocking::apart(work).await.map_err(|error| {
        tracing::error!(%error, "Reading or writing a message failed.");
        Refused::internal()
    })
}

fn read(bytes: &[u8], credential: Credential) -> Result<(SyncRequest, Option<IncomingPush>), Refused> {
    let mut request: SyncRequest = v1::decode(bytes).map_err(|error| match error {
        MessageError::Frame(FrameError::Foreign) => {
            Refused::bad("message.foreign", "these bytes are no sync message")
        }
        MessageError::Frame(FrameError::Version(_)) => unknown_protocol(),
        MessageError::Frame(FrameError::TooLarge) => Refused::too_large(),
        MessageError::Frame(FrameError::Damaged) => {
            Refused::bad("message.damaged", "the message is cut or altered")
        }
        MessageError::Form => Refused::bad("message.form", "the message does not have the form of version 1"),
    })?;
    if request.protocol != PROTOCOL_VERSION {
        return Err(unknown_protocol());
    }
    let push = request.push.take();
    let push = push.map(|push| IncomingPush::new(credential.device, credential.worker, push));
    Ok((request, push))
}

fn unknown_protocol() -> Refused {
    Refused::new(
        StatusCode::BAD_REQUEST,
        "protocol.unknown",
        "this server speaks version 1 of the protocol",
    )
}

async fn apply(state: &AppState, push: IncomingPush) -> Result<Taken, Refused> {
    let device = push.device();
    let outcome = state.storage.apply_push(push, state.clock.now_ms());
    match state.with_room(outcome).await? {
        PushOutcome::Refused(refusal) => Err(refusal.into()),
        PushOutcome::Taken(taken) => {
            if !taken.areas.is_empty() {
                state.hub.say(Word::Changed {
                    areas: taken.areas.clone(),
                    device,
                });
            }
            Ok(taken)
        }
    }
}

/// What is held of a device that pushes nothing.
async fn standing(state: &AppState, credential: Credential) -> Result<Receipt, Refused> {
    let held = state
        .storage
        .held(credential.device)
        .await?
        .ok_or(Refused::session())?;
    Ok(Receipt {
        through_seq: held.through_seq,
        chain: held.chain,
        applied_at: held.applied_at,
        applied_from_seq: held.applied_from_seq,
    })
}
