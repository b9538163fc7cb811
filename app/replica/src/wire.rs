//! Calls and answers as bytes, between a page and the worker that holds the replica.

use serde::{Deserialize, Serialize};

use crate::api::{Answer, ApiError, Call, Notice};

/// From a screen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToReplica {
    /// Chosen by the page; comes back with the answer.
    pub id: u64,
    /// The request.
    pub call: Call,
}

/// To a screen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum FromReplica {
    /// The answer to one request.
    Answer {
        /// The request's id.
        id: u64,
        /// What came of it.
        result: Result<Answer, ApiError>,
    },
    /// Told without being asked.
    Notice(Notice),
}
