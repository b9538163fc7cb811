//! Why an operation is refused: a stable code, whose sentence the language files hold.

use thiserror::Error;

/// Why an operation is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Error)]
#[error("{code}")]
pub struct Rejection {
    /// A stable code, a key of the language files.
    pub code: &'static str,
}

pub(crate) fn refuse<T>(code: &'static str) -> Result<T, Rejection> {
    Err(Rejection { code })
}
