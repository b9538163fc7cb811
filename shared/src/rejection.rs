//! Why an operation is refused: a stable code, whose sentence the language files hold.

use thiserror::Error;

use crate::domain::schema::FieldId;

/// Why an operation is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Error)]
#[error("{code}")]
pub struct Rejection {
    /// A stable code, a key of the language files.
    pub code: &'static str,
    /// The field that it concerns, when it concerns one: a form says it there.
    pub field: Option<FieldId>,
}

impl Rejection {
    /// A rejection that concerns no field.
    pub const fn of(code: &'static str) -> Self {
        Self { code, field: None }
    }

    /// The same of a field.
    #[must_use]
    pub const fn at(self, field: FieldId) -> Self {
        Self {
            field: Some(field),
            ..self
        }
    }
}

pub(crate) fn refuse<T>(code: &'static str) -> Result<T, Rejection> {
    Err(Rejection::of(code))
}

pub(crate) fn refuse_at<T>(field: FieldId, code: &'static str) -> Result<T, Rejection> {
    Err(Rejection::of(code).at(field))
}
