//! Why a command did not do its work: one sentence, and an exit code for scripts.

use std::fmt;
use std::process::ExitCode;

use replica::api::{ApiError, ErrorCode};

/// What every command returns.
pub(crate) type Outcome<T> = Result<T, Failure>;

/// One sentence and an exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    sentence: String,
    code: u8,
}

impl Failure {
    /// Not possible now; trying again may help. Exit code 1.
    pub(crate) fn now(sentence: impl Into<String>) -> Self {
        Self {
            sentence: sentence.into(),
            code: 1,
        }
    }

    /// Cannot be done as it was asked. Exit code 2, as for an unknown option.
    pub(crate) fn input(sentence: impl Into<String>) -> Self {
        Self {
            sentence: sentence.into(),
            code: 2,
        }
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        let detail = &error.detail;
        match error.code {
            ErrorCode::Offline => Self::now("no connection to the server; what was recorded is kept"),
            ErrorCode::WrongCredentials => Self::input("the name or the password is wrong"),
            ErrorCode::SignedOut => Self::input("nobody is signed in here; run `enrol` first"),
            ErrorCode::NotFound => Self::input("there is no such record on this device"),
            ErrorCode::PhotoNotHere => Self::now("the photo has not reached the server yet"),
            ErrorCode::Invalid => Self::input(format!("this cannot be saved: {detail}")),
            ErrorCode::BadPhoto => Self::input(format!("this is no photo that can be kept: {detail}")),
            ErrorCode::StorageFull => Self::now("there is no room left on this device"),
            ErrorCode::UnsentWork => {
                Self::input("this replica belongs to another worker, or holds unsent work")
            }
            ErrorCode::UpdateNeeded => Self::now(format!("this program is too old ({detail})")),
            ErrorCode::Server => Self::now(format!("the server answered with an error: {detail}")),
            ErrorCode::Internal => Self::now(format!("the replica failed: {detail}")),
        }
    }
}
