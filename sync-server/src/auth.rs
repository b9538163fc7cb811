//! Who is asking: the bearer token of a session.

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use shared::domain::rights::Roles;

use crate::refused::Refused;
use crate::state::AppState;
use crate::storage::{Session, TokenHash};

/// Bytes of a token; it travels as twice as many hexadecimal digits.
pub const TOKEN_BYTES: usize = 32;

/// A request with an open session.
#[derive(Debug, Clone)]
pub struct Authorised {
    /// The session.
    pub session: Session,
    /// The hash of its token.
    pub token: TokenHash,
}

impl Authorised {
    /// Lets only supervisors and administrators pass.
    ///
    /// # Errors
    /// 403 `role.forbidden`.
    pub fn at_least_supervisor(&self) -> Result<(), Refused> {
        match Roles::SUPERVISORS.contains(self.session.credential.role) {
            true => Ok(()),
            false => Err(Refused::role()),
        }
    }
}

impl FromRequestParts<AppState> for Authorised {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Refused> {
        let header = parts
            .headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let token = header
            .and_then(|header| header.strip_prefix("Bearer "))
            .and_then(read_token);
        let token = TokenHash::of(&token.ok_or(Refused::session())?);
        match state.storage.session(token).await? {
            Some(session) => Ok(Self { session, token }),
            None if state.storage.is_revoked(token).await? => Err(Refused::revoked()),
            None => Err(Refused::session()),
        }
    }
}

/// The token as text.
pub fn write_token(token: &[u8; TOKEN_BYTES]) -> String {
    token.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn read_token(text: &str) -> Option<[u8; TOKEN_BYTES]> {
    // A token has the form of a photo's name: 64 lower-case hexadecimal digits.
    text.parse::<shared::ids::PhotoHash>().ok().map(|bytes| bytes.0)
}
