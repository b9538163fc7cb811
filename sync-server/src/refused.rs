//! How the server says no: a status, a stable code and one sentence, without personal data.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use shared::protocol::v1::SESSION_REVOKED;

use crate::apply::{HeldChain, PushRefusal};
use crate::storage::StorageError;

/// A refusal; its body is [`Refusal`](shared::protocol::v1::Refusal), for a push with what is held beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    status: StatusCode,
    code: &'static str,
    message: &'static str,
    retry_after_s: Option<u64>,
    held: Option<HeldChain>,
}

/// The body. Readers that know only code and message skip the rest.
#[derive(Serialize)]
struct Body {
    code: &'static str,
    message: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    held: Option<HeldBody>,
}

/// From where a device goes on after `push.gap` and `push.fork`.
#[derive(Serialize)]
struct HeldBody {
    through_seq: u64,
    chain: String,
}

impl Refused {
    /// A refusal.
    pub const fn new(status: StatusCode, code: &'static str, message: &'static str) -> Self {
        Self {
            status,
            code,
            message,
            retry_after_s: None,
            held: None,
        }
    }

    /// 400.
    pub const fn bad(code: &'static str, message: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// 401: the token is missing, unknown or closed.
    pub const fn session() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "session.invalid", "sign in again")
    }

    /// 401: the device was revoked, or its worker removed.
    pub const fn revoked() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            SESSION_REVOKED,
            "this device was revoked; sign in again",
        )
    }

    /// 403: the role does not allow it.
    pub const fn role() -> Self {
        Self::new(StatusCode::FORBIDDEN, "role.forbidden", "this needs another role")
    }

    /// 413.
    pub const fn too_large() -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "request.too_large",
            "the request is larger than allowed",
        )
    }

    /// 503: everybody's turn is taken.
    pub const fn busy() -> Self {
        Self::busy_with("the server is busy", 5)
    }

    /// 503 for another reason, and after how many seconds to come again.
    pub const fn busy_with(message: &'static str, seconds: u64) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "server.busy", message).retry_after(seconds)
    }

    /// 507: the disk of the server has no room for it. Reading goes on.
    pub const fn no_room() -> Self {
        Self::new(
            StatusCode::INSUFFICIENT_STORAGE,
            "server.no_room",
            "the server's disk is full; keep this and send it again later",
        )
        .retry_after(60)
    }

    /// 500: an invariant of ours is broken.
    pub const fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "the server failed; the request can be repeated",
        )
    }

    /// Says after how many seconds to come again.
    #[must_use]
    pub const fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }
}

impl From<StorageError> for Refused {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Busy => Self::busy().retry_after(2),
            away @ StorageError::Away(_) => {
                tracing::warn!(error = %away, cause = ?std::error::Error::source(&away), "The storage is away.");
                Self::busy_with("the server cannot reach its database", 5)
            }
            full @ StorageError::NoRoom(_) => {
                tracing::error!(error = %full, cause = ?std::error::Error::source(&full), "The disk is full.");
                Self::no_room()
            }
            broken => {
                tracing::error!(error = %broken, cause = ?std::error::Error::source(&broken), "The storage failed.");
                Self::internal()
            }
        }
    }
}

impl From<PushRefusal> for Refused {
    fn from(refusal: PushRefusal) -> Self {
        let conflict = |code, message, held| Self {
            held: Some(held),
            ..Self::new(StatusCode::CONFLICT, code, message)
        };
        match refusal {
            PushRefusal::Damaged => Self::bad("push.damaged", "the pushed operations cannot be read"),
            PushRefusal::Chain => Self::bad(
                "push.chain",
                "the pushed operations do not match their hash chain",
            ),
            PushRefusal::Gap { held } => {
                conflict("push.gap", "operations before these are missing here", held)
            }
            PushRefusal::Fork { held } => conflict(
                "push.fork",
                "the server holds other operations of this device",
                held,
            ),
            PushRefusal::Revoked => Self::revoked(),
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let held = self.held.map(|held| HeldBody {
            through_seq: held.through_seq,
            chain: held.chain.0.iter().map(|byte| format!("{byte:02x}")).collect(),
        });
        let body = Body {
            code: self.code,
            message: self.message,
            held,
        };
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
