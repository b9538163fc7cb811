//! What an answer's status and media type mean.
//!
//! | the answer | becomes |
//! |---|---|
//! | success of another kind than asked for, a redirect, too long, a refusal that is not ours | [`Foreign`](TransportError::Foreign) |
//! | 413 that is not ours | [`TooLarge`](TransportError::TooLarge) |
//! | 408 | [`TooSlow`](TransportError::TooSlow) |
//! | 401 and a [`Refusal`] | [`Unauthorised`](TransportError::Unauthorised) |
//! | 426 or a code `protocol.*`, and a [`Refusal`] | [`UpdateNeeded`](TransportError::UpdateNeeded) |
//! | 429, 5xx, but for a sign-in, which is told why | [`Trouble`](TransportError::Trouble) |
//! | any other 4xx and a [`Refusal`] | [`Refused`](TransportError::Refused) |
//!
//! What the engine gives up over (a credential, a photo, this version) rests on a [`Refusal`], so that no
//! captive portal can talk a device into it.

use reqwest::header::CONTENT_TYPE;
use shared::protocol::v1::{Refusal, SESSION_REVOKED};

use super::transport::{Answer, TransportError};
use super::tus;

/// The longest refusal that is read, bytes.
const REFUSAL_BYTES_MAX: usize = 16 * 1024;

/// What kind of success was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// 200 with a body of this media type.
    Body(&'static str),
    /// 200 with JSON, where a refusal's code is of use whatever its status.
    SignIn,
    /// It is done: 201 or 204, or 200 with JSON. Never a page.
    Done,
    /// 200, 201 or 204 without a body: an upload's answer, whose headers are read then.
    Headers,
}

/// The answer, when it is a success of the wanted kind. One to a HEAD has no body.
///
/// # Errors
/// What it is instead.
pub(super) async fn accept(
    answer: Answer,
    wanted: Kind,
    without_body: bool,
) -> Result<Answer, TransportError> {
    let status = answer.status;
    let content_type = answer.headers.get(CONTENT_TYPE);
    match judge(status, content_type.and_then(|value| value.to_str().ok()), wanted) {
        Verdict::Good => Ok(answer),
        Verdict::Bad(error) => Err(error),
        Verdict::ReadRefusal if without_body => Err(match tus::is_spoken(&answer.headers) {
            true => refused(status, tus::code_without_body(status).to_owned()),
            false => TransportError::Foreign,
        }),
        Verdict::ReadRefusal => {
            let refusal = answer.read(REFUSAL_BYTES_MAX).await.and_then(|body| {
                serde_json::from_slice::<Refusal>(&body).map_err(|_| TransportError::Foreign)
            });
            Err(match refusal {
                Ok(refusal) => refused(status, refusal.code),
                Err(error) => unread(status, error),
            })
        }
    }
}

/// What to do with a response before its body is read.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    /// It is what was asked for.
    Good,
    /// It is not, and its body says nothing more.
    Bad(TransportError),
    /// The body must be a refusal of ours.
    ReadRefusal,
}

/// Judges a response.
fn judge(status: u16, content_type: Option<&str>, wanted: Kind) -> Verdict {
    let media_type = content_type.map(essence);
    let is = |name: &str| media_type.as_deref() == Some(name);
    match status {
        200 | 201 | 204 if wanted == Kind::Headers && media_type.is_none() => Verdict::Good,
        200 if wanted == Kind::Done && is("application/json") => Verdict::Good,
        200 if wanted == Kind::SignIn && is("application/json") => Verdict::Good,
        200 => match wanted {
            Kind::Body(name) if is(name) => Verdict::Good,
            _ => Verdict::Bad(TransportError::Foreign),
        },
        201 | 204 if wanted == Kind::Done && (media_type.is_none() || is("application/json")) => {
            Verdict::Good
        }
        // "Network authentication required" is a captive portal by definition.
        511 => Verdict::Bad(TransportError::Foreign),
        // Who signs in is told why that has to wait.
        429 | 503 if wanted == Kind::SignIn && is("application/json") => Verdict::ReadRefusal,
        408 => Verdict::Bad(TransportError::TooSlow),
        429 | 500..=599 => Verdict::Bad(TransportError::Trouble(status)),
        400..=499 if is("application/json") => Verdict::ReadRefusal,
        // Not our server's: a proxy before it takes less than we sent.
        413 => Verdict::Bad(TransportError::TooLarge),
        _ => Verdict::Bad(TransportError::Foreign),
    }
}

/// What a refusal of ours means.
fn refused(status: u16, code: String) -> TransportError {
    match status {
        401 if code == SESSION_REVOKED => TransportError::Revoked,
        401 => TransportError::Unauthorised,
        426 => TransportError::UpdateNeeded,
        _ if code.starts_with("protocol.") => TransportError::UpdateNeeded,
        _ => TransportError::Refused(code),
    }
}

/// What an answer means whose body should be a refusal of ours and is none.
fn unread(status: u16, error: TransportError) -> TransportError {
    match status {
        // A proxy before our server takes less than we sent, and says so in JSON of its own.
        413 => TransportError::TooLarge,
        _ => error,
    }
}

/// `Text/HTML; charset=utf-8` is `text/html`.
fn essence(content_type: &str) -> String {
    content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}
